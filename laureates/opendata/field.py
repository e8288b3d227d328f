"""What a field of the open data is, and the words of its closed lists."""

from collections.abc import Callable
from dataclasses import dataclass

from laureates.models import Laureate, Organisation, Territory
from laureates.opendata.reading import Context

NATIONAL, LOCAL = "national", "déconcentré"
# The services of the State whose level their kind tells; of the others it is not recorded.
LEVELS = {
    Organisation.Kind.MINISTRY: NATIONAL,
    Organisation.Kind.CENTRAL: NATIONAL,
    Organisation.Kind.NATIONAL_SERVICE: NATIONAL,
    Organisation.Kind.DECONCENTRATED: LOCAL,
}
TERRITORIES = {
    Territory.Kind.NATIONAL: "national",
    Territory.Kind.REGION: "région",
    Territory.Kind.DEPARTMENT: "département",
    Territory.Kind.COLLECTIVITY: "collectivité",
}


@dataclass(frozen=True)
class Field:
    """A field of the open data.

    `name` is its header, `type` its Table Schema type, `label` and `description` are in French.
    `required`: never empty. `enum`: the only values. `is_list`: several values, in order;
    `is_year`: a number that takes no thousands separator.
    """

    name: str
    label: str
    type: str
    description: str
    value: Callable[[Laureate, Context], object]
    unit: str = ""
    required: bool = False
    enum: tuple[str, ...] | None = None
    example: str = ""
    is_list: bool = False
    is_year: bool = False
