"""Dossiers on screen: the list, the page, the acts, the sheet; what each role reads and no more."""

import datetime
import html
import re
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calls import sheet
from calls.admin.application import PRESETS
from calls.models import Application, Event, InformationRequest, Note, Review
from tests import factories
from tests.admin_pages import errors_of, form_data, save

pytestmark = pytest.mark.django_db

State = Application.State
LIST = "/admin/calls/application/"
# Words of a dossier that nobody but those who read it whole may find on a page.
PRIVATE = {
    "synthèse": "Canarisynthese",
    "note": "Canarinote",
    "avis d’une autre institution": "Canariavis",
    "partie confidentielle": "Canarisecret",
    "complément": "Canaricomplement",
    "pièce réservée": "Canaripiece",
    "motif de recevabilité": "Canarimotif",
    "contact": "canari@example.org",
    "instructeur": "Canariofficier",
    "institution consultée": "Canariinstitution",
    "état": "en instruction",
}
PROJECT = {"montant": "1\u202f234\u202f567", "coût": "2\u202f469\u202f134", "thème": "Canaritheme"}


def account(role, **values):
    if role == "superuser":
        return factories.UserFactory(superuser=True, **values)
    return factories.UserFactory(role=role, **values)


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def page_url(application):
    return reverse("admin:calls_application_change", args=[application.pk])


def act_url(application, action):
    return reverse("admin:calls_application_act", args=[application.pk, action])


def sub_url(application, name):
    return reverse(f"admin:calls_application_{name}", args=[application.pk])


@pytest.fixture
def secretariat():
    return account("Secrétariat")


@pytest.fixture
def officer():
    return account("Instruction", first_name="Prénom", last_name="Canariofficier")


@pytest.fixture
def application(officer):
    """A dossier under review with something in each of its sections."""
    row = factories.ApplicationFactory(
        reference="D-CANARI",
        title="Projet visible",
        summary="Résumé visible",
        state=State.UNDER_REVIEW,
        case_officer=officer,
        asked_amount=Decimal(1234567),
        total_cost=Decimal(2469134),
        synthesis=PRIVATE["synthèse"],
        admissibility_reason=PRIVATE["motif de recevabilité"],
        admissibility_decided_at=timezone.now(),
        review_started_at=timezone.now(),
        contact_email=PRIVATE["contact"],
    )
    factories.BearerFactory(application=row, organisation__name="Porteur visible")
    row.themes.add(factories.ThemeFactory(name=PROJECT["thème"]))
    factories.NoteFactory(application=row, text=PRIVATE["note"])
    factories.InformationRequestFactory(application=row, text=PRIVATE["complément"])
    factories.AttachmentFactory(application=row, title="Pièce visible")
    factories.AttachmentFactory(application=row, title=PRIVATE["pièce réservée"], is_internal=True)
    factories.ReviewFactory(
        application=row,
        rendered=True,
        verdict="unfavourable",
        comment=PRIVATE["avis d’une autre institution"],
        confidential_comment=PRIVATE["partie confidentielle"],
        institution__name=PRIVATE["institution consultée"],
    )
    return row


@pytest.fixture
def reviewer(application):
    user = account("Avis")
    affiliation = factories.AffiliationFactory(user=user)
    factories.ReviewFactory(application=application, institution=affiliation.organisation)
    return user


def text_of(client, address):
    """The page as it is read: entities are characters."""
    return html.unescape(client.get(address).content.decode())


def missing(page, words):
    return {name for name, word in words.items() if word not in page}


# What each role reads ------------------------------------------------------------


@pytest.mark.parametrize("role", ["Secrétariat", "Décision", "superuser", "Instruction", "Lecture"])
def test_those_who_read_a_dossier_whole_find_everything_on_its_page(role, application, officer):
    user = officer if role == "Instruction" else account(role)
    factories.SessionAccessFactory(user=user, session=application.session)

    page = signed_in(user).get(page_url(application)).content.decode()

    expected = {**PRIVATE, **PROJECT}
    if role == "Lecture":
        # Notes are between agents; readers see none.
        assert expected.pop("note") not in page
    assert missing(page, expected) == set()
    assert "Pièce visible" in page
    assert "Porteur visible" in page


def test_a_reviewer_reads_the_project_and_nothing_of_the_rest(application, reviewer):
    client = signed_in(reviewer)

    page = client.get(page_url(application)).content.decode()

    assert missing(page, PROJECT) == set()
    assert missing(page, PRIVATE) == set(PRIVATE)
    assert "Pièce visible" in page
    assert "Rendre l’avis" in page
    assert "avis rendu" not in page
    # Nor in the list, nor in the history.
    for address in (LIST, reverse("admin:calls_application_history", args=[application.pk])):
        page = client.get(address).content.decode()
        assert "D-CANARI" in page
        assert missing(page, PRIVATE) == set(PRIVATE)
        assert "1\u202f234\u202f567" not in page


