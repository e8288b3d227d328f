"""A peer measured in the same run, for scale: Datasette on the same data, in its own environment.

It reads one flat table, indexed and searchable as its documentation advises: one theme, territory
and ministry a laureate, where the project holds several.
"""

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bench.measuring import Case
from laureates.models import FacetValue, Laureate

REQUIREMENT = "datasette>=0.65,<0.66"
FACETS = ("theme", "ministere", "type", "territoire", "annonce", "annee", "montant", "etat")
COUNTED = "&".join(f"_facet={name}" for name in FACETS)
# (case, what its address asks for, the rows that it finds, in SQL)
ASKED = (
    ("première page", "", "laureats"),
    (
        "deux filtres",
        "&theme=telemedecine&annee=2021",
        "laureats WHERE theme = 'telemedecine' AND annee = '2021'",
    ),
    (
        "recherche",
        "&_search=telemedecine",
        "laureats_fts WHERE laureats_fts MATCH 'telemedecine'",
    ),
)
BATCH = 5_000
START_TIMEOUT = 60  # seconds


def flatten(path: Path) -> None:
    """Write the public laureates of the project's database as one SQLite table."""
    if path.exists():
        return
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(unfinished)) as base:
        columns = ", ".join(FACETS)
        base.execute(
            "CREATE TABLE laureats (id INTEGER PRIMARY KEY, titre, resume, description, "
            f"publication, {columns})"
        )
        marks = ", ".join("?" * (5 + len(FACETS)))
        public = Laureate.objects.published().order_by("pk")
        keys = list(public.values_list("pk", flat=True))
        for start in range(0, len(keys), BATCH):
            part = keys[start : start + BATCH]
            values = {}
            for key, facet, value in FacetValue.objects.filter(laureate__in=part).values_list(
                "laureate_id", "facet", "value"
            ):
                values.setdefault(key, {})[facet] = value
            rows = Laureate.objects.filter(pk__in=part).values_list(
                "pk", "title", "summary", "description", "announcement__published_at"
            )
            base.executemany(
                f"INSERT INTO laureats VALUES ({marks})",  # noqa: S608 - marks alone
                (
                    (*row[:4], row[4].isoformat(), *(values[row[0]].get(n) for n in FACETS))
                    for row in rows
                ),
            )
        for name in (*FACETS, "publication"):
            base.execute(f"CREATE INDEX by_{name} ON laureats ({name})")
        base.execute(
            "CREATE VIRTUAL TABLE laureats_fts USING fts5 (titre, resume, description, "
            # Quoted, without which Datasette does not know it for the search of this table.
            "content=\"laureats\", content_rowid=id, tokenize='unicode61 remove_diacritics 2')"
        )
        base.execute("INSERT INTO laureats_fts (laureats_fts) VALUES ('rebuild')")
        base.execute("ANALYZE")
        base.commit()
    unfinished.rename(path)


@contextlib.contextmanager
def datasette(folder: Path, database: Path) -> Iterator[int]:
    """The port of a running Datasette."""
    program = folder / "datasette" / "bin" / "datasette"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "datasette"], check=True)
        pip = folder / "datasette" / "bin" / "pip"
        subprocess.run([pip, "install", "--quiet", REQUIREMENT], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    limits = ("sql_time_limit_ms", "600000", "facet_time_limit_ms", "600000")
    process = subprocess.Popen(
        [
            *(program, "serve", "--immutable", database, "--port", str(port)),
            *("--setting", *limits[:2], "--setting", *limits[2:]),
        ],
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            if time.monotonic() > deadline or process.poll() is not None:
                raise TimeoutError("Datasette did not start")
            time.sleep(0.1)
        _check(port, database)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _check(port, database):
    """RuntimeError where it does not count, in the addresses measured, what the table holds."""
    with contextlib.closing(sqlite3.connect(database)) as base:
        expected = [
            base.execute(f"SELECT COUNT(*) FROM {rows}").fetchone()[0]  # noqa: S608
            for *_, rows in ASKED
        ]
    for case, count in zip(cases(database), expected, strict=True):
        path, _ = case.request(1)
        path = path.replace("/laureats?", "/laureats.json?")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=600) as answer:
            found = json.load(answer)
        facets = {name for name, facet in found["facet_results"].items() if facet["results"]}
        if found["filtered_table_rows_count"] != count or (count and facets != {*FACETS}):
            raise RuntimeError(f"Datasette, {case.name}: {count} rows expected at {path}")


def cases(database: Path) -> list[Case]:
    table = f"/{database.stem}/laureats?_size=20&_sort_desc=publication&{COUNTED}"
    return [Case(name, [f"{table}{asked}"]) for name, asked, _ in ASKED]
