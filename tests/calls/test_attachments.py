"""Files of dossiers: what is kept, what is refused, who gets it and how."""

import datetime
import hashlib
import io
import threading
import zipfile

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from calls import attachments
from calls.models import Attachment, Event
from calls.permissions import Hidden, Refusal
from tests import factories

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 20
OOXML = "application/vnd.openxmlformats-officedocument."


def packed(**members):
    """A zip archive of these members; « __ » in a name stands for « / »."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/"), text)
    return buffer.getvalue()


def open_document(kind, **others):
    mimetype = f"application/vnd.oasis.opendocument.{kind}"
    return packed(**{"mimetype": mimetype, "content.xml": "<a/>", **others})


def office(part, kind, **others):
    types = f'<Types><Override ContentType="{OOXML}{kind}.main+xml"/></Types>'
    return packed(**{"[Content_Types].xml": types, part: "<a/>", **others})


DOCX = office("word/document.xml", "wordprocessingml.document")
XLSX = office("xl/workbook.xml", "spreadsheetml.sheet")
GOOD = {
    "plan.pdf": (PDF, "application/pdf"),
    "PLAN.PDF": (PDF, "application/pdf"),
    "carte.png": (PNG, "image/png"),
    "photo.jpg": (JPEG, "image/jpeg"),
    "photo.jpeg": (JPEG, "image/jpeg"),
    "budget.csv": ("\ufeffposte;montant\nétudes;100\n".encode(), "text/csv"),
    "ancien.csv": ("poste;montant\r\nétudes;100 €\r\n".encode("cp1252"), "text/csv"),
    "note.odt": (open_document("text"), "application/vnd.oasis.opendocument.text"),
    "budget.ods": (open_document("spreadsheet"), "application/vnd.oasis.opendocument.spreadsheet"),
    "projet.odp": (
        open_document("presentation"),
        "application/vnd.oasis.opendocument.presentation",
    ),
    "note.docx": (DOCX, f"{OOXML}wordprocessingml.document"),
    "budget.xlsx": (XLSX, f"{OOXML}spreadsheetml.sheet"),
    "projet.pptx": (
        office("ppt/presentation.xml", "presentationml.presentation"),
        f"{OOXML}presentationml.presentation",
    ),
}
LIE = "n’est pas celui que son nom annonce"
HOSTILE = {
    "exécutable nommé PDF": ("plan.pdf", b"MZ\x90\0" + PDF, LIE),
    "page web nommée PDF": ("plan.pdf", b"<html>%PDF-1.7", LIE),
    "page web nommée CSV": ("t.csv", b"\n <!DOCTYPE html><script>alert(1)</script>", LIE),
    "image vectorielle nommée CSV": ("t.csv", b"<svg onload=alert(1)>", LIE),
    "PDF nommé CSV": ("t.csv", PDF, LIE),
    "binaire nommé CSV": ("t.csv", b"a;b\n\0\x01\x02", LIE),
    "blancs nommés CSV": ("t.csv", b" \n\n", LIE),
    "archive nommée DOCX": ("n.docx", packed(a="b"), LIE),
    "classeur nommé DOCX": ("n.docx", XLSX, LIE),
    "parties d’un DOCX, type d’un XLSX": (
        "n.docx",
        office("word/document.xml", "spreadsheetml.sheet"),
        LIE,
    ),
    "programme suivi d’un DOCX": ("n.docx", b"MZ" + DOCX, LIE),
    "DOCX tronqué": ("n.docx", DOCX[:40], LIE),
    "ODS nommé ODT": ("n.odt", open_document("spreadsheet"), LIE),
    "GIF nommé PNG": ("c.png", b"GIF89a" + b"\0" * 20, LIE),
    "macros Word": (
        "n.docx",
        office("word/document.xml", "wordprocessingml.document", **{"word/vbaProject.bin": "x"}),
        "macros",
    ),
    "macros OpenDocument": ("n.odt", open_document("text", Basic__Module="x"), "macros"),
    "page web": ("page.html", b"<html>", "n’est pas accepté"),
    "programme": ("outil.exe", b"MZ", "n’est pas accepté"),
    "double extension": ("plan.pdf.exe", PDF, "n’est pas accepté"),
    "sans extension": ("plan", PDF, "n’est pas accepté"),
    "vectoriel": ("carte.svg", b"<svg/>", "n’est pas accepté"),
    "vide": ("plan.pdf", b"", "est vide"),
    "nom retourné": ("plan\u202efdp.pdf", PDF, "caractères invisibles"),
    "nom caché": (".pdf", PDF, "n’a pas de nom"),
    "nom trop long": (f"{'a' * 260}.pdf", PDF, "la limite est de 250"),
}


def upload(name="plan.pdf", content=PDF):
    file = SimpleUploadedFile("x", content)
    # Django cuts long names; what is tested here is our own reading of them.
    file._name = name
    return file


@pytest.fixture
def officer():
    return factories.UserFactory(role="Instruction")


@pytest.fixture
def application(officer):
    return factories.ApplicationFactory(case_officer=officer)


def stored_files():
    folder = "attachments"
    if not default_storage.exists(folder):
        return set()
    return set(default_storage.listdir(folder)[1])


# Content -----------------------------------------------------------------------


@pytest.mark.parametrize("name", GOOD)
def test_a_file_of_each_kind_is_kept_as_it_is(name, application, officer):
    content, media_type = GOOD[name]

    attachment = attachments.add(application, upload(name, content), by=officer)

    assert (attachment.filename, attachment.title) == (name, name)
    assert (attachment.media_type, attachment.size) == (media_type, len(content))
    assert attachment.sha256 == hashlib.sha256(content).hexdigest()
    with attachment.file.open() as file:
        assert file.read() == content
    # The name that is stored tells nothing.
    assert name.partition(".")[0].lower() not in attachment.file.name
    assert attachment.file.name.startswith("attachments/")


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused_and_leaves_nothing(case, application, officer):
    name, content, said = HOSTILE[case]
    before = stored_files()

    with pytest.raises(Refusal) as caught:
        attachments.add(application, upload(name, content), by=officer)

    assert said in caught.value.messages[0]
    assert not Attachment.objects.exists()
    assert stored_files() == before


def test_an_encrypted_office_file_is_refused(application, officer):
    content = bytearray(DOCX)
    for signature in (b"PK\x03\x04", b"PK\x01\x02"):
        start = content.find(signature)
        while start >= 0:
            content[start + (6 if signature.endswith(b"\x04") else 8)] |= 1
            start = content.find(signature, start + 4)

    with pytest.raises(Refusal, match="mot de passe"):
        attachments.add(application, upload("n.docx", bytes(content)), by=officer)


def test_a_file_that_unpacks_into_too_much_is_refused(application, officer, monkeypatch):
    monkeypatch.setattr("calls.attachments.content.UNPACKED_MAX", 1000)
    bomb = office("word/document.xml", "wordprocessingml.document", a="0" * 2000)

    with pytest.raises(Refusal, match="bien plus que son poids"):
        attachments.add(application, upload("n.docx", bomb), by=officer)


def test_a_heavy_file_is_refused_with_its_weight_and_the_limit(application, officer):
    with override_settings(ATTACHMENT_MAX_BYTES=1024 * 1024), pytest.raises(Refusal) as caught:
        attachments.add(application, upload(content=PDF + b"0" * 1_600_000), by=officer)

    assert "pèse 1,5\u00a0Mo" in caught.value.messages[0]
    assert "la limite est de 1\u00a0Mo" in caught.value.messages[0]


def test_the_same_content_is_not_joined_twice(application, officer):
    attachments.add(application, upload(), by=officer, title="Plan de financement")

    with pytest.raises(Refusal, match=r"déjà joint au dossier.*Plan de financement"):
        attachments.add(application, upload("autre.pdf"), by=officer)

    # Elsewhere, and once the first is removed, it may be.
    attachments.add(factories.ApplicationFactory(case_officer=officer), upload(), by=officer)
    attachments.remove(application.attachments.get(), by=officer, reason="Doublon")
    attachments.add(application, upload(), by=officer)
    assert application.attachments.count() == 2


# Failures ------------------------------------------------------------------------


def test_a_failure_after_the_file_was_stored_takes_it_back(application, officer, monkeypatch):
    before = stored_files()

    def fail(*args, **kwargs):
        assert stored_files() != before, "le fichier devait être déjà écrit"
        raise RuntimeError

    monkeypatch.setattr(Attachment, "save", fail)
    with pytest.raises(RuntimeError):
        attachments.add(application, upload(), by=officer)

    assert stored_files() == before


def test_a_storage_that_fails_is_said_in_french(application, officer, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage._save", fail)
    with pytest.raises(Refusal, match="n’a pas pu être enregistré"):
        attachments.add(application, upload(), by=officer)

    assert not Attachment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_keep_one_file(application, officer):
    before = stored_files()
    barrier, said = threading.Barrier(2), []

    def click():
        try:
            barrier.wait()
            attachments.add(application, upload(), by=officer)
            said.append("")
        except Refusal as error:
            said.append(error.messages[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(bool, said)) == [False, True]
    assert "déjà joint au dossier" in max(said)
    assert Attachment.objects.count() == 1
    assert len(stored_files() - before) == 1


# Who -----------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["Lecture", "Avis", "Décision", "Publication"])
def test_other_roles_add_nothing(role, application):
    user = factories.UserFactory(role=role)
    factories.SessionAccessFactory(user=user, session=application.session)

    with pytest.raises(PermissionDenied):
        attachments.add(application, upload(), by=user)
    assert not Attachment.objects.exists()


def test_an_officer_adds_to_their_own_dossiers_only(officer):
    with pytest.raises(PermissionDenied):
        attachments.add(factories.ApplicationFactory(), upload(), by=officer)


@pytest.mark.parametrize("superuser", [False, True])
def test_a_recused_person_neither_adds_nor_removes(superuser, application):
    user = (
        factories.UserFactory(superuser=True)
        if superuser
        else factories.UserFactory(role="Secrétariat")
    )
    attachment = attachments.add(application, upload(), by=user)
    factories.RecusalFactory(application=application, user=user)

    with pytest.raises(Hidden):
        attachments.add(application, upload("b.csv", b"a;b"), by=user)
    with pytest.raises(Hidden):
        attachments.remove(attachment, by=user, reason="Erreur")
    assert Attachment.objects.get().removed_at is None


def test_nothing_is_joined_to_an_undisclosed_dossier():
    user = factories.UserFactory(superuser=True)
    with pytest.raises(Refusal, match="non détaillé"):
        attachments.add(factories.ApplicationFactory(undisclosed=True), upload(), by=user)


# Removal -------------------------------------------------------------------------


def test_a_removal_has_a_reason_happens_once_and_stays_in_the_history(application, officer):
    attachment = attachments.add(application, upload(), by=officer)

    with pytest.raises(Refusal, match="motif"):
        attachments.remove(attachment, by=officer, reason="  ")
    attachments.remove(attachment, by=officer, reason="Mauvais dossier")
    with pytest.raises(Refusal, match="déjà été retirée"):
        attachments.remove(attachment, by=officer, reason="Encore")

    event = Event.objects.get(action="remove_attachment")
    assert (event.actor, event.application) == (officer, application)
    assert event.texts.get(name="comment").text == "Mauvais dossier"
    assert default_storage.exists(attachment.file.name)


def test_a_purge_erases_the_bytes_of_what_was_removed_long_ago(application, officer, capsys):
    kept, removed = (
        attachments.add(application, upload(f"{name}.csv", name.encode()), by=officer)
        for name in ("a", "b")
    )
    attachments.remove(removed, by=officer, reason="Erreur")
    day = datetime.timedelta(days=1)

    assert attachments.purge(removed_before=timezone.now() - day) == 0
    call_command("purge_attachments", days=0)
    assert capsys.readouterr().out == "1 fichier effacé.\n"
    assert attachments.purge(removed_before=timezone.now() + day) == 0
    with pytest.raises(CommandError, match="nombre de jours"):
        call_command("purge_attachments", days=-1)

    assert default_storage.exists(kept.file.name)
    assert not default_storage.exists(removed.file.name)
    assert Attachment.objects.get(pk=removed.pk).sha256 == hashlib.sha256(b"b").hexdigest()


# Download ------------------------------------------------------------------------


def address(attachment, application=None):
    application = application or attachment.application
    return reverse("admin:calls_application_attachment", args=[application.pk, attachment.pk])


def test_a_file_is_saved_never_shown(client, application, officer):
    attachment = attachments.add(application, upload("Plan « été ».pdf"), by=officer)
    client.force_login(officer)

    response = client.get(address(attachment))

    assert response.status_code == 200
    assert client.post(address(attachment)).status_code == 405
    assert b"".join(response.streaming_content) == PDF
    assert response["Content-Disposition"].startswith("attachment;")
    assert "%C3%A9t%C3%A9" in response["Content-Disposition"]
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert {"private", "no-store"} <= set(response["Cache-Control"].split(", "))


def test_an_internal_file_and_those_of_others_are_404_for_a_reviewer(client, application, officer):
    reviewer = factories.UserFactory(role="Avis")
    factories.ReviewFactory(application=application, reviewer=reviewer)
    shared = attachments.add(application, upload(), by=officer)
    internal = attachments.add(
        application, upload("i.csv", b"interne"), by=officer, is_internal=True
    )
    foreign = factories.AttachmentFactory()
    client.force_login(reviewer)

    answer = client.get(address(shared))
    assert (answer.status_code, answer.getvalue()) == (200, PDF)
    assert client.get(address(internal)).status_code == 404
    assert client.get(address(foreign)).status_code == 404
    # Neither by the address of a dossier that they do see.
    assert client.get(address(foreign, application)).status_code == 404


@pytest.mark.parametrize("role", ["Lecture", "Instruction", "Publication"])
def test_a_file_of_an_unseen_dossier_is_404(role, client):
    attachment = factories.AttachmentFactory()
    client.force_login(factories.UserFactory(role=role))
    assert client.get(address(attachment)).status_code == 404


def test_a_publisher_gets_no_file_of_a_retained_dossier(client, application, officer):
    factories.SelectionFactory(application=application, retained=True)
    attachment = attachments.add(application, upload(), by=officer)
    client.force_login(factories.UserFactory(role="Publication"))
    assert client.get(address(attachment)).status_code == 404


def test_a_recused_superuser_gets_no_file(client, application, officer):
    user = factories.UserFactory(superuser=True)
    attachment = attachments.add(application, upload(), by=officer)
    factories.RecusalFactory(application=application, user=user)
    client.force_login(user)
    assert client.get(address(attachment)).status_code == 404


def test_a_removed_or_lost_file_is_404(client, application, officer):
    removed = attachments.add(application, upload(), by=officer)
    attachments.remove(removed, by=officer, reason="Erreur")
    lost = attachments.add(application, upload("b.csv", b"a;b"), by=officer)
    default_storage.delete(lost.file.name)
    client.force_login(officer)

    assert client.get(address(removed)).status_code == 404
    assert client.get(address(lost)).status_code == 404
    assert (
        client.get(address(lost).replace(f"/{lost.pk}/", "/99999999999999999999/")).status_code
        == 404
    )


# Pages ---------------------------------------------------------------------------


def attach(client, application, **data):
    url = reverse("admin:calls_application_attach", args=[application.pk])
    return client.post(url, {"file": upload(), **data})


def test_a_file_is_added_from_the_page_and_a_second_click_adds_none(client, application, officer):
    client.force_login(officer)

    first = attach(client, application, title="Plan de financement", is_internal="on")
    second = attach(client, application, title="Plan de financement", is_internal="on")

    assert (first.status_code, second.status_code) == (302, 200)
    assert "déjà joint au dossier" in second.content.decode()
    attachment = Attachment.objects.get()
    assert (attachment.title, attachment.is_internal) == ("Plan de financement", True)
    assert attachment.uploaded_by == officer


def test_a_refused_file_is_said_on_the_page(client, application, officer):
    client.force_login(officer)
    response = attach(client, application, file=upload("page.html", b"<html>"), title="Mon titre")

    page = response.content.decode()
    assert "n’est pas accepté" in page
    assert 'value="Mon titre"' in page
    assert "Ce champ est obligatoire" in attach(client, application, file="").content.decode()


def test_a_file_is_removed_from_the_page_by_post_with_a_reason(client, application, officer):
    attachment = attachments.add(application, upload(), by=officer)
    url = reverse("admin:calls_application_detach", args=[application.pk, attachment.pk])
    client.force_login(officer)

    assert client.get(url).status_code == 200
    assert "motif" in client.post(url, {"comment": ""}).content.decode()
    assert Attachment.objects.get().removed_at is None
    assert client.post(url, {"comment": "Erreur"}).status_code == 302
    assert Attachment.objects.get().removed_at is not None
    assert client.post(url, {"comment": "Erreur"}).status_code == 404


def test_a_reader_sees_files_and_changes_none(client, application, officer):
    reader = factories.UserFactory(role="Lecture")
    factories.SessionAccessFactory(user=reader, session=application.session)
    attachment = attachments.add(application, upload(), by=officer)
    client.force_login(reader)
    page = client.get(reverse("admin:calls_application_change", args=[application.pk]))

    assert address(attachment) in page.content.decode()
    assert "Ajouter une pièce" not in page.content.decode()
    assert attach(client, application).status_code == 403
    url = reverse("admin:calls_application_detach", args=[application.pk, attachment.pk])
    assert client.get(url).status_code == client.post(url, {"comment": "x"}).status_code == 403