def test_a_publisher_reads_what_will_be_public_and_nothing_else(application):
    decoy = factories.SelectionFactory(
        application__session=application.session,
        committee__session=application.session,
        agenda_position=1,
        state="validated",
        outcome="not_retained",
        motive="Canarirefus",
        decided_on=datetime.date(2019, 9, 23),
        record_source="Relevé",
    )
    factories.SelectionFactory(
        application=application,
        committee=decoy.committee,
        retained=True,
        amount_not_disclosed=False,
        granted_amount=777777,
        motive="Canarimotifprive",
        agenda_position=2,
    )
    client = signed_in(account("Publication"))

    page = client.get(page_url(application)).content.decode()

    for word in ("Projet visible", "Résumé visible", "Porteur visible", "777\u202f777"):
        assert word in page
    # Second of the agenda, first of the retained: the rank does not tell who was not.
    assert re.search(r"Rang parmi[^<]*</dt>\s*<dd>1</dd>", page)
    hidden = {**PRIVATE, **PROJECT, "motif": "Canarimotifprive", "session": "instruite"}
    assert missing(page, hidden) == set(hidden)
    assert "Pièce visible" not in page
    listed = client.get(LIST).content.decode()
    assert "Projet visible" in listed
    assert "777\u202f777" in listed
    assert missing(listed, hidden) == set(hidden)
    assert client.get(page_url(decoy.application)).status_code == 404


def test_a_retained_dossier_whose_amount_is_unknown_says_so(application):
    factories.SelectionFactory(application=application, retained=True)
    page = signed_in(account("Publication")).get(page_url(application)).content.decode()
    assert "montant non communiqué" in page


NAMES = ("assign", "ask_opinion", "synthesis", "note", "attach", "sheet", "change", "history")


def every_address(application):
    attachment = application.attachments.first()
    return [
        *(sub_url(application, name) for name in NAMES),
        *(act_url(application, action) for action in ("withdraw", "complete_review")),
        reverse("admin:calls_application_attachment", args=[application.pk, attachment.pk]),
        reverse("admin:calls_application_detach", args=[application.pk, attachment.pk]),
    ]


ROLES = ("Lecture", "Instruction", "Avis", "Secrétariat", "Décision", "Publication", "superuser")


@pytest.mark.parametrize("role", ROLES)
def test_a_recused_person_finds_the_dossier_nowhere(role, application):
    user = account(role)
    factories.SessionAccessFactory(user=user, session=application.session)
    factories.ReviewFactory(application=application, reviewer=user)
    factories.SelectionFactory(application=application, retained=True)
    assert signed_in(user).get(page_url(application)).status_code == 200
    factories.RecusalFactory(application=application, user=user)
    client = signed_in(user)

    for address in every_address(application):
        assert client.get(address).status_code == 404, address
        if address not in (page_url(application), sub_url(application, "history")):
            assert client.post(address, {"comment": "x", "text": "x"}).status_code in (404, 405)
    # Whoever may edit no dossier is told so, of this one as of one that never was.
    answers = {
        client.post(address, {"title": "Forgé"}).status_code
        for address in (page_url(application), f"{LIST}999999/change/")
    }
    assert answers == ({404} if role in ("Secrétariat", "superuser") else {403})
    response = client.get(LIST)
    assert "D-CANARI" not in response.content.decode()
    assert response.context["cl"].result_count == 0
    assert all(preset["count"] == 0 for preset in response.context["cl"].presets)
    application.refresh_from_db()
    assert application.state == State.UNDER_REVIEW
    assert Note.objects.count() == 1


@pytest.mark.parametrize("role", ["Lecture", "Instruction", "Avis", "Publication"])
def test_a_dossier_that_is_nobody_s_business_is_404(role, application):
    user = account(role)
    # Rows of their own, so that there is something to tell apart.
    own = factories.ApplicationFactory(state=State.UNDER_REVIEW, case_officer=user, title="À moi")
    factories.SessionAccessFactory(user=user, session=own.session)
    factories.ReviewFactory(application=own, reviewer=user)
    factories.SelectionFactory(application=own, retained=True)
    client = signed_in(user)

    assert client.get(page_url(own)).status_code == 200
    for address in every_address(application):
        assert client.get(address).status_code == 404, address
    assert "D-CANARI" not in client.get(LIST).content.decode()
    assert client.get(LIST).context["cl"].result_count == 1


