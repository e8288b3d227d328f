"""What a sitting may still grant: its envelope, what others granted, what is proposed here.

Amounts are in euros. An amount that is not known is never 0: it is counted apart, so that each
total says of how many amounts, out of how many, it is the sum.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Prefetch

from calls.eligibility import principal_bearer
from calls.models import Application, Bearer, Committee, Recusal, Selection
from laureates.models import Organisation
from laureates.typography import fold

NO_MINISTRY = "ministère non connu"
NO_KIND = "type non connu"
NO_THEME = "sans thème"
ZERO = Decimal("0.00")


# Arithmetic ------------------------------------------------------------------


@dataclass(frozen=True)
class Total:
    """The sum of the `known` amounts out of `count`: « n montants connus sur N »."""

    known_sum: Decimal = ZERO
    known: int = 0
    count: int = 0

    @classmethod
    def of(cls, amounts: Iterable[Decimal | None]) -> "Total":
        amounts = list(amounts)
        known = [amount for amount in amounts if amount is not None]
        return cls(sum(known, ZERO), len(known), len(amounts))

    def __add__(self, other: "Total") -> "Total":
        return Total(
            self.known_sum + other.known_sum, self.known + other.known, self.count + other.count
        )

    @property
    def amount(self) -> Decimal | None:
        """The sum; None where there are amounts and none is known."""
        return None if self.count and not self.known else self.known_sum

    @property
    def is_complete(self) -> bool:
        """Whether every amount is known."""
        return self.known == self.count


def remaining(amount: Decimal | None, *granted: Total) -> Decimal | None:
    """What is left of an envelope, below 0 when exceeded; None where the envelope is not known.

    Amounts that are not known are not in it: it is then the most that can be left.
    """
    if amount is None:
        return None
    return amount - sum((total.known_sum for total in granted), ZERO)


@dataclass(frozen=True)
class Row:
    """What totals need of one dossier; `amount` is None where not known."""

    amount: Decimal | None
    is_counted: bool
    ministry: str = ""
    kind: str = ""
    themes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Share:
    """One line of a split: of `examined` dossiers, `total` for those that are counted."""

    label: str
    examined: int
    total: Total
    is_unknown: bool = False


def total(rows: Iterable[Row]) -> Total:
    return Total.of(row.amount for row in rows if row.is_counted)


def split(
    rows: Iterable[Row], labels: Callable[[Row], Iterable[str]], unknown: str
) -> tuple[Share, ...]:
    """One share for each label, in alphabetical order; rows without any are last, as `unknown`."""
    buckets: dict[str, list[Row]] = {}
    for row in rows:
        for label in list(labels(row)) or [""]:
            buckets.setdefault(label, []).append(row)
    return tuple(
        Share(label or unknown, len(found), total(found), is_unknown=not label)
        for label, found in sorted(
            buckets.items(), key=lambda item: (not item[0], fold(item[0]), item[0])
        )
    )


@dataclass(frozen=True)
class Splits:
    """The same total seen three ways. A dossier with several themes is in each of them: where
    `themes_overlap`, the themes add up to more than the total."""

    by_ministry: tuple[Share, ...] = ()
    by_kind: tuple[Share, ...] = ()
    by_theme: tuple[Share, ...] = ()
    themes_overlap: bool = False

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Splits":
        rows = list(rows)
        return cls(
            split(rows, lambda row: [row.ministry] if row.ministry else [], NO_MINISTRY),
            split(rows, lambda row: [row.kind] if row.kind else [], NO_KIND),
            split(rows, lambda row: row.themes, NO_THEME),
            any(len(row.themes) > 1 for row in rows),
        )


# Of a sitting ----------------------------------------------------------------


@dataclass(frozen=True)
class Envelope:
    """The envelope of a sitting, as somebody may read it.

    `basis` is "sitting" for an envelope of its own, "session" for its session's, from which
    `before` is taken: what other sittings of the session granted; empty where none is known.
    `here` counts what is proposed or decided « retenu » on the agenda. `outcomes` counts dossiers
    by outcome, those to examine under "". `remaining` is below 0 and `overrun` above 0 when the
    envelope is exceeded; both are None where it is not known.

    Where `masked`, the reader is recused from a dossier that the totals would tell of; where
    `partial`, some dossiers of the agenda do not exist for them. Either way every total is None or
    empty, and the envelope's own amount stays.
    """

    amount: Decimal | None
    basis: str
    masked: bool = False
    partial: bool = False
    before: Total | None = None
    here: Total | None = None
    remaining: Decimal | None = None
    overrun: Decimal | None = None
    outcomes: dict[str, int] = field(default_factory=dict)
    splits: Splits = field(default_factory=Splits)

    @property
    def is_exceeded(self) -> bool:
        return bool(self.overrun)

    @property
    def by_ministry(self) -> tuple[Share, ...]:
        return self.splits.by_ministry

    @property
    def by_kind(self) -> tuple[Share, ...]:
        return self.splits.by_kind

    @property
    def by_theme(self) -> tuple[Share, ...]:
        return self.splits.by_theme

    @property
    def themes_overlap(self) -> bool:
        return self.splits.themes_overlap


def of(committee: Committee, user) -> Envelope:
    """The envelope of a sitting for `user`, in a constant number of queries."""
    masked = is_masked(committee, user)
    if masked or is_partial(committee, user):
        amount, basis = amount_of(committee)
        return Envelope(amount, basis, masked=masked, partial=not masked)
    return compute(committee, agenda(committee))


def is_masked(committee: Committee, user) -> bool:
    """Whether totals would tell `user` of a dossier that they are recused from.

    Those of a dossier on the agenda do; those of one that another sitting of the session retained
    do too, where this sitting draws on what is left.
    """
    hidden = Recusal.objects.in_force().of(user).values("application")
    told = Selection.objects.filter(committee=committee)
    if amount_of(committee)[1] == "session":
        told = told | granted_before(committee)
    return told.filter(application__in=hidden).exists()


def is_partial(committee: Committee, user) -> bool:
    """Whether dossiers of the agenda do not exist for `user`, whom no recusal concerns."""
    if user.has_perm("calls.read_every_application"):
        return False
    shown = Application.objects.read_in_full_by(user)
    return (
        Selection.objects.live()
        .filter(committee=committee)
        .exclude(application__in=shown.values("pk"))
        .exists()
    )


def compute(committee: Committee, selections: Iterable[Selection]) -> Envelope:
    """The envelope with `selections` (of `agenda`) on the agenda, hiding nothing from anybody."""
    selections = list(selections)
    amount, basis = amount_of(committee)
    before = Total()
    if basis == "session":
        before = Total.of(granted_before(committee).values_list("granted_amount", flat=True))
    rows = [row_of(selection) for selection in selections]
    here = total(rows)
    left = remaining(amount, before, here)
    outcomes = {"": 0, **dict.fromkeys(Selection.Outcome.values, 0)}
    for selection in selections:
        outcomes[selection.outcome] += 1
    return Envelope(
        amount,
        basis,
        before=before,
        here=here,
        remaining=left,
        overrun=None if left is None else max(-left, ZERO),
        outcomes=outcomes,
        splits=Splits.of(rows),
    )


def amount_of(committee: Committee) -> tuple[Decimal | None, str]:
    """(euros or None where not known, "sitting", "session" or "")"""
    if committee.envelope is not None:
        return committee.envelope, "sitting"
    if committee.session_id and committee.session.envelope is not None:
        return committee.session.envelope, "session"
    return None, ""


def granted_before(committee: Committee):
    """Validated decisions « retenu » of the other sittings of the session."""
    return Selection.objects.retained().filter(
        committee__in=Committee.objects.filter(session=committee.session_id)
        .exclude(session=None)
        .exclude(pk=committee.pk)
        .values("pk")
    )


def agenda(committee: Committee):
    """The live items of a sitting, in order, with what totals read of their dossiers.

    It hides nothing: what is shown of it goes through `visible_to`.
    """
    return (
        Selection.objects.live()
        .filter(committee=committee)
        .select_related("application")
        .prefetch_related(
            Prefetch(
                "application__bearers",
                Bearer.objects.select_related("organisation__supervising_ministry"),
            ),
            "application__themes",
        )
        .in_agenda_order()
    )


def row_of(selection: Selection) -> Row:
    """What totals need of an item of `agenda`: it counts once proposed or decided « retenu »."""
    return Row(
        amount=selection.granted_amount,
        is_counted=selection.outcome == Selection.Outcome.RETAINED,
        **classes_of(selection.application),
    )


def classes_of(application) -> dict:
    """The classes of a dossier in splits: `ministry`, `kind` and `themes`, as labels.

    The ministry is the principal bearer's supervising ministry, or that bearer if it is one.
    """
    lead = principal_bearer(application)
    ministry = kind = ""
    if lead is not None:
        organisation = lead.organisation
        kind = organisation.get_kind_display() if organisation.kind else ""
        if organisation.kind == Organisation.Kind.MINISTRY:
            ministry = organisation.name
        elif organisation.supervising_ministry_id:
            ministry = organisation.supervising_ministry.name
    return {
        "ministry": ministry,
        "kind": kind,
        "themes": tuple(theme.name for theme in application.themes.all()),
    }
