"""Figures of a session: its funnel, its amounts, and two official indicators of programme 349.

Everything is computed on the dossiers that the reader reads in full. Where the reader is recused
from a dossier of the session, what would tell of its decision is masked. Amounts are in euros.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import (
    BooleanField,
    Case,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)

from calls.models import Application, CallSession, Committee, Recusal, Selection, SessionAccess

State, Outcome = Application.State, Selection.Outcome

# Until the budget of 2021, then since: the annual performance reports of programme 349 define the
# same indicator in two ways. A figure is read with its method.
LAST_YEAR_BY_COMMITTEE = 2021
BY_COMMITTEE = "date du comité − date limite de dépôt (définition en vigueur jusqu’en 2021)"
BY_DECISION = "date de la décision − date du dossier complet (définition en vigueur depuis 2022)"
RETAINED_OF_RECEIVED = "dossiers retenus ÷ dossiers reçus, irrecevables et retirés compris"

# Dossiers that went through a step, wherever they are now. Withdrawing keeps the dates.
DECLARED_ADMISSIBLE = Q(
    state__in=(State.ADMISSIBLE, State.UNDER_REVIEW, State.INFO_REQUESTED, State.REVIEWED)
) | Q(state=State.WITHDRAWN, admissibility_decided_at__isnull=False)
REVIEW_COMPLETED = Q(state=State.REVIEWED) | Q(state=State.WITHDRAWN, reviewed_at__isnull=False)


@dataclass(frozen=True)
class Amount:
    """A sum over `count` dossiers, of which `known` have an amount; None when none has."""

    total: Decimal | None
    known: int
    count: int


@dataclass(frozen=True)
class LeftOut:
    """Dossiers that an indicator leaves out, and why: {pk, reference, title} each."""

    reason: str
    dossiers: tuple[dict, ...]


@dataclass(frozen=True)
class Indicator:
    """An official indicator with its named method, over `count` dossiers.

    `value` is None where it cannot be computed; `remarks` are sentences to read with it.
    """

    name: str
    method: str
    unit: str
    value: Decimal | None
    count: int
    left_out: tuple[LeftOut, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def left_out_count(self) -> int:
        return sum(len(group.dossiers) for group in self.left_out)


@dataclass(frozen=True)
class SessionFigures:
    """What the dossiers of a session add up to, as one reader may know it.

    `is_whole`: the reader reads every dossier of it; otherwise the figures speak of those read,
    and neither the envelope nor an indicator is given. `is_masked`: the reader is recused from a
    dossier of the session; whatever tells of decisions or adds amounts up is None.
    """

    session: CallSession
    is_whole: bool
    is_masked: bool
    received: int
    undisclosed: int
    admissible: int
    reviewed: int
    states: tuple[tuple[str, str, int], ...]
    retained: int | None = None
    outcomes: tuple[tuple[str, str, int], ...] | None = None
    undecided: int | None = None
    asked: Amount | None = None
    granted: Amount | None = None
    remaining: Decimal | None = None
    delay: Indicator | None = None
    selectivity: Indicator | None = None

    @property
    def overrun(self) -> Decimal | None:
        """By how much the amounts granted exceed the envelope; None where they do not."""
        if self.remaining is None or self.remaining >= 0:
            return None
        return -self.remaining


def readable_sessions(user) -> QuerySet[CallSession]:
    """The sessions that `user` may have figures of: all, those granted, those of their dossiers.

    Annotated with `is_live`: deposit open, a dossier that awaits a decision, or a sitting that is
    not closed. Live ones first, then the most recent.
    """
    if not user.has_perm("calls.view_callsession"):
        return CallSession.objects.none()
    mine = Application.objects.read_in_full_by(user).filter(session=OuterRef("pk"))
    sessions = CallSession.objects.select_related("call")
    if not user.has_perm("calls.read_every_application"):
        granted = SessionAccess.objects.filter(user=user.pk, session=OuterRef("pk"))
        sessions = sessions.filter(Exists(mine) | Exists(granted))
    live = (
        Q(pk__in=CallSession.objects.open().values("pk"))
        | Exists(mine.filter(awaiting_decision()))
        | Exists(
            Committee.objects.visible_to(user)
            .exclude(state=Committee.State.CLOSED)
            .filter(session=OuterRef("pk"))
        )
    )
    return sessions.annotate(is_live=_flag(live)).order_by(
        "-is_live", "-call__year", F("deadline_on").desc(nulls_last=True), "-pk"
    )


def current_decisions() -> QuerySet[Selection]:
    """The decision in force on each dossier: the last validated one.

    An adjournment stands only where no sitting has decided otherwise; a dossier adjourned twice
    has two rows.
    """
    final = (
        Selection.objects.validated()
        .exclude(outcome=Outcome.DEFERRED)
        .filter(application=OuterRef("application"))
    )
    later = final.filter(
        Q(decided_on__gt=OuterRef("decided_on"))
        | Q(decided_on=OuterRef("decided_on"), pk__gt=OuterRef("pk"))
    )
    return Selection.objects.validated().exclude(
        Exists(later) | Q(outcome=Outcome.DEFERRED) & Exists(final)
    )


def awaiting_decision() -> Q:
    """Dossiers on which the committee has still to decide: none is in force, or « ajourné »."""
    # An adjournment stands only where there is no other: whichever is the current one, it is known.
    final = Selection.objects.validated().exclude(outcome=Outcome.DEFERRED)
    return (
        Q(is_undisclosed=False)
        & ~Q(state__in=(State.INADMISSIBLE, State.WITHDRAWN))
        & ~has_one_of(final)
    )


def has_one_of(rows: QuerySet) -> Q:
    """Dossiers that have one of these rows, each of a dossier: asked of each, for who reads few."""
    return Q(Exists(rows.filter(application=OuterRef("pk"))))


def decided(outcome: str) -> Q:
    """Dossiers whose decision in force has that outcome."""
    return has_one_of(current_decisions().filter(outcome=outcome))


def exceeding_envelope(user) -> QuerySet[CallSession]:
    """Sessions that granted more than their envelope, with no reason recorded in a sitting.

    Only those whose dossiers `user` reads without exception: of the others it would tell what is
    masked.
    """
    if not user.has_perm("calls.read_every_application"):
        return CallSession.objects.none()
    # Added up once for all sessions: one after the other, each dossier would be looked for.
    exceeding = (
        Selection.objects.retained()
        .order_by()
        .values("application__session")
        .annotate(total=Sum("granted_amount"))
        .filter(total__gt=F("application__session__envelope"))
        .values("application__session")
    )
    hidden = Recusal.objects.in_force().of(user).values("application__session")
    explained = Committee.objects.exclude(Q(overrun_reason="") | Q(session=None))
    return CallSession.objects.filter(pk__in=exceeding).exclude(
        Q(pk__in=hidden) | Q(pk__in=explained.values("session"))
    )


def of(sessions: Iterable[CallSession], user) -> list[SessionFigures]:
    """The figures of each session, in order: four queries whatever their number."""
    sessions = list(sessions)
    ids = [session.pk for session in sessions]
    dossiers = {pk: [] for pk in ids}
    for row in _dossiers(ids, user):
        dossiers[row["session_id"]].append(row)
    decisions = _decisions(ids, user)
    masked = set(
        Recusal.objects.in_force()
        .of(user)
        .filter(application__session__in=ids)
        .values_list("application__session", flat=True)
    )
    whole = set(ids)
    if not user.has_perm("calls.read_every_application"):
        grants = SessionAccess.objects.filter(user=user.pk, session__in=ids)
        whole = set(grants.values_list("session", flat=True))
    return [
        _figures(
            session,
            dossiers[session.pk],
            decisions,
            is_whole=session.pk in whole,
            is_masked=session.pk in masked,
        )
        for session in sessions
    ]


def _flag(condition: Q):
    return Case(
        When(condition, then=Value(True)), default=Value(False), output_field=BooleanField()
    )


def _dossiers(session_ids, user):
    return (
        Application.objects.read_in_full_by(user)
        .filter(session__in=session_ids)
        .order_by("session", "reference")
        .values(
            "pk",
            "session_id",
            "reference",
            "title",
            "state",
            "is_undisclosed",
            "asked_amount",
            "completed_on",
            declared_admissible=_flag(DECLARED_ADMISSIBLE),
            review_completed=_flag(REVIEW_COMPLETED),
        )
    )


def _decisions(session_ids, user):
    """{pk of the dossier: its decision in force}."""
    current = current_decisions().filter(application__session__in=session_ids)
    rows = (
        Selection.objects.visible_to(user)
        .filter(pk__in=current.values("pk"))
        .order_by("decided_on", "pk")
        .values("application", "outcome", "granted_amount", "decided_on", "committee__held_on")
    )
    return {row["application"]: row for row in rows}


def _figures(session, dossiers, decisions, *, is_whole, is_masked):
    states = Counter(row["state"] for row in dossiers if not row["is_undisclosed"])
    figures = {
        "session": session,
        "is_whole": is_whole,
        "is_masked": is_masked,
        "received": len(dossiers),
        "undisclosed": sum(row["is_undisclosed"] for row in dossiers),
        "admissible": sum(row["declared_admissible"] for row in dossiers),
        "reviewed": sum(row["review_completed"] for row in dossiers),
        "states": tuple((state.value, state.label, states[state]) for state in State),
    }
    if is_masked:
        return SessionFigures(**figures)
    taken = [decisions[row["pk"]] for row in dossiers if row["pk"] in decisions]
    outcomes = Counter(row["outcome"] for row in taken)
    granted = _amount(row["granted_amount"] for row in taken if row["outcome"] == Outcome.RETAINED)
    undecided = sum(_awaits(row, decisions.get(row["pk"])) for row in dossiers)
    figures |= {
        "retained": outcomes[Outcome.RETAINED],
        "outcomes": tuple((item.value, item.label, outcomes[item]) for item in Outcome),
        "undecided": undecided,
        "asked": _amount(row["asked_amount"] for row in dossiers if not row["is_undisclosed"]),
        "granted": granted,
    }
    if is_whole:
        if session.envelope is not None:
            figures["remaining"] = session.envelope - (granted.total or 0)
        figures["delay"] = _delay(session, dossiers, decisions)
        figures["selectivity"] = _selectivity(figures)
    return SessionFigures(**figures)


def _awaits(dossier, decision):
    """`awaiting_decision`, of rows already read."""
    return (
        not dossier["is_undisclosed"]
        and dossier["state"] not in (State.INADMISSIBLE, State.WITHDRAWN)
        and (decision is None or decision["outcome"] == Outcome.DEFERRED)
    )


def _amount(values) -> Amount:
    values = list(values)
    known = [value for value in values if value is not None]
    return Amount(sum(known, Decimal(0)) if known else None, len(known), len(values))


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)


def _plural(count: int, one: str, many: str) -> str:
    return f"{count}\u00a0{one if count == 1 else many}"


# Official indicators ---------------------------------------------------------


def _delay(session, dossiers, decisions):
    """Mean number of days of instruction; the method is that of the call's year."""
    by_committee = session.call.year <= LAST_YEAR_BY_COMMITTEE
    days, reasons = [], {}
    for dossier in dossiers:
        decision = decisions.get(dossier["pk"])
        if (reason := _undecided_because(dossier, decision)) == "":
            if by_committee:
                start, end = session.deadline_on, decision["committee__held_on"]
                names = "date limite de dépôt inconnue", "date de la séance inconnue"
            else:
                start, end = dossier["completed_on"], decision["decided_on"]
                names = "date du dossier complet inconnue", "date de la décision inconnue"
            if start is None:
                reason = names[0]
            elif end is None:
                reason = names[1]
            elif end < start:
                reason = "dates incohérentes\u00a0: la fin précède le début"
            else:
                days.append((end - start).days)
        if reason:
            reasons.setdefault(reason, []).append(dossier)
    return Indicator(
        name="Délai d’instruction",
        method=BY_COMMITTEE if by_committee else BY_DECISION,
        unit="jours",
        value=_rounded(Decimal(sum(days)) / len(days)) if days else None,
        count=len(days),
        left_out=tuple(LeftOut(reason, tuple(rows)) for reason, rows in reasons.items()),
    )


