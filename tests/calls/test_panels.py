"""The first page and the follow-up of a session: each number links to exactly what it counts."""

import datetime
import re

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from calls.admin import panels
from calls.admin.application_filters import BY_PARAMETER, conditions_met
from calls.models import Application, CallSession, Committee, Selection
from calls.permissions import ROLES
from tests import factories

pytestmark = pytest.mark.django_db

State, Outcome = Application.State, Selection.Outcome
TODAY = timezone.localdate()
YESTERDAY = TODAY - datetime.timedelta(days=1)
NOW = timezone.now()


class World:
    """A session with at least one row for each task and each anomaly, and rows to leave out."""

    def __init__(self):
        self.institution = factories.OrganisationFactory()
        self.officer = factories.UserFactory(role="Instruction")
        self.reviewer = factories.UserFactory(role="Avis")
        factories.AffiliationFactory(user=self.reviewer, organisation=self.institution)
        self.session = factories.CallSessionFactory(envelope=1000, deadline_on=TODAY)
        self.session.expected_institutions.add(self.institution)
        self.other = factories.CallSessionFactory(call=self.session.call)
        self.dossier(state=State.RECEIVED)
        self.dossier(undisclosed=True)
        self.dossier(state=State.INADMISSIBLE, admissibility_reason="Hors sujet.")
        self.dossier(state=State.ADMISSIBLE)
        mine = {"case_officer": self.officer}
        self.dossier(state=State.ADMISSIBLE, **mine)
        late = self.dossier(state=State.UNDER_REVIEW, **mine)
        self.review(late, due_on=YESTERDAY)
        theirs = {"case_officer": factories.UserFactory(role="Instruction")}
        asked = self.dossier(state=State.UNDER_REVIEW, **theirs)
        self.review(asked, due_on=TODAY)
        given = self.dossier(state=State.UNDER_REVIEW, **mine)
        self.review(given, rendered=True)
        waiting = self.dossier(state=State.INFO_REQUESTED, **mine)
        factories.InformationRequestFactory(application=waiting, due_on=YESTERDAY)
        self.review(waiting, institution=factories.OrganisationFactory())
        answered = self.dossier(state=State.INFO_REQUESTED, **theirs)
        factories.InformationRequestFactory(
            application=answered, due_on=YESTERDAY, asked_at=NOW, closed_at=NOW
        )
        factories.InformationRequestFactory(application=answered, due_on=TODAY)
        self.dossier(state=State.WITHDRAWN, withdrawal_reason="Abandon.", withdrawn_at=NOW)
        self.review(self.reviewed(), due_on=YESTERDAY)
        self.planned = self.sitting(held_on=TODAY)
        self.sitting(held_on=TODAY + datetime.timedelta(days=1))
        self.sitting()
        self.opened = self.sitting(
            state="open", held_on=TODAY, chair="Présidence", quorum=1, opened_at=NOW
        )
        self.select(self.reviewed(**mine), self.opened)
        self.select(self.reviewed(), self.planned)
        self.select(
            self.reviewed(), self.opened, state="proposed", outcome="not_retained", motive="Non."
        )
        self.closed = self.sitting(state="closed", held_on=YESTERDAY, closed_by=self.officer)
        retained = self.reviewed(asked_amount=900)
        self.decide(retained, Outcome.RETAINED, granted_amount=1001)
        self.decide(self.reviewed(), Outcome.DEFERRED)
        self.decide(self.reviewed(), Outcome.WAITING_LIST, rank=1)
        self.decide(self.reviewed(), Outcome.NOT_RETAINED)
        public = factories.LaureateFactory()
        self.decide(self.reviewed(), Outcome.RETAINED, amount_not_disclosed=True, laureate=public)
        letter = {"application": retained}
        factories.LetterFactory(**letter)
        factories.LetterFactory(**letter, reviewed_at=NOW, reviewed_by=self.officer)
        factories.LetterFactory(**letter, superseded_at=NOW, superseded_reason="Corrigé.")
        self.dossier(state=State.RECEIVED, received_on=TODAY + datetime.timedelta(days=2))
        self.dossier(state=State.RECEIVED, received_on=TODAY, completed_on=YESTERDAY)
        self.dossier(state=State.ADMISSIBLE, admissibility_decided_at=None)
        factories.ApplicationFactory(session=self.other)

    def dossier(self, **values):
        state = values.get("state", State.RECEIVED)
        if state != State.RECEIVED:
            values.setdefault("admissibility_decided_at", NOW)
        if state in (State.UNDER_REVIEW, State.INFO_REQUESTED):
            values.setdefault("review_started_at", NOW)
        return factories.ApplicationFactory(session=self.session, **values)

    def reviewed(self, **values):
        return self.dossier(
            state=State.REVIEWED,
            review_started_at=NOW,
            reviewed_at=NOW,
            synthesis="Solide.",
            **values,
        )

    def review(self, application, **values):
        return factories.ReviewFactory(
            **{"application": application, "institution": self.institution, **values}
        )

    def sitting(self, **values):
        return factories.CommitteeFactory(session=self.session, **values)

    def select(self, application, committee, **values):
        return factories.SelectionFactory(application=application, committee=committee, **values)

    def decide(self, application, outcome, **values):
        return self.select(
            application,
            self.closed,
            state="validated",
            outcome=outcome,
            motive="Motif.",
            decided_on=YESTERDAY,
            decided_by=self.officer,
            **values,
        )


