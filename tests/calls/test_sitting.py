"""The sitting's workspace: what each person sees of it, and what its acts do."""

import datetime
import html
import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from calls import deliberation
from calls.admin.sitting import MASKED, PARTIAL
from calls.models import BulkAct, Committee, Minutes, Selection
from tests import factories

pytestmark = pytest.mark.django_db

RETAINED = {
    "outcome": "retained",
    "granted_amount": "1 250 000",
    "motive": "Projet mûr.",
    "public_text": "Un guichet unique.",
}
ACTS = ("propose", "clear", "place", "remove")


def address(committee, page="sitting", selection=None):
    arguments = [committee.pk] + ([selection.pk] if selection else [])
    return reverse(f"admin:calls_committee_{page}", args=arguments)


def text_of(response):
    return response.content.decode()


def shown(response):
    """The page without its tags and with plain spaces, as it is read."""
    text = re.sub(r"<script.*?</script>|<[^>]+>", " ", text_of(response), flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(text))


@pytest.fixture
def session():
    return factories.CallSessionFactory(envelope=Decimal(5_000_000))


@pytest.fixture
def committee(session):
    """An open sitting of three members who attend it."""
    committee = factories.CommitteeFactory(
        session=session,
        state="open",
        chair="Camille Durand",
        quorum=2,
        held_on=timezone.localdate(),
        opened_at=timezone.now(),
    )
    factories.CommitteeMemberFactory.create_batch(3, committee=committee, attendance="present")
    return committee


@pytest.fixture
def agenda(committee):
    """agenda(n, **dossier): that many dossiers on the agenda, in order."""

    def added(count, **values):
        first = committee.selections.count() + 1
        dossier = {"synthesis": "Solide.", "asked_amount": Decimal(1_000_000), **values}
        return [
            factories.SelectionFactory(
                application__session=committee.session,
                application__state="reviewed",
                **{f"application__{name}": value for name, value in dossier.items()},
                committee=committee,
                agenda_position=position,
            )
            for position in range(first, first + count)
        ]

    return added


@pytest.fixture
def signed_in(client):
    """signed_in("Secrétariat"): that role's person, signed in on `client`."""

    def entered(role=None, **values):
        user = factories.UserFactory(role=role, superuser=role is None, **values)
        client.force_login(user)
        return user

    return entered


def propose(client, selection, **changes):
    data = {"version": selection.version, **RETAINED, **changes}
    return client.post(address(selection.committee, "propose", selection), data)


def proposed(selection, by, **values):
    """A proposal written through its gate."""
    selection.refresh_from_db()
    defaults = {"outcome": "retained", "granted_amount": Decimal(1_000_000)}
    deliberation.propose(selection, by=by, version=selection.version, **{**defaults, **values})
    selection.refresh_from_db()
    return selection


# Who sees what ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("Lecture", 200),
        ("Instruction", 200),
        ("Secrétariat", 200),
        ("Décision", 200),
        ("Avis", 404),
        ("Publication", 404),
    ],
)
def test_the_workspace_exists_for_those_who_see_the_sitting(
    role, expected, client, committee, agenda, signed_in
):
    [selection] = agenda(1)
    user = signed_in(role)
    factories.SessionAccessFactory(user=user, session=committee.session)
    factories.ReviewFactory(application=selection.application, reviewer=user)
    selection.application.case_officer = user
    selection.application.save()

    assert client.get(address(committee)).status_code == expected


@pytest.mark.parametrize("role", ["Lecture", "Instruction"])
def test_a_stranger_with_a_sitting_of_their_own_finds_nothing(
    role, client, committee, agenda, signed_in
):
    [selection] = agenda(1)
    own = factories.SelectionFactory(application__state="reviewed")
    user = signed_in(role)
    factories.SessionAccessFactory(user=user, session=own.application.session)
    own.application.case_officer = user
    own.application.save()

    assert client.get(address(own.committee)).status_code == 200
    pages = [address(committee), address(committee, "close"), address(committee, "agenda")]
    pages += [address(committee, act, selection) for act in (*ACTS, "rectify", "sheet")]
    pages += [address(committee, page) for page in ("attendance", "open", "reopen", "scenario")]
    assert {client.get(page).status_code for page in pages} == {404}
    assert {client.post(page).status_code for page in pages} == {404}


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("Lecture", set()),
        ("Instruction", {"propose", "clear"}),
        (
            "Secrétariat",
            {"propose", "clear", "place", "remove", "attendance", "agenda", "scenario", "open"},
        ),
        ("Décision", {"propose", "clear", "scenario", "open", "close", "reopen"}),
    ],
)
def test_each_role_does_what_the_table_of_rights_says(
    role, allowed, client, committee, agenda, signed_in
):
    selection, _ = agenda(2)
    user = signed_in(role)
    factories.SessionAccessFactory(user=user, session=committee.session)
    selection.application.case_officer = user
    selection.application.save()
    steps = ("attendance", "agenda", "scenario", "open", "close", "reopen")
    pages = {act: address(committee, act, selection) for act in ACTS}
    pages |= {step: address(committee, step) for step in steps}

    for method in (client.get, client.post):
        refused = {name for name, page in pages.items() if method(page).status_code == 403}
        assert refused == pages.keys() - allowed


