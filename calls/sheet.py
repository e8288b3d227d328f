"""The synthesis sheet of a dossier: one page that a committee reads before deciding."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import prefetch_related_objects

from calls import eligibility, opinions
from calls.eligibility import Check
from calls.models import Application, Bearer, Recusal, Review
from calls.opinions import OpinionSummary


@dataclass(frozen=True)
class Sheet:
    """What the sheet of `application` says. The confidential part of opinions is not on it.

    `rate` is the asked amount over the total cost, in per cent; None where either is unknown.
    """

    application: Application
    bearers: list[Bearer]
    rate: Decimal | None
    reviews: list[Review]
    opinions: OpinionSummary
    warnings: list[Check]
    recusals: list[Recusal]


def sheets(applications: Iterable[Application], user) -> dict[int, Sheet]:
    """The sheets, by primary key, of those of `applications` that `user` reads in full.

    Their number of queries does not depend on how many there are.
    """
    applications = list(applications)
    allowed = set(
        Application.objects.read_in_full_by(user)
        .disclosed()
        .filter(pk__in=[application.pk for application in applications])
        .values_list("pk", flat=True)
    )
    rows = [application for application in applications if application.pk in allowed]
    prefetch_related_objects(
        rows, "session__call", "case_officer", "bearers__organisation", "themes", "territories"
    )
    reviews = _by_application(
        Review.objects.live()
        .filter(application__in=allowed)
        .select_related("institution")
        .order_by("institution__name", "pk")
    )
    recusals = _by_application(
        Recusal.objects.visible_to(user)
        .in_force()
        .filter(application__in=allowed)
        .select_related("member__institution", "member__committee", "user")
    )
    summaries = opinions.summaries(rows)
    checks = eligibility.check_many(rows)
    return {
        row.pk: Sheet(
            application=row,
            bearers=list(row.bearers.all()),
            rate=rate(row),
            reviews=reviews[row.pk],
            opinions=summaries[row.pk],
            warnings=[check for check in checks[row.pk] if not check.holds],
            recusals=recusals[row.pk],
        )
        for row in rows
    }


def rate(application) -> Decimal | None:
    """The share of the total cost that is asked, in per cent with one decimal."""
    if application.asked_amount is None or not application.total_cost:
        return None
    return (application.asked_amount * 100 / application.total_cost).quantize(Decimal("0.1"))


def _by_application(rows):
    found = defaultdict(list)
    for row in rows:
        found[row.application_id].append(row)
    return found
