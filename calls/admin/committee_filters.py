"""Filters of the list of sittings: what a to-do links to."""

from django.db.models import Q
from django.utils import timezone

from calls.admin.application_filters import Condition, ReaderFilter
from calls.models import Committee, Minutes

State = Committee.State


def _to_open(user):
    return Q(state=State.PLANNED, held_on__lte=timezone.localdate())


def _to_close(user):
    """Open, with no dossier that the reader is recused from: those another person closes."""
    return Q(state=State.OPEN) & ~Q(pk__in=Committee.objects.masked_for(user).values("pk"))


def _without_minutes(user):
    """Closed in this application; one taken from a document has minutes elsewhere."""
    return Q(state=State.CLOSED, closed_by__isnull=False) & ~Q(
        pk__in=Minutes.objects.values("committee")
    )


class CommitteeStageFilter(ReaderFilter):
    title = "étape"
    parameter_name = "etape"
    conditions = {
        "a-ouvrir": Condition("à ouvrir", _to_open, "calls.open_committee", is_partial=True),
        "a-clore": Condition("à clore", _to_close, "calls.decide", is_partial=True),
    }


class CommitteeAnomalyFilter(ReaderFilter):
    title = "anomalie"
    parameter_name = "anomalie"
    conditions = {
        "sans-releve": Condition(
            "closes sans relevé de décisions",
            _without_minutes,
            "calls.read_every_application",
            is_partial=True,
        ),
    }


FILTERS = (CommitteeStageFilter, CommitteeAnomalyFilter)
BY_PARAMETER = {item.parameter_name: item for item in FILTERS}
