"""The database as files and back: the same bytes, whatever it holds; nothing private by default."""

import datetime
import errno
import os
import re
from pathlib import Path

import pytest
import yaml
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from calls import demo, fixture_check, fixture_files
from calls.fixture_check import loadable_models
from calls.fixture_files import sidecars
from calls.models import Application, FormRecord, Selection
from calls.triggers import lifted
from ftap.refusals import Refusal
from laureates.models import Announcement, Laureate, Release, ReleaseFile
from tests import embargo
from tests.factories import (
    AnnouncementFactory,
    ApplicationFactory,
    CarrierFactory,
    ClaimFactory,
    ColumnMappingFactory,
    DocumentFactory,
    FormRecordFactory,
    LaureateFactory,
    LaureateGroupFactory,
    OrganisationFactory,
    OrganisationRedirectFactory,
    SelectionFactory,
    ThemeFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

HARD = [
    "oui",
    "no",
    "2019-09-25",
    "1e3",
    "~",
    " une espace de chaque côté ",
    "clé : valeur # pas un commentaire",
    "- une liste\n- deux",
    "ligne\r\nautre\rligne\n",
    "tabulation\tet fin\n\n",
    "émoji 🎭, U+0085 \u0085, insécable \u00a0, fine \u202f",
    "«\u00a0guillemets\u00a0» \"droits\" 'simples' \\ barre",
    "x" * 40_000,
    "%directive",
    "[crochet], {accolade}",
    "",
]


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def emptied():
    """Remove every row of both houses, and the accounts: as in a database just made."""
    tables = [
        model._meta.db_table
        for label in ("calls", "laureates", "ftap", "admin")
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]
    with lifted(*tables), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
    assert not any(counted().values())


def counted():
    return {model: model._base_manager.count() for model in loadable_models().values()}


def seed():
    call_command("loaddata", *settings.LOCAL_FIXTURES, verbosity=0)


def varied():
    """Rows of every kind, with texts that YAML would read otherwise."""
    ministry = OrganisationFactory(kind="ministere")
    for rank, text in enumerate(HARD):
        announcement = AnnouncementFactory(
            draft=True, public_text=text, staff_note=text, source=text[:300]
        )
        group = LaureateGroupFactory(announcement=announcement, amount=rank + 1)
        laureate = LaureateFactory(
            announcement=announcement,
            group=group if rank % 2 else None,
            has_own_title=bool(rank % 3),
            description=text,
            former_titles=text,
            agreement_signed_on=datetime.date(2020, 2, 29),
            themes=[ThemeFactory()],
        )
        CarrierFactory(
            laureate=laureate,
            organisation=OrganisationFactory(supervising_ministry=ministry),
            role="chef-de-file",
        )
        ClaimFactory(announcement=announcement, value="350000000.50")
        application = ApplicationFactory(summary=text, asked_amount="1234.50")
        FormRecordFactory(
            application=application,
            values=[{"sheet": "", "rows": [[["Question", 1, text], ["Autre", 2, "1"]]]}],
        )
        SelectionFactory(application=application, motive=text)
    ColumnMappingFactory(label="Question : avec deux points", rank=2)
    OrganisationRedirectFactory(was_public=True)
    for moment in ("2027-03-28T01:59:00+01:00", "2027-10-31T02:30:00+02:00"):
        AnnouncementFactory(published_at=datetime.datetime.fromisoformat(moment))
    assert Selection.objects.exists()


@pytest.mark.parametrize("build", [seed, varied])
def test_what_goes_out_comes_back_and_goes_out_the_same(build, tmp_path):
    build()
    out = fixture_files.export(tmp_path / "one", is_private=True)
    before = counted()
    emptied()
    assert not Laureate.objects.exists()
    loaded = fixture_files.load(tmp_path / "one", create_accounts=True)
    assert counted() == before
    assert loaded.rows == out.rows
    fixture_files.export(tmp_path / "two", is_private=True)
    one, two = files_of(tmp_path / "one"), files_of(tmp_path / "two")
    assert list(one) == list(two)
    assert [path for path in one if one[path] != two[path]] == []


def test_the_demonstration_comes_back_with_its_accounts(tmp_path):
    demo.build(password_of=lambda username: None)
    fixture_files.export(tmp_path / "one", is_private=True)
    users = get_user_model().objects
    states = sorted(Application.objects.values_list("reference", "state"))
    names = set(users.values_list("username", flat=True))
    emptied()
    with pytest.raises(Refusal, match="des comptes qui n’existent pas"):
        fixture_files.load(tmp_path / "one")
    assert not Application.objects.exists()
    loaded = fixture_files.load(tmp_path / "one", create_accounts=True)
    assert set(loaded.accounts) <= names
    assert not users.filter(is_active=True).exists()
    assert sorted(Application.objects.values_list("reference", "state")) == states
    fixture_files.export(tmp_path / "two", is_private=True)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_frozen_bytes_and_documents_come_back_as_they_were(tmp_path):
    seed()
    document = DocumentFactory(announcement=Announcement.objects.get())
    document.file.save("fiches.pdf", ContentFile(b"%PDF-1.4 exact"))
    bytes_of = {row.name: bytes(row.content) for row in ReleaseFile.objects.all()}
    digests = sorted(Release.objects.values_list("content", flat=True))
    fixture_files.export(tmp_path / "one", is_private=False)
    emptied()
    default_storage.delete(document.file.name)
    fixture_files.load(tmp_path / "one")
    assert {row.name: bytes(row.content) for row in ReleaseFile.objects.all()} == bytes_of
    assert sorted(Release.objects.values_list("content", flat=True)) == digests
    with default_storage.open(document.file.name) as file:
        assert file.read() == b"%PDF-1.4 exact"


def test_without_private_nothing_hidden_goes_out(tmp_path):
    site = embargo.build_public_site()
    fixture_files.export(tmp_path / "before", is_private=False)
    embargo.hide_everything(site)
    fixture_files.export(tmp_path / "after", is_private=False)
    before, after = files_of(tmp_path / "before"), files_of(tmp_path / "after")
    found = [
        path
        for path, content in after.items()
        if embargo.CANARY in f"{path} {content.decode(errors='replace')}".lower()
    ]
    # The fund and the territories are public references, whoever uses them.
    assert set(found) <= {"fund_and_calls.yaml", "territories.yaml"}
    for path in found:
        kept = [
            entry
            for entry in yaml.safe_load(after[path])
            if entry["model"] not in {"calls.fund", "calls.fundaim", "laureates.territory"}
        ]
        for entry in kept:
            entry["fields"].pop("fund", None)
        assert [entry for entry in kept if embargo.CANARY in str(entry).lower()] == []
    assert FormRecord.objects.exists()
    assert not [path for path in after if path.startswith("private")]
    for path in set(before) - {"fund_and_calls.yaml", "territories.yaml"}:
        assert before[path] == after[path], path
    assert set(before) == set(after)


def told(rows):
    """{(model, key): values} of rows read from files, but the versions that a load freezes."""
    found = {}
    for row in rows:
        if row.model in {Release, ReleaseFile}:
            continue
        values = {
            field.name: getattr(row.instance, field.name)
            for field in row.model._meta.concrete_fields
            if not (field.is_relation or field.primary_key or field.name == "updated_at")
        }
        values |= {name: target.key for name, target in row.related.items()}
        values |= {name: {target.key for target in to} for name, to in row.linked.items() if to}
        found[row.model, row.key] = values
    return found


def test_what_goes_out_is_what_the_project_s_own_files_say(tmp_path):
    seed()
    fixture_files.export(tmp_path / "one", is_private=True)
    given, ours = fixture_check.understand(fixture_check.project_files(), as_stored=True)
    gone, theirs = fixture_check.understand((tmp_path / "one").rglob("*.yaml"), as_stored=True)
    assert given.errors == gone.errors == []
    before, after = told(ours), told(theirs)
    assert len(before) > 300
    assert before.keys() == after.keys()
    assert [key for key in before if before[key] != after[key]] == []


def test_what_names_a_row_is_read_first(tmp_path):
    seed()
    fixture_files.export(tmp_path / "one", is_private=True)
    seen = set()
    for path in (tmp_path / "one").rglob("*.yaml"):
        for entry in yaml.safe_load(path.read_text()):
            lookups = loadable_models()[entry["model"]].NATURAL_KEY
            names = list(dict.fromkeys(lookup.partition("__")[0] for lookup in lookups))
            assert list(entry["fields"])[: len(names)] == names, entry
            seen.add(entry["model"])
    assert {"laureates.carrier", "laureates.document", "calls.bearer"} <= seen


def test_an_export_is_checked_without_a_database(tmp_path, capsys):
    seed()
    folder = tmp_path / "one"
    fixture_files.export(folder, is_private=True)

    def refuse(*args):
        raise AssertionError("la base a été interrogée")

    with connection.execute_wrapper(refuse):
        call_command("check_fixtures", str(folder))
        assert "aucune erreur" in capsys.readouterr().out
        with pytest.raises(SystemExit):
            call_command("check_fixtures", str(folder), "themes")
        assert "vérifiez-le seul" in capsys.readouterr().err
        path = folder / "themes.yaml"
        path.write_text(path.read_text().replace("name:", "nom:", 1))
        with pytest.raises(SystemExit):
            call_command("check_fixtures", str(folder))
        assert "themes.yaml, ligne" in capsys.readouterr().err
        next(folder.rglob("*.pdf")).unlink()
        with pytest.raises(SystemExit):
            call_command("check_fixtures", str(folder))
        assert "le fichier manque" in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_disk_that_takes_nothing_is_said_in_french(tmp_path, monkeypatch, number):
    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    seed()
    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(CommandError) as refused:
        call_command("export_fixtures", str(tmp_path / "one"))
    assert re.search("le disque est|droits insuffisants", str(refused.value))
    assert os.strerror(number) not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_its_tables_is_said_in_french(tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("no such table: laureates_theme")

    seed()
    fixture_files.export(tmp_path / "one", is_private=False)
    emptied()
    with connection.execute_wrapper(fail):
        for command in ("export_fixtures", "import_fixtures"):
            folder = tmp_path / ("two" if command == "export_fixtures" else "one")
            with pytest.raises(CommandError, match=r"manage\.py migrate"):
                call_command(command, str(folder))
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_database_that_holds_something_takes_nothing(tmp_path):
    seed()
    fixture_files.export(tmp_path / "one", is_private=True)
    before = counted()
    with pytest.raises(Refusal, match="contient déjà des données"):
        fixture_files.load(tmp_path / "one")
    assert counted() == before


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / sidecars.SUMS).unlink(), "n’est pas un export"),
        (lambda folder: (folder / sidecars.SUMS).write_text("x\n"), "ligne 1"),
        (lambda folder: next(folder.rglob("*.pdf")).write_bytes(b"autre"), "n’est plus celui"),
        (lambda folder: next(folder.rglob("*.pdf")).unlink(), "le fichier manque"),
    ],
)
def test_a_damaged_export_is_refused_whole(tmp_path, damage, sentence):
    seed()
    folder = tmp_path / "one"
    fixture_files.export(folder, is_private=True)
    emptied()
    damage(folder)
    with pytest.raises(Refusal) as refused:
        fixture_files.load(folder)
    assert sentence in " ".join(refused.value.messages)
    assert not any(counted().values())