@pytest.mark.parametrize("role", ["Avis", "Publication", "Lecture", "Décision"])
def test_what_is_seen_is_not_acted_on_by_those_who_may_not(role, application):
    user = account(role)
    if role == "Lecture":
        factories.SessionAccessFactory(user=user, session=application.session)
    factories.ReviewFactory(application=application, reviewer=user)
    factories.SelectionFactory(application=application, retained=True)
    client = signed_in(user)

    assert client.get(page_url(application)).status_code == 200
    for address in (
        *(sub_url(application, name) for name in ("assign", "ask_opinion", "synthesis", "note")),
        sub_url(application, "attach"),
        *(act_url(application, action) for action in ("withdraw", "complete_review")),
    ):
        assert client.get(address).status_code == 403, address
        data = {"comment": "x", "text": "x", "known": "", "synthesis": "x"}
        assert client.post(address, data).status_code == 403, address
    expected = 200 if role in ("Lecture", "Décision") else 403
    assert client.get(sub_url(application, "sheet")).status_code == expected
    assert client.post(page_url(application), {"title": "Forgé"}).status_code == 403
    application.refresh_from_db()
    assert (application.state, application.title) == (State.UNDER_REVIEW, "Projet visible")


def test_an_anonymous_visitor_is_sent_to_the_sign_in_page(application, client):
    for address in every_address(application):
        response = client.get(address)
        assert (response.status_code, response.url.partition("?")[0]) == (302, "/admin/login/")


# The list ------------------------------------------------------------------------


def dossiers():
    """One dossier of each state, an undisclosed one, a late opinion, a late request."""
    session = factories.CallSessionFactory()
    user = factories.UserFactory()
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    values = {
        State.INADMISSIBLE: {"admissibility_reason": "Non"},
        State.UNDER_REVIEW: {"case_officer": user},
        State.INFO_REQUESTED: {"case_officer": user},
        State.WITHDRAWN: {"withdrawal_reason": "Oui"},
    }
    rows = {
        state: factories.ApplicationFactory(session=session, state=state, **values.get(state, {}))
        for state in State
    }
    factories.ApplicationFactory(session=session, undisclosed=True)
    late = rows[State.UNDER_REVIEW]
    factories.ReviewFactory(application=late, due_on=yesterday)
    factories.ReviewFactory(application=late, rendered=True)
    factories.InformationRequestFactory(
        application=rows[State.INFO_REQUESTED], due_on=yesterday, asked_by=user
    )
    return rows


def test_the_links_above_the_list_count_what_they_list(secretariat):
    dossiers()
    client = signed_in(secretariat)

    presets = client.get(LIST).context["cl"].presets

    counts = {preset["label"]: preset["count"] for preset in presets}
    assert counts["À déclarer recevables"] == 1
    assert counts["En instruction"] == 2
    assert counts["Avis attendus"] == counts["Avis en retard"] == 1
    assert counts["Compléments en retard"] == 1
    assert counts["Instruits"] == counts["À inscrire"] == 1
    for preset in presets:
        page = client.get(preset["url"])
        assert page.context["cl"].result_count == preset["count"], preset["label"]
        assert re.search(rf'aria-current="page">{preset["label"]} ', page.content.decode())


def test_each_reader_has_the_links_of_their_work(officer, reviewer):
    def labels(user):
        return {preset["label"] for preset in signed_in(user).get(LIST).context["cl"].presets}

    assert labels(account("Publication")) == set()
    assert labels(reviewer) == {"Avis à rendre", "Avis à rendre, en retard"}
    assert "Mes dossiers" in labels(officer)
    assert "Avis à rendre" not in labels(officer)
    assert labels(account("superuser")) <= {label for label, _, _ in PRESETS}


def test_columns_tell_opinions_officer_and_last_move(application, officer, secretariat):
    factories.ReviewFactory(application=application)
    factories.ReviewFactory(
        application=application, cancelled_at=timezone.now(), cancel_reason="Doublon"
    )
    signed_in(officer).post(sub_url(application, "note"), {"text": "Bouger"})

    page = signed_in(secretariat).get(LIST).content.decode()

    assert "1\u00a0/\u00a02" in page
    assert "Prénom Canariofficier" in page
    assert timezone.localdate().strftime("%Y") in page
    assert "1\u202f234\u202f567\u00a0€" in page


def test_an_unknown_amount_is_said_unknown(secretariat):
    factories.ApplicationFactory(asked_amount=None)
    page = signed_in(secretariat).get(LIST).content.decode()
    assert "non communiqué" in page
    assert ">0\u00a0€" not in page


