"""The minutes of a sitting: the same records, the same seal; a change shows."""

import datetime
import hashlib
import io
import json
from decimal import Decimal

import pypdf
import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from calls import deliberation, envelope, minutes, triggers
from calls.models import Application, Event, Minutes, Recusal
from calls.permissions import Refusal
from ftap.pdf import PdfError
from tests import factories
from tests.calls import sittings

pytestmark = pytest.mark.django_db
AMOUNT = Decimal("1000000.00")


@pytest.fixture
def closed():
    """A sitting closed through its gate, with each outcome and an unknown amount."""
    session = factories.CallSessionFactory(envelope=Decimal(5_000_000))
    committee = sittings.sitting(session=session)
    for kind in sittings.OUTCOMES:
        sittings.item(committee, kind)
    deliberation.close(committee, by=sittings.decider(), version=committee.version)
    return sittings.fresh(committee)


def tamper(row, **values):
    """Change a sealed row as somebody who holds the database could."""
    with triggers.lifted("calls_minutes"):
        Minutes.objects.filter(pk=row.pk).update(**values)
    row.refresh_from_db()
    return row


def read_pdf(document):
    reader = pypdf.PdfReader(io.BytesIO(document))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


# What they say ------------------------------------------------------------------


def test_minutes_tell_who_sat_what_was_decided_and_the_envelope(closed):
    said = json.loads(minutes.latest(closed).content)
    assert [row["outcome"] for row in said["decisions"]] == [
        "retained",
        "retained",
        "not_retained",
        "deferred",
        "waiting_list",
    ]
    assert [row["granted_amount"] for row in said["decisions"]][:2] == ["1000000.00", None]
    assert said["decisions"][1]["amount_not_disclosed"]
    assert [row["attendance"] for row in said["members"]] == ["present", "present"]
    assert said["envelope"] == {
        "amount": "5000000.00",
        "basis": "session",
        "before": {"amount": "0.00", "known": 0, "count": 0},
        "granted": {"amount": "1000000.00", "known": 1, "count": 2},
        "remaining": "4000000.00",
    }


def test_the_envelope_of_the_minutes_is_that_of_the_sitting(closed):
    other = sittings.sitting("closed", session=closed.session)
    other.closed_at = closed.closed_at - datetime.timedelta(days=1)
    other.save()
    sittings.item(other, "retained")
    sittings.item(other, "undisclosed")
    shown = envelope.compute(closed, envelope.agenda(closed))
    said = minutes.content(closed)["envelope"]
    assert Decimal(said["before"]["amount"]) == shown.before.amount == AMOUNT
    assert (said["before"]["known"], said["before"]["count"]) == (1, 2)
    assert Decimal(said["granted"]["amount"]) == shown.here.amount
    assert Decimal(said["remaining"]) == shown.remaining == 3 * AMOUNT


def test_minutes_hold_neither_opinions_nor_notes():
    committee = sittings.sitting("closed")
    row = sittings.item(committee, "retained")
    factories.ReviewFactory(
        application=row.application,
        rendered=True,
        comment="canari-a",
        confidential_comment="canari-b",
    )
    factories.NoteFactory(application=row.application, text="canari-c")
    assert "canari" not in minutes.canonical(minutes.content(committee))


def test_the_text_is_canonical():
    content = {"b": "é", "a": [1, None]}
    assert minutes.canonical(content) == '{"a":[1,null],"b":"é"}'
    assert minutes.seal_of("é") == hashlib.sha256("é".encode()).hexdigest()


# Seals ------------------------------------------------------------------------------


def test_the_same_records_keep_the_same_version_and_seal(closed):
    sealed = minutes.latest(closed)
    assert minutes.seal(closed, by=sittings.decider(), reason="Encore.") == sealed
    assert Minutes.objects.count() == 1
    assert minutes.is_current(sealed)
    assert minutes.is_intact(sealed)
    assert minutes.seal_of(sealed.content) == sealed.seal