def test_a_case_officer_proposes_on_their_own_dossiers_only(client, committee, agenda, signed_in):
    own, other = agenda(2)
    user = signed_in("Instruction")
    factories.SessionAccessFactory(user=user, session=committee.session)
    own.application.case_officer = user
    own.application.save()

    page = client.get(address(committee))

    assert address(committee, "propose", own) in text_of(page)
    assert address(committee, "propose", other) not in text_of(page)
    assert propose(client, own).status_code == 302
    assert propose(client, other).status_code == 403


def test_what_a_case_officer_does_not_read_is_not_counted_either(
    client, committee, agenda, signed_in
):
    other, own = agenda(2)
    proposed(other, factories.UserFactory(superuser=True), granted_amount=Decimal(1_234_567))
    user = signed_in("Instruction")
    own.application.case_officer = user
    own.application.save()

    page = client.get(address(committee))

    assert [item.number for item in page.context["workspace"].items] == [1]
    assert other.application.reference not in text_of(page)
    assert PARTIAL.replace("\u00a0", " ") in shown(page)
    assert "567" not in shown(page)
    assert "1 sur" not in shown(page)
    assert client.get(address(committee, "scenario")).status_code == 403


@pytest.mark.parametrize("role", ["Secrétariat", "Décision", None])
def test_a_recused_person_cannot_infer_the_dossier(role, client, committee, agenda, signed_in):
    _, hidden, last = agenda(3)
    hidden.application.title = "Projet caché"
    hidden.application.save()
    someone = factories.UserFactory(superuser=True)
    proposed(hidden, someone, granted_amount=Decimal(1_234_567))
    proposed(last, someone, granted_amount=Decimal(345_000))
    user = signed_in(role)
    factories.RecusalFactory(application=hidden.application, user=user)

    page = client.get(address(committee))

    said = shown(page)
    assert [item.number for item in page.context["workspace"].items] == [1, 2]
    for leak in (
        hidden.application.reference,
        "Projet caché",
        "234",
        "579",
        f"dossier-{hidden.pk}",
    ):
        assert leak not in text_of(page)
    assert said.count(MASKED.replace("\u00a0", " ")) + said.count("Masqué : déport") == 2
    assert "1 sur 2" in said
    for act in (*ACTS, "sheet", "rectify"):
        expected = 403 if act == "rectify" else 404
        assert client.post(address(committee, act, hidden)).status_code == expected
    assert client.get(address(committee, "scenario")).status_code == 403
    assert client.get(address(committee, "close")).status_code == 403
    assert address(committee, "close") not in text_of(page)
    if role != "Secrétariat":
        assert "une autre personne la clôt" in said
    selection = Selection.objects.get(pk=hidden.pk)
    assert selection.granted_amount == 1_234_567


def test_a_recused_person_moves_dossiers_among_those_they_see(client, committee, agenda, signed_in):
    a, hidden, c, d = agenda(4)
    factories.RecusalFactory(application=hidden.application, user=signed_in("Secrétariat"))

    client.post(address(committee, "place", d), {"position": "2"})

    seen = client.get(address(committee)).context["workspace"].items
    assert [item.selection.pk for item in seen] == [a.pk, d.pk, c.pk]
    order = Selection.objects.filter(committee=committee).in_agenda_order()
    assert [row.agenda_position for row in order] == [1, 2, 3, 4]


# The page --------------------------------------------------------------------