@pytest.fixture
def world():
    return World()


def panel(client, title):
    found = [panel for panel in client.get("/admin/").context["panels"] if panel["title"] == title]
    return found[0]["context"] if found else None


def to_do(client):
    """{label: count} of the tasks, then of the anomalies."""
    context = panel(client, "À faire")
    return tuple(
        {item["label"]: item["count"] for item in context[name]} for name in ("items", "anomalies")
    )


def listed(client, address):
    response = client.get(address)
    assert response.status_code == 200, address
    return response.context["cl"].result_count


# To do -----------------------------------------------------------------------


def test_the_secretariat_has_every_dossier_to_move(world, client):
    client.force_login(factories.UserFactory(role="Secrétariat"))
    tasks, anomalies = to_do(client)
    assert tasks == {
        "À déclarer recevables": 4,
        "Recevables sans instructeur": 2,
        "À mettre en instruction": 3,
        "En instruction": 5,
        "Compléments en retard": 1,
        "Avis à demander": 5,
        "Avis attendus": 3,
        "Avis en retard": 1,
        "À inscrire à l’ordre du jour": 2,
        "À proposer": 2,
        "Séances à ouvrir": 1,
        "Courriers à relire": 1,
        "Courriers à envoyer": 1,
    }
    assert anomalies == {
        "État atteint sans date": 1,
        "Dates en désordre": 1,
        "Déposés après la date limite": 1,
        "Montant accordé supérieur au montant demandé": 1,
        "Séances closes sans relevé de décisions": 1,
        "Sessions dont l’enveloppe est dépassée sans motif": 1,
    }


def test_an_officer_has_their_own_dossiers_to_move(world, client):
    client.force_login(world.officer)
    tasks, anomalies = to_do(client)
    assert tasks == {
        "À mettre en instruction (mes dossiers)": 1,
        "En instruction (mes dossiers)": 3,
        "Compléments en retard (mes dossiers)": 1,
        "Avis à demander (mes dossiers)": 2,
        "Avis attendus (mes dossiers)": 2,
        "Avis en retard (mes dossiers)": 1,
        "À proposer (mes dossiers)": 1,
    }
    assert anomalies == {}


def test_a_reviewer_has_the_opinions_asked_of_them(world, client):
    client.force_login(world.reviewer)
    assert to_do(client) == ({"Avis à rendre": 2, "Avis à rendre, en retard": 1}, {})


def test_a_decider_has_the_sittings_to_open_and_close(world, client):
    client.force_login(factories.UserFactory(role="Décision"))
    tasks, anomalies = to_do(client)
    assert tasks == {"À proposer": 2, "Séances à ouvrir": 1, "Séances à clore": 1}
    assert list(anomalies) == [
        "Montant accordé supérieur au montant demandé",
        "Séances closes sans relevé de décisions",
        "Sessions dont l’enveloppe est dépassée sans motif",
    ]


def unlink_laureates(world):
    """A fictional call has no laureate."""
    for selection in Selection.objects.filter(
        application__session=world.session, laureate__isnull=False
    ):
        selection.laureate = None
        selection.save()


def test_a_publisher_has_the_retained_projects_that_no_one_can_read(world, client):
    client.force_login(factories.UserFactory(role="Publication"))
    assert to_do(client) == ({}, {"Retenus sans lauréat publié": 1})
    unlink_laureates(world)
    assert to_do(client) != ({}, {})
    world.session.call.is_fictional = True
    world.session.call.save()
    assert to_do(client) == ({}, {})


def test_a_reader_has_nothing_to_do(world, client):
    user = factories.UserFactory(role="Lecture")
    factories.SessionAccessFactory(user=user, session=world.session)
    client.force_login(user)
    assert panel(client, "À faire") is None


