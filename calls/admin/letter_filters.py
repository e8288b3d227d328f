"""Filters of the list of letters: what a to-do links to."""

from django.db.models import Q

from calls.admin.application_filters import Condition, ReaderFilter

PENDING = Q(sent_at=None, superseded_at=None)


class LetterStageFilter(ReaderFilter):
    title = "étape"
    parameter_name = "etape"
    conditions = {
        "a-relire": Condition(
            "à relire",
            lambda user: PENDING & Q(reviewed_at=None),
            "calls.view_letter",
            is_partial=True,
        ),
        "a-envoyer": Condition(
            "à envoyer",
            lambda user: PENDING & Q(reviewed_at__isnull=False),
            "calls.view_letter",
            is_partial=True,
        ),
        "envoyes": Condition(
            "envoyés", lambda user: Q(sent_at__isnull=False), "calls.view_letter", is_partial=True
        ),
        "caducs": Condition(
            "caducs",
            lambda user: Q(superseded_at__isnull=False),
            "calls.view_letter",
            is_partial=True,
        ),
    }


FILTERS = (LetterStageFilter,)
BY_PARAMETER = {item.parameter_name: item for item in FILTERS}
