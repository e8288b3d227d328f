"""What is measured once and not page after page: the whole export, memory, cold start, staff."""

import csv
import io
import socket
import time

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.urls import reverse

MIB = 1024 * 1024
STAFF_LISTS = (
    ("admin:laureates_laureate_changelist", ""),
    ("admin:laureates_laureate_changelist", "?q=telemedecine"),
    ("admin:laureates_laureate_changelist", "?p=6"),
    ("admin:laureates_announcement_changelist", ""),
    ("admin:laureates_organisation_changelist", ""),
    ("admin:laureates_organisation_changelist", "?q=prefecture"),
    (
        "admin:autocomplete",
        "?app_label=laureates&model_name=carrier&field_name=organisation&term=pref",
    ),
)


def export(server) -> dict:
    """The CSV of everything: rows a second beside the engine's own, first byte, memory."""
    server.get("/banc/vide/")
    before = server.pss()
    begin = time.perf_counter()
    first, size, lines, highest = None, 0, 0, before
    with socket.create_connection(("127.0.0.1", server.port), 600) as link:
        path = reverse("laureates:library_export", args=["csv"])
        link.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        )
        seen = time.monotonic()
        while chunk := link.recv(262144):
            if first is None:
                first = time.perf_counter() - begin
            size += len(chunk)
            lines += chunk.count(b"\r\n")
            if time.monotonic() - seen > 0.25:
                highest, seen = max(highest, server.pss()), time.monotonic()
    elapsed = time.perf_counter() - begin
    highest = max(highest, server.pss())
    rate, raw = lines / elapsed, _raw_rate()
    return {
        "rate": rate,
        "raw": raw,
        "share": rate / raw,
        "first_byte": first * 1000,
        "memory": (highest - before) / MIB,
        "bytes": size,
    }


def _raw_rate():
    """Rows a second of the engine itself: SQL with csv.writer on SQLite, COPY on PostgreSQL."""
    columns = "public_id, slug, title, summary, description, amount, project_state, position"
    query = f"SELECT {columns} FROM laureates_laureate"  # noqa: S608 - names of our own
    begin, count = time.perf_counter(), 0
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.cursor.copy(f"COPY ({query}) TO STDOUT WITH (FORMAT csv)") as copy:
                while data := copy.read():
                    count += bytes(data).count(b"\n")
            cursor.execute("SELECT count(*) FROM laureates_laureate")
            count = cursor.fetchone()[0]
        else:
            cursor.execute(query)
            while rows := cursor.fetchmany(2000):
                csv.writer(io.StringIO()).writerows(rows)
                count += len(rows)
    return count / (time.perf_counter() - begin)


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


def staff(server) -> dict:
    """Milliseconds of the staff's lists, the median of three, for a superuser."""
    model = get_user_model()
    person = model.objects.filter(username="banc").first() or model.objects.create_superuser(
        "banc", password=None
    )
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}"}
    found = {}
    for name, query in STAFF_LISTS:
        path, times = reverse(name) + query, []
        for _ in range(3):
            begin = time.perf_counter()
            answer = server.get(path, headers)
            times.append((time.perf_counter() - begin) * 1000)
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
        found[path] = sorted(times)[1]
    return {"slowest": max(found.values()), "pages": found}
