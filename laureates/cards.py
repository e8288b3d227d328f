"""What a list shows of a laureate, kept as JSON so that a list reads one row for each."""

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property

from ftap.fast import address
from ftap.prepared import Prepared
from laureates.models import Card, Laureate


@dataclass(frozen=True)
class ListedLaureate:
    """A laureate as lists show it: texts in display order, an amount in euros or None.

    `roles` says how each organisation carries it, by slug, in French.
    """

    public_id: str
    slug: str
    title: str
    summary: str
    carriers: list[str]
    themes: list[str]
    territories: list[str]
    announcement: str
    amount: Decimal | None
    project_state: str
    roles: dict[str, str]

    def get_absolute_url(self) -> str:
        return self._address

    @cached_property
    def _address(self):
        return address("laureates:laureate", self.public_id, self.slug)

    @property
    def project_state_label(self) -> str:
        return Laureate.ProjectState(self.project_state).label if self.project_state else ""


def content(laureate: Laureate) -> str:
    """The JSON of a laureate fetched with its announcement, carriers, themes and territories."""
    return json.dumps(
        [
            laureate.public_id,
            laureate.slug,
            laureate.title,
            laureate.summary,
            [carrier.announced_name for carrier in laureate.carriers.all()],
            [theme.name for theme in laureate.themes.all()],
            [str(territory) for territory in laureate.territories.all()],
            laureate.announcement.label,
            None if laureate.amount is None else str(laureate.amount),
            laureate.project_state,
            {carrier.organisation.slug: carrier.role_label for carrier in laureate.carriers.all()},
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def read(text: str) -> ListedLaureate:
    """The laureate of which `content` made `text`."""
    *before, amount, state, roles = json.loads(text)
    return ListedLaureate(*before, None if amount is None else Decimal(amount), state, roles)


def of(keys: list[int]) -> list[ListedLaureate]:
    """The laureates of these keys, in order: one query. The caller says who may be seen."""
    if not keys:
        return []
    rows = dict(_contents(len(keys)).rows(*keys))
    return [read(rows[key]) for key in keys if key in rows]


@cache
def _contents(count: int) -> Prepared:
    """The cards of so many keys; the sizes of pages are few."""
    return Prepared(
        lambda *keys: Card.objects.filter(pk__in=keys).values_list("pk", "content"),
        *range(1, count + 1),
    )