def test_the_envelope_says_how_many_amounts_it_is_made_of(client, committee, agenda, signed_in):
    user = signed_in("Secrétariat")
    known, unknown, out, waiting, later, _ = agenda(6)
    proposed(known, user, granted_amount=Decimal(2_000_000))
    proposed(unknown, user, granted_amount=None, amount_not_disclosed=True)
    proposed(out, user, outcome="not_retained", granted_amount=None, motive="Trop cher.")
    proposed(waiting, user, outcome="waiting_list", granted_amount=None, rank=1)
    proposed(later, user, outcome="deferred", granted_amount=None)

    said = shown(client.get(address(committee)))

    assert "Enveloppe de la session 5 000 000 €" in said
    assert "Proposé ici 2 000 000 € 1 montant connu sur 2" in said
    assert "Reste au plus 3 000 000 €" in said
    assert "Propositions 5 sur 6" in said


def test_an_unknown_envelope_is_not_zero(client, committee, agenda, signed_in):
    committee.session.envelope = None
    committee.session.save()
    agenda(1)
    signed_in("Secrétariat")

    said = shown(client.get(address(committee)))

    assert "Enveloppe non connue" in said
    assert "Reste non connu" in said


def test_an_overrun_is_said(client, committee, agenda, signed_in):
    [selection] = agenda(1)
    proposed(selection, signed_in("Secrétariat"), granted_amount=Decimal(5_250_000))
    assert "Dépassement 250 000 €" in shown(client.get(address(committee)))


def test_a_row_says_what_the_dossier_is(client, committee, agenda, signed_in):
    [selection] = agenda(1, title="Guichet unique")
    application = selection.application
    factories.BearerFactory(application=application, declared_name="Préfecture du Rhône")
    factories.EligibilityRuleFactory(session=committee.session, value=2_000_000)
    criterion = factories.CriterionFactory(call=committee.session.call, scale_max=5)
    for score, name in ((4, "Direction du budget"), (2, "DINUM")):
        review = factories.ReviewFactory(
            application=application, institution__name=name, rendered=True
        )
        factories.ReviewScoreFactory(review=review, criterion=criterion, score=score)
    factories.ReviewFactory(application=application, institution__name="SGPI")
    factories.RecusalFactory(application=application, user__last_name="Absente")
    signed_in("Secrétariat")

    said = shown(client.get(address(committee)))

    assert "Guichet unique Préfecture du Rhône" in said
    assert "1 000 000 €" in said
    assert "minimum : 2 000 000 €" in said
    assert "Direction du budget : favorable" in said
    assert "SGPI : non rendu" in said
    assert "3 sur 5 (60 %), de 40 à 80 % · n = 2/3" in said
    assert "Déport Camille Absente" in said


def test_the_number_of_queries_does_not_grow(
    client, committee, agenda, signed_in, django_assert_num_queries
):
    user = signed_in("Secrétariat")

    def filled(count):
        for selection in agenda(count):
            factories.BearerFactory.create_batch(2, application=selection.application)
            review = factories.ReviewFactory(application=selection.application, rendered=True)
            factories.ReviewScoreFactory(review=review)
            factories.RecusalFactory(application=selection.application)
            proposed(selection, user)

    client.get(address(committee))
    filled(1)
    with django_assert_num_queries(PAGE_QUERIES):
        client.get(address(committee))
    filled(2)
    with django_assert_num_queries(PAGE_QUERIES):
        client.get(address(committee))


PAGE_QUERIES = 30


def test_a_sheet_unfolds_in_its_row_and_has_a_page_of_its_own(client, committee, agenda, signed_in):
    [selection] = agenda(1, title="Guichet unique", synthesis="À soutenir.")
    signed_in("Secrétariat")
    page = address(committee, "sheet", selection)

    fragment = client.get(page, headers={"X-Fragment": "sheet"})
    assert "À soutenir." in text_of(fragment)
    assert "<html" not in text_of(fragment)
    assert client.get(page).url == reverse(
        "admin:calls_application_sheet", args=[selection.application_id]
    )


# Proposals -------------------------------------------------------------------


