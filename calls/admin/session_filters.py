"""Filters of the list of sessions: what an anomaly links to."""

from django.db.models import Q

from calls import indicators
from calls.admin.application_filters import Condition, ReaderFilter


class SessionAnomalyFilter(ReaderFilter):
    title = "anomalie"
    parameter_name = "anomalie"
    conditions = {
        "enveloppe-depassee": Condition(
            "enveloppe dépassée sans motif",
            lambda user: Q(pk__in=indicators.exceeding_envelope(user).values("pk")),
            "calls.read_every_application",
            is_partial=True,
        ),
    }


FILTERS = (SessionAnomalyFilter,)
BY_PARAMETER = {item.parameter_name: item for item in FILTERS}