def test_the_list_costs_the_same_at_one_and_three_dossiers(secretariat, django_assert_num_queries):
    client = signed_in(secretariat)

    def make():
        row = factories.ApplicationFactory(case_officer=factories.UserFactory())
        factories.BearerFactory(application=row)
        factories.ReviewFactory(application=row, rendered=True)

    make()
    client.get(LIST)
    with django_assert_num_queries(18):
        client.get(LIST)
    make()
    make()
    with django_assert_num_queries(18):
        assert client.get(LIST).context["cl"].result_count == 3


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("port", {"E-1", "E-2"}),
        ("port havre", {"E-1"}),
        ('"port de"', {"E-2"}),
        ("'grand port'", {"E-1"}),
        ("480", {"E-3"}),
        ("e-2 sete", {"E-2"}),
        ("GRAND PORT", {"E-1"}),
        ("pêche", {"E-2"}),
        ("port pêche", {"E-2"}),
        ("havre sete", set()),
        ('"', {"E-1", "E-2", "E-3"}),
        ("  ", {"E-1", "E-2", "E-3"}),
        ("%", set()),
    ],
)
def test_each_word_is_searched_in_the_dossier_and_in_each_of_its_bearers(asked, found):
    for reference, title, number, bearers in (
        ("E-1", "Quai du Havre", None, ["Grand port maritime", "Port autonome"]),
        ("E-2", "Criée", None, ["Commune de Sete", "Port de pêche"]),
        ("E-3", "Autre chose", 480001, []),
    ):
        dossier = factories.ApplicationFactory(reference=reference, title=title, form_number=number)
        for name in bearers:
            factories.BearerFactory(application=dossier, declared_name=name)
    invited = account("Instruction")
    for dossier in Application.objects.all():
        factories.SessionAccessFactory(user=invited, session=dossier.session)
    for user in (account("Secrétariat"), invited):
        listed = signed_in(user).get(LIST, {"q": asked}).context["cl"]
        assert {row.reference for row in listed.result_list} == found
        assert listed.result_count == len(found)


@pytest.mark.parametrize("role", ["Avis", "Publication"])
def test_no_address_orders_or_filters_by_what_the_reader_does_not_read(role):
    user = account(role)
    session = factories.CallSessionFactory()
    rows = [
        factories.ApplicationFactory(
            session=session,
            reference=f"D-{n}",
            asked_amount=amount,
            form_number=number,
            synthesis="Canari",
            contact_email=f"c{n}@example.org",
        )
        for n, amount, number in ((1, 300, 111), (2, 100, 222), (3, 200, 333))
    ]
    for row in rows:
        factories.ReviewFactory(application=row, reviewer=user)
        factories.SelectionFactory(application=row, retained=True)
    client = signed_in(user)
    expected = [row.reference for row in rows]
    assert [row.reference for row in client.get(LIST).context["cl"].result_list] == expected

    for column in range(1, 12):
        response = client.get(f"{LIST}?o=-{column}", follow=True)
        found = [row.reference for row in response.context["cl"].result_list]
        assert found in (expected, expected[::-1]), column
    for query in (
        "asked_amount__gte=250",
        "asked_amount=100",
        "form_number=222",
        "state__exact=received",
        "synthesis__startswith=C",
        "contact_email__contains=c2",
        "case_officer__isnull=True",
        "reviews__verdict=",
    ):
        response = client.get(f"{LIST}?{query}")
        if response.status_code == 302:
            response = client.get(response.url)
        assert response.status_code == 400 or response.context["cl"].result_count == 3, query
    # Neither does the search.
    assert client.get(f"{LIST}?q=222").context["cl"].result_count == 0
    assert client.get(f"{LIST}?q=D-2").context["cl"].result_count == 1
    autocomplete = client.get(
        "/admin/autocomplete/",
        {
            "app_label": "calls",
            "model_name": "selection",
            "field_name": "application",
            "term": "222",
        },
    )
    assert autocomplete.status_code == 403 or autocomplete.json()["results"] == []


def test_a_person_of_two_roles_reads_each_dossier_as_they_may(application, officer):
    """An officer who also gives opinions: nothing of a dossier they are only asked about."""
    reviewer = factories.UserFactory(role="Instruction")
    reviewer.groups.add(*account("Avis").groups.all())
    own = factories.ApplicationFactory(
        case_officer=reviewer, state=State.UNDER_REVIEW, asked_amount=555
    )
    factories.ReviewFactory(application=application, reviewer=reviewer)
    client = signed_in(reviewer)

    page = client.get(LIST).content.decode()

    assert "555\u00a0€" in page
    assert page.count("en instruction</span>") == 1
    assert "1\u202f234\u202f567" not in page
    assert "Canariofficier" not in page
    page = client.get(page_url(application)).content.decode()
    assert missing(page, PRIVATE) == set(PRIVATE)
    assert "Synthèse de l’instruction" in client.get(page_url(own)).content.decode()