def test_a_proposal_is_saved_and_comes_back_to_its_row(client, committee, agenda, signed_in):
    [selection] = agenda(1)
    signed_in("Secrétariat")

    response = propose(client, selection)

    assert response.status_code == 302
    assert response.url == f"{address(committee)}#dossier-{selection.pk}"
    selection.refresh_from_db()
    assert (selection.state, selection.outcome) == ("proposed", "retained")
    assert (selection.granted_amount, selection.motive) == (1_250_000, "Projet mûr.")
    said = shown(client.get(address(committee)))
    assert "proposition enregistrée, retenu" in said
    assert "Proposé ici 1 250 000 € 1 montant connu sur 1" in said


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("1250000", 1_250_000),
        ("1 250 000", 1_250_000),
        ("1\u202f250\u202f000,50\u00a0€", Decimal("1250000.50")),
        ("0", 0),
        ("12.5", Decimal("12.50")),
    ],
)
def test_an_amount_is_read_as_french_people_write_it(typed, amount, client, agenda, signed_in):
    [selection] = agenda(1)
    signed_in("Secrétariat")
    assert propose(client, selection, granted_amount=typed).status_code == 302
    selection.refresh_from_db()
    assert selection.granted_amount == amount


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"granted_amount": "1.250"}, "de deux façons"),
        ({"granted_amount": "beaucoup"}, "Écrivez un montant en euros"),
        ({"granted_amount": "-1"}, "n’est pas négatif"),
        ({"granted_amount": "1" * 20}, "trop de chiffres"),
        ({"granted_amount": "0,001"}, "deux décimales au plus"),
        ({"granted_amount": "NaN"}, "Écrivez un montant en euros"),
        ({"granted_amount": ""}, "indiquez l’un ou l’autre"),
        ({"amount_not_disclosed": "on"}, "Choisissez entre"),
        ({"outcome": ""}, "Choisissez le sens"),
        ({"outcome": "autre"}, "Choisissez le sens"),
        ({"outcome": "not_retained"}, "Seul un dossier retenu a un montant"),
        ({"outcome": "not_retained", "granted_amount": "", "motive": " "}, "a un motif"),
        ({"outcome": "waiting_list", "granted_amount": ""}, "a un rang"),
        ({"outcome": "waiting_list", "granted_amount": "", "rank": "0"}, "à partir de 1"),
        ({"outcome": "waiting_list", "granted_amount": "", "rank": "9" * 30}, "trop grand"),
        ({"motive": "a\0b"}, "Le caractère nul"),
        ({"version": ""}, "rouvrez la séance"),
        ({"version": "x"}, "rouvrez la séance"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    changes, reason, client, committee, agenda, signed_in
):
    [selection] = agenda(1)
    signed_in("Secrétariat")

    response = propose(client, selection, public_text="Mon texte à garder", **changes)

    assert response.status_code == 200
    assert reason in shown(response)
    assert "Rien n’a été enregistré" in shown(response)
    assert "Mon texte à garder" in text_of(response)
    [item] = response.context["workspace"].items
    assert item.is_open
    assert re.search(r'<details class="sitting-act" open>', text_of(response))
    selection.refresh_from_db()
    assert selection.state == "to_examine"


def test_a_stale_proposal_shows_both_values_and_overwrites_nothing(
    client, committee, agenda, signed_in
):
    [selection] = agenda(1)
    signed_in("Secrétariat")
    opened_on = selection.version
    proposed(
        selection,
        factories.UserFactory(superuser=True, last_name="Première"),
        granted_amount=Decimal(900_000),
        motive="Le motif de la première",
    )

    refused = propose(client, selection, version=opened_on, motive="Le motif de la seconde")

    said = shown(refused)
    assert refused.status_code == 200
    assert "par Camille Première" in said
    assert "900 000 € 1 250 000 €" in said
    assert "Le motif de la première Le motif de la seconde" in said
    selection.refresh_from_db()
    assert (selection.granted_amount, selection.motive) == (900_000, "Le motif de la première")
    # What the form holds now is what was typed, over what was shown.
    [item] = refused.context["workspace"].items
    assert item.form["motive"].value() == "Le motif de la seconde"
    again = propose(client, selection, version=item.form["version"].value(), motive="Choisi")
    assert again.status_code == 302
    selection.refresh_from_db()
    assert (selection.granted_amount, selection.motive) == (1_250_000, "Choisi")


def test_a_double_click_is_one_act(client, committee, agenda, signed_in):
    [selection] = agenda(1)
    signed_in("Secrétariat")
    assert propose(client, selection).status_code == 302
    assert propose(client, selection).status_code == 200
    selection.refresh_from_db()
    assert selection.version == 2


def test_what_was_typed_when_the_sitting_closed_is_given_back(client, committee, agenda, signed_in):
    [selection] = agenda(1)
    signed_in("Secrétariat")
    user = factories.UserFactory(superuser=True)
    version = proposed(selection, user).version
    committee.refresh_from_db()
    deliberation.close(committee, by=user, version=committee.version)

    response = propose(client, selection, version=version, motive="Mon long motif")

    assert "elle est validée" in shown(response)
    assert "Mon long motif" in text_of(response)
    selection.refresh_from_db()
    assert selection.motive != "Mon long motif"


