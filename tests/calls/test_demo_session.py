"""The fictional session: complete, marked as such, built through the gates, never publishable."""

import datetime
import io
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from calls import demo, history
from calls.demo import files, projects
from calls.models import (
    Application,
    Attachment,
    Bearer,
    Call,
    CallSession,
    Committee,
    InformationRequest,
    Letter,
    Minutes,
    Note,
    Recusal,
    Review,
    ReviewScore,
    Selection,
)
from calls.models.event import Event
from calls.permissions import ROLES
from laureates.models import Laureate, Organisation
from tests import factories

pytestmark = pytest.mark.django_db


def run(**options):
    output = io.StringIO()
    call_command("demo_session", stdout=output, **options)
    return output.getvalue()


# What it holds ---------------------------------------------------------------


class DemoTests(TestCase):
    """On one session, built once: it takes seconds."""

    @classmethod
    def setUpTestData(cls):
        cls.built = demo.build()

    def test_there_are_dossiers_in_every_state(self):
        states = Counter(self.built.session.applications.values_list("state", flat=True))
        assert set(states) == set(Application.State.values)
        assert 28 <= sum(states.values()) <= 35
        assert not self.built.session.applications.filter(is_undisclosed=True).exists()

    def test_there_is_something_of_each_kind_to_try(self):
        today = timezone.localdate()
        reviews = Review.objects.filter(application__session=self.built.session)
        assert reviews.rendered().count() > 20
        assert reviews.expected().exists()
        assert reviews.overdue().count() == 1
        assert ReviewScore.objects.exists()
        assert InformationRequest.objects.filter(closed_at=None, due_on__lt=today).count() == 1
        assert InformationRequest.objects.filter(closed_at=None, due_on__gte=today).count() == 1
        assert Note.objects.exists()
        types = set(Attachment.objects.values_list("media_type", flat=True))
        assert types == {"text/csv", "application/pdf"}
        assert Attachment.objects.filter(is_internal=True).exists()
        letters = Letter.objects.all()
        assert letters.filter(sent_at__isnull=False).count() == 1
        assert letters.pending().filter(reviewed_at=None).exists()
        assert letters.pending().filter(reviewed_at__isnull=False).exists()
        assert self.built.session.eligibility_rules.count() == 5
        assert (
            self.built.session.call.criteria.filter(weight__isnull=False, scale_max=5).count() == 4
        )
        assert self.built.session.expected_institutions.count() == 2
        assert self.built.session.envelope == 9_000_000

    def test_a_sitting_is_closed_and_another_is_open(self):
        past = Committee.objects.get(state="closed")
        outcomes = Counter(past.selections.validated().values_list("outcome", flat=True))
        assert outcomes == {"retained": 2, "not_retained": 1, "deferred": 1, "waiting_list": 1}
        assert past.selections.filter(amount_not_disclosed=True).count() == 1
        assert Minutes.objects.get().committee == past
        assert past.held_on < timezone.localdate()

        sitting = self.built.sitting
        sitting.refresh_from_db()
        assert (sitting.state, sitting.held_on) == ("open", timezone.localdate())
        agenda = sitting.selections.live()
        assert agenda.count() == 12
        assert agenda.filter(state="to_examine").count() == 4
        proposed = set(agenda.filter(state="proposed").values_list("outcome", flat=True))
        assert proposed == set(Selection.Outcome.values)
        back = past.selections.get(outcome="deferred").application
        assert agenda.filter(application=back, state="to_examine").exists()

    def test_granting_all_that_remains_would_exceed_the_envelope(self):
        granted = sum(
            row.granted_amount or 0 for row in Selection.objects.live().filter(outcome="retained")
        )
        waiting = sum(
            row.application.asked_amount
            for row in self.built.sitting.selections.filter(state="to_examine").select_related(
                "application"
            )
        )
        assert granted < self.built.session.envelope < granted + waiting

    def test_a_member_with_an_account_is_recused_from_a_dossier_of_the_agenda(self):
        recusal = Recusal.objects.get()
        member = self.built.accounts["member"]
        assert recusal.member.user == member
        assert self.built.sitting.selections.filter(application=recusal.application).exists()
        visible = Application.objects.visible_to(member)
        assert visible.exists()
        assert recusal.application not in visible

    def test_each_role_has_an_account_with_something_to_see(self):
        roles = {user.groups.get().name for user in self.built.accounts.values()}
        assert roles == set(ROLES)
        for key, user in self.built.accounts.items():
            assert user.is_staff
            assert not user.is_superuser
            assert user.email.endswith("@example.org")
            assert Application.objects.visible_to(user).exists(), key
            self.client.force_login(user)
            assert self.client.get("/admin/").status_code == 200
            assert self.client.get(reverse("admin:calls_application_changelist")).status_code == 200

    def test_its_history_is_that_of_its_own_accounts_and_holds(self):
        assert history.verify().broken_at is None
        events = Event.objects.all()
        assert set(events.values_list("actor", flat=True)) <= {
            user.pk for user in self.built.accounts.values()
        }
        acts = set(events.values_list("action", flat=True))
        assert {
            "declare_admissible",
            "declare_inadmissible",
            "start_review",
            "request_information",
            "complete_review",
            "withdraw",
            "assign",
            "ask_opinion",
            "give_opinion",
            "put_on_agenda",
            "propose",
            "record_attendance",
            "open",
            "close",
            "validate",
            "recusal_declared",
            "letter_sent",
        } <= acts
        assert not events.filter(
            occurred_at__lt=timezone.now() - datetime.timedelta(hours=1)
        ).exists()

    def test_each_run_gives_the_same_scores(self):
        rendered = Review.objects.rendered()
        verdicts = Counter(rendered.values_list("verdict", flat=True))
        assert verdicts == {"favourable": 22, "reserved": 12, "unfavourable": 2}
        assert sum(ReviewScore.objects.values_list("score", flat=True)) == Decimal(496)

    def test_everything_in_it_says_that_it_is_fictional(self):
        session = CallSession.objects.get()
        assert session.call.is_fictional
        assert session.call.title.startswith("[Fictif] ")
        assert session.call.fund.name.startswith("[Fictif] ")
        for row in Application.objects.all():
            assert row.title.startswith("[Fictif] ")
            assert row.reference.startswith("FICTIF-")
            assert row.contact_email.endswith("@example.org")
        for organisation in Organisation.objects.all():
            assert organisation.name.endswith(" (organisme fictif)")
        for bearer in Bearer.objects.all():
            assert bearer.declared_name.endswith(" (organisme fictif)")
        for committee in Committee.objects.all():
            assert committee.name.startswith("[Fictif] ")
            for member in committee.members.all():
                assert "fictive" in member.title
        for letter in Letter.objects.exclude(kind__contains="opinion"):
            assert "fictive" in letter.body.lower()
        assert '"fictional":true' in Minutes.objects.get().content
        for user in self.built.accounts.values():
            assert "(compte fictif)" in user.get_full_name()

    def test_nothing_of_it_is_public(self):
        canaries = ["[Fictif]", "organisme fictif", "FICTIF-", "fictif-"]
        for address in ("/", "/laureats/", "/organismes/", "/annonces/", "/sitemap.xml"):
            response = self.client.get(address, follow=True)
            text = response.content.decode()
            for canary in canaries:
                assert canary not in text, address
        for organisation in Organisation.objects.all():
            assert self.client.get(organisation.get_absolute_url()).status_code == 404

    def test_a_fictional_call_is_never_published(self):
        call = self.built.session.call
        call.published_at = timezone.now()
        with pytest.raises(ValidationError, match="fictif"):
            call.full_clean()
        with pytest.raises(IntegrityError), transaction.atomic():
            Call.objects.filter(pk=call.pk).update(published_at=timezone.now())

    def test_no_laureate_is_linked_to_a_fictional_dossier(self):
        laureate = factories.LaureateFactory()
        selection = Selection.objects.retained().first()
        with pytest.raises(IntegrityError), transaction.atomic():
            Selection.objects.filter(pk=selection.pk).update(laureate=laureate)
        selection.laureate = laureate
        with pytest.raises(ValidationError, match="fictif"):
            selection.full_clean()
        real = factories.SelectionFactory(retained=True)
        Selection.objects.filter(pk=real.pk).update(laureate=laureate)
        assert Laureate.objects.get(selection=real) == laureate


