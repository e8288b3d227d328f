"""Figures as announced, beside the same figures computed from what is published here.

Neither corrects the other: where they differ, both are shown.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Max, Min, Sum

from ftap.templatetags.ftap import euros, number
from laureates.models import Announcement, Claim, Laureate


@dataclass(frozen=True)
class Tally:
    """What the published laureates of a scope add up to; amounts in euros, None when unknown."""

    laureates: int
    with_amount: int
    total: Decimal | None
    lowest: Decimal | None
    highest: Decimal | None


@dataclass(frozen=True)
class Figure:
    """A claim, and in plain French what is computed here, "" where nothing can be.

    `differs`: the two are not the same figure, and the reader should see both.
    """

    claim: Claim
    computed: str = ""
    differs: bool = False

    @property
    def scope(self) -> str:
        """What the figure speaks of, "" where its subject says it already."""
        if self.claim.subject == Claim.Subject.ENDOWMENT:
            return ""
        if self.claim.scope == Claim.Scope.SESSION and self.claim.announcement:
            return self.claim.announcement.label
        return self.claim.get_scope_display()


def tally(laureates) -> Tally:
    """The tally of a queryset of laureates: one query."""
    return Tally(
        **laureates.order_by().aggregate(
            laureates=Count("pk"),
            with_amount=Count("amount"),
            total=Sum("amount"),
            lowest=Min("amount"),
            highest=Max("amount"),
        )
    )


def announcement_figures(announcement: Announcement) -> list[Figure]:
    """The figures of a public announcement, in order: three queries."""
    claims = Claim.objects.published().filter(announcement=announcement)
    claims = claims.select_related("announcement")
    published = Laureate.objects.published()
    tallies = {
        Claim.Scope.SESSION: tally(published.filter(announcement=announcement)),
        Claim.Scope.FUND: tally(published),
    }
    return [_figure(claim, tallies) for claim in claims]


def fund_figures() -> list[Figure]:
    """The figures that speak of the fund outside any announcement: two queries."""
    claims = Claim.objects.published().filter(announcement=None)
    everything = tally(Laureate.objects.published())
    return [_figure(claim, {Claim.Scope.FUND: everything}) for claim in claims]


def _figure(claim: Claim, tallies: dict[str, Tally]) -> Figure:
    found = tallies.get(claim.scope)
    if found is None:
        return Figure(claim)
    if claim.subject == Claim.Subject.LAUREATES:
        return Figure(claim, _plural(found.laureates, "lauréat"), claim.value != found.laureates)
    if claim.subject == Claim.Subject.AMOUNT:
        is_whole = found.with_amount == found.laureates
        return Figure(claim, _total(found), not is_whole or claim.value != found.total)
    if claim.subject == Claim.Subject.PROJECT_AMOUNT:
        bounds = (found.lowest, found.highest)
        is_whole = found.with_amount == found.laureates
        return Figure(claim, _range(found), not is_whole or (claim.lower, claim.upper) != bounds)
    # Applications received are confidential beyond what is announced; an endowment is not a sum.
    return Figure(claim)


def _plural(count: int, noun: str) -> str:
    return f"{number(count)} {noun}{'s' if count > 1 else ''}"


def _total(found: Tally) -> str:
    if not found.with_amount:
        return "aucun montant par projet n’est communiqué"
    if found.with_amount == found.laureates:
        return euros(found.total)
    return f"{euros(found.total)} pour {_known(found)}"


def _range(found: Tally) -> str:
    if not found.with_amount:
        return "aucun montant par projet n’est communiqué"
    bounds = (
        euros(found.lowest)
        if found.lowest == found.highest
        else f"de {euros(found.lowest)} à {euros(found.highest)}"
    )
    if found.with_amount == found.laureates:
        return bounds
    return f"{bounds} pour {_known(found)}"


def _known(found: Tally) -> str:
    total = _plural(found.laureates, "lauréat")
    if found.with_amount == 1:
        return f"le seul montant communiqué, sur {total}"
    return f"les {number(found.with_amount)} montants communiqués, sur {total}"