def test_a_mistake_in_a_file_is_named_and_nothing_is_loaded(tmp_path):
    seed()
    folder = tmp_path / "one"
    fixture_files.export(folder, is_private=True)
    emptied()
    path = folder / "themes.yaml"
    path.write_text(path.read_text().replace("name:", "nom:", 1))
    with pytest.raises(fixture_files.BadFilesError) as refused:
        fixture_files.load(folder)
    assert "champ inconnu" in str(refused.value)
    assert "themes.yaml, ligne" in str(refused.value)
    assert not any(counted().values())


def test_a_row_that_the_database_refuses_is_named(tmp_path):
    seed()
    folder = tmp_path / "one"
    fixture_files.export(folder, is_private=True)
    emptied()
    path = next(folder.glob("announcements/*.yaml"))
    path.write_text(path.read_text().replace("call_year: 2019", "call_year: 1999", 1))
    with pytest.raises((fixture_files.BadFilesError, Refusal)) as refused:
        fixture_files.load(folder)
    assert "2017" in str(refused.value)
    assert not any(counted().values())


def test_the_folder_of_an_export_is_never_half_written(tmp_path, monkeypatch):
    seed()
    folder = tmp_path / "one"
    fixture_files.export(folder, is_private=True)
    before = files_of(folder)
    with pytest.raises(Refusal, match="n’est pas vide"):
        fixture_files.export(folder, is_private=True)

    def fail(*args):
        raise OSError("plus de place")

    monkeypatch.setattr(sidecars, "sums", fail)
    with pytest.raises(OSError, match="plus de place"):
        fixture_files.export(folder, is_private=True, replace=True)
    assert files_of(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_the_commands_say_what_they_did(tmp_path, capsys):
    seed()
    UserFactory()
    call_command("export_fixtures", str(tmp_path / "one"), "--private")
    told = capsys.readouterr().out
    assert "16  lauréats" in told
    assert "1  utilisateurs" in told.partition("n’en fait pas partie")[2]
    with pytest.raises(CommandError, match="déjà des données"):
        call_command("import_fixtures", str(tmp_path / "one"))
    emptied()
    call_command("import_fixtures", str(tmp_path / "one"))
    assert "16  lauréats" in capsys.readouterr().out