# The page ------------------------------------------------------------------------


def test_the_page_costs_the_same_at_one_and_three_of_everything(
    application, django_assert_num_queries
):
    client = signed_in(account("Décision"))
    InformationRequest.objects.update(closed_at=timezone.now())

    def add():
        factories.BearerFactory(application=application)
        factories.NoteFactory(application=application)
        factories.AttachmentFactory(application=application)
        factories.ReviewScoreFactory(review__application=application)
        factories.InformationRequestFactory(
            application=application, asked_at=factories.PAST, closed_at=timezone.now()
        )
        factories.SelectionFactory(application=application)
        factories.RecusalFactory(application=application)
        factories.LetterFactory(application=application)

    add()
    client.get(page_url(application))
    with django_assert_num_queries(25):
        client.get(page_url(application))
    add()
    add()
    with django_assert_num_queries(25):
        client.get(page_url(application))


def test_each_rule_of_admissibility_is_told(application, secretariat):
    session = application.session
    factories.EligibilityRuleFactory(session=session, label="Règle tenue", value=200)
    factories.EligibilityRuleFactory(session=session, label="Règle rompue", value=9_000_000)
    factories.EligibilityRuleFactory(
        session=session, label="Règle douteuse", value=10, carrier_kind="universite"
    )
    application.bearers.get().organisation.kind = ""
    organisation = application.bearers.get().organisation
    organisation.kind = ""
    organisation.save()

    page = signed_in(secretariat).get(page_url(application)).content.decode()
    section = page.partition('id="recevabilite"')[2].partition("</section>")[0]

    assert re.findall(r"Règle (\w+)</th>\s*<td>\s*<span[^>]*>([^<]+)", section) == [
        ("tenue", "respectée"),
        ("rompue", "non respectée"),
        ("douteuse", "à apprécier"),
    ]
    assert "minimum : 9\u202f000\u202f000" in section.replace("\u00a0:", " :")


def test_buttons_are_the_moves_that_the_reader_may_make(application, officer, secretariat):
    def buttons(user):
        page = signed_in(user).get(page_url(application)).content.decode()
        return set(re.findall(r"/acte/(\w+)/", page))

    assert buttons(officer) == {"request_information", "complete_review"}
    assert buttons(secretariat) == {
        "request_information",
        "complete_review",
        "cancel_review",
        "withdraw",
    }
    assert buttons(account("Décision")) == set()


def test_facts_are_edited_under_the_page_and_come_back_to_it(application, secretariat, officer):
    client = signed_in(secretariat)

    response = save(client, application, summary="Corrigé", state="reviewed")

    assert (response.status_code, response.url) == (302, page_url(application))
    application.refresh_from_db()
    assert (application.summary, application.state) == ("Corrigé", State.UNDER_REVIEW)
    assert form_data(signed_in(officer).get(page_url(application))) == {}
    response = save(client, application, title="")
    assert response.status_code == 200
    assert "Une candidature a un titre" in errors_of(response)
    assert "<details open>" in response.content.decode()


def test_a_stale_edit_of_the_facts_is_refused_with_both_values(application, secretariat):
    client = signed_in(secretariat)
    mine = form_data(client.get(page_url(application)))
    save(signed_in(account("Secrétariat")), application, summary="De l’autre")

    response = client.post(page_url(application), {**mine, "summary": "De moi", "_save": ""})

    assert response.status_code == 200
    (conflict,) = response.context["edit_lock"]["conflicts"]
    assert (conflict.saved, conflict.typed) == ("De l’autre", "De moi")


def test_an_undisclosed_dossier_shows_that_nothing_is_known(secretariat):
    row = factories.ApplicationFactory(undisclosed=True)
    client = signed_in(secretariat)

    page = client.get(page_url(row)).content.decode()

    assert "rien d’autre n’en est connu" in page
    for absent in ("/acte/", "Synthèse de l’instruction", "Ajouter une pièce"):
        assert absent not in page
    assert client.get(sub_url(row, "sheet")).status_code == 404
    assert client.post(act_url(row, "declare_admissible"), {}).status_code == 200
    assert client.post(sub_url(row, "note"), {"text": "x"}).status_code == 403
    row.refresh_from_db()
    assert row.state == State.RECEIVED


# Moves ---------------------------------------------------------------------------


