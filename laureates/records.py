"""The JSON and the CSV line of each laureate, kept so that a reader is served without making them.

They are exactly what `laureates.opendata.serializers` and `native` write of the same laureate, but
for two holes: what SITE and DATED stand for is known when it is read. JSON holds no control
character of its own, so no text can be taken for a hole; in a CSV line, SITE is the first one, and
the last cells are not stored. They are read as bytes, which is what is sent.
"""

import csv
import io
import json
import uuid
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from operator import attrgetter

from django.db import connection
from django.utils import timezone
from rest_framework import serializers as rest

from ftap import fast, prepared
from laureates.freshness import Version
from laureates.loading import LoadedLaureate, Rows
from laureates.models import Announcement, Laureate, Organisation, Record, Release
from laureates.opendata import native, serializer_fields
from laureates.opendata.fields import FIELDS
from laureates.opendata.reading import LICENCE, Context, changed_at
from laureates.opendata.serializers import SAID_BY_OBJECTS, LaureateSerializer

SITE, DATED = "\x01", "\x02"
NAMES = ("announcement", "changed", "moment", "csv", "json")
# The cells that end a line, made when it is read.
_LAST = ("version_publication", "modifie_le", "licence", "donnees_au")
_CELLS = FIELDS[: -len(_LAST)]
if tuple(item.name for item in FIELDS[-len(_LAST) :]) != _LAST:
    raise AssertionError("the fields that depend on the reading end the line")

# No text of a laureate can hold it: it is drawn by each process.
_MARK = uuid.uuid4().hex
_UNCAPPED = Context(_MARK, Version("", None))


# Reading them ----------------------------------------------------------------

# Gives, for a set of announcements, the number of the latest public version of each at least.
NumbersOf = Callable[[set[int]], Mapping[int, int | None]]


class Numbers:
    """The number of the latest public version of public announcements, by primary key: asked once
    for each, until the minute of the next one."""

    def __init__(self):
        self._known: dict[int, int | None] = {}
        self._until = None

    def of(self, announcements: set[int]) -> Mapping[int, int | None]:
        now = timezone.now()
        if self._until and now >= self._until:
            self._known, self._until = {}, None
        missing = {key for key in announcements if key not in self._known}
        if missing:
            found = dict.fromkeys(missing)
            rows = Release.objects.filter(announcement__in=missing).order_by("number")
            for announcement, number, moment in rows.values_list(
                "announcement", "number", "published_at"
            ):
                if moment <= now:
                    found[announcement] = number
                else:
                    self._until = min(filter(None, (self._until, moment)))
            self._known |= found
        return self._known


class Reading:
    """What fills the holes of records: `site` is the address of the site, no slash at its end."""

    def __init__(self, site: str, version: Version):
        self.site = site
        as_of = Context(site, version).as_of
        self.day = as_of and as_of.isoformat()
        self._latest = version.changed_at and int(version.changed_at.timestamp())
        self._capped = version.changed_at and native.moment(version.changed_at)

    def moment(self, changed: int | None, moment: str) -> str:
        """When a laureate last changed: at the latest when the public data did."""
        if self._latest is None:
            return moment
        return self._capped if changed is None or changed > self._latest else moment


def reading(site_url: str, version: Version) -> Reading:
    """What this process fills the holes with: the same as long as the public data are."""
    return _reading(site_url + fast.prefix(), version)


@lru_cache(8)
def _reading(site, version):
    return Reading(site, version)


def texts(
    keys: list[int],
    reading: Reading,
    numbers: NumbersOf,
    members: str = "",
    *,
    database=connection,
) -> list[bytes]:
    """The JSON of each of these laureates, in their order; those that are gone left out.

    `members`, JSON without its braces, joins those that are said of each laureate alone.
    """
    rows = _rows(database, keys, "json")
    known = numbers({row[0] for row in rows})
    site, hole, dated = dumps(reading.site)[1:-1].encode(), SITE.encode(), DATED.encode()
    more = f",{members}" if members else ""
    found = []
    for announcement, changed, moment, text in rows:
        number, moment = known.get(announcement) or "null", reading.moment(changed, moment)
        when = f'"{moment}"' if moment else "null"
        filled = f'"version_publication":{number},"modifie_le":{when}{more}'
        found.append(text.replace(hole, site).replace(dated, filled.encode()))
    return found


def lines(
    keys: list[int], reading: Reading, numbers: NumbersOf, *, database=connection
) -> list[bytes]:
    """The line of each of these laureates in a CSV, in their order, as `texts`."""
    rows = (_copied if database.vendor == "postgresql" else _rows)(database, keys, "csv")
    known = numbers({row[0] for row in rows})
    site, hole, end = reading.site.encode(), SITE.encode(), f"{LICENCE},{reading.day or ''}\r\n"
    return [
        text.replace(hole, site, 1)
        + f",{known.get(announcement) or ''},{reading.moment(changed, moment)},{end}".encode()
        for announcement, changed, moment, text in rows
    ]


def _rows(database, keys, column) -> list[tuple]:
    """(announcement, changed, moment, `column` in bytes) of each record, by hand: lists ask
    thousands."""
    if not keys:
        return []
    read = f"FROM {Record._meta.db_table} WHERE laureate_id"
    named = "SELECT laureate_id, announcement, changed, moment,"
    if database.vendor == "sqlite":
        with database.cursor() as cursor:
            listed = ",".join(map(str, keys))
            cursor.execute(f"{named} CAST({column} AS BLOB) {read} IN ({listed})")
            rows = {row[0]: row[1:] for row in cursor.fetchall()}
    else:
        found = prepared.fetched(f"{named} {column} {read} = ANY(%s)", [keys], database)
        rows = {key: (*row, text.encode()) for key, *row, text in found}
    return [rows[key] for key in keys if key in rows]