def _undecided_because(dossier, decision):
    """Why no decision ends the examination of a dossier; empty where one does."""
    if dossier["is_undisclosed"]:
        return "dossier non détaillé, décision inconnue"
    if decision is not None and decision["outcome"] != Outcome.DEFERRED:
        return ""
    if dossier["state"] == State.INADMISSIBLE:
        return "irrecevabilité, sans décision du comité"
    if dossier["state"] == State.WITHDRAWN:
        return "retrait avant la décision du comité"
    if decision is not None:
        return "ajournement, en attente d’une autre séance"
    return "décision du comité attendue"


def _selectivity(figures):
    """Share of dossiers received that are retained, in per cent."""
    received, retained = figures["received"], figures["retained"]
    has_decisions = any(count for _, _, count in figures["outcomes"])
    remarks = []
    if not has_decisions:
        remarks.append("Aucune décision n’est encore validée.")
    elif figures["undecided"]:
        waiting = _plural(
            figures["undecided"], "dossier attend sa décision", "dossiers attendent leur décision"
        )
        remarks.append(f"Provisoire\u00a0: {waiting}.")
    if figures["undisclosed"]:
        hidden = _plural(
            figures["undisclosed"],
            "dossier non détaillé est compté",
            "dossiers non détaillés sont comptés",
        )
        remarks.append(f"{hidden} parmi les reçus.")
    return Indicator(
        name="Taux de sélectivité",
        method=RETAINED_OF_RECEIVED,
        unit="%",
        value=_rounded(Decimal(100 * retained) / received) if has_decisions else None,
        count=received,
        remarks=tuple(remarks),
    )
