"""What each row of a file says of its place: which announcement, which laureate, which rank."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from laureates import typography
from laureates.importers.library import values
from laureates.importers.library.columns import LISTED, OF_ANNOUNCEMENT, OWN
from laureates.importers.library.layout import Layout
from laureates.importers.organisations import is_role
from laureates.matching.references import plain
from laureates.models import Announcement, Laureate

_KEY_MAX = Announcement._meta.get_field("slug").max_length
_NO = {"non", "faux", "0"}
_TITLE_MAX = Laureate._meta.get_field("title").max_length


class Cells:
    """The texts of a row by name of column, as corrected on screen."""

    def __init__(self, layout: Layout, cells: list[str], corrections: Mapping[str, str]):
        self._layout, self._texts = layout, [text.strip() for text in cells]
        for index, text in corrections.items():
            rank = int(index)
            self._texts += [""] * (rank + 1 - len(self._texts))
            self._texts[rank] = text.strip()

    def at(self, place) -> str:
        if place is None or place.index >= len(self._texts):
            return ""
        return self._texts[place.index]

    def text(self, name: str) -> str:
        columns = self._layout.columns
        if name == "title" and (own := columns.get(OWN.name)) and plain(self.at(own)) in _NO:
            return ""
        return self.at(columns.get(name))

    def carriers(self) -> list[tuple[str, str, str, dict]]:
        """(name, role, SIRET, places of these columns) of each carrier, in order."""
        layout = self._layout
        if LISTED.name in layout.columns:
            place = layout.columns[LISTED.name]
            parts = values.is_listed(self.at(place))
            return [(*_with_role(part), "", {"carrier": place}) for part in parts]
        found = []
        for rank in sorted(layout.carriers):
            places = layout.carriers[rank]
            texts = [self.at(places.get(name)) for name in ("carrier", "role", "siret")]
            if any(texts):
                found.append((typography.normalise(texts[0]), texts[1], texts[2], places))
        return found


def _with_role(text):
    """« Préfecture (chef de file) » → its name, its role."""
    name, bracket, told = text.rpartition("(")
    if bracket and told.endswith(")") and is_role(told[:-1].strip()):
        return typography.normalise(name), told[:-1].strip()
    return typography.normalise(text), ""


@dataclass
class Line:
    """A row, light. `told` maps columns of the announcement to (value, text) where it says one."""

    pk: int
    number: int
    is_set_aside: bool
    public_id: str
    title_key: str
    position: int | None
    group_key: str
    group: str
    group_amount: object = None
    told: dict[str, tuple[object, str]] = field(default_factory=dict)


def key_of(layout: Layout, cells: list[str], corrections: Mapping[str, str] = {}) -> str:
    """Rows of one announcement have one key; a row that names none is known by its laureate."""
    texts = Cells(layout, cells, corrections)
    if text := texts.text("announcement"):
        return announcement_key(text)
    public_id = texts.text("public_id").lower()
    return f"={public_id}"[:_KEY_MAX] if public_id else ""


def announcement_key(text: str) -> str:
    return typography.slugify(text)[:_KEY_MAX].strip("-")


def titled_after(names) -> str:
    """The title of a laureate that its announcement names by its carriers alone."""
    title = ", ".join(names)
    return title if len(title) <= _TITLE_MAX else f"{title[: _TITLE_MAX - 1].rstrip()}…"


def title_key(title: str) -> str:
    return plain(typography.normalise(title))


def line_of(layout: Layout, pk, number, cells, corrections, is_set_aside) -> Line:
    texts = Cells(layout, cells, corrections)
    title = texts.text("title") or titled_after(name for name, *_ in texts.carriers() if name)
    group = typography.normalise(texts.text("group"))
    line = Line(
        pk=pk,
        number=number,
        is_set_aside=is_set_aside,
        public_id=texts.text("public_id").lower(),
        title_key=title_key(title),
        position=_readable(values.position, texts.text("position")),
        group_key=plain(group),
        group=group,
    )
    if group and (text := texts.text("group_amount")):
        line.group_amount = _readable(values.amount, text)
    for name in OF_ANNOUNCEMENT:
        if text := texts.text(name):
            line.told[name] = (
                _readable(lambda text, name=name: values.read(name, text), text),
                text,
            )
    return line


def _readable(reader, text):
    """The value of a text; None where its own row will say that it cannot be read."""
    try:
        return reader(text)
    except ValueError:
        return None
