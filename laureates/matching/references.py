"""The themes and territories that a cell names, by their names or codes, in any case or accents."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from laureates.models import Territory, Theme
from laureates.typography import fold

NEAR_MAX = 3
_CODE = r"[0-9][0-9ab][0-9]?"
_CODED = re.compile(rf"^(?P<code>{_CODE})\s*[-–—:]\s*(?P<name>.+)$")
_BRACKETED = re.compile(r"^(?P<name>.+?)\s*\(\s*(?P<told>[^()]+?)\s*\)$")
# The export of the list writes « region 84 ».
_KEYED = re.compile(rf"^(?P<kind>[a-z]+) (?P<code>{_CODE}|fr)$")


@dataclass
class Cited:
    """What a cell names: rows found, names that several territories bear, texts that are none.

    `unknown` are [(text, names that are near)].
    """

    found: set[int] = field(default_factory=set)
    several: list[tuple[str, list[Territory]]] = field(default_factory=list)
    unknown: list[tuple[str, list[str]]] = field(default_factory=list)


class References:
    """The reference lists, read once: two queries."""

    def __init__(self):
        themes = list(Theme.objects.all())
        self.theme_names = [theme.name for theme in themes]
        self.theme = {theme.pk: theme for theme in themes}
        self.territory: dict[int, Territory] = {}
        self._themes = {plain(theme.name): theme.pk for theme in themes}
        self._territories: dict[str, list[Territory]] = {}
        self._written: dict[int, str] = {}
        self._cited: dict[tuple[str, str], Cited] = {}
        for territory in Territory.objects.order_by("kind", "code"):
            self.territory[territory.pk] = territory
            self._territories.setdefault(plain(territory.name), []).append(territory)
            self._territories.setdefault(plain(territory.code), []).append(territory)

    def themes(self, text: str) -> Cited:
        return self._once("themes", text, self._read_themes)

    def _once(self, name, text, read) -> Cited:
        """What a cell names, found out once: many say the same."""
        if (name, text) not in self._cited:
            self._cited[name, text] = read(text)
        cited = self._cited[name, text]
        return Cited({*cited.found}, [*cited.several], [*cited.unknown])

    def _read_themes(self, text) -> Cited:
        cited = Cited()
        for written in _split(text, lambda name: name in self._themes):
            if (pk := self._themes.get(plain(written))) is not None:
                cited.found.add(pk)
            else:
                cited.unknown.append((written, near(written, self.theme_names)))
        return cited

    def territories(self, text: str) -> Cited:
        """A territory by its name, its code, or both (« 69 – Rhône », « La Réunion (région) »)."""
        return self._once("territories", text, self._read_territories)

    def _read_territories(self, text) -> Cited:
        cited = Cited()
        for written in _split(text, lambda name: bool(self._named(name))):
            named = self._named(plain(written))
            if len(named) == 1:
                cited.found.add(named[0].pk)
            elif named:
                cited.several.append((written, named))
            else:
                names = [territory.name for territory in self.territory.values()]
                cited.unknown.append((written, near(written, names)))
        return cited

    def written(self, territory: Territory) -> str:
        """The name of a territory, so that it is read back as that one alone."""
        if territory.pk not in self._written:
            self._written[territory.pk] = self._write(territory)
        return self._written[territory.pk]

    def _write(self, territory):
        name = str(territory)
        if len(self._named(plain(name))) == 1:
            return name
        return f"{territory.name} ({territory.get_kind_display()})"

    def _named(self, name):
        """The territories that a plain text names: those of its code or kind, where it tells "
        "one."""
        if whole := self._territories.get(name):
            return whole
        if match := _CODED.match(name):
            return _told(self._territories.get(match["name"], ()), match["code"])
        if match := _KEYED.match(name):
            rows = self._territories.get(match["code"], ())
            return [row for row in rows if row.kind == match["kind"]]
        if match := _BRACKETED.match(name):
            return _told(self._territories.get(match["name"], ()), match["told"])
        return []


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """A text without accents nor case, its spaces single: what two spellings share."""
    return " ".join(fold(text).split())


def near(written: str, names: list[str]) -> list[str]:
    """The names that a misspelt text may mean, best first."""
    asked = plain(written)
    reach = max(1, len(asked) // 4)
    found = process.extract(
        asked,
        {name: plain(name) for name in names},
        scorer=OSA.distance,
        score_cutoff=reach,
        limit=NEAR_MAX,
    )
    return [name for _, _, name in found]


def _told(rows, told):
    """Those of a name that have this code or kind; all of them where none has."""
    chosen = [row for row in rows if told in (plain(row.code), plain(row.get_kind_display()))]
    return chosen or list(rows)


def _split(text, is_known) -> list[str]:
    """The names that a cell lists, a comma within a known name included."""
    pieces = [piece for piece in re.split(r"\s*[,;\n]\s*", text.strip()) if piece.strip()]
    names = []
    while pieces:
        length = next(
            (
                length
                for length in range(len(pieces), 0, -1)
                if is_known(plain(", ".join(pieces[:length])))
            ),
            1,
        )
        names.append(", ".join(pieces[:length]).strip())
        pieces = pieces[length:]
    return names