@pytest.mark.parametrize("name", [*ROLES, "superutilisateur"])
def test_each_number_is_that_of_the_list_it_leads_to(name, world, client):
    if name == "superutilisateur":
        user = factories.UserFactory(superuser=True)
    else:
        user = {"Instruction": world.officer, "Avis": world.reviewer}.get(name)
        user = user or factories.UserFactory(role=name)
    factories.SessionAccessFactory(user=user, session=world.session)
    client.force_login(user)
    links = []
    if context := panel(client, "À faire"):
        links += [(item["url"], item["count"]) for item in context["items"] + context["anomalies"]]
    for item in (panel(client, "Sessions") or {"items": ()})["items"]:
        tallies = (*item.funnel, item.undisclosed, *item.states, *item.outcomes)
        links += [(tally.url, tally.count) for tally in tallies]
        page = client.get(item.url)
        links += [(tally.url, tally.count) for tally in page.context["work"]]
    assert links
    for address, count in links:
        assert listed(client, address) == count, address
    assert any(count for _, count in links)


def test_whoever_is_recused_loses_the_dossier_from_every_count(world, client):
    user = factories.UserFactory(role="Décision")
    client.force_login(user)
    tasks, anomalies = to_do(client)
    assert (tasks["À proposer"], tasks["Séances à clore"]) == (2, 1)
    examined = world.opened.selections.get(state="to_examine").application
    factories.RecusalFactory(user=user, application=examined)
    tasks, after = to_do(client)
    assert (tasks["À proposer"], tasks["Séances à clore"]) == (1, 0)
    assert "Montant accordé supérieur au montant demandé" in after
    assert "Sessions dont l’enveloppe est dépassée sans motif" in anomalies.keys() - after.keys()
    factories.RecusalFactory(
        user=user, application=Application.objects.get(selections__granted_amount=1001)
    )
    assert "Montant accordé supérieur au montant demandé" not in to_do(client)[1]


@pytest.mark.parametrize("name", ["Avis", "Publication"])
def test_who_does_not_read_in_full_learns_no_stage_from_a_forged_address(name, world, client):
    user = world.reviewer if name == "Avis" else factories.UserFactory(role=name)
    client.force_login(user)
    everything = listed(client, reverse("admin:calls_application_changelist"))
    assert everything
    allowed = {
        "Avis": {"a-rendre", "a-rendre-en-retard"},
        "Publication": {"retenu-non-publie"},
    }[name]
    for parameter, item in BY_PARAMETER.items():
        for value in item.conditions:
            address = f"{reverse('admin:calls_application_changelist')}?{parameter}={value}"
            if value not in allowed:
                assert listed(client, address) == everything, address
                hidden = conditions_met(user, **{parameter: value})
                assert not Application.objects.filter(hidden).exists()


def test_a_date_taken_from_a_document_is_no_anomaly(client):
    call_command(
        "loaddata", "territories", "themes", "organisations", "ftap_2019_session_2", verbosity=0
    )
    client.force_login(factories.UserFactory(superuser=True))
    tasks, anomalies = to_do(client)
    assert anomalies == {}
    assert set(tasks.values()) == {0}


# Sessions --------------------------------------------------------------------


def text_of(response):
    found = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"[ \n]+", " ", found.replace("&nbsp;", "\u00a0"))


def test_the_session_of_2019_shows_its_figures_on_the_first_page(client):
    call_command(
        "loaddata", "territories", "themes", "organisations", "ftap_2019_session_2", verbosity=0
    )
    client.force_login(factories.UserFactory(role="Secrétariat"))
    session = CallSession.objects.get()
    for address in ("/admin/", reverse("admin:calls_callsession_dashboard", args=[session.pk])):
        text = text_of(client.get(address))
        for words in (
            "29 reçus",
            "dont 13 non détaillés",
            "16 recevables",
            "16 instruits",
            "16 retenus",
            "73\u00a0jours",
            "55,2\u00a0%",
            "date du comité − date limite de dépôt",
            "dossiers retenus ÷ dossiers reçus",
            "16 dossiers, 13 écartés",
            "(0 montant connu sur 16)",
            "non communiquée",
        ):
            assert words in text, words


def test_the_follow_up_lists_the_dossiers_left_out(world, client):
    client.force_login(factories.UserFactory(role="Secrétariat"))
    response = client.get(reverse("admin:calls_callsession_dashboard", args=[world.session.pk]))
    delay = response.context["item"].figures.delay
    assert delay.left_out
    for group in delay.left_out:
        for dossier in group.dossiers:
            address = reverse("admin:calls_application_change", args=[dossier["pk"]])
            assert f'<a href="{address}">{dossier["reference"]}</a>' in response.content.decode()
    assert str(world.opened) in text_of(response)
    assert "dépassée de" in text_of(response)