def test_a_proposal_is_cleared(client, committee, agenda, signed_in):
    [selection] = agenda(1)
    user = signed_in("Secrétariat")
    stale = selection.version
    proposed(selection, user)
    page = address(committee, "clear", selection)

    assert "a changé depuis" in shown(client.post(page, {"version": stale}))
    assert "rouvrez la séance" in shown(client.post(page))
    selection.refresh_from_db()
    assert selection.state == "proposed"
    assert client.post(page, {"version": selection.version}).status_code == 302
    selection.refresh_from_db()
    assert (selection.state, selection.granted_amount) == ("to_examine", None)


@pytest.mark.parametrize("act", ACTS)
def test_an_act_s_address_opened_alone_leads_to_the_row(act, client, committee, agenda, signed_in):
    [selection] = agenda(1)
    signed_in("Secrétariat")
    response = client.get(address(committee, act, selection))
    assert response.status_code == 302
    assert response.url == f"{address(committee)}#dossier-{selection.pk}"


# A script --------------------------------------------------------------------


def test_a_script_receives_the_parts_that_changed(client, committee, agenda, signed_in):
    first, second = agenda(2)
    signed_in("Secrétariat")

    response = client.post(
        address(committee, "propose", first),
        {"version": first.version, **RETAINED},
        headers={"X-Fragment": "sitting"},
    )

    text = text_of(response)
    assert "<html" not in text
    assert f'id="dossier-{first.pk}"' in text
    assert f'id="dossier-{second.pk}"' not in text
    assert "1 250 000 € 1 montant connu sur 1" in shown(response)
    assert 'id="totals"' in text
    assert "data-refused" not in text
    # Said there: no message waits for the next page.
    assert "messagelist" not in text_of(client.get(address(committee)))


def test_a_script_is_told_of_a_refusal(client, committee, agenda, signed_in):
    [selection] = agenda(1)
    signed_in("Secrétariat")
    response = client.post(
        address(committee, "propose", selection),
        {"version": selection.version},
        headers={"X-Fragment": "sitting"},
    )
    assert "data-refused" in text_of(response)
    assert "Choisissez le sens" in text_of(response)


# The agenda ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "order"),
    [
        ({"position": "1"}, "CAB"),
        ({"place": "2"}, "ACB"),
        ({"position": "99"}, "ABC"),
    ],
)
def test_a_dossier_is_placed(data, order, client, committee, agenda, signed_in):
    rows = dict(zip("ABC", agenda(3), strict=True))
    signed_in("Secrétariat")
    response = client.post(address(committee, "place", rows["C"]), data)
    assert response.status_code == 302
    placed = Selection.objects.filter(committee=committee).in_agenda_order()
    assert [row.pk for row in placed] == [rows[letter].pk for letter in order]


@pytest.mark.parametrize("value", ["", "0", "-1", "x", "9" * 30])
def test_a_place_that_is_none_is_refused(value, client, committee, agenda, signed_in):
    _, second = agenda(2)
    signed_in("Secrétariat")
    response = client.post(address(committee, "place", second), {"place": value})
    assert "à partir de 1" in shown(response)
    second.refresh_from_db()
    assert second.agenda_position == 2


def test_a_dossier_leaves_the_agenda_once_its_proposal_is_cleared(
    client, committee, agenda, signed_in
):
    first, second = agenda(2)
    proposed(first, signed_in("Secrétariat"))
    page = address(committee, "remove", first)
    assert "effacez-la" in shown(client.post(page))
    assert client.post(address(committee, "remove", second)).status_code == 302
    assert list(Selection.objects.filter(committee=committee)) == [first]


def test_reviewed_dossiers_of_the_session_enter_the_agenda(client, committee, agenda, signed_in):
    def reviewed(**values):
        values = {"session": committee.session, "state": "reviewed", "synthesis": "x", **values}
        return factories.ApplicationFactory(**values)

    [present] = agenda(1)
    wanted, other = reviewed(reference="A-1"), reviewed(reference="A-2")
    hidden, received = reviewed(), reviewed(state="received")
    elsewhere = reviewed(session=factories.CallSessionFactory(call=committee.session.call))
    taken = factories.SelectionFactory(
        application=reviewed(), committee=factories.CommitteeFactory(session=committee.session)
    ).application
    factories.RecusalFactory(application=hidden, user=signed_in("Secrétariat"))
    page = address(committee, "agenda")

    rows = [row.pk for row, _, _ in client.get(page).context["rows"]]
    assert rows == [wanted.pk, other.pk]

    for forged in (hidden, received, elsewhere, taken, present.application):
        response = client.post(page, {"dossier": [wanted.pk, forged.pk]})
        assert "ne peut plus être inscrit" in shown(response)
    assert "Choisissez au moins un dossier" in shown(client.post(page, {"dossier": []}))
    assert "ne peut plus être inscrit" in shown(client.post(page, {"dossier": ["x", "9" * 40]}))
    assert committee.selections.count() == 1
    assert client.post(page, {"dossier": [other.pk, wanted.pk]}).status_code == 302
    placed = Selection.objects.filter(committee=committee).in_agenda_order()
    assert [row.application for row in placed] == [present.application, wanted, other]


