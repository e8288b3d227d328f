"""How many laureates each standard takes, and why it refuses the others."""

from collections.abc import Callable
from dataclasses import dataclass, field

from laureates.models import Laureate
from laureates.opendata import scdl, threesixty
from laureates.opendata.reading import keys_of, laureates_of


@dataclass(frozen=True)
class Standard:
    """A format of somebody else's, that refuses rows. `route` names the address of its file."""

    name: str
    route: str
    refusals: Callable[[Laureate], list[str]]


@dataclass
class Conformity:
    """What a standard takes: `total` laureates, `accepted` of them, the others by reason.

    A laureate may have several reasons: their numbers may add up to more than the laureates left
    out. Reasons come with the laureates concerned, most frequent first.
    """

    standard: Standard
    total: int = 0
    accepted: int = 0
    refused: dict[str, list[Laureate]] = field(default_factory=dict)

    @property
    def left_out(self) -> int:
        return self.total - self.accepted

    @property
    def reasons(self) -> list[tuple[str, list[Laureate]]]:
        return sorted(self.refused.items(), key=lambda item: (-len(item[1]), item[0]))


STANDARDS = (
    Standard(f"SCDL « subventions » {scdl.VERSION}", "laureates:scdl", scdl.refusals),
    Standard(f"360Giving {threesixty.VERSION}", "laureates:threesixty", threesixty.refusals),
)


def report(queryset=None) -> list[Conformity]:
    """What each standard takes of `queryset`, by default every public laureate, in public order."""
    if queryset is None:
        queryset = Laureate.objects.published().in_public_order()
    found = [Conformity(standard) for standard in STANDARDS]
    for laureate in laureates_of(keys_of(queryset)):
        for item in found:
            item.total += 1
            reasons = item.standard.refusals(laureate)
            item.accepted += not reasons
            for reason in reasons:
                item.refused.setdefault(reason, []).append(laureate)
    return found
