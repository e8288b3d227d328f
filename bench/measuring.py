"""Requests per second of a page, beside those of an empty view, in interleaved rounds.

Machines drift by a factor of two within minutes: the unit is the cost, requests per second of the
empty view divided by those of the page, both taken one after the other in the same round.
"""

import multiprocessing
import socket
import statistics
import time
from dataclasses import dataclass, field

CLIENTS = 2
# A parameter that pages do not know: what they show is the same, their address is another. Were it
# not to begin so, Datasette would take it for a filter, which no row passes.
VARIANT = "_mesure"


@dataclass
class Case:
    """Addresses asked for in turn, `expected` being the status of each answer.

    None is asked twice, so that no answer is one that was kept: once all were, a parameter that
    pages ignore tells the following ones apart; `repeats` says that it must not. `tags` are
    entity tags that the client holds, by address.
    """

    name: str
    paths: list[str]
    expected: int = 200
    repeats: bool = False
    tags: dict[str, str] = field(default_factory=dict)

    def request(self, number: int) -> tuple[str, bytes]:
        """(address, what is sent) of the request of this number."""
        turn, rank = divmod(number, len(self.paths))
        path = self.paths[rank]
        head = f"If-None-Match: {self.tags[path]}\r\n" if path in self.tags else ""
        if turn and not self.repeats:
            path += f"{'&' if '?' in path else '?'}{VARIANT}={turn}"
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Connection: close\r\n\r\n"
        return path, request.encode()


@dataclass
class Measure:
    """Medians of the rounds: the cost, requests per second and milliseconds of one request; how
    many requests all rounds made."""

    cost: float
    rate: float
    p50: float
    requests: int

    def __str__(self):
        return f"coût {self.cost:7.1f}   {self.rate:8.1f} req/s   p50 {self.p50:8.1f} ms"


def measure(port: int, cases: list[Case], empty: Case, *, rounds=5, seconds=1.0, warm=1):
    """{name: Measure} of each case, interleaved with the empty view in every round."""
    found = {case.name: [] for case in cases}
    asked = dict.fromkeys([*found, empty.name], 0)
    with multiprocessing.get_context("fork").Pool(CLIENTS) as pool:
        for number in range(rounds + warm):
            for case in cases:
                base, _ = _load(pool, port, empty, seconds / 2, asked)
                rate, times = _load(pool, port, case, seconds, asked)
                if number >= warm:
                    found[case.name].append((base / rate, rate, statistics.median(times) * 1000))
    return {
        name: Measure(
            *(statistics.median(values) for values in zip(*taken, strict=True)), asked[name]
        )
        for name, taken in found.items()
    }


def _load(pool, port, case, seconds, asked):
    """(requests per second, the seconds that each took) of all clients together."""
    first = asked[case.name]
    jobs = [(port, case, seconds, first + client) for client in range(CLIENTS)]
    parts = pool.starmap(_client, jobs)
    asked[case.name] = first + CLIENTS * max(len(times) for _, times in parts)
    times = [taken for _, part in parts for taken in part]
    return sum(len(part) / elapsed for elapsed, part in parts), times


def _client(port, case, seconds, first):
    """At least one request, then as many as fit: (elapsed, the seconds of each)."""
    times, start, number = [], time.perf_counter(), first
    while True:
        path, request = case.request(number)
        begin = time.perf_counter()
        status = ask(port, request)
        end = time.perf_counter()
        if status != case.expected:
            raise RuntimeError(f"{path}: {status}, not {case.expected}")
        times.append(end - begin)
        if end - start >= seconds:
            return end - start, times
        number += CLIENTS


def ask(port: int, request: bytes) -> int:
    """The status of the answer, which is read to its end."""
    with socket.create_connection(("127.0.0.1", port), 600) as connection:
        connection.sendall(request)
        first = connection.recv(65536)
        while connection.recv(262144):
            pass
    return int(first.split(b" ", 2)[1])
