"""What a bulk act would do: the dossiers, what each becomes, and why some would be refused."""

from collections.abc import Iterable
from dataclasses import dataclass

from calls.bulk import words
from calls.bulk.act import Act
from calls.bulk.acts import make
from calls.envelope import Total
from calls.models import Application
from calls.permissions import Refusal


@dataclass(frozen=True)
class Row:
    """One dossier of a preview. `refusal` is why it would be refused; `seen`, what is shown."""

    application: Application
    situation: str
    effect: str
    refusal: str
    seen: dict


@dataclass(frozen=True)
class Preview:
    """A bulk act before it is done. `missing` counts dossiers asked for that `by` does not see."""

    act: Act
    rows: list[Row]
    missing: int

    @property
    def count(self) -> int:
        return len(self.rows)

    @property
    def total(self) -> Total:
        """Of the amounts asked, in euros."""
        return Total.of(row.application.asked_amount for row in self.rows)

    @property
    def refused(self) -> list[Row]:
        return [row for row in self.rows if row.refusal]

    @property
    def is_possible(self) -> bool:
        return bool(self.rows) and not self.refused

    @property
    def seen(self) -> dict[int, dict]:
        return {row.application.pk: row.seen for row in self.rows}


def preview(
    kind: str, applications: Iterable[Application | int], *, by, comment: str = "", **params
) -> Preview:
    """What `run` would do and refuse now, in a constant number of queries.

    `applications` are rows or primary keys; those that `by` does not read in full are left out.
    """
    act = make(kind, by=by, comment=comment, **params)
    wanted = keys(applications)
    rows = list(readable(wanted, by))
    act.load(rows)
    refusals = act.refusals(rows)
    return Preview(
        act=act,
        rows=[
            Row(
                application=row,
                situation=act.situation(row),
                effect=act.effect(row),
                refusal=words.bare(row, refusals.get(row.pk, "")),
                seen=act.seen(row),
            )
            for row in rows
        ],
        missing=len(wanted) - len(rows),
    )


def keys(applications: Iterable[Application | int]) -> list[int]:
    return list(dict.fromkeys(getattr(row, "pk", row) for row in applications))


def readable(pks: list[int], by):
    """The dossiers that `by` reads in full, by reference."""
    return (
        Application.objects.read_in_full_by(by)
        .filter(pk__in=pks)
        .select_related("session__call", "case_officer")
        .order_by("reference")
    )


def refused(applications: list[Application], refusals: dict[int, str]) -> Refusal | None:
    """All the refusals in one, in the order of dossiers; None where there are none."""
    told = [words.named(row, refusals[row.pk]) for row in applications if refusals.get(row.pk)]
    return Refusal(told) if told else None
