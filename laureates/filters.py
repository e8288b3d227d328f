"""The library's filters: what a query string asks for, and the counts beside each value."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.text import capfirst
from pyroaring import BitMap

from laureates import cards, catalogue, freshness, search
from laureates.database_filters import ORDERS, SORTS, LaureateFilters
from laureates.facets import FACETS, Facet, Label
from laureates.models import Laureate, OrganisationRedirect
from laureates.orders import DATE

MAX_QUERY_LENGTH = 200
MAX_VALUES = 50  # beyond, a filter is not something a person has ticked
MAX_CHOICES = 60  # of a facet; more would not be read, and the page would weigh more


class ShownValues(NamedTuple):
    """The values of a facet to show, (value, label, count, is selected), how many are selected and
    how many are not shown: the least frequent; of a chronological facet the oldest, and then this
    is the least that they may be."""

    shown: list[tuple[str, Label, int, bool]]
    selected: int
    hidden: int


@dataclass(frozen=True)
class ActiveFilter:
    """A filter in force; `query` is the query string without it, "" when none is left."""

    label: str
    query: str


class LaureateFilterSet:
    """Public laureates under the filters of a query string.

    Counts, facets and pages come from the bitmaps of `laureates.catalogue`; `qs`, filtered and
    sorted, from the database. `problems` are French messages on what was not understood, and
    ignored. Whatever the query string, nothing raises. OR within a filter, AND across filters.
    """

    parameters = ("q", *FACETS, "tri")

    def __init__(self, data=None, queryset=None, version: freshness.Version | None = None):
        if version is not None:
            self.version = version
        self.problems: list[str] = []
        self.data_read = self._read(data if data is not None else QueryDict())
        self._queryset = queryset

    @property
    def queryset(self) -> QuerySet:
        return Laureate.objects.published() if self._queryset is None else self._queryset

    @cached_property
    def in_database(self) -> LaureateFilters:
        return LaureateFilters(self.data_read, self.queryset)

    @property
    def qs(self) -> QuerySet:
        return self.narrowed(self.queryset).order_by(*ORDERS[self.sort])

    def narrowed(self, queryset: QuerySet, but: str = "") -> QuerySet:
        """`queryset` under every filter but the one named, unsorted."""
        return self.in_database.narrowed(queryset, but)

    # What was asked ----------------------------------------------------------

    def _read(self, data) -> QueryDict:
        """The parameters that are known, well formed and not empty; the rest in `problems`."""
        if not isinstance(data, QueryDict):
            plain, data = data, QueryDict(mutable=True)
            for name, value in plain.items():
                data.setlist(name, value if isinstance(value, list | tuple) else [value])
        read = QueryDict(mutable=True)
        if text := self._read_text(data.get("q", "")):
            read["q"] = text
        # PostgreSQL takes no NUL: a value holding one is unknown, and named as such.
        asked = {
            name: list(dict.fromkeys(v.replace("\0", "\ufffd") for v in data.getlist(name) if v))
            for name in FACETS
        }
        labels = self._known(asked)
        if moved := self._moved(asked, labels):
            asked = {
                name: list(dict.fromkeys(moved.get((name, value), value) for value in values))
                for name, values in asked.items()
            }
            labels = self._known(asked)
        for name, values in asked.items():
            known = [value for value in values if value in labels[name]]
            for value in values[:5]:
                if value not in labels[name]:
                    self._problem(
                        f"Le filtre « {FACETS[name].label} » ne connaît pas la valeur "
                        f"« {_shown(value)} » : elle est ignorée."
                    )
            if known:
                read.setlist(name, sorted(known[:MAX_VALUES]))
            if len(known) > MAX_VALUES:
                self._problem(
                    f"Le filtre « {FACETS[name].label} » accepte {MAX_VALUES} valeurs au plus : "
                    "les suivantes sont ignorées."
                )
        self.selected_labels = labels
        sort = data.get("tri", "")
        default = "pertinence" if "q" in read else "date"
        if sort and sort not in SORTS:
            self._problem(f"Le tri « {_shown(sort)} » n’existe pas : il est ignoré.")
        elif sort == "pertinence" and "q" not in read:
            self._problem("Le tri par pertinence demande une recherche : il est ignoré.")
        elif sort and sort != default:
            read["tri"] = sort
        self.sort = read.get("tri", default)
        return read

    def _read_text(self, text: str) -> str:
        text = " ".join(re.sub(r"[\x00-\x1f]", " ", text).split())
        if len(text) > MAX_QUERY_LENGTH:
            self._problem(
                f"La recherche est limitée à {MAX_QUERY_LENGTH} caractères : la suite est ignorée."
            )
            text = text[:MAX_QUERY_LENGTH]
        if text and not search.parse(text):
            self._problem(
                f"La recherche « {_shown(text)} » ne contient aucun mot : elle est ignorée."
            )
            return ""
        return text

    def _problem(self, message: str) -> None:
        self.problems.append(message)

    def _known(self, asked: dict[str, list[str]]) -> dict[str, dict]:
        """For each facet, the labels of the values asked for that a visitor may know of."""
        known = {}
        for name, facet in FACETS.items():
            known[name] = {}
            if asked[name]:
                labels = self.public.labels(name)
                known[name] = {value: labels[value] for value in asked[name] if value in labels}
                absent = set(asked[name]) - set(known[name])
                if facet.is_closed and absent:
                    known[name] |= facet.named(absent)
        return known

    def _moved(self, asked, labels) -> dict[tuple[str, str], str]:
        """{(facet, value): new value} of the organisations that were merged into one of which a
        visitor may know: a shared address keeps its meaning."""
        unknown = {
            (name, value)
            for name in ("ministere", "organisation")
            for value in asked[name]
            if value not in labels[name]
        }
        if not unknown:
            return {}
        redirects = OrganisationRedirect.objects.filter(
            slug__in={value for _, value in unknown}, was_public=True
        )
        new = dict(redirects.values_list("slug", "organisation__slug"))
        moved = {(name, value): new[value] for name, value in unknown if value in new}
        known = self._known(
            {name: [to for (facet, _), to in moved.items() if facet == name] for name in FACETS}
        )
        return {key: value for key, value in moved.items() if value in known[key[0]]}

    # What visitors may see, counted without reading a row -------------------

    @cached_property
    def bitmaps(self) -> catalogue.Catalogue:
        return catalogue.current(self.version)

    @cached_property
    def public(self) -> catalogue.Public:
        return self.bitmaps.public(self.version)

    @cached_property
    def version(self) -> freshness.Version:
        """The version of the public data that this list shows."""
        return freshness.current()

    @cached_property
    def _chosen(self) -> dict[str, BitMap]:
        """The laureates, public or not, that each filter in use leaves."""
        found = {
            name: BitMap.union(
                *(self.bitmaps.get(name, value) for value in self.data_read.getlist(name))
            )
            for name in FACETS
            if name in self.data_read
        }
        if self.q:
            found["q"] = self.bitmaps.finder.keys(self.q)
        return found

    def _matching(self, but: str = "") -> BitMap:
        """The public laureates under every filter but the one named."""
        others = [bits for name, bits in self._chosen.items() if name != but]
        return BitMap.intersection(self.public.ids, *others) if others else self.public.ids

    @property
    def is_filtered(self) -> bool:
        return bool(self._chosen)

    @cached_property
    def ids(self) -> BitMap:
        return self._matching()

    def page(self, start: int, stop: int) -> list[cards.ListedLaureate]:
        """The laureates from rank `start` to `stop` of the list, in its order: one query."""
        return cards.of(self.keys(start, stop))

    def keys(self, start: int, stop: int) -> list[int]:
        """Their primary keys."""
        if self.sort != "pertinence":
            order = self.bitmaps.order(self.sort)
            return order.slice(self.ids, start, stop, self.count)
        order, found, before = self.bitmaps.order(DATE), [], BitMap()
        for rank in search.RANKS:
            here = (self.bitmaps.finder.keys(self.q, rank) & self.ids) - before
            found += order.slice(here, max(start, 0), stop, len(here))
            start, stop = start - len(here), stop - len(here)
            if stop <= 0:
                break
            before |= here
        return found

    @cached_property
    def q(self) -> str:
        return self.data_read.get("q", "")

    @cached_property
    def count(self) -> int:
        """How many laureates the filters leave."""
        return len(self.ids)

    @cached_property
    def heading(self) -> str:
        return self.describe(self.count)

    @cached_property
    def sort_choices(self) -> list[tuple[str, str, bool]]:
        """(value, label, selected) of each sort that makes sense here."""
        return [
            (value, capfirst(label), value == self.sort)
            for value, label in SORTS.items()
            if self.q or value != "pertinence"
        ]

    def _counted(self, facet: Facet, selected: list[str]) -> catalogue.Counted:
        """The values of a facet under the other filters, the first ones to be shown."""
        others = tuple(self._names[name] for name in self._chosen if name != facet.name)
        ids = self._matching(but=facet.name) if selected else self.ids
        if facet.is_chronological:
            return self.public.latest(facet.name, ids, MAX_CHOICES, len(selected))
        if not others:
            return catalogue.frequent(self.public.counts(facet.name), MAX_CHOICES)
        return self.public.frequent(facet.name, ids, others, MAX_CHOICES)

    @cached_property
    def _names(self) -> dict[str, tuple]:
        """What was chosen in each filter in use."""
        return {name: (name, *self.data_read.getlist(name)) for name in self._chosen}

    def choices(self, facet: Facet) -> ShownValues:
        """The values of a facet to show, in display order: the first ones, and those chosen."""
        selected = self.data_read.getlist(facet.name)
        counts, others = self._counted(facet, selected)
        if more := [value for value in selected if value not in counts]:
            ids = self._matching(but=facet.name)
            added = {
                value: ids.intersection_cardinality(self.bitmaps.get(facet.name, value))
                for value in more
            }
            others -= sum(number > 0 for number in added.values())
            counts = counts | added
        labels, places = self.public.labels(facet.name), self.public.places(facet.name)
        if counts.keys() <= labels.keys():
            shown = sorted(counts, key=places.__getitem__)
        else:
            labels = facet.named(counts)
            shown = list(labels)
        return ShownValues(
            [(value, labels[value], counts[value], value in selected) for value in shown],
            len(selected),
            others,
        )

    @cached_property
    def active(self) -> list[ActiveFilter]:
        """Each filter in force, as a removable tag."""
        found = []
        if self.q:
            found.append(ActiveFilter(f"Recherche : {self.q}", self.querystring(q=None)))
        for name, facet in FACETS.items():
            values = self.data_read.getlist(name)
            for value in values:
                rest = [other for other in values if other != value]
                label = capfirst(self.selected_labels[name][value].text)
                found.append(
                    ActiveFilter(f"{facet.label} : {label}", self.querystring(**{name: rest}))
                )
        return found

    def querystring(self, **changes) -> str:
        """The canonical query string, with `changes` (None or [] removes); pages start again."""
        if not any(value or name in self.data_read for name, value in changes.items()):
            return self._query
        pairs = []
        for name in (*self.parameters, "page"):
            if name in changes:
                value = changes[name]
                values = value if isinstance(value, list | tuple) else [value]
            else:
                values = self.data_read.getlist(name)
            values = (str(value).strip() for value in values if value is not None)
            pairs += [(name, value) for value in values if value]
        return urlencode(pairs)

    @cached_property
    def _query(self) -> str:
        return self.data_read.urlencode()

    @cached_property
    def criteria(self) -> str:
        """What the filters ask for, in plain French: what follows a noun; "" without any."""
        parts = []
        if self.q:
            parts.append(f"contenant « {self.q} »")
        for name, facet in FACETS.items():
            if values := self.data_read.getlist(name):
                names = (capfirst(self.selected_labels[name][value].text) for value in values)
                parts.append(facet.phrase + " " + " ou ".join(f"« {label} »" for label in names))
        return ", ".join(parts)

    def describe(self, count: int) -> str:
        """What a list of `count` laureates shows, in plain French."""
        if not count:
            noun = "Aucun projet lauréat"
        elif count == 1:
            noun = "1 projet lauréat"
        else:
            noun = f"{count:,} projets lauréats".replace(",", "\u202f")
        return f"{noun} {self.criteria}" if self.criteria else noun


def _shown(value: str) -> str:
    """What was typed, short enough and printable for a message."""
    printable = "".join(char for char in value if char.isprintable())
    return printable if len(printable) <= 60 else f"{printable[:60]}…"