# Its files and its call --------------------------------------------------------


def test_the_files_are_small_and_say_so():
    for project in projects.PROJECTS:
        table = files.budget_table(project).read().decode("utf-8-sig")
        costs = [int(line.partition(";")[2]) for line in table.splitlines()[2:]]
        assert table.startswith("Document fictif;")
        assert sum(costs) == (project.cost or 0) * 1000
    page = files.letter_page("FICTIF-01").read()
    assert page.startswith(b"%PDF-")
    assert b"Document fictif - FICTIF-01" in page
    start = int(re.search(rb"startxref\n(\d+)\n", page)[1])
    assert page[start:].startswith(b"xref")
    places = [int(found) for found in re.findall(rb"(\d{10}) 00000 n", page)]
    for number, place in enumerate(places, 1):
        assert page[place:].startswith(b"%d 0 obj" % number)


def test_a_call_with_laureates_does_not_become_fictional():
    selection = factories.SelectionFactory(retained=True, laureate=factories.LaureateFactory())
    call = selection.application.session.call
    with pytest.raises(IntegrityError), transaction.atomic():
        Call.objects.filter(pk=call.pk).update(is_fictional=True)


@pytest.mark.django_db(transaction=True)
def test_no_message_leaves(django_capture_on_commit_callbacks):
    demo.build()
    assert mail.outbox == []


