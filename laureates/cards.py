"""What a list shows of a laureate, kept as JSON so that a list reads one row for each."""

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from django.urls import reverse

from laureates.models import Laureate


@dataclass(frozen=True)
class ListedLaureate:
    """A laureate as lists show it: texts in display order, an amount in euros or None."""

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

    def get_absolute_url(self) -> str:
        return _address().format(self.public_id, self.slug)

    @property
    def project_state_label(self) -> str:
        return Laureate.ProjectState(self.project_state).label if self.project_state else ""


@cache
def _address() -> str:
    """The address of a laureate, with holes: resolving each would cost more than its card."""
    return reverse("laureates:laureate", args=["public0id", "slug0"]).replace(
        "public0id-slug0", "{}-{}"
    )


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
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def read(text: str) -> ListedLaureate:
    """The laureate of which `content` made `text`."""
    *before, amount, state = json.loads(text)
    return ListedLaureate(*before, None if amount is None else Decimal(amount), state)
