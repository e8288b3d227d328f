"""What the database holds of the dossiers that rows are about, and the seal of it."""

import hashlib
import json
from collections.abc import Iterable

from calls.importers.bearers import tells_bearers
from calls.importers.mapping import Layout
from calls.importers.targets import NUMBER, RELATIONS
from calls.models import Application, Selection

# Columns of the model that rows may fill, with the target of each.
OF_BEARERS = {"bearer_name", "bearer_siret"}


def field_names(layout: Layout) -> list[str]:
    """The columns of the model that the file fills; relations and bearers are apart."""
    return [name for name in layout.targets if name not in {NUMBER, *RELATIONS, *OF_BEARERS}]


def dossiers(numbers: Iterable[int], *, lock: bool = False) -> dict[int, Application]:
    """The dossiers of these numbers, with what is compared; locked if so asked.

    Each has `is_decided`: a committee's decision on it is validated. Seven queries.
    """
    rows = Application.objects.filter(form_number__in=list(numbers)).order_by("pk")
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = list(
        rows.select_related("session__call").prefetch_related(
            "themes", "territories", "bearers__organisation", "form_record"
        )
    )
    decided = set(
        Selection.objects.validated()
        .filter(application__in=[one.pk for one in found])
        .values_list("application", flat=True)
    )
    for one in found:
        one.is_decided = one.pk in decided
    return {one.form_number: one for one in found}


def bearers(application) -> list:
    return sorted(application.bearers.all(), key=lambda bearer: bearer.position)


def related(application, name: str) -> set[int]:
    return {row.pk for row in getattr(application, name).all()}


def record(application) -> list:
    """What was kept of the form; empty where nothing was imported."""
    kept = getattr(application, "form_record", None)
    return kept.values if kept else []


def seal(application: Application, layout: Layout) -> str:
    """A digest of all that an import of this file compares; it changes with any of it."""
    parts = [
        application.pk,
        application.session_id,
        application.is_decided,
        {name: str(getattr(application, name)) for name in field_names(layout)},
        {name: sorted(related(application, name)) for name in RELATIONS if name in layout.targets},
        record(application),
    ]
    if tells_bearers(layout):
        parts.append(
            [
                [bearer.organisation_id, bearer.declared_name, bearer.role, bearer.position]
                for bearer in bearers(application)
            ]
        )
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
