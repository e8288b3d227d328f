"""What is measured once and not page after page: the whole export, memory, cold start, a peer."""

import contextlib
import csv
import http.client
import io
import sqlite3
import time
from dataclasses import asdict

from django.db import connection, connections
from django.urls import reverse

from bench import measuring, peers, serving

MIB = 1024 * 1024
CHUNK = 262144
BATCH = 2_000


def cold(server) -> float:
    """Seconds of the first request that a fresh worker answers, the slowest of two."""
    server.restart_workers()
    path = reverse("laureates:library")
    times = []
    for _ in range(2):
        begin = time.perf_counter()
        answer = server.get(path)
        times.append(time.perf_counter() - begin)
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
    return max(times)


def plain_memory(folder, url: str) -> dict:
    """{"plain": bytes} of fresh workers that answered with Django's own list alone."""
    with serving.serve(folder, url) as server:
        for _ in range(20):
            server.get("/banc/django/")
        return {"plain": server.pss()}


def datasette(folder, size: int) -> dict:
    """The same pages of Datasette, on the same public data."""
    flat = folder / f"plat-{size}.sqlite3"
    peers.flatten(flat)
    connections.close_all()
    with peers.datasette(folder, flat) as port:
        empty = measuring.Case("vide", ["/-/versions.json"], repeats=True)
        found = measuring.measure(port, peers.cases(flat), empty, rounds=2)
    return {name: asdict(measure) for name, measure in found.items()}


# The export ------------------------------------------------------------------


def export(server) -> dict:
    """The CSV of everything: rows a second, first byte, the memory that it takes while it goes.

    `raw` is what the engine does with the same bytes: a table of the very columns of the file, all
    its links written in already, one row a laureate, read by SQL and written by csv.writer on
    SQLite, by COPY on PostgreSQL. Nothing is joined, computed or sent there: it is a bound.
    """
    server.restart_workers()
    for number in range(1, 11):
        # What every page reads is in memory already, in both workers.
        server.get(f"{reverse('laureates:library')}?page={number}")
    before = highest = server.pss()
    path = reverse("laureates:library_export", args=["csv"])
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=3600)
    pieces, first = [], None
    begin = time.perf_counter()
    with contextlib.closing(link):
        link.request("GET", path, headers={"Connection": "close"})
        answer = link.getresponse()
        seen = time.monotonic()
        while piece := answer.read1(CHUNK):
            first = first or time.perf_counter() - begin
            pieces.append(piece)
            if time.monotonic() - seen > 0.25:
                highest, seen = max(highest, server.pss()), time.monotonic()
    elapsed = time.perf_counter() - begin
    highest = max(highest, server.pss())
    content = b"".join(pieces)
    del pieces
    count, taken = _raw(content)
    rate, raw = count / elapsed, count / taken
    return {
        "rows": count,
        "rate": rate,
        "raw": raw,
        "share": rate / raw,
        "first_byte": first * 1000,
        "memory": (highest - before) / MIB,
        "bytes": len(content),
    }


def _raw(content: bytes) -> tuple[int, float]:
    """(rows, seconds) of the engine giving back the file `content` from one table of its own."""
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    header = text.readline()
    delimiter = max(",;", key=header.count)
    text.seek(0)
    rows = csv.reader(text, delimiter=delimiter)
    names = [f"c{rank}" for rank, _ in enumerate(next(rows))]
    if connection.vendor == "postgresql":
        return _copied(names, rows)
    return _selected(names, rows, delimiter)


def _selected(names, rows, delimiter):
    with contextlib.closing(sqlite3.connect("")) as base:
        base.execute(f"CREATE TABLE raw ({', '.join(names)})")
        marks = ", ".join("?" * len(names))
        base.executemany(f"INSERT INTO raw VALUES ({marks})", rows)  # noqa: S608 - marks alone
        base.commit()
        begin, count = time.perf_counter(), 0
        cursor = base.execute("SELECT * FROM raw")
        while batch := cursor.fetchmany(BATCH):
            written = io.StringIO()
            csv.writer(written, delimiter=delimiter).writerows(batch)
            written.getvalue().encode()
            count += len(batch)
        return count, time.perf_counter() - begin


def _copied(names, rows):
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_raw")
        columns = ", ".join(f"{name} text" for name in names)
        cursor.execute(f"CREATE UNLOGGED TABLE bench_raw ({columns})")
        try:
            with cursor.cursor.copy("COPY bench_raw FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute("ANALYZE bench_raw")
            query = "COPY (SELECT * FROM bench_raw) TO STDOUT WITH (FORMAT csv)"
            begin = time.perf_counter()
            with cursor.cursor.copy(query) as copy:
                while copy.read():
                    pass
            taken = time.perf_counter() - begin
            cursor.execute("SELECT count(*) FROM bench_raw")
            return cursor.fetchone()[0], taken
        finally:
            cursor.execute("DROP TABLE bench_raw")