def test_a_recusal_masks_the_totals_of_the_session(world, client):
    user = factories.UserFactory(role="Secrétariat")
    client.force_login(user)
    hidden = Application.objects.get(selections__granted_amount=1001)
    address = reverse("admin:calls_callsession_dashboard", args=[world.session.pk])
    for page in ("/admin/", address):
        assert "1\u202f001\u00a0€" in text_of(client.get(page))
    factories.RecusalFactory(user=user, application=hidden)
    for page in ("/admin/", address):
        text = text_of(client.get(page))
        assert "masqué\u00a0: déport" in text
        assert "1\u202f001" not in text
        assert hidden.reference not in text
        assert "dépassée" not in text


def test_figures_of_a_part_say_so_and_hide_the_envelope(world, client):
    client.force_login(world.officer)
    text = text_of(client.get("/admin/"))
    assert "non sur toute la session" in text
    assert "enveloppe" not in text.lower()
    assert "sélectivité" not in text


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("Lecture", 403),
        ("Instruction", 200),
        ("Avis", 403),
        ("Secrétariat", 200),
        ("Décision", 200),
        ("Publication", 403),
    ],
)
def test_who_opens_the_follow_up(name, status, world, client):
    user = world.officer if name == "Instruction" else factories.UserFactory(role=name)
    client.force_login(user)
    address = reverse("admin:calls_callsession_dashboard", args=[world.session.pk])
    assert client.get(address).status_code == status
    assert client.post(address).status_code == 405
    if name == "Instruction":
        empty = reverse("admin:calls_callsession_dashboard", args=[world.other.pk])
        assert client.get(empty).status_code == 403


@pytest.mark.parametrize("key", ["999999", "abc", "1_", "9" * 20])
def test_an_unknown_session_is_absent(key, world, client):
    client.force_login(factories.UserFactory(role="Secrétariat"))
    assert client.get(f"/admin/calls/callsession/{key}/suivi/").status_code == 404


def test_the_list_of_sessions_leads_to_the_follow_up_where_it_opens(world, client):
    address = reverse("admin:calls_callsession_dashboard", args=[world.session.pk])
    client.force_login(factories.UserFactory(role="Secrétariat"))
    page = client.get(reverse("admin:calls_callsession_changelist")).content.decode()
    assert address in page
    change = reverse("admin:calls_callsession_change", args=[world.session.pk])
    assert address in client.get(change).content.decode()
    client.force_login(factories.UserFactory(role="Lecture"))
    page = client.get(reverse("admin:calls_callsession_changelist")).content.decode()
    assert "suivi/" not in page
    assert "suivi/" not in client.get(change).content.decode()


@pytest.mark.parametrize("is_fictional", [True, False])
def test_a_fictional_session_says_so_everywhere(is_fictional, world, client):
    unlink_laureates(world)
    call = world.session.call
    call.is_fictional = is_fictional
    call.save()
    client.force_login(factories.UserFactory(role="Secrétariat"))
    for page in (
        "/admin/",
        reverse("admin:calls_callsession_dashboard", args=[world.session.pk]),
        reverse("admin:calls_callsession_change", args=[world.session.pk]),
        reverse("admin:calls_application_change", args=[world.session.applications.first().pk]),
        reverse("admin:calls_committee_change", args=[world.opened.pk]),
        reverse("admin:calls_committee_sitting", args=[world.opened.pk]),
        reverse("admin:calls_selection_change", args=[world.opened.selections.first().pk]),
    ):
        assert ("Session fictive" in text_of(client.get(page))) == is_fictional, page


# Cost ------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_the_first_page_costs_the_same_whatever_there_is(
    count, client, django_assert_num_queries, settings
):
    settings.ADMIN_INDEX_PANELS = ["calls.admin.panels.to_do", "calls.admin.panels.sessions"]
    for _ in range(count):
        world = World()
    client.force_login(factories.UserFactory(superuser=True))
    client.get("/admin/")
    with django_assert_num_queries(29):
        client.get("/admin/")
    address = reverse("admin:calls_callsession_dashboard", args=[world.session.pk])
    with django_assert_num_queries(9):
        client.get(address)


def test_the_first_page_shows_a_few_sessions_and_leads_to_the_others(client):
    for _ in range(panels.SESSIONS_MAX + 1):
        factories.CallSessionFactory()
    client.force_login(factories.UserFactory(role="Secrétariat"))
    context = panel(client, "Sessions")
    assert len(context["items"]) == panels.SESSIONS_MAX
    assert listed(client, context["all_url"]) == panels.SESSIONS_MAX + 1
    assert Committee.objects.count() == 0
