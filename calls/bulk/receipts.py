"""Receipts as their reader may read them: never a dossier, a count nor a total that is hidden."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce

from calls.bulk import words
from calls.envelope import Total
from calls.models import Application, BulkAct, BulkActItem, Selection

MASKED = "masqué : déport"


@dataclass(frozen=True)
class Line:
    """One dossier of a receipt; `changes` are (label, before, after).

    `decision` is what a closing validated, in words; empty for any other act.
    """

    application: Application
    changes: list[tuple[str, str, str]]
    decision: str = ""


@dataclass(frozen=True)
class Receipt:
    """A receipt for one reader. `count` and `total` are None where a dossier is hidden.

    `total` is of the amounts asked when the act was done; of those granted, for a closing. A
    closing's comment tells of its envelope: it is hidden with the total.
    """

    act: BulkAct
    lines: list[Line]
    count: int | None
    total: Total | None

    @property
    def is_closing(self) -> bool:
        return self.act.kind == BulkAct.Kind.CLOSE_COMMITTEE

    @property
    def comment(self) -> str:
        return MASKED if self.is_masked and self.is_closing else self.act.comment

    @property
    def is_masked(self) -> bool:
        return self.count is None


def receipt(act: BulkAct, user) -> Receipt:
    """The receipt as `user` reads it, in a constant number of queries."""
    rows = {
        row.pk: row
        for row in Application.objects.read_in_full_by(user)
        .filter(bulk_act_items__act=act)
        .select_related("session__call")
    }
    every = list(act.items.all())
    items = [item for item in every if item.application_id in rows]
    told = words.Values(
        act.kind, [values for item in items for values in (item.before, item.after)]
    )
    is_whole = len(items) == len(every)
    return Receipt(
        act=act,
        lines=[
            Line(
                rows[item.application_id],
                told.changes(item.before, item.after),
                _decision(act, told, item.after),
            )
            for item in items
        ],
        count=len(items) if is_whole else None,
        total=_total(act, items) if is_whole else None,
    )


def _decision(act, told, after):
    """« retenu, 550 000 € », « liste d’attente, rang 2 »; the motive stays on the decision."""
    if act.kind != BulkAct.Kind.CLOSE_COMMITTEE:
        return ""
    words_of = [told.text("outcome", after["outcome"])]
    if after["outcome"] == Selection.Outcome.RETAINED:
        amount = after["granted_amount"]
        words_of.append(
            "montant non communiqué" if amount is None else told.text("granted_amount", amount)
        )
    if after["rank"]:
        words_of.append(f"rang {after['rank']}")
    return ", ".join(words_of)


def _total(act, items):
    if act.kind == BulkAct.Kind.CLOSE_COMMITTEE:
        amounts = [
            item.after["granted_amount"]
            for item in items
            if item.after["outcome"] == Selection.Outcome.RETAINED
        ]
    else:
        amounts = [item.before.get("asked_amount") for item in items]
    return Total.of(amount and Decimal(amount) for amount in amounts)


def with_counts(receipts, user):
    """`item_count`, of all dossiers, and `seen_count`, of those that `user` reads."""
    seen = Application.objects.read_in_full_by(user)
    return receipts.annotate(
        item_count=_count(BulkActItem.objects.all()),
        seen_count=_count(BulkActItem.objects.filter(application__in=seen.values("pk"))),
    )


def _count(items):
    rows = items.filter(act=OuterRef("pk")).order_by().values("act")
    return Coalesce(
        Subquery(rows.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
    )
