"""The page of a sitting's minutes: who reads it, what it offers, how its seal is checked."""

import hashlib
import io
import re

import pypdf
import pytest
from django.urls import reverse

from calls import deliberation, minutes, triggers
from calls.models import Event, Minutes
from tests import factories
from tests.calls import sittings

pytestmark = pytest.mark.django_db


def address(committee, page="minutes", *arguments):
    return reverse(f"admin:calls_committee_{page}", args=[committee.pk, *arguments])


def shown(response):
    """The page without its tags and with plain spaces, as it is read."""
    text = re.sub(r"<script.*?</script>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", text)


@pytest.fixture
def committee():
    committee = sittings.sitting()
    sittings.item(committee, "retained")
    sittings.item(committee, "undisclosed")
    return committee


@pytest.fixture
def closed(committee):
    deliberation.close(committee, by=sittings.decider(), version=committee.version)
    return sittings.fresh(committee)


@pytest.fixture
def decider(client):
    user = sittings.decider()
    client.force_login(user)
    return user


def rename(committee):
    application = committee.selections.first().application
    application.title = "Un autre titre"
    application.save()


# Who ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "expected"),
    [("Secrétariat", 200), ("Décision", 200), ("Avis", 404), ("Publication", 404)],
)
@pytest.mark.parametrize("page", ["minutes", "minutes_draft"])
def test_who_reads_the_minutes(client, closed, role, expected, page):
    client.force_login(factories.UserFactory(role=role))
    assert client.get(address(closed, page)).status_code == expected


@pytest.mark.parametrize("state", ["open", "closed"])
def test_whoever_is_recused_finds_no_minutes_anywhere(client, committee, state):
    if state == "closed":
        deliberation.close(committee, by=sittings.decider(), version=committee.version)
    user = factories.UserFactory(superuser=True)
    client.force_login(user)
    pages = [address(committee), address(committee, "minutes_draft")]
    if state == "closed":
        pages.append(address(committee, "minutes_version", 1))
    for page in pages:
        for format in ("", "?format=pdf", "?format=json"):
            assert client.get(page + format).status_code == 200
    application = committee.selections.first().application
    factories.RecusalFactory(application=application, user=user)
    for page in [*pages, address(committee, "minutes_seal")]:
        for format in ("", "?format=pdf", "?format=json"):
            assert client.get(page + format).status_code == 404
    assert client.post(address(committee, "minutes_seal")).status_code == 404
    sitting = client.get(address(committee, "sitting"))
    assert sitting.status_code == 200
    assert address(committee) not in sitting.content.decode()


# What ------------------------------------------------------------------------------


def test_before_the_closing_the_page_is_a_draft(client, decider, committee):
    page = shown(client.get(address(committee)))
    assert "Projet, non scellé" in page
    assert "1 montant connu sur 2" in page
    assert "Sceller" not in page
    answer = client.get(address(committee), {"format": "pdf"})
    assert answer["Content-Type"] == "application/pdf"
    assert "projet-de-releve" in answer["Content-Disposition"]
    assert client.get(address(committee, "sitting")).content.decode().count(address(committee)) == 1


def test_a_sealed_page_gives_its_number_its_seal_and_its_files(client, decider, closed):
    sealed = minutes.latest(closed)
    response = client.get(address(closed))
    page = shown(response)
    assert f"Relevé de décisions nᵒ {sealed.number}" in page
    assert page.count(sealed.seal) == 2
    assert "a bien l’empreinte de son sceau" in page
    assert "ne correspond plus" not in page
    text = client.get(address(closed), {"format": "json"})
    assert hashlib.sha256(text.content).hexdigest() == sealed.seal
    assert f'releve-de-decisions-{sealed.number}-v1.json"' in text["Content-Disposition"]
    assert f"sha256sum releve-de-decisions-{sealed.number}-v1.json" in page
    document = client.get(address(closed), {"format": "pdf"})
    reader = pypdf.PdfReader(io.BytesIO(document.content))
    assert sealed.seal in reader.pages[0].extract_text().replace("\n", "")
    assert Event.objects.filter(action="download_minutes").count() == 2