def test_a_deferred_dossier_comes_back(client, committee, signed_in):
    former = factories.SelectionFactory(
        application__state="reviewed",
        application__session__call=committee.session.call,
        state="validated",
        outcome="deferred",
        decided_on=datetime.date(2019, 9, 23),
        record_source="Relevé",
    )
    signed_in("Secrétariat")
    rows = client.get(address(committee, "agenda")).context["rows"]
    assert [row.pk for row, _, _ in rows] == [former.application_id]


# Attendance ------------------------------------------------------------------


def attendance(committee, value, **changes):
    marks = {f"membre-{member.pk}": value for member in committee.members.all()}
    return {"version": committee.version, **marks, **changes}


def test_attendance_is_recorded_and_the_quorum_said(client, committee, signed_in):
    signed_in("Secrétariat")
    page = address(committee, "attendance")
    outsider = committee.members.first()
    outsider.is_voting = False
    outsider.save()
    assert "2 présents comptent pour le quorum · quorum de 2 : atteint" in shown(
        client.get(address(committee))
    )

    response = client.post(page, attendance(committee, "excused"))

    assert response.url == f"{address(committee)}#presences"
    assert {member.attendance for member in committee.members.all()} == {"excused"}
    assert "0 présent compte pour le quorum · quorum de 2 : non atteint" in shown(
        client.get(address(committee))
    )


def test_what_another_recorded_is_not_undone_blindly(client, committee, signed_in):
    first, second = signed_in("Secrétariat"), factories.UserFactory(superuser=True)
    page = address(committee, "attendance")
    client.post(page, attendance(committee, "present"))
    committee.refresh_from_db()
    opened_on = committee.version
    member = committee.members.first()
    deliberation.record_attendance(
        committee, {member.pk: "absent"}, by=second, version=committee.version
    )

    response = client.post(page, attendance(committee, "excused", version=opened_on))

    assert f"{member.name} absent excusé" in shown(response)
    member.refresh_from_db()
    assert member.attendance == "absent"
    assert first != second


@pytest.mark.parametrize("value", ["parti", "PRESENT"])
def test_an_unknown_attendance_is_refused(value, client, committee, signed_in):
    signed_in("Secrétariat")
    response = client.post(address(committee, "attendance"), attendance(committee, value))
    assert "Choisissez la présence dans la liste" in shown(response)
    assert {member.attendance for member in committee.members.all()} == {"present"}


# Steps -----------------------------------------------------------------------


def test_a_sitting_opens_with_a_date_a_chair_and_a_quorum(client, session, signed_in):
    committee = factories.CommitteeFactory(session=session)
    signed_in("Secrétariat")
    page = address(committee, "open")
    data = {"held_on": timezone.localdate().isoformat(), "chair": "Camille", "quorum": "1"}

    assert "n’a pas de membre" in shown(client.post(page, data))
    factories.CommitteeMemberFactory(committee=committee)
    refused = shown(client.post(page, {"held_on": "demain", "quorum": "x"}))
    for reason in ("Écrivez la date ainsi", "Indiquez qui préside", "un nombre entier"):
        assert reason in refused
    assert "ne peut pas être atteint" in shown(client.post(page, {**data, "quorum": "9"}))
    assert client.post(page, data).url == address(committee)
    committee.refresh_from_db()
    assert (committee.state, committee.chair, committee.quorum) == ("open", "Camille", 1)
    # A second click finds it open.
    assert "n’est plus prévue" in shown(client.post(page, data, follow=True))