def test_a_move_says_what_it_does_is_done_once_and_comes_back(secretariat):
    row = factories.ApplicationFactory()
    client = signed_in(secretariat)
    form = client.get(act_url(row, "declare_admissible"))
    assert "Ce qui va se passer" in form.content.decode()
    row.refresh_from_db()
    assert row.state == State.RECEIVED

    first = client.post(act_url(row, "declare_admissible"), {"comment": ""}, follow=True)
    second = client.post(act_url(row, "declare_admissible"), {"comment": ""})

    assert first.redirect_chain == [(f"{page_url(row)}#recevabilite", 302)]
    assert f"{row.reference}\u00a0: déclaré recevable." in first.content.decode()
    row.refresh_from_db()
    assert row.state == State.ADMISSIBLE
    assert second.status_code == 200
    assert "il est à l’état" in second.content.decode()
    assert "Rien n’a été enregistré." in second.content.decode()
    assert Event.objects.filter(action="declare_admissible").count() == 1


def test_a_move_that_is_not_possible_says_why_and_shows_no_form(application, secretariat):
    client = signed_in(secretariat)

    page = client.get(act_url(application, "declare_admissible")).content.decode()

    assert "il est à l’état «\u00a0en instruction\u00a0»" in page
    assert 'name="comment"' not in page


def test_an_unknown_move_is_404(application, secretariat):
    client = signed_in(secretariat)
    assert client.get(act_url(application, "inventer")).status_code == 404
    assert client.post(act_url(application, "inventer")).status_code == 404


def test_a_broken_rule_asks_for_a_reason(secretariat):
    row = factories.ApplicationFactory(asked_amount=100)
    factories.EligibilityRuleFactory(session=row.session, label="Deux cent mille au moins")
    client = signed_in(secretariat)

    form = client.get(act_url(row, "declare_admissible")).content.decode()
    refused = client.post(act_url(row, "declare_admissible"), {"comment": " "})

    assert "Deux cent mille au moins" in form
    assert re.search(r"<textarea[^>]*required", form)
    assert refused.status_code == 200
    assert "demande un motif" in refused.content.decode()
    client.post(act_url(row, "declare_admissible"), {"comment": "Projet territorial"})
    row.refresh_from_db()
    assert (row.state, row.admissibility_reason) == (State.ADMISSIBLE, "Projet territorial")


def test_a_dossier_starts_with_the_officer_chosen_by_the_secretariat(secretariat, officer):
    row = factories.ApplicationFactory(
        state=State.ADMISSIBLE, admissibility_decided_at=timezone.now()
    )
    client = signed_in(secretariat)

    refused = client.post(act_url(row, "start_review"), {"case_officer": ""})
    client.post(act_url(row, "start_review"), {"case_officer": officer.pk})

    assert "affectez d’abord un instructeur" in refused.content.decode()
    row.refresh_from_db()
    assert (row.state, row.case_officer) == (State.UNDER_REVIEW, officer)


def test_an_officer_chooses_no_other(officer):
    other = account("Instruction")
    row = factories.ApplicationFactory(
        state=State.ADMISSIBLE, case_officer=officer, admissibility_decided_at=timezone.now()
    )
    client = signed_in(officer)

    assert "case_officer" not in client.get(act_url(row, "start_review")).content.decode()
    client.post(act_url(row, "start_review"), {"case_officer": other.pk})

    row.refresh_from_db()
    assert (row.state, row.case_officer) == (State.UNDER_REVIEW, officer)


def test_information_is_asked_then_answered(application, officer):
    InformationRequest.objects.update(closed_at=timezone.now())
    client = signed_in(officer)
    day = timezone.localdate() + datetime.timedelta(days=7)

    client.post(
        act_url(application, "request_information"),
        {"comment": "Le plan, s’il vous plaît", "due_on": day.isoformat()},
    )
    request = InformationRequest.objects.get(closed_at=None)
    assert (request.text, request.due_on) == ("Le plan, s’il vous plaît", day)
    client.post(act_url(application, "resume_review"), {"answer": "Reçu le plan"})

    request.refresh_from_db()
    assert (request.answer, bool(request.closed_at)) == ("Reçu le plan", True)
    application.refresh_from_db()
    assert application.state == State.UNDER_REVIEW


@pytest.mark.parametrize("day", ["2019-01-01", "hier", "9999-99-99"])
def test_a_day_that_cannot_be_is_refused_with_what_was_typed(day, application, officer):
    InformationRequest.objects.update(closed_at=timezone.now())

    response = signed_in(officer).post(
        act_url(application, "request_information"), {"comment": "Le plan", "due_on": day}
    )

    assert response.status_code == 200
    assert "Le plan" in response.content.decode()
    assert response.context["form"].errors
    application.refresh_from_db()
    assert application.state == State.UNDER_REVIEW


