"""`check_fixtures`: each mistake is named in French, where it stands, without any database."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection

from calls import fixture_check

SESSION = "ftap_2019_session_2.yaml"
NBSP, NARROW = "\u00a0", "\u202f"
ROOT = Path(django_settings.BASE_DIR)


def refuse_queries(*args):
    raise AssertionError("la base du projet a été interrogée")


@pytest.fixture(autouse=True)
def no_database(django_db_blocker):
    """Constraints are computed in memory; the project's own database must not be asked."""
    with django_db_blocker.unblock(), connection.execute_wrapper(refuse_queries):
        yield


@pytest.fixture
def folder(tmp_path, settings):
    """A copy of the project's fixtures, to damage at will."""
    copy = tmp_path / "fixtures"
    shutil.copytree(ROOT / "fixtures", copy)
    settings.FIXTURE_DIRS = [copy]
    return copy


@pytest.fixture
def edit(folder):
    """edit(file, old, new): replaces the first `old`; returns the line where it stood."""

    def edit(file, old, new):
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, old
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    return edit


def errors(name=SESSION):
    """Errors of one file, the others being its reference."""
    return fixture_check.check([fixture_check.find(name)]).errors


# The project's own files -----------------------------------------------------


def test_the_committed_fixtures_are_clean(capsys):
    call_command("check_fixtures")
    output = capsys.readouterr()
    assert output.err == ""
    assert f"4 fichiers vérifiés, 308 objets, aucune erreur{NBSP}:" in output.out
    assert "16  lauréats (laureates.laureate)" in output.out
    assert "29  candidatures (calls.application)" in output.out


@pytest.mark.parametrize(("page", "objects"), [("README.md", 4), ("fixtures/README.md", 16)])
def test_the_example_for_maintainers_is_clean(tmp_path, page, objects):
    readme = (ROOT / page).read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", readme, re.S)
    path = tmp_path / "ftap_2030_session_1.yaml"
    path.write_text(example, encoding="utf-8")
    report = fixture_check.check([path])
    assert report.problems == []
    assert report.counts.total() == objects


def test_works_with_an_unreachable_database():
    environment = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing"}
    command = [sys.executable, "manage.py", "check_fixtures", "themes"]
    environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "7 objets" in result.stdout


def test_a_folder_of_files_is_checked_as_its_files(folder, tmp_path, capsys):
    call_command("check_fixtures", str(folder))
    assert "4 fichiers vérifiés" in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit):
        call_command("check_fixtures", str(tmp_path / "empty"))
    assert f"à vérifier dans {tmp_path / 'empty'}" in capsys.readouterr().err


# Mistakes, one at a time -----------------------------------------------------

