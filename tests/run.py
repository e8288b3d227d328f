"""Runs the whole suite on SQLite, then on a PostgreSQL server started for the occasion.

    .venv/bin/python -m tests.run [pytest arguments]

PYTEST_ARGS, in the environment, adds arguments to both runs. The exit status is 0 when every
run passed; an engine, a browser or a checker that the machine lacks is skipped with a notice, or
fails the whole when CI is set. Only the standard library is used, so that a broken dependency
shows as a failing run and not as a failing runner.
"""

import contextlib
import ctypes
import importlib.util
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

from tests import html_checker

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The Node that Playwright carries needs a library that a small Debian does without.
BROWSER_PACKAGES = ("chromium", "libatomic1")
POSTGRESQL_PACKAGE = "postgresql"
# PostgreSQL's programs are outside PATH on Debian: only its clients are linked there.
POSTGRESQL_FOLDERS = "/usr/lib/postgresql"
START_TIMEOUT = 60  # seconds
STOP_TIMEOUT = 20  # seconds
KEPT_STOP_TIMEOUT = 300
PR_SET_PDEATHSIG = 1

OK, INTERRUPTED, USAGE_ERROR, NO_TESTS = 0, 2, 4, 5  # pytest's exit statuses


Found = TypeVar("Found")


class Unavailable(Exception):
    """The machine cannot give what a run needs; says so in French."""


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def say(text: str = "") -> None:
    # Flushed: the children write to the same output.
    print(text, flush=True)


# The machine's programs ------------------------------------------------------


def driver_starts() -> bool:
    """Whether the program with which Playwright drives a browser runs on this machine."""
    playwright = importlib.util.find_spec("playwright")
    if playwright is None or playwright.origin is None:
        return False
    node = Path(playwright.origin).parent / "driver/node"
    try:
        return subprocess.run([node, "--version"], capture_output=True).returncode == 0
    except OSError:
        return False


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome that can be driven, or None."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    return found if found and driver_starts() else None


def find_postgresql(folders: str = POSTGRESQL_FOLDERS) -> Path | None:
    """The folder of the newest initdb and postgres, from Debian's folders or PATH, or None."""
    candidates = [path for path in Path(folders).glob("*/bin") if path.parent.name.isdigit()]
    candidates.sort(key=lambda path: int(path.parent.name), reverse=True)
    if initdb := shutil.which("initdb"):
        candidates.append(Path(initdb).resolve().parent)
    for folder in candidates:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    return None


def apt_install(*packages: str) -> bool:
    """Installs Debian packages; False where that is not possible."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    say(f"Installation de {' et '.join(packages)}…")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt_get = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        if subprocess.run([*apt_get, *arguments], env=env, stdin=subprocess.DEVNULL).returncode:
            return False
    return True


def install_line(*packages: str) -> str:
    """What to type to have Debian packages."""
    line = f"apt-get install -y {' '.join(packages)}"
    if os.geteuid() == 0:
        return line
    return f"sudo {line}" if shutil.which("sudo") else f'su -c "{line}"'


def require(find: Callable[[], Found | None], *packages: str) -> Found | None:
    """What `find` finds, after an installation where it is due and allowed, or None."""
    found = find()
    if found is None and apt_install(*packages):
        found = find()
    return found


def frame(title: str, *lines: str) -> str:
    rule = "!" * 78
    return "\n".join(["", rule, f"!!  {title}", *(f"!!  {line}" for line in lines), rule])


def absence(title: str, *packages: str) -> str:
    consequence = (
        "En intégration continue, c’est un échec."
        if in_ci()
        else "La réussite du reste ne dit rien de cette partie."
    )
    return frame(title, consequence, "Pour y remédier, tapez :", f"    {install_line(*packages)}")


# The PostgreSQL server -------------------------------------------------------


def server_account() -> pwd.struct_passwd | None:
    """The account that runs the server, as initdb and postgres refuse root; None is oneself."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Unavailable("aucun compte « postgres » ni « nobody » pour lancer le serveur")