def test_a_change_asks_for_a_new_version_with_a_reason(closed):
    by, row = sittings.decider(), closed.selections.first().application
    row.title = "Titre corrigé"
    row.save()
    former = minutes.latest(closed)
    assert not minutes.is_current(former)
    with pytest.raises(Refusal, match="pourquoi"):
        minutes.seal_again(closed, by=by, reason="  ")
    sealed = minutes.seal_again(closed, by=by, reason="Titre corrigé par le porteur.")
    assert (sealed.number, sealed.version) == (former.number, 2)
    assert sealed.seal != former.seal
    assert minutes.is_current(sealed)
    assert "Titre corrigé" in sealed.content
    with pytest.raises(Refusal, match="rien"):
        minutes.seal_again(closed, by=by, reason="Encore.")


def test_only_a_decider_who_reads_every_dossier_seals(closed):
    with pytest.raises(PermissionDenied):
        minutes.seal_again(closed, by=sittings.secretary(), reason="Non.")
    recused = sittings.decider()
    factories.RecusalFactory(application=closed.selections.first().application, user=recused)
    with pytest.raises(PermissionDenied):
        minutes.seal_again(closed, by=recused, reason="Non.")


def test_an_open_sitting_has_no_sealed_minutes():
    with pytest.raises(Refusal, match="pas close"):
        minutes.seal(sittings.sitting(), by=sittings.decider())


def test_numbers_follow_each_other_over_funds_and_beyond_a_thousand():
    first, second = sittings.sitting("closed"), sittings.sitting("closed")
    assert minutes.seal(first, by=sittings.decider()).number == "2019-001"
    factories.MinutesFactory(number="2019-999")
    factories.MinutesFactory(number="2020-004")
    assert minutes.seal(second, by=sittings.decider()).number == "2019-1000"
    assert minutes.seal(sittings.sitting("closed"), by=sittings.decider()).number == "2019-1001"


def test_sealing_is_in_the_history(closed):
    event = Event.objects.filter(action="seal_minutes").get()
    assert event.committee_id == closed.pk
    assert minutes.latest(closed).number in [text.text for text in event.texts.all()]


def test_an_altered_text_is_seen(closed):
    sealed = minutes.latest(closed)
    tamper(sealed, content=sealed.content.replace("1000000.00", "9000000.00"))
    assert not minutes.is_intact(sealed)
    assert not minutes.is_current(sealed)


# What changes nothing -----------------------------------------------------------------


def test_what_another_sitting_decides_later_changes_nothing(closed):
    later = sittings.sitting(session=closed.session)
    sittings.item(later, "retained")
    deliberation.close(later, by=sittings.decider(), version=later.version)
    assert minutes.is_current(minutes.latest(closed))
    said = json.loads(minutes.latest(later).content)["envelope"]
    assert said["before"] == {"amount": "1000000.00", "known": 1, "count": 2}
    # Rectified since, the first sitting's decision counts in the second's for what it was.
    first = closed.selections.live().get(outcome="retained", granted_amount=AMOUNT)
    deliberation.rectify(
        first,
        by=sittings.decider(),
        reason="Erreur de plume.",
        outcome="retained",
        granted_amount=Decimal(1_500_000),
    )
    assert minutes.is_current(minutes.latest(later))
    assert minutes.latest(closed).version == 2


def test_a_recusal_declared_later_changes_nothing(closed):
    application = closed.selections.first().application
    factories.RecusalFactory(application=application)
    assert minutes.is_current(minutes.latest(closed))


def test_recusals_are_those_of_the_closing():
    committee = sittings.sitting()
    first, second = (sittings.item(committee, "retained").application for _ in range(2))
    member = committee.members.first()
    now = timezone.now()
    factories.RecusalFactory(application=second, user=None, member=member, declared_at=now)
    elsewhere = factories.CommitteeMemberFactory(name="Membre d’ailleurs")
    factories.RecusalFactory(application=first, user=None, member=elsewhere, declared_at=now)
    lifted = factories.RecusalFactory(application=first, declared_at=now)
    lifted.lifted_at, lifted.lifted_by, lifted.lift_reason = now, lifted.declared_by, "Erreur."
    lifted.save()
    deliberation.close(committee, by=sittings.decider(), version=committee.version)
    said = json.loads(minutes.latest(committee).content)["recusals"]
    assert said == [{"person": member.name, "reference": second.reference}]


