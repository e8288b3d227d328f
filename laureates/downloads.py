"""Downloads of a list from the records of its laureates, without making a row: CSV and JSON.

They are what `native` writes of the same laureates. A file is read at one moment: what changes
while a client receives it is not in it, and waits for nobody. It ends with the file, or with the
client.
"""

import json
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Max, QuerySet

from laureates import catalogue, freshness, records
from laureates.filters import LaureateFilterSet
from laureates.models import Carrier, IndexWrite, Release
from laureates.opendata import native
from laureates.opendata.field import TERRITORIES
from laureates.opendata.fields import FIELDS
from laureates.opendata.reading import LICENCE, Context

BATCH = 128  # records read together: some 200 KiB
_KEYS = 8_192  # keys listed together
_TRIES = 3
_BEGIN = {
    # Readers of a snapshot hold nobody in WAL; a writer's lock, which `atomic` takes, would.
    "sqlite": "BEGIN DEFERRED",
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}


@contextmanager
def snapshot():
    """A connection on which every query sees the database as the first one did.

    Inside a transaction, or in memory, it is the usual connection.
    """
    in_memory = connection.vendor == "sqlite" and connection.is_in_memory_db()
    if connection.in_atomic_block or in_memory:
        yield connection
        return
    own = connection.copy()
    try:
        with own.cursor() as cursor:
            cursor.execute(_BEGIN[own.vendor])
        yield own
    finally:
        own.close()


@dataclass(frozen=True)
class Settled:
    """A list as a snapshot holds it: how many laureates, their keys in order, by parts."""

    count: int
    keys: Iterator[list[int]]


class Queried:
    """The laureates of a query set, in its order."""

    def __init__(self, laureates: QuerySet):
        self.laureates = laureates

    def count(self) -> int:
        return self.laureates.count()

    def rows(self) -> QuerySet:
        """The same, for those who make their own rows."""
        return self.laureates

    def settled(self, database, version: freshness.Version) -> Settled:
        """The list as a snapshot holds it."""
        keys = array("q", (key for (key,) in _rows(self.laureates.values_list("pk"), database)))
        parts = (keys[start : start + _KEYS].tolist() for start in range(0, len(keys), _KEYS))
        return Settled(len(keys), parts)


class Filtered:
    """The laureates of the library under filters, in their order; `ask` makes the filters anew."""

    def __init__(self, ask: Callable[[], LaureateFilterSet]):
        self.ask = ask
        self.filterset = ask()

    def count(self) -> int:
        return self.filterset.count

    def rows(self) -> list[int]:
        return self.filterset.keys(0, self.filterset.count)

    def settled(self, database, version: freshness.Version) -> Settled | None:
        """None when the bitmaps are not of the moment of the snapshot: something came between."""
        found = self.filterset = self.ask()
        if found.version.key != version.key or found.bitmaps.write != _last_write(database):
            return None
        starts = range(0, found.count, _KEYS)
        return Settled(found.count, (found.keys(start, start + _KEYS) for start in starts))


def _last_write(database) -> catalogue.Write:
    rows = IndexWrite.objects.order_by("-number").values_list("number", "token")
    return next(
        (catalogue.Write(*row) for row in _rows(rows[:1], database)), catalogue.Write(0, "")
    )


def _rows(queryset, database):
    try:
        sql, parameters = queryset.query.get_compiler(connection=database).as_sql()
    except EmptyResultSet:
        return
    with database.cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(_KEYS):
            yield from rows


@contextmanager
def _reading(selection):
    """(snapshot, its version, the list as it holds it)."""
    for _ in range(_TRIES):
        with snapshot() as database:
            version = freshness.current(database)
            settled = selection.settled(database, version)
            if settled is not None:
                yield database, version, settled
                return
    # The library changes faster than it is read: its filters are asked of the snapshot itself.
    selection = Queried(selection.filterset.qs)
    with snapshot() as database:
        version = freshness.current(database)
        yield database, version, selection.settled(database, version)


def _numbers(database) -> records.NumbersOf:
    """The number of the latest version of each announcement whose minute has come."""
    rows = Release.objects.published().order_by()
    known = dict(_rows(rows.values_list("announcement").annotate(Max("number")), database))
    return lambda announcements: known


def _batches(keys: Iterator[list[int]]) -> Iterator[list[int]]:
    for part in keys:
        for start in range(0, len(part), BATCH):
            yield part[start : start + BATCH]


# CSV -------------------------------------------------------------------------


def stream_csv(selection: Queried | Filtered, site_url: str) -> Iterator[bytes]:
    """The CSV of these laureates, by pieces; its first line needs no reading."""
    yield from native.table([item.name for item in FIELDS], ())
    with _reading(selection) as (database, version, settled):
        numbers = _numbers(database)
        reading = records.reading(site_url, version)
        for keys in _batches(settled.keys):
            yield b"".join(records.lines(keys, reading, numbers, database=database))


# JSON ------------------------------------------------------------------------


def stream_json(
    selection: Queried | Filtered, site_url: str, about: Callable[[Context], dict]
) -> Iterator[bytes]:
    """The JSON of these laureates, by pieces; `about` gives what the file says of itself."""
    with _reading(selection) as (database, version, settled):
        numbers = _numbers(database)
        reading = records.reading(site_url, version)
        metadata = about(Context(site_url, version))
        yield native.json_opening(metadata | {"nombre": settled.count}).encode()
        before = "\n"
        for keys in _batches(settled.keys):
            texts = records.texts(keys, reading, numbers, database=database)
            rows = [native.dumps(_row(json.loads(text), reading)) for text in texts]
            if rows:
                yield (before + ",\n".join(rows)).encode()
                before = ",\n"
        yield native.JSON_END.encode()


def _row(said: dict, reading: records.Reading) -> dict:
    """The fields of the open data, from what the interface says of a laureate."""
    values = said | _flat(said) | {"licence": LICENCE, "donnees_au": reading.day}
    return {item.name: None if values[item.name] == [] else values[item.name] for item in FIELDS}


def _flat(said: dict) -> dict:
    """The fields that the interface says by objects."""
    carriers, territories = said["porteurs"], said["territoires"]
    bodies = [carrier["organisation"] for carrier in carriers]
    sirets = [body["siret"] for body in bodies]
    by_role = {
        role: [carrier["organisation"] for carrier in carriers if carrier["role"] == role]
        for role in (Carrier.Role.LEAD, Carrier.Role.CO)
    }
    lead = next(iter(by_role[Carrier.Role.LEAD]), {})
    return {
        "annonce": said["annonce"]["id"],
        "porteurs": [body["nom"] for body in bodies],
        "porteurs_annonces": [carrier["nom_annonce"] for carrier in carriers],
        "porteurs_siret": sirets if any(sirets) else [],
        "chef_de_file": lead.get("nom"),
        "chef_de_file_siret": lead.get("siret"),
        "co_porteurs": [body["nom"] for body in by_role[Carrier.Role.CO]],
        "themes": [theme["nom"] for theme in said["themes"]],
        "territoire": [
            f"{place['nom']} ({place['code']})" if place["nature"] == "department" else place["nom"]
            for place in territories
        ],
        "territoire_code": [
            f"{TERRITORIES[place['nature']]}:{place['code']}" for place in territories
        ],
    }