def test_an_unknown_version_is_not_found(client, decider, closed):
    assert client.get(address(closed, "minutes_version", 1)).status_code == 200
    assert client.get(address(closed, "minutes_version", 2)).status_code == 404


@pytest.mark.parametrize("format", ["xml", "", "PDF", "../"])
def test_an_unknown_format_is_the_page(client, decider, closed, format):
    answer = client.get(address(closed), {"format": format})
    assert answer["Content-Type"].startswith("text/html")


def test_a_changed_record_shows_and_is_sealed_anew_with_a_reason(client, decider, closed):
    rename(closed)
    page = client.get(address(closed))
    assert "Le relevé ne correspond plus aux enregistrements" in shown(page)
    assert address(closed, "minutes_seal") in page.content.decode()
    refused = client.post(address(closed, "minutes_seal"), {"reason": " "})
    assert "Indiquez pourquoi" in shown(refused)
    assert Minutes.objects.count() == 1
    done = client.post(address(closed, "minutes_seal"), {"reason": "Titre\nprécisé."})
    assert done.status_code == 302
    page = shown(client.get(address(closed)))
    assert "ne correspond plus" not in page
    assert "Titre précisé." in page
    former = client.get(address(closed, "minutes_version", 1))
    assert "Version remplacée" in shown(former)
    again = client.post(address(closed, "minutes_seal"), {"reason": "Encore."}, follow=True)
    assert "rien n’est à sceller" in shown(again)
    assert Minutes.objects.count() == 2


def test_who_does_not_decide_cannot_seal(client, closed):
    rename(closed)
    client.force_login(sittings.secretary())
    page = client.get(address(closed))
    assert "ne correspond plus" in shown(page)
    assert address(closed, "minutes_seal") not in page.content.decode()
    assert client.post(address(closed, "minutes_seal"), {"reason": "x"}).status_code == 403
    assert Minutes.objects.count() == 1


def test_minutes_of_a_sitting_taken_from_a_document_can_be_sealed(client, decider):
    committee = sittings.sitting("closed")
    committee.closed_at = committee.closed_by = None
    committee.save()
    sittings.item(committee, "undisclosed", record_source="Communiqué", decided_by=None)
    page = shown(client.get(address(committee)))
    assert "aucun relevé n’a été scellé ici" in page
    assert "Communiqué" in page
    client.post(address(committee, "minutes_seal"))
    assert "Version 1" in shown(client.get(address(committee)))


def test_a_reopened_sitting_says_that_its_minutes_will_be_replaced(client, decider, closed):
    deliberation.reopen(closed, by=decider, reason="Erreur.")
    page = shown(client.get(address(closed)))
    assert "La séance a été rouverte" in page
    assert "Projet, non scellé" in shown(client.get(address(closed, "minutes_draft")))


@pytest.mark.parametrize("content", ["{", "{}", None])
def test_an_altered_text_is_said_and_breaks_nothing(client, decider, closed, content):
    sealed = minutes.latest(closed)
    content = sealed.content.replace("1000000", "9000000") if content is None else content
    with triggers.lifted("calls_minutes"):
        Minutes.objects.update(content=content)
    page = shown(client.get(address(closed)))
    assert "il a été altéré" in page
    assert client.get(address(closed), {"format": "json"}).content.decode() == content
    answer = client.get(address(closed), {"format": "pdf"}, follow=True)
    assert answer.status_code == 200
    if content.startswith("{}") or content == "{":
        assert "illisible" in shown(answer)


def test_texts_of_dossiers_are_never_markup(client, decider):
    committee = sittings.sitting()
    title = "<script>alert(1)</script> #panic() \\"
    sittings.item(committee, "retained", application=sittings.dossier(committee, title=title))
    response = client.get(address(committee))
    assert "<script>alert" not in response.content.decode()
    document = client.get(address(committee), {"format": "pdf"}).content
    text = pypdf.PdfReader(io.BytesIO(document)).pages[0].extract_text()
    assert "#panic()" in text