def test_closing_the_instruction_names_the_missing_opinions(application, officer):
    institution = factories.OrganisationFactory(name="Institution attendue")
    application.session.expected_institutions.add(institution)
    client = signed_in(officer)
    known = {"synthesis": "Terminée", "known": application.synthesis}

    form = client.get(act_url(application, "complete_review")).content.decode()
    refused = client.post(act_url(application, "complete_review"), {**known, "comment": ""})
    stale = client.post(
        act_url(application, "complete_review"), {**known, "known": "Autre", "comment": "Tant pis"}
    )

    assert "Institution attendue" in form
    assert "Institution attendue" in refused.content.decode()
    assert "Modifié entre-temps" in stale.content.decode()
    application.refresh_from_db()
    assert application.state == State.UNDER_REVIEW
    client.post(act_url(application, "complete_review"), {**known, "comment": "Tant pis"})
    application.refresh_from_db()
    assert (application.state, application.synthesis) == (State.REVIEWED, "Terminée")
    assert application.missing_opinions_reason == "Tant pis"


# Assignment, opinions asked, texts --------------------------------------------------


def test_a_dossier_is_assigned_to_those_who_may_instruct(application, secretariat):
    recused, other = account("Instruction"), account("Instruction")
    outsider = account("Avis")
    factories.RecusalFactory(application=application, user=recused)
    client = signed_in(secretariat)

    form = client.get(sub_url(application, "assign")).context["form"]
    people = set(form.fields["case_officer"].queryset)

    assert other in people
    assert not people & {recused, outsider}
    for person in (recused, outsider):
        response = client.post(sub_url(application, "assign"), {"case_officer": person.pk})
        assert response.context["form"].errors
    response = client.post(sub_url(application, "assign"), {"case_officer": other.pk}, follow=True)
    assert "confié à" in response.content.decode()
    again = client.post(sub_url(application, "assign"), {"case_officer": other.pk})
    assert "en est déjà l’instructeur" in again.content.decode()
    application.refresh_from_db()
    assert application.case_officer == other
    assert Event.objects.filter(action="assign").count() == 1


def test_an_opinion_is_asked_once_expected_institutions_first(application, officer):
    expected = factories.OrganisationFactory(name="Attendue")
    application.session.expected_institutions.add(expected)
    client = signed_in(officer)
    page = sub_url(application, "ask_opinion")

    groups = client.get(page).context["form"].fields["institution"].choices
    assert groups[1][0] == "Attendues pour la session"
    assert [label for _, label in groups[1][1]] == ["Attendue"]
    data = {"institution": expected.pk, "question": "Est-ce tenable ?"}
    first = client.post(page, data)
    second = client.post(page, data)

    assert first.status_code == 302
    assert second.status_code == 200
    assert second.context["form"].errors
    review = Review.objects.get(institution=expected)
    assert (review.asked_by, review.question) == (officer, "Est-ce tenable ?")


def test_a_stale_synthesis_is_refused_with_both_texts_then_saved_knowingly(application, officer):
    client = signed_in(officer)
    address = sub_url(application, "synthesis")
    opened = client.get(address).context["form"].initial["known"]
    Application.objects.filter(pk=application.pk).update(synthesis="De\nl’autre")

    response = client.post(address, {"text": "De moi", "known": opened})

    page = response.content.decode()
    assert response.status_code == 200
    assert "De<br>l’autre" in page
    assert "De moi" in page
    application.refresh_from_db()
    assert application.synthesis == "De\nl’autre"
    # Browsers send line ends as two characters.
    known = response.context["form"]["known"].value().replace("\n", "\r\n")
    assert client.post(address, {"text": "De\r\nmoi", "known": known}).status_code == 302
    application.refresh_from_db()
    assert application.synthesis == "De\nmoi"
    # A second click changes nothing and says so.
    again = client.post(address, {"text": "De\r\nmoi", "known": known}, follow=True)
    assert again.status_code == 200
    assert Event.objects.filter(action="write_synthesis").count() == 1


def test_a_note_is_added_once_even_when_clicked_twice(application, officer):
    client = signed_in(officer)
    address = sub_url(application, "note")

    client.post(address, {"text": "Une note"})
    again = client.post(address, {"text": " Une note\r\n"}, follow=True)
    other = client.post(address, {"text": "Une autre"})
    empty = client.post(address, {"text": "  "})

    assert "déjà enregistrée" in again.content.decode()
    assert other.status_code == 302
    assert "Ce champ est obligatoire" in empty.content.decode()
    assert Note.objects.filter(text="Une note", author=officer).count() == 1


def test_a_text_with_a_null_character_or_too_long_is_refused(application, officer):
    client = signed_in(officer)
    for text in ("a\0b", "a" * 30_000):
        response = client.post(sub_url(application, "note"), {"text": text})
        assert response.status_code == 200
        assert response.context["form"].errors
    assert Note.objects.count() == 1