def test_closing_says_what_it_would_do_then_does_it_once(client, committee, agenda, signed_in):
    first, second = agenda(2)
    user = signed_in("Décision")
    proposed(first, user)
    page = address(committee, "close")

    refused = shown(client.get(page))
    assert f"{second.application.reference} : aucune décision n’est proposée" in refused
    assert "<button" not in re.sub(r".*<main", "", text_of(client.get(page)), flags=re.S)
    committee.refresh_from_db()
    stuck = client.post(page, {"version": committee.version})
    assert "aucune décision n’est proposée" in shown(stuck)
    committee.refresh_from_db()
    assert committee.state == "open"

    proposed(second, user, outcome="not_retained", granted_amount=None, motive="Trop cher.")
    committee.refresh_from_db()
    preview = client.get(page)
    assert "2 décisions , 1 retenu : 1 000 000 €" in shown(preview)
    done = client.post(page, {"version": preview.context["closing"].version})
    act = BulkAct.objects.get()
    assert done.url == reverse("admin:calls_bulkact_change", args=[act.pk])
    assert "La séance est close" in shown(client.get(done.url))
    committee.refresh_from_db()
    assert committee.state == "closed"
    assert Minutes.objects.filter(committee=committee).count() == 1
    assert "n’est pas ouverte" in shown(client.post(page, {"version": 1}, follow=True))
    assert BulkAct.objects.count() == 1


def test_a_closing_prepared_before_a_change_is_refused(client, committee, agenda, signed_in):
    [selection] = agenda(1)
    user = signed_in("Décision")
    proposed(selection, user)
    opened_on = client.get(address(committee, "close")).context["form"]["version"].value()
    proposed(selection, user, granted_amount=Decimal(2_000_000))

    response = client.post(address(committee, "close"), {"version": opened_on})

    assert "a changé depuis l’affichage" in shown(response)
    assert "2 000 000 €" in shown(response)
    committee.refresh_from_db()
    assert committee.state == "open"
    version = response.context["form"]["version"].value()
    assert client.post(address(committee, "close"), {"version": version}).status_code == 302


def test_an_envelope_is_exceeded_with_a_reason_only(client, committee, agenda, signed_in):
    [selection] = agenda(1)
    proposed(selection, signed_in("Décision"), granted_amount=Decimal(6_000_000))
    page = address(committee, "close")
    preview = client.get(page)
    assert "dépassée de 1 000 000 €" in shown(preview)
    data = {"version": preview.context["closing"].version}
    assert "dépassée" in shown(client.post(page, data))
    assert client.post(page, {**data, "overrun_reason": "Accord du cabinet"}).status_code == 302
    committee.refresh_from_db()
    assert (committee.state, committee.overrun_reason) == ("closed", "Accord du cabinet")


@pytest.fixture
def closed(committee, agenda):
    """The closed sitting, with one dossier retained and one not."""
    first, second = agenda(2)
    user = factories.UserFactory(superuser=True)
    proposed(first, user)
    proposed(second, user, outcome="not_retained", granted_amount=None, motive="Trop cher.")
    committee.refresh_from_db()
    deliberation.close(committee, by=user, version=committee.version)
    committee.refresh_from_db()
    return committee


def forms_of(page):
    main = re.sub(r".*<main", "", text_of(page), flags=re.S)
    return re.findall(r"<(?:form|button|input|textarea)", main)


@pytest.mark.parametrize("role", ["Lecture", "Secrétariat", "Décision"])
def test_a_closed_sitting_is_a_record_to_read(role, client, closed, signed_in):
    user = signed_in(role)
    factories.SessionAccessFactory(user=user, session=closed.session)

    page = client.get(address(closed))

    assert forms_of(page) == []
    said = shown(page)
    assert "séance close" in said
    assert "Accordé ici 1 000 000 €" in said
    assert "Relevé nᵒ" in said
    assert "Motif et texte public" in said
    assert said.count("Trop cher.") == 2
    assert (address(closed, "reopen") in text_of(page)) == (role == "Décision")


@pytest.mark.parametrize("role", ["Lecture"])
def test_who_only_reads_an_open_sitting_has_no_button(role, client, committee, agenda, signed_in):
    agenda(2)
    factories.SessionAccessFactory(user=signed_in(role), session=committee.session)
    assert forms_of(client.get(address(committee))) == []


def test_a_closed_sitting_is_reopened_with_a_reason(client, closed, signed_in):
    signed_in("Décision")
    page = address(closed, "reopen")
    assert "Un motif est nécessaire" in shown(client.post(page, {"reason": " "}))
    assert client.post(page, {"reason": "Une erreur de montant"}).url == address(closed)
    closed.refresh_from_db()
    assert closed.state == "open"
    assert set(closed.selections.values_list("state", flat=True)) == {"proposed"}
    assert "n’est pas close" in shown(client.post(page, {"reason": "x"}, follow=True))
    assert "Une erreur de montant" in shown(client.get(address(closed)))


