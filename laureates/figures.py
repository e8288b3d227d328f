"""Figures as announced, beside the same figures computed from what is published here.

Neither corrects the other: where they differ, both are shown.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Max, Min, Sum

from ftap.templatetags.ftap import euros, number
from laureates.models import Announcement, Claim, Laureate, laureate_published_q


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
    # What is missing or in excess here, in a sentence without its full stop; "" where both agree.
    gap: str = ""
    # « recensés ici : 16 », to be read after what was announced.
    here: str = ""

    @property
    def scope(self) -> str:
        """What the figure speaks of, "" where its subject says it already."""
        if self.claim.subject == Claim.Subject.ENDOWMENT:
            return ""
        if self.claim.scope == Claim.Scope.SESSION and self.claim.announcement:
            return self.claim.announcement.label
        return self.claim.get_scope_display()


@dataclass(frozen=True)
class Completeness:
    """How many laureates a session announced, and how many of them are recorded here.

    `announced` is None where no exact number was announced, `claim` being what was, if anything:
    completeness is then unknown. `withdrawn` were announced, and withdrawn since.
    """

    recorded: int
    withdrawn: int = 0
    announced: int | None = None
    claim: Claim | None = None

    @property
    def is_unknown(self) -> bool:
        return self.announced is None

    @property
    def is_partial(self) -> bool:
        """Whether laureates that were announced are not recorded here."""
        return self.announced is not None and self.recorded + self.withdrawn < self.announced

    @property
    def is_whole(self) -> bool:
        return self.announced is not None and self.recorded == self.announced

    @property
    def sentence(self) -> str:
        """What a reader of the list must know of it, in French."""
        recorded = _plural(self.recorded, "lauréat")
        if self.announced is None:
            stated = f" (annoncé\u00a0: {self.claim.label})" if self.claim else ""
            return (
                "Rien ne dit si la liste est complète\u00a0: aucun nombre exact de lauréats n’a "
                f"été annoncé{stated}."
            )
        if self.is_whole:
            return (
                "Liste complète\u00a0: le lauréat annoncé est recensé ici."
                if self.announced == 1
                else f"Liste complète\u00a0: les {number(self.announced)} lauréats annoncés sont "
                "recensés ici."
            )
        counts = f"{recorded} {_agreed('recensé', self.recorded)} ici"
        if self.recorded > self.announced:
            announced = _plural(self.announced, "annoncé")
            return f"{counts}, {announced}\u00a0: les deux nombres diffèrent."
        since = f", {_plural(self.withdrawn, 'retiré')} depuis" if self.withdrawn else ""
        known = f"{counts} sur {_plural(self.announced, 'annoncé')}{since}."
        return f"Session connue en partie\u00a0: {known}" if self.is_partial else known


def completeness(announcement: Announcement) -> Completeness:
    """How much of this announcement is recorded here, as visitors may know it: three queries."""
    with_completeness([announcement])
    return announcement.completeness


def with_completeness(
    announcements: Iterable[Announcement], recorded: Callable[[Announcement], int] | None = None
) -> list[Announcement]:
    """These announcements, each with its `completeness`: three queries for all, two where
    `recorded` says how many public laureates each has."""
    announcements = list(announcements)
    pks = [announcement.pk for announcement in announcements]
    stated: dict[int, list[Claim]] = {}
    claims = Claim.objects.published().filter(
        announcement__in=pks, subject=Claim.Subject.LAUREATES, scope=Claim.Scope.SESSION
    )
    for claim in claims.order_by("position", "slug"):
        stated.setdefault(claim.announcement_id, []).append(claim)
    if recorded is None:
        rows = Announcement.objects.filter(pk__in=pks).order_by()
        public = Count("laureates", filter=laureate_published_q("laureates__"))
        counts = dict(rows.annotate(n=public).values_list("pk", "n"))
    else:
        counts = {announcement.pk: recorded(announcement) for announcement in announcements}
    withdrawn = Laureate.objects.withdrawn().filter(announcement__in=pks).order_by()
    since = {
        row["announcement"]: row["n"]
        for row in withdrawn.values("announcement").annotate(n=Count("pk"))
    }
    for announcement in announcements:
        announcement.completeness = known(
            stated.get(announcement.pk, []),
            counts.get(announcement.pk, 0),
            since.get(announcement.pk, 0),
        )
    return announcements


def known(claims: Iterable[Claim], recorded: int, withdrawn: int) -> Completeness:
    """How much of an announcement is recorded here, from all it claims, in order."""
    found = [
        claim
        for claim in claims
        if (claim.subject, claim.scope) == (Claim.Subject.LAUREATES, Claim.Scope.SESSION)
    ]
    exact = next((claim for claim in found if _is_exact(claim)), None)
    return Completeness(
        recorded=recorded,
        withdrawn=withdrawn,
        announced=int(exact.value) if exact else None,
        claim=exact or next(iter(found), None),
    )


def _is_exact(claim: Claim) -> bool:
    return claim.exactness == Claim.Exactness.EXACT and claim.value is not None


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


def announcement_figures(
    announcement: Announcement,
    everything: Callable[[], Tally] | None = None,
    session: Callable[[], Tally] | None = None,
) -> list[Figure]:
    """The figures of a public announcement, in order, beside what its laureates, the `session`,
    and `everything` that is public add up to: a query, and one for each that nothing gives."""
    claims = Claim.objects.published().filter(announcement=announcement)
    claims = list(claims.select_related("announcement"))
    if not claims:
        return []
    published = Laureate.objects.published()
    own = session() if session else tally(published.filter(announcement=announcement))
    tallies = {Claim.Scope.SESSION: own}
    if any(claim.scope == Claim.Scope.FUND for claim in claims):
        tallies[Claim.Scope.FUND] = everything() if everything else tally(published)
    return [_figure(claim, tallies) for claim in claims]


def fund_figures(everything: Callable[[], Tally] | None = None) -> list[Figure]:
    """The figures that speak of the fund outside any announcement, beside `everything` that is
    public: a query, two when nothing gives the latter."""
    claims = list(Claim.objects.published().filter(announcement=None))
    if not claims:
        return []
    whole = everything() if everything else tally(Laureate.objects.published())
    return [_figure(claim, {Claim.Scope.FUND: whole}) for claim in claims]


def beside(claims, tallies: dict[str, Tally]) -> list[Figure]:
    """Each claim beside what `tallies`, by scope, add up to; a scope without one is not computed.

    For documents, made of given laureates before visitors see them.
    """
    return [_figure(claim, tallies) for claim in claims]


def _figure(claim: Claim, tallies: dict[str, Tally]) -> Figure:
    found = tallies.get(claim.scope)
    if found is None:
        return Figure(claim)
    return compare(claim, found)


def compare(claim: Claim, found: Tally) -> Figure:
    """A claim beside what these laureates add up to."""
    is_whole = found.with_amount == found.laureates
    if claim.subject == Claim.Subject.LAUREATES:
        return _figure_of(
            claim,
            _plural(found.laureates, "lauréat"),
            is_same=_holds(claim, found.laureates),
            gap=_missing(claim, found.laureates),
            here=f"{_agreed('recensé', found.laureates)} ici\u00a0: {number(found.laureates)}",
        )
    if claim.subject == Claim.Subject.AMOUNT:
        is_same = is_whole and _holds(claim, found.total)
        return _figure_of(claim, _total(found), is_same=is_same, gap=_unknown_amounts(found))
    if claim.subject == Claim.Subject.PROJECT_AMOUNT:
        bounds = (found.lowest, found.highest)
        is_same = is_whole and (claim.lower, claim.upper) == bounds
        return _figure_of(claim, _range(found), is_same=is_same, gap=_unknown_amounts(found))
    # Applications received are confidential beyond what is announced; an endowment is not a sum.
    return Figure(claim)


def _figure_of(claim, computed, *, is_same, gap, here=""):
    here = here or f"recensé ici\u00a0: {computed}"
    return Figure(claim, computed, not is_same, "" if is_same else gap, here)


def _holds(claim: Claim, value) -> bool:
    """Whether what is counted is the figure announced, or lies within its two bounds."""
    if claim.value is not None:
        return claim.value == value
    return value is not None and claim.lower <= value <= claim.upper


def _missing(claim: Claim, count: int) -> str:
    """« 47 des lauréats annoncés ne sont pas recensés ici »"""
    least = claim.value if claim.value is not None else claim.lower
    most = claim.value if claim.value is not None else claim.upper
    about = "" if claim.exactness == Claim.Exactness.EXACT else "environ "
    if count < least:
        n = least - count
        many = "ne sont pas recensés" if n > 1 else "n’est pas recensé"
        return f"{about}{number(n)} des lauréats annoncés {many} ici"
    n = count - most
    return f"{about}{number(n)} de plus que ce qui a été annoncé"


def _unknown_amounts(found: Tally) -> str:
    n = found.laureates - found.with_amount
    if not n:
        return "les deux chiffres diffèrent"
    if n == found.laureates:
        return "la comparaison attend des montants publiés"
    if n == 1:
        return "un montant n’est pas communiqué"
    return f"{number(n)} montants ne sont pas communiqués"


def _plural(count: int, noun: str) -> str:
    return f"{number(count)} {_agreed(noun, count)}"


def _agreed(word: str, count: int) -> str:
    return f"{word}s" if count > 1 else word


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