# Who reads them -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "reads"),
    [("Décision", True), ("Secrétariat", True), ("Avis", False), ("Publication", False)],
)
def test_roles_that_read_minutes(closed, role, reads):
    assert minutes.may_read(closed, factories.UserFactory(role=role)) == reads


def test_whoever_is_recused_waits_for_the_publication(closed):
    user = factories.UserFactory(superuser=True)
    row = closed.selections.filter(outcome="retained").first()
    factories.RecusalFactory(application=row.application, user=user)
    assert not minutes.may_read(closed, user)
    assert not Minutes.objects.visible_to(user).exists()
    row.laureate = factories.LaureateFactory()
    row.save()
    assert minutes.may_read(closed, user)


def test_totals_of_another_sitting_do_not_tell_of_a_recused_dossier(closed):
    later = sittings.sitting(session=closed.session)
    user = factories.UserFactory(superuser=True)
    assert minutes.may_read(later, user)
    granted = closed.selections.get(granted_amount=AMOUNT)
    factories.RecusalFactory(application=granted.application, user=user)
    assert not minutes.may_read(later, user)
    later.envelope = AMOUNT
    later.save()
    assert minutes.may_read(later, user)


def test_a_case_officer_reads_minutes_only_with_every_dossier(closed):
    officer = factories.UserFactory(role="Instruction")
    rows = list(Application.objects.filter(selections__committee=closed))
    rows[0].case_officer = officer
    rows[0].save()
    assert not minutes.may_read(closed, officer)
    for row in rows:
        row.case_officer = officer
        row.save()
    assert minutes.may_read(closed, officer)


# Print --------------------------------------------------------------------------------------


def test_the_pdf_bears_its_seal_on_each_page_and_never_changes(closed):
    sealed = minutes.latest(closed)
    document = minutes.pdf(sealed)
    assert minutes.pdf(sealed) == document
    root = pypdf.PdfReader(io.BytesIO(document)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value
    pages = read_pdf(document)
    assert all(sealed.seal in page.replace(" ", "") for page in pages)
    text = " ".join(pages)
    assert sealed.number in text
    assert "1 montant connu sur 2" in text
    assert "Hors du champ de l’appel." in text
    for application in Application.objects.filter(selections__committee=closed):
        assert application.reference in text


def test_a_draft_says_so_on_each_page():
    committee = sittings.sitting()
    sittings.item(committee, "retained")
    pages = read_pdf(minutes.draft_pdf(minutes.content(committee)))
    assert all("non scellé" in page for page in pages)


def test_minutes_of_a_fictional_session_say_so():
    committee = sittings.sitting("closed", session__call__is_fictional=True)
    sittings.item(committee, "retained")
    sealed = minutes.seal(committee, by=sittings.decider())
    assert "fictive" in read_pdf(minutes.pdf(sealed))[0]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"decisions": 3}', "null"])
def test_a_text_that_says_nothing_is_refused_in_french(closed, text):
    sealed = tamper(minutes.latest(closed), content=text)
    assert minutes.read(sealed) is None
    with pytest.raises(PdfError, match="illisible"):
        minutes.pdf(sealed)


def test_a_recusal_names_the_account_where_there_is_no_member():
    committee = sittings.sitting()
    row = sittings.item(committee, "retained")
    recusal = factories.RecusalFactory(application=row.application)
    said = minutes.content(committee)["recusals"]
    assert said == [
        {"person": recusal.user.get_full_name(), "reference": row.application.reference}
    ]
    assert Recusal.objects.count() == 1