def test_a_decision_is_rectified(client, closed, signed_in):
    signed_in("Décision")
    selection = closed.selections.get(outcome="retained")
    page = address(closed, "rectify", selection)
    data = {**RETAINED, "version": selection.version, "reason": "Montant mal reporté"}
    assert "Dites pourquoi" in shown(client.post(page, {**data, "reason": ""}))
    assert "a changé depuis" in shown(client.post(page, {**data, "version": "99"}))

    response = client.post(page, data)

    live = closed.selections.live().get(application=selection.application)
    assert response.url == f"{address(closed)}#dossier-{live.pk}"
    assert (live.granted_amount, live.pk != selection.pk) == (1_250_000, True)
    assert Minutes.objects.filter(committee=closed).count() == 2
    assert "a déjà été remplacée" in shown(client.post(page, data, follow=True))
    assert Minutes.objects.filter(committee=closed).count() == 2


def test_a_published_laureate_keeps_its_sitting_closed(client, closed, signed_in):
    signed_in("Décision")
    selection = closed.selections.get(outcome="retained")
    selection.laureate = factories.LaureateFactory()
    selection.save()
    response = client.post(address(closed, "reopen"), {"reason": "Une erreur"})
    assert "est public" in shown(response)
    closed.refresh_from_db()
    assert closed.state == Committee.State.CLOSED
    assert "lauréat publié" in shown(client.get(address(closed)))


# Scenarios -------------------------------------------------------------------


def scenario_data(rows, chosen, **values):
    versions = {f"version-{row.pk}": row.version for row in rows}
    return {**versions, "dossier": [row.pk for row in chosen], **values}


def test_a_scenario_counts_and_saves_nothing(client, committee, agenda, signed_in):
    rows = agenda(3)
    unknown = rows[1].application
    unknown.asked_amount = None
    unknown.save()
    signed_in("Secrétariat")
    page = address(committee, "scenario")

    said = shown(client.get(page, {"calculer": "1", "dossier": [row.pk for row in rows[:2]]}))

    assert "Retenus 2 sur 3" in said
    assert "Total 1 000 000 € 1 montant connu sur 2" in said
    assert "Reste au plus 4 000 000 €" in said
    assert f"Premier exclu (ordre du jour) {rows[2].application.reference}" in said
    posted = client.post(page, scenario_data(rows, rows, calculer="1", motive="Gardé"))
    assert "Retenus 3 sur 3" in shown(posted)
    assert "Gardé" in text_of(posted)
    assert set(committee.selections.values_list("state", flat=True)) == {"to_examine"}
    fragment = client.get(page, {"calculer": "1"}, headers={"X-Fragment": "scenario"})
    assert "<html" not in text_of(fragment)
    assert "Retenus 0 sur 3" in shown(fragment)
    forged = client.get(page, {"calculer": "1", "dossier": ["x", "9" * 40, "-1"]})
    assert "Retenus 0 sur 3" in shown(forged)


def test_a_scenario_is_proposed_at_once(client, committee, agenda, signed_in):
    rows = agenda(3)
    signed_in("Secrétariat")
    page = address(committee, "scenario")

    refused = client.post(page, scenario_data(rows, rows[:2]))
    assert "écrivez le motif" in shown(refused)
    assert set(committee.selections.values_list("state", flat=True)) == {"to_examine"}
    response = client.post(page, scenario_data(rows, rows[:2], motive="Enveloppe épuisée"))

    assert response.status_code == 302
    outcomes = committee.selections.in_agenda_order().values_list("outcome", flat=True)
    assert list(outcomes) == ["retained", "retained", "not_retained"]
    # What is proposed already is what the next scenario begins with.
    assert "Retenus 2 sur 3" in shown(client.get(page))


def test_a_scenario_made_on_a_former_agenda_is_refused(client, committee, agenda, signed_in):
    rows = agenda(2)
    user = signed_in("Secrétariat")
    data = scenario_data(rows, rows)
    page = address(committee, "scenario")
    proposed(rows[0], user, granted_amount=Decimal(700_000))
    stale = client.post(page, data)
    assert "a changé depuis" in shown(stale)
    assert "700 000 €" in shown(stale)
    agenda(1)
    assert "L’ordre du jour a changé" in shown(client.post(page, data))
    rows[1].refresh_from_db()
    assert rows[1].state == "to_examine"