def test_acts_ask_for_the_token_of_the_page(application, officer):
    client = Client(enforce_csrf_checks=True)
    client.force_login(officer)
    assert client.post(sub_url(application, "note"), {"text": "x"}).status_code == 403
    assert client.post(act_url(application, "complete_review"), {}).status_code == 403
    assert Note.objects.count() == 1


def test_a_get_never_acts(application, secretariat):
    client = signed_in(secretariat)
    before = Application.objects.filter(pk=application.pk).values().get()
    for action in ("cancel_review", "withdraw", "request_information", "complete_review"):
        client.get(act_url(application, action), {"comment": "x", "synthesis": "x"})
    client.get(sub_url(application, "assign"), {"case_officer": ""})
    assert Application.objects.filter(pk=application.pk).values().get() == before
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("pk", ["0", "99999999999999999999"])
def test_an_absent_dossier_is_404(pk, secretariat):
    client = signed_in(secretariat)
    for tail in ("fiche/", "note/", "acte/withdraw/", "pieces/1/", "instructeur/", "synthese/"):
        assert client.get(f"{LIST}{pk}/{tail}").status_code == 404, tail
        assert client.post(f"{LIST}{pk}/{tail}", {"comment": "x"}).status_code in (404, 405), tail


def test_files_of_a_note_form_are_ignored(application, officer):
    file = SimpleUploadedFile("x.pdf", b"%PDF-1.7")
    response = signed_in(officer).post(
        sub_url(application, "note"), {"text": "Avec fichier", "file": file}
    )
    assert response.status_code == 302


# The sheet -----------------------------------------------------------------------


def test_the_sheet_tells_all_but_what_is_confidential(application, secretariat):
    factories.EligibilityRuleFactory(
        session=application.session, label="Seuil rompu", value=9_000_000
    )
    recusal = factories.RecusalFactory(application=application, user__last_name="Deporte")

    page = text_of(signed_in(secretariat), sub_url(application, "sheet"))

    for word in (
        "Canarisynthese",
        "Canariavis",
        "défavorable",
        "Seuil rompu",
        "50\u00a0%",
        "1\u202f234\u202f567",
        recusal.user.last_name,
        "Porteur visible",
    ):
        assert word in page, word
    for word in ("Canarisecret", "Canarinote", "Canaripiece", "canari@example.org"):
        assert word not in page, word


def test_a_script_gets_the_sheet_alone(application, secretariat):
    response = signed_in(secretariat).get(
        sub_url(application, "sheet"), headers={"X-Fragment": "1"}
    )
    assert "<html" not in response.content.decode()
    assert "Canarisynthese" in response.content.decode()


def test_neighbours_are_those_that_the_reader_reads(secretariat):
    session = factories.CallSessionFactory()
    rows = [
        factories.ApplicationFactory(session=session, reference=f"D-{n}", title=f"Dossier n{n}")
        for n in range(1, 5)
    ]
    factories.ApplicationFactory(session=session, reference="D-35", undisclosed=True)
    factories.ApplicationFactory(reference="D-15")
    factories.RecusalFactory(application=rows[1], user=secretariat)
    client = signed_in(secretariat)

    def neighbours(row):
        context = client.get(sub_url(row, "sheet")).context
        return context["previous"], context["next"]

    assert neighbours(rows[0]) == (None, rows[2])
    assert neighbours(rows[2]) == (rows[0], rows[3])
    assert neighbours(rows[3]) == (rows[2], None)
    assert client.get(sub_url(rows[1], "sheet")).status_code == 404


def test_sheets_cost_the_same_at_one_and_three(secretariat, django_assert_num_queries):
    session = factories.CallSessionFactory()
    factories.EligibilityRuleFactory(session=session)

    def make():
        row = factories.ApplicationFactory(session=session, asked_amount=100, total_cost=0)
        factories.BearerFactory(application=row)
        factories.ReviewScoreFactory(review__application=row)
        factories.RecusalFactory(application=row)
        return row

    def read(expected):
        rows = list(Application.objects.order_by("pk"))
        with django_assert_num_queries(14):
            found = sheet.sheets(rows, secretariat)
        assert [found[row.pk].rate for row in rows] == [None] * expected

    make()
    sheet.sheets(Application.objects.all(), secretariat)  # the account's rights are read once
    read(1)
    make()
    make()
    read(3)


def test_sheets_are_of_the_dossiers_read_in_full(application, reviewer, officer):
    hidden = factories.ApplicationFactory()
    undisclosed = factories.ApplicationFactory(undisclosed=True)
    rows = [application, hidden, undisclosed]

    assert set(sheet.sheets(rows, officer)) == {application.pk}
    assert sheet.sheets(rows, reviewer) == {}
    assert set(sheet.sheets(iter(rows), account("Décision"))) == {application.pk, hidden.pk}