# What is changed (file, old, new), then what the only error says and the field it names.
MISTAKES = {
    "unknown field": (
        ("themes.yaml", "    description: Produire", "    descripton: Produire"),
        f"champ inconnu. Vouliez-vous dire «{NBSP}description{NBSP}»{NARROW}?",
        "descripton",
    ),
    "unknown model": (
        ("themes.yaml", "laureates.theme\n", "laureates.thema\n"),
        f"modèle inconnu «{NBSP}laureates.thema{NBSP}». Vouliez-vous dire «{NBSP}laureates.theme",
        "model",
    ),
    "account": (
        ("themes.yaml", "- model:", "- model: ftap.user\n  fields: {}\n\n- model:"),
        "ne se charge pas par fichier",
        "model",
    ),
    "primary key": (("themes.yaml", "  fields:", "  pk: 1\n  fields:"), "clé primaire", "pk"),
    "unknown key of an object": (
        ("themes.yaml", "  fields:", "  champs: 1\n  fields:"),
        "clé inconnue",
        "",
    ),
    "key written twice": (
        ("themes.yaml", "    name: Télé", "    name: X\n    name: Télé"),
        "déjà écrit ligne",
        "name",
    ),
    "missing required field": (
        ("themes.yaml", "    name: Télémédecine\n", ""),
        "champ obligatoire absent",
        "name",
    ),
    "missing key field, though it has a default": (
        (SESSION, '    public_id: "2019s2n03"\n', ""),
        "sert de clé",
        "public_id",
    ),
    "empty value": (
        ("organisations.yaml", "    short_name: CNSA", "    short_name:"),
        "aucune valeur",
        "short_name",
    ),
    "number where a text is due": (
        ("territories.yaml", 'code: "989"', "code: 989"),
        "YAML lit ici un nombre et non un texte",
        "code",
    ),
    "unknown choice": (
        (SESSION, "    state: closed", "    state: close"),
        f"Vouliez-vous dire «{NBSP}closed{NBSP}»{NARROW}? Valeurs possibles{NBSP}: planned, open",
        "state",
    ),
    "impossible date": (
        (SESSION, "held_on: 2019-09-23", "held_on: 2019-09-33"),
        "ni une date",
        "held_on",
    ),
    "word for a date": ((SESSION, "held_on: 2019-09-23", "held_on: demain"), "date", "held_on"),
    "date without its hour": (
        (SESSION, "published_at: 2019-09-25T00:00:00+02:00", "published_at: 2019-09-25"),
        "une date, une heure et son décalage",
        "published_at",
    ),
    "naive date": (
        (SESSION, "published_at: 2019-09-25T00:00:00+02:00", "published_at: 2019-09-25T00:00:00"),
        "une date, une heure et son décalage",
        "published_at",
    ),
    "word for yes or no": (
        (SESSION, "is_undisclosed: true", "is_undisclosed: oui"),
        "écrivez true (oui) ou false (non)",
        "is_undisclosed",
    ),
    "number too large for PostgreSQL": (
        ("themes.yaml", "position: 7", "position: 40000"),
        "compris entre 0 et 32767",
        "position",
    ),
    "fraction of a rank": (("themes.yaml", "position: 7", "position: 7.5"), "entier", "position"),
    "too long": (
        ("organisations.yaml", "short_name: CNSA", f"short_name: {'C' * 51}"),
        "50 caractères",
        "short_name",
    ),
    "not a slug": (
        ("themes.yaml", "    slug: organisation-du-travail", "    slug: Organisation du travail"),
        f"par exemple «{NBSP}organisation-du-travail{NBSP}»",
        "slug",
    ),
    "wrong SIRET": (
        ("organisations.yaml", "    short_name: CNSA", '    siret: "13002526500014"'),
        "SIRET",
        "siret",
    ),
    "bad public identifier": (
        (SESSION, 'public_id: "2019s2n16"', 'public_id: "2019-s2-16"'),
        "De 4 à 32 lettres minuscules",
        "public_id",
    ),
    "address that is none": (
        (SESSION, "    committee_on:", "    source_url: modernisation\n    committee_on:"),
        "URL",
        "source_url",
    ),
    "file that is not there": (
        (SESSION, "    format: PDF", "    format: PDF\n    file: annonces/absent.pdf"),
        "n’est pas dans le dossier des documents",
        "file",
    ),
    "file outside its folder": (
        (SESSION, "    format: PDF", "    format: PDF\n    file: ../../manage.py"),
        "n’est pas dans le dossier des documents",
        "file",
    ),
    "unknown organisation": (
        (SESSION, "organisation: [cnsa]", "organisation: [cnda]"),
        f"[cnda] n’existe dans aucun fichier. Vouliez-vous dire «{NBSP}[cnsa]{NBSP}»",
        "organisation",
    ),
    "unknown theme": (
        (SESSION, "[[telemedecine]]", "[[telemedcine]]"),
        "n’existe dans aucun",
        "themes",
    ),
    "theme twice": (
        (SESSION, "[[telemedecine]]", "[[telemedecine], [telemedecine]]"),
        "plusieurs fois",
        "themes",
    ),
    "key without brackets": (
        (SESSION, "    fund: [ftap]", "    fund: ftap"),
        f"s’écrit entre crochets{NBSP}: [slug]",
        "fund",
    ),
    "list of keys without inner brackets": (
        (SESSION, "[[telemedecine]]", "[telemedecine]"),
        "sont elles-mêmes entre crochets",
        "themes",
    ),
    "code read as a number": (
        ("organisations.yaml", '[department, "88"]', "[department, 88]"),
        "Mettez entre guillemets",
        "territory",
    ),
    "same object twice": (
        ("themes.yaml", "    slug: insertion-emploi", "    slug: telemedecine"),
        "cet objet est déjà dans",
        "",
    ),
    "same unique name": (
        ("themes.yaml", "    name: Insertion et emploi", "    name: Télémédecine"),
        "ce champ est unique (nom)",
        "name",
    ),
    "organisation carrying twice": (
        (SESSION, "organisation: [caisse-des-depots]", "organisation: [cnsa]"),
        "Cet organisme porte déjà le projet",
        "organisation",
    ),
    "broken constraint": (
        (SESSION, "    upper: 35000000", "    upper: 35000"),
        "La borne basse ne dépasse pas la borne haute.",
        "",
    ),
    "withdrawn without a reason": (
        (
            SESSION,
            "    committee_on:",
            "    withdrawn_at: 2020-01-01T00:00:00+01:00\n    committee_on:",
        ),
        "Un retrait a une date et un motif",
        "",
    ),
    "validated without a date": (
        (SESSION, "    decided_on: 2019-09-23\n", ""),
        "Une décision validée a une date",
        "",
    ),
    "carrier ranks with a hole": (
        (SESSION, "position: 5\n    organisation: [aife]", "position: 6\n    organisation: [aife]"),
        f"sont 1, 2, 3, 4, 6{NBSP}: numérotez-les de 1 à 5",
        "position",
    ),
    "claim of another number of laureates": (
        (SESSION, "    value: 16", "    value: 17"),
        "le chiffre annoncé est 17, mais les fichiers contiennent 16 lauréats",
        "value",
    ),
    "claim of another number of applications": (
        (SESSION, "    value: 29", "    value: 30"),
        "mais les fichiers contiennent 29 candidatures",
        "value",
    ),
    "supervised by what is no ministry": (
        ("organisations.yaml", "[ministere-des-armees]", "[dgfip]"),
        "n’est pas un ministère",
        "supervising_ministry",
    ),
    "department of what is no region": (
        ("territories.yaml", 'region: [region, "44"]', 'region: [national, "FR"]'),
        "n’est pas une région",
        "region",
    ),
    "straight apostrophe in a name": (
        ("organisations.yaml", "name: Opéra national de Paris", "name: L'Opéra national de Paris"),
        f"Écrivez{NBSP}: «{NBSP}L’Opéra national de Paris{NBSP}»",
        "name",
    ),
    "missing no-break space in a title": (
        (SESSION, f"E-Contacts Plus{NBSP}: Assistant", "E-Contacts Plus : Assistant"),
        "E-Contacts Plus⟨U+00A0⟩: Assistant virtuel",
        "title",
    ),
    "loose typography in a text": (
        (SESSION, f"vie professionnelle{NBSP}:", "vie professionnelle :"),
        "espace insécable",
        "description",
    ),
    "soft hyphen": ((SESSION, "plaisanciers", "plai\u00adsanciers"), "U+00AD", "description"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_where_it_stands(name, edit):
    change, said, field = MISTAKES[name]
    line = edit(*change)
    found = errors(change[0])
    problem = next((p for p in found if said in p.message and p.field == field), None)
    assert problem, [str(p) for p in found]
    assert problem.path.name == change[0]
    # The line of the field, or of the object when the field is absent.
    assert abs(problem.line - line) <= 12
    row = problem.path.read_text(encoding="utf-8").splitlines()[problem.line - 1]
    assert re.match(rf"\s*(- model|{field or '[a-z]+'}):", row), row


def test_one_mistake_gives_one_error(edit):
    edit("themes.yaml", "    description: Produire", "    descripton: Produire")
    (problem,) = errors("themes.yaml")
    assert problem.subject == "laureates.theme [donnees]"


def test_every_error_is_told_at_once(edit, capsys):
    edit("themes.yaml", "    description: Produire", "    descripton: Produire")
    edit("themes.yaml", "position: 7", "position: sept")
    edit("organisations.yaml", "    short_name: CNSA", "    short_name:")
    with pytest.raises(SystemExit) as caught:
        call_command("check_fixtures")
    assert caught.value.code == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "descripton" in output.err
    assert "position" in output.err
    assert "short_name" in output.err
    assert "3 erreurs dans 4 fichiers" in output.err


def test_an_object_stands_above_those_that_need_it(folder):
    path = folder / SESSION
    objects = path.read_text(encoding="utf-8").split("\n- model: ")
    objects.append(objects.pop(1))  # the fund, which everything needs
    path.write_text("\n- model: ".join(objects), encoding="utf-8")
    messages = [p for p in errors() if "est plus bas dans le fichier" in p.message]
    assert {p.field for p in messages} == {"fund"}


def test_a_laureate_has_a_carrier(folder, edit):
    path = folder / SESSION
    text = path.read_text(encoding="utf-8")
    start = text.index('- model: laureates.carrier\n  fields:\n    laureate: ["2019s2n13"]')
    path.write_text(text[:start] + text[text.index("# 14") :], encoding="utf-8")
    (problem,) = errors()
    assert problem.subject == "laureates.laureate [2019s2n13]"
    assert "aucun porteur" in problem.message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    number: 1\n    kind: first", "    number: 2\n    kind: correction", "numérotez-les"),
        (
            "published_at: 2019-09-25T00:00:00+02:00\n    changelog",
            "published_at: 2019-09-25T00:01:00+02:00\n    changelog",
            f"la version 1 a la minute de laureates.announcement [ftap-2019-session-2]{NBSP}: "
            "écrivez 2019-09-25T00:00:00+02:00",
        ),
        (
            "    published_at: 2019-09-25T00:00:00+02:00\n    source: Annonce des lauréats de la "
            "2de session de l’appel à projets 2019 du FTAP, 25 septembre 2019\n    source_on",
            "    source: Annonce\n    source_on",
            "est un brouillon, sans published_at",
        ),
        ("    kind: first", "    kind: premier", "n’est pas une valeur possible"),
        ("    changelog: Première publication.", "    changelog: ''", "ne peut pas être vide"),
        ("    committees: [[ftap-2019-09-23]]", "    committees: [[ftap-1999]]", "ftap-1999"),
    ],
)
def test_versions_follow_their_announcement(edit, old, new, said):
    edit(SESSION, old, new)
    messages = [error.message for error in errors()]
    assert any(said in message for message in messages), messages