def _copied(database, keys, column) -> list[tuple]:
    """The same on PostgreSQL, by COPY: thousands of rows come several times faster."""
    listed, table = ",".join(map(str, keys)), Record._meta.db_table
    query = (
        f"COPY (SELECT announcement, changed, moment, {column} "  # noqa: S608
        f"FROM unnest('{{{listed}}}'::bigint[]) WITH ORDINALITY AS asked (key, rank) "
        f"JOIN {table} ON laureate_id = key ORDER BY rank) TO STDOUT (FORMAT binary)"
    )
    with database.cursor() as cursor, cursor.cursor.copy(query) as copy:
        # As bytes, text and bytea are the same.
        copy.set_types(["int8", "int8", "text", "bytea"])
        return list(copy.rows())


# Making them -----------------------------------------------------------------


def make(laureate: Laureate | LoadedLaureate) -> tuple:
    """What NAMES are, of a laureate read with `laureates_for_export` or loaded."""
    row = _Read(laureate)
    changed = changed_at(row, _UNCAPPED)
    values = {item.name: item.value(row, _UNCAPPED) for item in _CELLS}
    content = {name: _plain(value) for name, value in values.items() if name not in SAID_BY_OBJECTS}
    content["version_publication"] = _MARK
    content |= _relations()(row)
    return (
        laureate.announcement_id,
        changed and int(changed.timestamp()),
        native.moment(changed) if changed else "",
        _line(values),
        _text(content),
    )


class _Read:
    """A laureate, its relations read once: each time that one is asked for makes a manager."""

    def __init__(self, laureate):
        self.laureate = laureate
        self.carriers = Rows(laureate.carriers.all())
        self.themes = Rows(laureate.themes.all())
        self.territories = Rows(laureate.territories.all())

    def __getattr__(self, name):
        return getattr(self.laureate, name)

    def get_absolute_url(self):
        return fast.path("laureates:laureate", self.laureate.public_id, self.laureate.slug)


def _plain(value):
    return None if value == "" else native.plain(value)


def _line(values) -> str:
    output = io.StringIO(newline="")
    cells = [native.shown(values[item.name], item) for item in _CELLS]
    # Without an end of line of its own, the writer would leave those of a text unquoted.
    csv.writer(output, lineterminator="\r\n").writerow(cells)
    return output.getvalue().removesuffix("\r\n").replace(_MARK, SITE, 1)


def _text(content) -> str:
    text = dumps(content).replace(f'"version_publication":"{_MARK}"', DATED)
    return text.replace(_MARK, SITE)


def dumps(content) -> str:
    """JSON as the interface writes it."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _relations() -> Callable:
    """What the serializer of a laureate says by objects, as a function of a laureate."""
    # A serializer asks again of each row what is known of all of them: that is most of its time.
    serializer = LaureateSerializer(context={"site_url": _MARK, "export": _UNCAPPED})
    return _plan(serializer, LaureateSerializer._declared_fields)


def _plan(serializer, names=None) -> Callable:
    readers = [
        (name, _reader(field))
        for name, field in serializer.fields.items()
        if names is None or name in names
    ]
    return lambda row: {name: read(row) for name, read in readers}


def _reader(field) -> Callable:
    """What `field` writes of a row, as a function of the row."""
    if isinstance(field, rest.ListSerializer):
        each, rows = _plan(field.child), _attribute(field)
        return lambda row: [each(item) for item in rows(row)]
    if isinstance(field, rest.Serializer):
        each, get = _plan(field), _attribute(field)
        return lambda row: None if (value := get(row)) is None else each(value)
    if isinstance(field, serializer_fields.ApiAddress):
        return _address(field)
    if isinstance(field, serializer_fields.PageAddress):
        return lambda row: f"{_MARK}{_page(row)}"
    if isinstance(field, serializer_fields.Text):
        get = _attribute(field)
        return lambda row: str(value) if (value := get(row)) not in (None, "") else None
    if isinstance(field, rest.IntegerField):
        return _attribute(field)
    return lambda row: field.to_representation(row)


def _attribute(field) -> Callable:
    """What the source of `field` names, called when it is a method, as in a template."""
    get, last = attrgetter(".".join(field.source_attrs)), field.source_attrs[-1]
    if last.endswith("_display"):
        name = last.removeprefix("get_").removesuffix("_display")
        return lambda row: _labels(type(row), name)[getattr(row, name)]

    def read(row):
        value = get(row)
        return value() if callable(value) else value

    return read


@cache
def _labels(model, name) -> dict:
    return dict(model._meta.get_field(name).flatchoices)


# Resolving each address would take longer than all the rest.
_PAGES = {Announcement: "announcement", Organisation: "organisation"}


def _page(row) -> str:
    """What `row.get_absolute_url()` gives."""
    return fast.path(f"laureates:{_PAGES[type(row)]}", row.slug)


def _address(field) -> Callable:
    return lambda row: f"{_MARK}{fast.path(f'laureates:{field.name}', *field.read(row))}"
