"""Requests per second of a page, beside those of an empty view, in interleaved rounds.

Machines drift by a factor of two within minutes: the unit is the cost, requests per second of the
empty view divided by those of the page, both taken one after the other in the same round.
"""

import itertools
import multiprocessing
import socket
import statistics
import time
from dataclasses import dataclass, field

CLIENTS = 2


@dataclass
class Case:
    """Addresses asked for in turn; `headers` go with each, `expected` is the status of each."""

    name: str
    paths: list[str]
    headers: dict = field(default_factory=dict)
    expected: int = 200


@dataclass
class Measure:
    """Medians of the rounds: the cost, requests per second and milliseconds of one request."""

    cost: float
    rate: float
    p50: float

    def __str__(self):
        return f"coût {self.cost:7.1f}   {self.rate:8.1f} req/s   p50 {self.p50:8.1f} ms"


def measure(port: int, cases: list[Case], empty: Case, *, rounds=5, seconds=1.0, warm=1):
    """{name: Measure} of each case, interleaved with the empty view in every round."""
    found = {case.name: [] for case in cases}
    with multiprocessing.get_context("fork").Pool(CLIENTS) as pool:
        for number in range(rounds + warm):
            for case in cases:
                base, _ = _load(pool, port, empty, seconds / 2, number)
                rate, times = _load(pool, port, case, seconds, number)
                if number >= warm:
                    found[case.name].append((base / rate, rate, statistics.median(times) * 1000))
    return {
        name: Measure(*(statistics.median(values) for values in zip(*taken, strict=True)))
        for name, taken in found.items()
    }


def _load(pool, port, case, seconds, shift):
    """(requests per second, the seconds that each took) of all clients together."""
    jobs = [(port, case, seconds, shift * 7919 + client * 104729) for client in range(CLIENTS)]
    parts = pool.starmap(_client, jobs)
    times = list(itertools.chain.from_iterable(times for _, times in parts))
    return sum(len(times) / elapsed for elapsed, times in parts), times


def _client(port, case, seconds, shift):
    """At least one request, then as many as fit: (elapsed, the seconds of each)."""
    count = len(case.paths)
    times, start = [], time.perf_counter()
    head = "".join(f"{name}: {value}\r\n" for name, value in case.headers.items())
    for number in itertools.count(shift):
        request = (
            f"GET {case.paths[number % count]} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}"
            "Connection: close\r\n\r\n"
        ).encode()
        begin = time.perf_counter()
        status = _ask(port, request)
        end = time.perf_counter()
        if status != case.expected:
            raise RuntimeError(f"{case.paths[number % count]}: {status}, not {case.expected}")
        times.append(end - begin)
        if end - start >= seconds:
            return end - start, times


def _ask(port, request):
    with socket.create_connection(("127.0.0.1", port), 600) as connection:
        connection.sendall(request)
        first = connection.recv(65536)
        while connection.recv(262144):
            pass
    return int(first.split(b" ", 2)[1])
