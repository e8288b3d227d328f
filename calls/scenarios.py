"""Scenarios of a sitting: what the agenda would come to if these dossiers were retained.

Nothing is saved until a scenario is proposed. A dossier counts for the amount proposed on it, else
for the amount asked, in euros.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import transaction

from calls import deliberation, envelope, history, opinions
from calls.deliberation import Decision, locks
from calls.envelope import Row, Splits, Total
from calls.models import Committee, Selection
from calls.permissions import Refusal

_RETAINED = Selection.Outcome.RETAINED


@dataclass(frozen=True)
class Item:
    """A dossier of the agenda as scenarios weigh it, `pk` being its decision's.

    `score` is the weighted mean of its opinions, in per cent, None where nobody scored it.
    """

    pk: int
    reference: str
    title: str
    amount: Decimal | None
    score: Decimal | None = None
    ministry: str = ""
    kind: str = ""
    themes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """What a choice comes to: `count` dossiers chosen of `examined`, `total` being their amounts.

    `mean_score` is the plain mean, in per cent, of the `scored` ones that have a score, None where
    none has. `first_excluded` is the best scored of the others, the first of the agenda between
    equals; where none of them is scored, the first of the agenda, and `by_score` is False.
    `remaining` and `overrun` are those of the envelope, None where it is not known.

    Where `masked`, this would tell of a dossier that does not exist for the reader, recused from it
    or not: all is empty.
    """

    chosen: frozenset[int]
    count: int = 0
    examined: int = 0
    total: Total | None = None
    mean_score: Decimal | None = None
    scored: int = 0
    first_excluded: Item | None = None
    by_score: bool = False
    remaining: Decimal | None = None
    overrun: Decimal | None = None
    splits: Splits = field(default_factory=Splits)
    masked: bool = False


def weigh(
    items: Iterable[Item],
    chosen: Collection[int],
    *,
    amount: Decimal | None = None,
    before: Total = Total(),  # noqa: B008 - it is frozen
) -> Scenario:
    """The scenario of these items, in agenda order, under an envelope of `amount` euros, None where
    not known, of which `before` is granted already. Pure: it reads and writes nothing."""
    items = list(items)
    retained = [item for item in items if item.pk in chosen]
    others = [item for item in items if item.pk not in chosen]
    total = Total.of(item.amount for item in retained)
    scores = [item.score for item in retained if item.score is not None]
    left = envelope.remaining(amount, before, total)
    by_score = any(item.score is not None for item in others)
    # max keeps the first of equals, which is the first of the agenda.
    first = max(
        others,
        key=lambda item: Decimal(-1) if item.score is None else item.score,
        default=None,
    )
    return Scenario(
        chosen=frozenset(item.pk for item in retained),
        count=len(retained),
        examined=len(items),
        total=total,
        mean_score=(sum(scores) / len(scores)).quantize(Decimal("0.01")) if scores else None,
        scored=len(scores),
        first_excluded=first,
        by_score=by_score,
        remaining=left,
        overrun=None if left is None else max(-left, envelope.ZERO),
        splits=Splits.of(
            Row(
                amount=item.amount,
                is_counted=item.pk in chosen,
                ministry=item.ministry,
                kind=item.kind,
                themes=item.themes,
            )
            for item in items
        ),
    )


def of(committee: Committee, chosen: Collection[int], user) -> Scenario:
    """The scenario of a sitting in which the decisions `chosen`, by primary key, are retained; in a
    constant number of queries. Keys that are not on the agenda are left out."""
    if envelope.is_masked(committee, user) or envelope.is_partial(committee, user):
        return Scenario(frozenset(), masked=True)
    balance = envelope.compute(committee, selections := list(envelope.agenda(committee)))
    return weigh(items_of(selections), chosen, amount=balance.amount, before=balance.before)


def retained_now(selections: Iterable[Selection]) -> set[int]:
    """What is chosen when a scenario begins: the items already proposed « retenu »."""
    return {selection.pk for selection in selections if selection.outcome == _RETAINED}


def items_of(selections: Iterable[Selection]) -> list[Item]:
    """The items of `envelope.agenda`, with their scores."""
    selections = list(selections)
    summaries = opinions.summaries([selection.application for selection in selections])
    return [
        Item(
            pk=selection.pk,
            reference=selection.application.reference,
            title=selection.application.title,
            amount=_amount_of(selection),
            score=summaries[selection.application_id].weighted_mean,
            **envelope.classes_of(selection.application),
        )
        for selection in selections
    ]


def _amount_of(selection):
    if selection.outcome == _RETAINED:
        return selection.granted_amount
    return selection.application.asked_amount


def propose_scenario(
    committee: Committee,
    chosen: Collection[int],
    *,
    by,
    versions: dict[int, int],
    motive: str = "",
) -> list[Selection]:
    """Propose a scenario on the whole agenda, all or nothing; the proposals written, in order.

    The chosen are proposed « retenu », for the amount proposed already, else for the amount asked,
    « montant non communiqué » where it is not known. The others are proposed « non retenu » with
    `motive`; one already proposed otherwise than « retenu » stays as it is. `versions` are those of
    the page, by primary key of every decision: a change of one of them since is `Stale`.
    """
    chosen = set(chosen)
    with transaction.atomic():
        committee = locks.hold_committee(committee.pk)
        locks.require_unmasked(by, committee)
        selections = locks.hold_agenda(committee)
        if chosen - {selection.pk for selection in selections} or versions.keys() != {
            selection.pk for selection in selections
        }:
            raise Refusal(
                "L’ordre du jour a changé depuis l’affichage de la page : rien n’a été enregistré. "
                "Relisez-le, puis refaites le scénario."
            )
        written = []
        for selection in selections:
            proposed = _proposed(selection, selection.pk in chosen, motive)
            locks.require(by, "calls.propose_decision", selection)
            locks.refuse_stale_selection(selection, versions[selection.pk], proposed)
            if proposed != Decision.on(selection):
                written.append((selection, proposed))
        if any(proposed.problems().keys() & {"motive"} for _, proposed in written):
            raise Refusal({"motive": "Des dossiers ne sont pas retenus : écrivez le motif."})
        # One outermost act: the history's end is locked last, once for all the proposals.
        with history.acting(by, "propose"):
            return [
                deliberation.propose(
                    selection, by=by, version=selection.version, **proposed.values()
                )
                for selection, proposed in written
            ]


def _proposed(selection, is_chosen, motive):
    """What the scenario proposes on a dossier: what is proposed already, if that suits it."""
    former = Decision.on(selection)
    if is_chosen == (former.outcome == _RETAINED) and former.outcome:
        return former
    if not is_chosen:
        return Decision.typed(
            outcome=Selection.Outcome.NOT_RETAINED, motive=motive, public_text=former.public_text
        )
    asked = selection.application.asked_amount
    return Decision(
        outcome=_RETAINED,
        granted_amount=asked,
        amount_not_disclosed=asked is None,
        public_text=former.public_text,
    )
