"""Filters of the list of dossiers: the stages of work, and what a to-do or a figure links to.

Each condition is written once, here; the first page counts with `conditions_met` what its links
then list.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import admin
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from calls import indicators, reading
from calls.models import (
    Application,
    CallSession,
    Committee,
    InformationRequest,
    Review,
    Selection,
)
from calls.models.application import DISORDERED
from laureates.models import Laureate

State, Outcome = Application.State, Selection.Outcome
# Held by those who read dossiers in full; neither by reviewers of other institutions nor by
# publishers, who are not told how far the examination has gone.
IN_FULL = "calls.view_committee"
UNDER_OPINION = (State.ADMISSIBLE, State.UNDER_REVIEW, State.INFO_REQUESTED)


@dataclass(frozen=True)
class Condition:
    """Dossiers of one kind: `rows` gives, for the reader, what to ask of each.

    `permission` is that of its readers. Except for `is_partial` ones, nothing is learnt of a
    dossier that is not read in full. Asked of rows that exist for the reader, and of no other.
    """

    label: str
    rows: Callable[[object], Q]
    permission: str = IN_FULL
    is_partial: bool = False

    def met(self, user) -> Q:
        if not user.has_perm(self.permission):
            return Q(pk__in=())
        if self.is_partial or not reading.is_partial(user):
            return self.rows(user)
        return self.rows(user) & Q(pk__in=Application.objects.read_in_full_by(user).values("pk"))


class ReaderFilter(admin.SimpleListFilter):
    """A filter on named conditions; those that are not for the reader are neither shown nor
    applied."""

    conditions: dict[str, Condition] = {}

    def lookups(self, request, model_admin):
        return [
            (value, condition.label)
            for value, condition in self.conditions.items()
            if request.user.has_perm(condition.permission)
        ]

    def queryset(self, request, queryset):
        condition = self.conditions.get(self.value())
        if condition is None or not request.user.has_perm(condition.permission):
            return queryset
        return queryset.filter(condition.met(request.user))


def conditions_met(user, **values: str) -> Q:
    """What the list asks of each dossier at `?parameter=value&…`: conditions_met(user, etape=…)."""
    found = Q()
    for parameter, value in values.items():
        found &= BY_PARAMETER[parameter].conditions[value].met(user)
    return found


# Stages of work --------------------------------------------------------------


def _in_states(*states):
    return lambda user: Q(state__in=states, is_undisclosed=False)


def _to_enter(user):
    """Reviewed, on no agenda, with no decision in force but an adjournment."""
    closing = Selection.objects.live().exclude(
        state=Selection.State.VALIDATED, outcome=Outcome.DEFERRED
    )
    return Q(state=State.REVIEWED, is_undisclosed=False) & ~indicators.has_one_of(closing)


def _to_propose(user):
    """On the agenda of a sitting to come or open, with no proposal."""
    waiting = (
        Selection.objects.live()
        .filter(state=Selection.State.TO_EXAMINE)
        .exclude(committee__state=Committee.State.CLOSED)
    )
    return Q(pk__in=waiting.values("application"))


class StageFilter(ReaderFilter):
    title = "étape"
    parameter_name = "etape"
    conditions = {
        "a-declarer": Condition("à déclarer recevables", _in_states(State.RECEIVED)),
        "a-instruire": Condition("à mettre en instruction", _in_states(State.ADMISSIBLE)),
        "en-instruction": Condition(
            "en instruction", _in_states(State.UNDER_REVIEW, State.INFO_REQUESTED)
        ),
        "instruits": Condition("instruits", _in_states(State.REVIEWED)),
        "a-inscrire": Condition("à inscrire à l’ordre du jour", _to_enter),
        "a-proposer": Condition("inscrits, sans proposition", _to_propose),
    }


class StateFilter(ReaderFilter):
    title = "état"
    parameter_name = "etat"
    conditions = {state.value: Condition(state.label, _in_states(state)) for state in State}


class OfficerFilter(ReaderFilter):
    title = "instructeur"
    parameter_name = "instructeur"
    conditions = {
        "moi": Condition(
            "mes dossiers", lambda user: Q(case_officer=user.pk), "calls.instruct_application"
        ),
        "aucun": Condition(
            "sans instructeur", lambda user: Q(case_officer=None, is_undisclosed=False)
        ),
    }


# Opinions and information ----------------------------------------------------


def _with_reviews(select):
    """Dossiers where opinions can still be given, by the opinions that the reader may see."""
    return lambda user: Q(
        state__in=UNDER_OPINION,
        pk__in=select(Review.objects.visible_to(user)).values("application"),
    )


def _asked_of_reader(select):
    return lambda user: Q(
        state__in=UNDER_OPINION,
        pk__in=select(Review.objects.visible_to(user).asked_of(user)).values("application"),
    )


def _to_ask(user):
    """Under review, with an institution whose opinion the session expects and nobody asked."""
    expected = CallSession.expected_institutions.through.objects.filter(
        callsession=OuterRef("session")
    )
    asked = Review.objects.live().filter(
        application=OuterRef(OuterRef("pk")), institution=OuterRef("organisation")
    )
    return Q(state__in=UNDER_OPINION) & Q(Exists(expected.exclude(Exists(asked))))


class OpinionFilter(ReaderFilter):
    title = "avis"
    parameter_name = "avis"
    conditions = {
        "a-rendre": Condition(
            "demandés à mon institution",
            _asked_of_reader(lambda reviews: reviews.expected()),
            "calls.give_opinion",
            is_partial=True,
        ),
        "a-rendre-en-retard": Condition(
            "demandés à mon institution, en retard",
            _asked_of_reader(lambda reviews: reviews.overdue()),
            "calls.give_opinion",
            is_partial=True,
        ),
        "a-demander": Condition("à demander", _to_ask),
        "attendus": Condition("attendus", _with_reviews(lambda reviews: reviews.expected())),
        "en-retard": Condition("en retard", _with_reviews(lambda reviews: reviews.overdue())),
    }


def _open_requests(user):
    return InformationRequest.objects.visible_to(user).filter(closed_at=None)


class InformationFilter(ReaderFilter):
    title = "complément"
    parameter_name = "complement"
    conditions = {
        "attendus": Condition(
            "attendus", lambda user: Q(pk__in=_open_requests(user).values("application"))
        ),
        "en-retard": Condition(
            "en retard",
            lambda user: Q(
                pk__in=_open_requests(user)
                .filter(due_on__lt=timezone.localdate())
                .values("application")
            ),
        ),
    }


# Steps of a session ----------------------------------------------------------


def _decided(outcome):
    return lambda user: indicators.decided(outcome)


class StepFilter(ReaderFilter):
    """What dossiers went through, wherever they are now."""

    title = "parcours"
    parameter_name = "parcours"
    conditions = {
        "recus": Condition("reçus", lambda user: Q()),
        "recevables": Condition(
            "déclarés recevables",
            lambda user: indicators.DECLARED_ADMISSIBLE & Q(is_undisclosed=False),
        ),
        "instruits": Condition("instruits", lambda user: indicators.REVIEW_COMPLETED),
        "retenus": Condition("retenus", _decided(Outcome.RETAINED)),
        "non-retenus": Condition("non retenus", _decided(Outcome.NOT_RETAINED)),
        "ajournes": Condition("ajournés", _decided(Outcome.DEFERRED)),
        "liste-d-attente": Condition("sur liste d’attente", _decided(Outcome.WAITING_LIST)),
        "en-attente": Condition(
            "en attente d’une décision", lambda user: indicators.awaiting_decision()
        ),
        "non-detailles": Condition("non détaillés", lambda user: Q(is_undisclosed=True)),
    }


# What does not agree ---------------------------------------------------------


def _undated(user):
    """A state reached with no date of when, though nothing says it was taken from a document."""
    recorded = Selection.objects.live().exclude(record_source="")
    gaps = (
        Q(admissibility_decided_at=None)
        & Q(state__in=(State.INADMISSIBLE, State.ADMISSIBLE, State.UNDER_REVIEW))
        | Q(state__in=(State.UNDER_REVIEW, State.INFO_REQUESTED), review_started_at=None)
        | Q(state=State.REVIEWED, reviewed_at=None)
        | Q(state=State.WITHDRAWN, withdrawn_at=None)
    )
    return gaps & ~indicators.has_one_of(recorded)


def _disordered(user):
    return DISORDERED


def _late(user):
    return Q(received_on__gt=F("session__deadline_on")) & ~Q(
        state__in=(State.INADMISSIBLE, State.WITHDRAWN)
    )


def _above_request(user):
    granted = Selection.objects.retained().filter(granted_amount__gt=F("application__asked_amount"))
    return Q(pk__in=granted.values("application"))


def _unpublished(user):
    """Retained, of a real call, with no laureate that visitors can see."""
    published = Laureate.objects.published().filter(pk=OuterRef("laureate"))
    fictional = CallSession.objects.filter(call__is_fictional=True)
    waiting = Selection.objects.visible_to(user).retained().exclude(Exists(published))
    return Q(pk__in=waiting.values("application")) & ~Q(session__in=fictional.values("pk"))


class AnomalyFilter(ReaderFilter):
    title = "anomalie"
    parameter_name = "anomalie"
    conditions = {
        "sans-date": Condition("état atteint sans date", _undated),
        "dates-en-desordre": Condition("dates en désordre", _disordered),
        "depot-tardif": Condition("déposés après la date limite", _late),
        "accorde-plus-que-demande": Condition(
            "montant accordé supérieur au montant demandé", _above_request
        ),
        "retenu-non-publie": Condition(
            "retenus sans lauréat publié",
            _unpublished,
            "calls.view_selection",
            is_partial=True,
        ),
    }


# In the order of the list's column of filters.
FILTERS = (
    StageFilter,
    StateFilter,
    OfficerFilter,
    OpinionFilter,
    InformationFilter,
    StepFilter,
    AnomalyFilter,
)
BY_PARAMETER = {item.parameter_name: item for item in FILTERS}