# Rows of others --------------------------------------------------------------


def test_real_rows_are_left_as_they_were():
    call_command(
        "loaddata", "territories", "themes", "organisations", "ftap_2019_session_2", verbosity=0
    )
    real = [
        Application,
        Bearer,
        Call,
        CallSession,
        Committee,
        Laureate,
        Organisation,
        Selection,
        get_user_model(),
    ]
    before = {model: list(model.objects.order_by("pk").values()) for model in real}
    demo.build()
    for model, rows in before.items():
        kept = model.objects.filter(pk__in=[row["id"] for row in rows]).order_by("pk")
        assert list(kept.values()) == rows
    session = CallSession.objects.get(slug="ftap-2019-session-2")
    assert session.applications.count() == 29


# The command -----------------------------------------------------------------


def test_the_command_names_the_accounts_and_how_to_sign_in(settings, client):
    settings.DEBUG = True
    output = run()
    assert "31 dossiers" in output
    for person in demo.PEOPLE.values():
        assert f"{person.username} " in output
        assert client.login(username=person.username, password=f"{person.username}-local")
    assert reverse("admin:calls_callsession_dashboard", args=[CallSession.objects.get().pk]) in (
        output
    )


def test_a_second_run_is_refused_and_says_why(settings):
    settings.DEBUG = True
    run()
    before = Event.objects.count()
    with pytest.raises(CommandError, match="L’historique ne s’efface pas") as refused:
        run()
    assert "un appel «\u00a0appel-fictif\u00a0»" in str(refused.value)
    assert "demo-secretariat" in str(refused.value)
    assert Event.objects.count() == before
    assert CallSession.objects.count() == 1


def test_an_account_of_the_same_name_is_in_the_way(settings):
    settings.DEBUG = True
    factories.UserFactory(username="demo-decision")
    with pytest.raises(CommandError, match="demo-decision"):
        run()
    assert not Call.objects.exists()


def test_without_the_roles_it_is_refused(settings):
    settings.DEBUG = True
    Group.objects.filter(name="Avis").delete()
    with pytest.raises(CommandError, match=r"\(Avis\).*migrate"):
        run()
    assert not Call.objects.exists()


def test_without_debug_it_is_refused(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="--force"):
        run()
    assert not Call.objects.exists()


def test_forced_without_debug_no_account_has_a_password(settings):
    settings.DEBUG = False
    output = run(force=True)
    users = get_user_model().objects.filter(username__startswith="demo-")
    assert users.count() == len(demo.PEOPLE)
    assert not any(user.has_usable_password() for user in users)
    assert "-local" not in output
    assert "sans mot de passe" in output


def test_a_failure_leaves_nothing(monkeypatch):
    def fail(story):
        raise RuntimeError("interrupted")

    monkeypatch.setattr("calls.demo.story.Story._prepare_open_sitting", fail)
    with pytest.raises(RuntimeError):
        demo.build()
    assert not Call.objects.exists()
    assert not Organisation.objects.exists()
    assert not Event.objects.exists()
    assert not get_user_model().objects.exists()
    folder = Path(django_settings.MEDIA_ROOT) / "attachments"
    assert not any(folder.glob("*")) or not Attachment.objects.exists()