def test_a_gap_in_the_announcement(edit):
    edit(SESSION, "position: 16\n    public_id", "position: 18\n    public_id")
    (problem,) = errors()
    assert "numérotez-les de 1 à 16" in problem.message


@pytest.mark.parametrize(
    ("addition", "said"),
    [
        (
            "- model: calls.bearer\n  fields: "
            "{application: [2019-S2-29], position: 1, organisation: [cnsa]}\n",
            "est non détaillée mais a un porteur",
        ),
        (
            "- model: calls.selection\n  fields: {application: [2019-S2-29], "
            "committee: [ftap-2019-09-23], laureate: [2019s2n01], state: validated, "
            "outcome: retained, amount_not_disclosed: true, decided_on: 2019-09-23, "
            "record_source: x}\n",
            "est non détaillée mais est liée à un lauréat",
        ),
        (
            "- model: calls.selection\n  fields: {application: [2019-S2-29], "
            "committee: [ftap-2019-09-23], laureate: [2019s2n01]}\n",
            "Seule une décision validée « retenu » peut être liée à un lauréat.",
        ),
    ],
)
def test_what_no_application_may_have(folder, addition, said):
    path = folder / SESSION
    path.write_text(path.read_text(encoding="utf-8") + "\n" + addition, encoding="utf-8")
    assert any(said in problem.message.replace(NBSP, " ") for problem in errors())


