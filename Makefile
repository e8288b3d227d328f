# Recipes are POSIX sh; pip and uv keep the machine's own index, proxy and certificates.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PORT ?= 8000
PYTEST_ARGS ?=
VENV := .venv
PYTHON := $(VENV)/bin/python
DATABASE := ftap.sqlite3

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTEST_ARGS

.PHONY: help
help: ## Affiche cette aide
	@echo "Usage : make <cible>"
	@echo
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1:\2/p' Makefile \
		| while IFS=: read -r target text; do printf '  %-8s  %s\n' "$$target" "$$text"; done
	@echo
	@echo "Variables : PORT=8001 (run), DATABASE_URL=postgres://… (run), PYTEST_ARGS='-k mot' (test)"

# Environment -----------------------------------------------------------------

# $(call environment,FILE…): .venv with what the last FILE pins, unless it holds it already. Each
# FILE is copied inside once installed, and compared the next time. flock, where there is one,
# makes a second make wait for the first.
define environment
@set -eu; \
exec 9<Makefile; ! command -v flock >/dev/null || flock 9; \
fits() { "$$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; }; \
apt() { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	&& apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \
		install -y --no-install-recommends "$$@" </dev/null; }; \
find_python() { python=; for name in python3 python3.13 python3.12 python3.11; do \
	if fits "$$name"; then python=$$name; break; fi; done; }; \
if ! fits $(PYTHON) || [ ! -x $(VENV)/bin/pip ]; then \
	find_python; \
	if [ -z "$$python" ]; then apt python3 && find_python || true; fi; \
	if [ -z "$$python" ]; then \
		echo "Il faut Python 3.11, 3.12 ou 3.13 ; cette machine a : $$(python3 --version 2>&1 || true)." >&2; \
		echo "Sous Debian 12 ou plus récent : apt-get install -y python3 python3-venv (en root)." >&2; \
		exit 1; \
	fi; \
	if ! "$$python" -c 'from ensurepip import bootstrap; import venv' 2>/dev/null; then \
		package="python$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"; \
		if ! apt "$$package"; then \
			echo "Il manque à Python de quoi créer un environnement. Tapez, en root :" >&2; \
			echo "    apt-get install -y $$package" >&2; \
			exit 1; \
		fi; \
	fi; \
	echo "Création de l’environnement $(VENV)…"; \
	"$$python" -m venv --clear $(VENV); \
fi; \
same=yes; for file in $(1); do cmp -s "$$file" "$(VENV)/$$file" || same=no; done; \
if [ $$same = no ]; then \
	echo "Installation de $(lastword $(1))…"; \
	$(PYTHON) -m pip install --quiet --require-hashes -r $(lastword $(1)); \
	cp $(1) $(VENV)/; \
fi
endef

.PHONY: env
env: ## Prépare l’environnement Python (.venv) avec de quoi faire tourner l’application
	$(call environment,requirements.txt)

# The development file holds everything of the other, at the same versions.
.PHONY: env-dev
env-dev: ## Prépare l’environnement Python (.venv) avec, en plus, les outils de test
	$(call environment,requirements.txt requirements-dev.txt)

# Use -------------------------------------------------------------------------

# The key is written by the same process that creates the file, readable by its owner alone.
define WRITE_ENV
import os, secrets
text = f"""# Écrit par make run pour cette machine ; chaque variable est décrite dans .env.example.
SECRET_KEY={secrets.token_urlsafe(64)}
DEBUG=true
ALLOWED_HOSTS=127.0.0.1,localhost
"""
with os.fdopen(os.open(".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
    file.write(text)
endef
export WRITE_ENV

define CHECK_PORT
import socket, sys
with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", int(sys.argv[1])))
    except (OSError, ValueError, OverflowError) as error:
        sys.exit(f"Le port {sys.argv[1]} ne peut pas servir ({error}). Un autre : make run PORT=8001")
endef
export CHECK_PORT

.PHONY: run
run: env ## Lance l’application sur http://127.0.0.1:8000/ (données d’exemple au premier lancement)
	@$(PYTHON) -c "$$CHECK_PORT" "$(PORT)"
	@test -e .env || $(PYTHON) -c "$$WRITE_ENV"
	@$(PYTHON) manage.py migrate --verbosity 0
	@$(PYTHON) manage.py prepare_local --port "$(PORT)"
	@exec $(PYTHON) manage.py runserver "127.0.0.1:$(PORT)"

.PHONY: demo
demo: env ## Ajoute à la base locale une session fictive, pour essayer chaque rôle
	@test -e .env || $(PYTHON) -c "$$WRITE_ENV"
	@$(PYTHON) manage.py migrate --verbosity 0
	@$(PYTHON) manage.py demo_session

# Checks ----------------------------------------------------------------------

.PHONY: test
test: env-dev ## Joue tous les tests, sur SQLite puis sur PostgreSQL, navigateur compris
	@exec $(PYTHON) -m tests.run

.PHONY: bench
bench: env-dev ## Mesure les pages sur des données fictives (BENCH_SIZES, BENCH_ENGINES, BENCH_ROUNDS, BENCH_FOLDER, BENCH_PARTS)
	@exec $(PYTHON) -m bench

# A production as .env.example describes it, and nothing of this machine's own settings.
production = env -i PATH="$$PATH" FTAP_ENV_FILE= DATABASE_URL=sqlite://:memory: \
	SECRET_KEY="$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	ALLOWED_HOSTS=example.org $(PYTHON) manage.py

.PHONY: lint
lint: env-dev ## Vérifie le style, les gabarits, les migrations, les réglages et les dépendances
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	@echo "djade --check (gabarits)"
	@$(templates) | xargs -0 -r $(VENV)/bin/djade --target-version 5.2 --check
	@echo "manage.py makemigrations --check"
	@$(production) makemigrations --check --dry-run
	@echo "manage.py check --deploy"
	@$(production) check --deploy --fail-level WARNING
	@echo "Dépendances compilées"
	@set -eu; copy=$$(mktemp -d); trap 'rm -rf "$$copy"' EXIT; trap 'exit 130' INT TERM; \
	cp requirements.txt requirements-dev.txt "$$copy"; \
	$(call compile,$$copy); \
	for file in requirements.txt requirements-dev.txt; do \
		diff -u $$file "$$copy/$$file" || { \
			echo "$$file ne correspond plus à pyproject.toml : tapez make lock." >&2; exit 1; }; \
	done

.PHONY: format
format: env-dev ## Met en forme le code et les gabarits
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	@# djade fails when it rewrites a file: only what it could not mend is a failure here.
	@$(templates) | xargs -0 -r $(VENV)/bin/djade --target-version 5.2 \
		|| $(templates) | xargs -0 -r $(VENV)/bin/djade --target-version 5.2 --check

templates = find templates laureates calls ftap -path '*templates/*' -name '*.html' -print0

# Dependencies ----------------------------------------------------------------

# $(call compile,FOLDER,OPTIONS): compiles pyproject.toml into FOLDER's two files, as one shell
# command. Pins already there are kept; the development file comes first and lends its pins to the
# other, so that both name the same versions. uv, unlike pip, does not read pip's index by itself.
compile = { \
	index=$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(PYTHON) -m pip config get global.index-url 2>/dev/null || true)}}; \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	uv_compile() { UV_SYSTEM_CERTS=true $(VENV)/bin/uv pip compile pyproject.toml --quiet --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--custom-compile-command "make lock" $(2) "$$@"; }; \
	uv_compile --group dev --output-file "$(1)/requirements-dev.txt" \
	&& cp "$(1)/requirements-dev.txt" "$(1)/requirements.txt" \
	&& uv_compile --output-file "$(1)/requirements.txt" \
	|| { echo "La compilation a échoué ; si l’index des paquets est injoignable, rien n’a pu être vérifié." >&2; exit 1; }; }

.PHONY: lock
lock: env-dev ## Recompile requirements*.txt d’après pyproject.toml, sans changer les versions retenues
	@$(call compile,.)

.PHONY: upgrade
upgrade: env-dev ## Recompile requirements*.txt avec les versions les plus récentes permises
	@$(call compile,.,--upgrade)

# Cleaning --------------------------------------------------------------------

.PHONY: clean
clean: ## Supprime l’environnement et les caches ; garde la base, les documents et .env
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .design-system staticfiles test-results
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

.PHONY: reset
reset: ## Supprime la base locale et ses documents (demande CONFIRM=oui)
	@if [ "$(CONFIRM)" = oui ]; then \
		rm -rf $(DATABASE) $(DATABASE)-journal $(DATABASE)-shm $(DATABASE)-wal media; \
		echo "Base et documents supprimés ; make run repart des données d’exemple."; \
	else \
		echo "Seraient supprimés, sans retour possible : $(DATABASE) et le dossier media/." >&2; \
		echo "Pour le faire : make reset CONFIRM=oui" >&2; \
		exit 1; \
	fi