def die_with_parent() -> None:
    """Asks Linux to stop this process when its parent dies, even of SIGKILL."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def wait_until_ready(server: subprocess.Popen, data: Path, log: Path) -> None:
    """Returns once the server accepts connections, as pg_ctl would: by its lock file."""
    deadline = time.monotonic() + START_TIMEOUT
    lock = data / "postmaster.pid"
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError):
            lines = lock.read_text().splitlines()
            if len(lines) >= 8 and lines[7].strip() == "ready":
                return
        time.sleep(0.05)
    raise Unavailable(f"le serveur n’a pas démarré :\n{log.read_text(errors='replace')[-4000:]}")


@contextlib.contextmanager
def interruptions_held() -> Iterator[None]:
    """Ignores Ctrl-C and its like: a second one must not cut the cleaning short."""
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = {name: signal.signal(name, signal.SIG_IGN) for name in names}
    try:
        yield
    finally:
        for name, handler in handlers.items():
            signal.signal(name, handler)


def initialise(programs: Path, data: Path, common: dict) -> None:
    """Makes an empty cluster in the folder `data`, which is there."""
    options = ("--auth=trust", "--username=ftap", "--encoding=UTF8", "--no-sync")
    initdb = subprocess.run(
        [programs / "initdb", *options, "--locale=C.UTF-8", f"--pgdata={data}"],
        **common,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if initdb.returncode:
        raise Unavailable(f"initdb a échoué :\n{initdb.stdout[-4000:]}")


@contextlib.contextmanager
def postgresql(programs: Path, kept: Path | None = None, **settings: str) -> Iterator[str]:
    """A server for the time of the block, with these settings of its own; yields its DATABASE_URL.

    It is new and empty, unless the folder `kept` holds its data from one time to the next. It
    listens on a socket in a folder that only its account can enter, and on no port: two suites
    never meet, and nobody else on the machine can connect.
    """
    account = server_account()
    # A socket's path is limited to 107 bytes, and root's own TMPDIR may be closed to others.
    folder = Path(tempfile.mkdtemp(prefix="ftap-pg-", dir="/tmp"))
    data, log = kept or folder / "data", folder / "server.log"
    common = {
        "cwd": folder,
        "stdin": subprocess.DEVNULL,
        # The C locale leaves accented letters alone in UPPER() and LOWER(): no server that
        # holds French text would use it.
        "env": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
    }
    server = None
    try:
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
            common |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        if not (data / "PG_VERSION").exists():
            data.mkdir(parents=True, exist_ok=True)
            if account:
                os.chown(data, account.pw_uid, account.pw_gid)
            initialise(programs, data, common)
        settings |= {
            "listen_addresses": "",
            "unix_socket_directories": folder,
            "max_connections": 300,
            # The data is thrown away, or made again: nothing needs to outlive a power cut.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
        }
        with log.open("wb") as output:
            server = subprocess.Popen(
                [
                    programs / "postgres",
                    f"-D{data}",
                    *(f"--{name}={value}" for name, value in settings.items()),
                ],
                **common,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Out of the terminal's group: Ctrl-C must not take the server from under
                # the tests that are closing.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        wait_until_ready(server, data, log)
        yield f"postgres://ftap@/ftap?{urlencode({'host': folder})}"
    finally:
        with interruptions_held():
            if server:
                # "Immediate": no checkpoint to wait for; "fast" writes what is to be kept.
                server.send_signal(signal.SIGINT if kept else signal.SIGQUIT)
                try:
                    server.wait(KEPT_STOP_TIMEOUT if kept else STOP_TIMEOUT)
                except subprocess.TimeoutExpired:
                    server.kill()
                    server.wait()
            shutil.rmtree(folder, ignore_errors=True)


# The runs --------------------------------------------------------------------


def pytest(arguments: list[str], database_url: str) -> int:
    """One run of the suite; returns pytest's exit status."""
    command = [sys.executable, "-m", "pytest", "-n", "auto", *arguments]
    env = {**os.environ, "DATABASE_URL": database_url}
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    try:
        return process.wait()
    except BaseException as stop:
        with interruptions_held():
            # After Ctrl-C the terminal has told pytest too, and a second signal would cut
            # its teardown short.
            if not isinstance(stop, KeyboardInterrupt):
                process.send_signal(signal.SIGINT)
            for request in (lambda: process.send_signal(signal.SIGINT), process.kill):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_TIMEOUT / 2)
                    break
                request()
            process.wait()
        raise


def verdict(status: int) -> str:
    return {OK: "réussi", NO_TESTS: "aucun test ne correspond"}.get(status, f"ÉCHEC ({status})")


def overall(statuses: list[int], notices: list[str]) -> int:
    """The exit status for all the runs: a run that selected no test counts only if all did."""
    failures = [status for status in statuses if status not in {OK, NO_TESTS}]
    if failures:
        return failures[0]
    if notices and in_ci():
        return 1
    return OK if OK in statuses else NO_TESTS


def stop_by_signal(number: int, _stack: object) -> None:
    raise SystemExit(128 + number)


def version(program: str | Path) -> str:
    output = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    found = re.search(r"\d+(\.\d+)*", output)
    return found[0] if found else "?"


def main(arguments: list[str]) -> int:
    arguments = [*shlex.split(os.environ.get("PYTEST_ARGS", "")), *arguments]
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop_by_signal)
    notices = []
    if require(find_chromium, *BROWSER_PACKAGES) is None:
        title = "Aucun Chromium utilisable : PAS de test dans un navigateur"
        notices.append(absence(title, *BROWSER_PACKAGES))
    if require(html_checker.find_java, html_checker.JAVA_PACKAGE) is None:
        title = "Java est absent : PAS de vérification du HTML des pages"
        notices.append(absence(title, html_checker.JAVA_PACKAGE))
    programs = require(find_postgresql, POSTGRESQL_PACKAGE)
    if programs is None:
        title = "PostgreSQL est absent : PAS de test sur ce moteur"
        notices.append(absence(title, POSTGRESQL_PACKAGE))
    for text in notices:
        say(text)
    statuses: dict[str, int] = {}

    def run(engine: str, database_url: str) -> bool:
        """False when a second engine would only repeat the same mistake."""
        say(f"\n──── {engine} ────")
        start = time.monotonic()
        status = pytest(arguments, database_url)
        statuses[f"{engine} ({time.monotonic() - start:.0f} s)"] = status
        return status not in {INTERRUPTED, USAGE_ERROR}

    if run("SQLite", "sqlite://:memory:") and programs:
        try:
            with postgresql(programs) as database_url:
                run(f"PostgreSQL {version(programs / 'postgres')}", database_url)
        except Unavailable as error:
            say(f"PostgreSQL : {error}")
            statuses["PostgreSQL"] = 1

    say("\n──── Bilan ────")
    for name, status in statuses.items():
        say(f"{name} : {verdict(status)}")
    for text in notices:
        say(text)
    return overall(list(statuses.values()), notices)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        say("\nInterrompu.")
        sys.exit(128 + signal.SIGINT)