@pytest.mark.parametrize(
    ("cut", "joined"), [("plai-sanciers", "plaisanciers"), ("direc-tion", "direction")]
)
def test_a_word_that_looks_cut_is_a_warning(edit, capsys, cut, joined):
    edit(SESSION, "Marins de commerce", f"Les {cut} et marins de commerce")
    call_command("check_fixtures")
    output = capsys.readouterr()
    assert f"«{NBSP}{cut}{NBSP}». S’il s’écrit «{NBSP}{joined}{NBSP}»" in output.err
    assert "1 avertissement à relire." in output.err
    assert "aucune erreur" in output.out


# Choosing files --------------------------------------------------------------


def test_other_files_serve_as_reference_and_are_not_reported(edit, capsys):
    edit("themes.yaml", "    description: Produire", "    descripton: Produire")
    call_command("check_fixtures", "organisations")
    output = capsys.readouterr()
    assert "1 fichier vérifié, 26 objets" in output.out
    assert output.err == ""


def test_a_given_file_stands_for_the_one_of_the_same_name(tmp_path):
    path = tmp_path / "themes.yaml"
    shutil.copy(ROOT / "fixtures" / "themes.yaml", path)
    report = fixture_check.check([path])
    assert report.problems == []
    assert report.counts.total() == 7


def test_a_new_file_may_not_repeat_an_object(tmp_path):
    path = tmp_path / "autres_themes.yaml"
    shutil.copy(ROOT / "fixtures" / "themes.yaml", path)
    problems = fixture_check.check([path]).errors
    assert len(problems) == 7
    assert all("déjà dans fixtures/themes.yaml" in problem.message for problem in problems)
