"""Where the made-up data live: files on SQLite, a server of the measure's own on PostgreSQL.

Both are kept in the folder of the measure, so that a million rows are made once.
"""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.run import find_postgresql, postgresql

ENGINES = ("sqlite", "postgresql")


def default_folder() -> Path:
    """Root's own home is closed to the account that runs PostgreSQL."""
    return (
        Path("/var/tmp/ftap-bench")  # noqa: S108 - kept from one run to the next
        if os.geteuid() == 0
        else Path.home() / ".cache/ftap-bench"
    )


@contextlib.contextmanager
def engine(folder: Path, name: str) -> Iterator["Databases"]:
    """The databases of one engine, for the time of the block."""
    if name == "sqlite":
        yield Files(folder)
        return
    programs = find_postgresql()
    if programs is None:
        raise SystemExit("PostgreSQL est absent\u00a0: BENCH_ENGINES=sqlite mesure sans lui.")
    with postgresql(programs, folder / "postgresql", shared_buffers=_shared_buffers()) as url:
        yield Server(url)


def _shared_buffers() -> str:
    """A quarter of the machine's memory, as the documentation of PostgreSQL advises a server."""
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // 4 // 2**20}MB"


class Databases:
    def url(self, size: int) -> str:
        """The address of a database that holds `size` laureates, or will."""
        raise NotImplementedError


class Files(Databases):
    def __init__(self, folder):
        self.folder = folder

    def url(self, size):
        return f"sqlite:///{self.folder / f'laureats-{size}.sqlite3'}"


class Server(Databases):
    def __init__(self, url):
        self.host = parse_qs(urlsplit(url).query)["host"][0]

    def url(self, size):
        name = f"laureats_{size}"
        with _connected(self.host) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if not found.fetchone():
                connection.execute(f"CREATE DATABASE {name}")
        return _url(self.host, name)


@contextlib.contextmanager
def scratch(url: str) -> Iterator[str]:
    """The address of a copy of the database, gone after the block; nobody else uses the original
    while it is made."""
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        copy = path.with_name("brouillon.sqlite3")
        with contextlib.closing(sqlite3.connect(path)) as base:
            base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _forget(copy)
        shutil.copyfile(path, copy)
        # A first commit would otherwise wait until the disk holds the copy.
        os.sync()
        try:
            yield f"sqlite:///{copy}"
        finally:
            _forget(copy)
        return
    parts = urlsplit(url)
    host, name = parse_qs(parts.query)["host"][0], parts.path.strip("/")
    drop = "DROP DATABASE IF EXISTS brouillon WITH (FORCE)"
    with _connected(host) as connection:
        connection.execute(drop)
        # Files, not each block through the journal, where PostgreSQL lets one choose.
        how = " STRATEGY file_copy" if connection.info.server_version >= 150_000 else ""
        connection.execute(f"CREATE DATABASE brouillon TEMPLATE {name}{how}")
    os.sync()
    try:
        yield _url(host, "brouillon")
    finally:
        with _connected(host) as connection:
            connection.execute(drop)


def _forget(path):
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextlib.contextmanager
def _connected(host):
    connection = psycopg.connect(host=host, user="ftap", dbname="postgres", autocommit=True)
    with contextlib.closing(connection):
        yield connection


def _url(host, name):
    return f"postgres://ftap@/{name}?host={host.replace('/', '%2F')}"
