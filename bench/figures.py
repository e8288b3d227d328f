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
END = "\r\n"


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
        # Of a million rows, each takes half a minute.
        for _ in range(2 * serving.WORKERS):
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

    « share » is its rate over that of `raw`, see below: it may well be above 1, for the lines of
    the file are stored, and csv.writer then has nothing to do. « share_of_lines » is its rate over
    what no server can do better: the same lines, stored one a row, read by SQL and written.
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
    count, taken = raw(content)
    _, taken_by_lines = raw_lines(content)
    return {
        "rows": count,
        "rate": count / elapsed,
        "raw": count / taken,
        "share": taken / elapsed,
        "raw_lines": count / taken_by_lines,
        "share_of_lines": taken_by_lines / elapsed,
        "first_byte": first * 1000,
        "memory": (highest - before) / MIB,
        "bytes": len(content),
    }


def raw(content: bytes) -> tuple[int, float]:
    """(rows, seconds) of raw SQL writing the file `content` again, from a table of its own.

    The table has the very columns of the file, as texts, all its links written in already: a row a
    laureate, nothing to join nor to compute. On SQLite a raw cursor reads it and csv.writer writes
    it: the same bytes, or RuntimeError. On PostgreSQL COPY gives it as `\\copy` would: the same
    cells, whose lines end in one character instead of two. Neither is sent through HTTP.
    """
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    cells = csv.reader(text)
    names = [f"c{rank}" for rank, _ in enumerate(next(cells))]
    # An empty cell is unknown: COPY would put marks around an empty text.
    rows = ([cell or None for cell in row] for row in cells)
    if connection.vendor == "postgresql":
        return _copied(names, rows, "COPY bench_raw TO STDOUT WITH (FORMAT CSV)")
    return _selected(names, rows, content)


def raw_lines(content: bytes) -> tuple[int, float]:
    """(rows, seconds) of raw SQL giving back the lines of the file `content`, stored one a row."""
    found = ((record,) for record in _records(content))
    if connection.vendor == "postgresql":
        return _copied(["line"], found, "COPY bench_raw TO STDOUT")
    return _selected(["line"], found, content)


def _records(content):
    """The lines of the file as they stand; one may hold line ends of its own, within marks."""
    record, is_open = [], False
    for line in content.decode("utf-8-sig").split(END)[1:-1]:
        record.append(line)
        is_open ^= line.count('"') % 2 == 1
        if not is_open:
            yield END.join(record)
            record = []


class _Counter(io.RawIOBase):
    """Where bytes are counted and left."""

    def __init__(self):
        self.count = 0

    def writable(self):
        return True

    def write(self, piece):
        self.count += len(piece)
        return len(piece)


def _selected(names, rows, content):
    with contextlib.closing(sqlite3.connect("")) as base:
        base.execute(f"CREATE TABLE raw ({', '.join(names)})")
        marks = ", ".join("?" * len(names))
        base.executemany(f"INSERT INTO raw VALUES ({marks})", rows)  # noqa: S608 - marks alone
        base.commit()
        (count,) = base.execute("SELECT count(*) FROM raw").fetchone()
        sink = _Counter()
        begin = time.perf_counter()
        output = io.TextIOWrapper(io.BufferedWriter(sink, CHUNK), "utf-8", newline="")
        cursor = base.execute("SELECT * FROM raw")
        if len(names) > 1:
            csv.writer(output, lineterminator=END).writerows(cursor)
        else:
            output.writelines(f"{line}{END}" for (line,) in cursor)
        output.flush()
        taken = time.perf_counter() - begin
    expected = len(content) - content.index(END.encode()) - len(END)
    if sink.count != expected:
        raise RuntimeError(f"{sink.count} bytes were written again, not {expected}")
    return count, taken


def _copied(names, rows, query):
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_raw")
        columns = ", ".join(f"{name} text" for name in names)
        cursor.execute(f"CREATE UNLOGGED TABLE bench_raw ({columns})")
        try:
            with cursor.cursor.copy("COPY bench_raw FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute("ANALYZE bench_raw")
            begin = time.perf_counter()
            with cursor.cursor.copy(query) as copy:
                while copy.read():
                    pass
            taken = time.perf_counter() - begin
            cursor.execute("SELECT count(*) FROM bench_raw")
            return cursor.fetchone()[0], taken
        finally:
            cursor.execute("DROP TABLE bench_raw")
