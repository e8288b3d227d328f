"""One announcement published while visitors read, by a process beside those that serve them."""

import multiprocessing
import statistics
import time

from django.urls import reverse

from bench import acts, serving
from bench.measuring import Case, ask
from laureates.models import Announcement

# Seconds of reading before the act and after it.
AROUND = 1.5
# As many questions reach each of two workers, all but surely.
QUESTIONS = 20


def measure(folder, url: str, listed: list[Case]) -> dict:
    """Publish the draft of the database at `url`, a copy, with two servers that both serve it.

    « during » are the pages asked for from the beginning of the act to a little after its end, by
    readers of the first server; « stale » counts the answers of either server, once the act has
    returned, that do not show what it published.
    """
    drafts = Announcement.objects.filter(published_at=None, withdrawn_at=None)
    draft = drafts.order_by("pk").values("slug", "laureates__public_id").first()
    if draft is None:
        return {}
    names = ("liste, première page", "liste, deux filtres", "recherche", "un projet")
    read = [case for case in listed if case.name in names]
    with serving.serve(folder, url) as one, serving.serve(folder, url) as other:
        servers = (one, other)
        for server in servers:
            for case in read:
                for _ in range(QUESTIONS):
                    server.get(case.paths[0])
        context = multiprocessing.get_context("fork")
        stop, found = context.Event(), context.SimpleQueue()
        reader = context.Process(target=_read, args=(one.port, read, stop, found))
        reader.start()
        try:
            time.sleep(AROUND)
            act = acts.run(folder, url, "publish", draft["slug"])
            stale, first = _stale(servers, draft)
            time.sleep(AROUND)
        finally:
            stop.set()
            answers = found.get()
            reader.join(20)
    during = [row for row in answers if act["begin"] <= row[0] <= act["end"] + AROUND]
    times = sorted(taken for _, taken, _ in during)
    before = [taken for begin, taken, _ in answers if begin < act["begin"]]
    return {
        "seconds": act["seconds"],
        "laureates": act["laureates"],
        "answers": len(during),
        "p50": statistics.median(times) * 1000,
        "p99": times[min(len(times) - 1, len(times) * 99 // 100)] * 1000,
        "p50_before": statistics.median(before) * 1000,
        "errors": sum(status != 200 for _, _, status in during),
        "stale": stale,
        "first": first,
    }


def _stale(servers, draft):
    """(answers that lack what was published, milliseconds of the slowest first page)."""
    announcement = reverse("laureates:announcement", args=[draft["slug"]])
    listed = f"{reverse('laureates:library')}?annonce={draft['slug']}"
    found, slowest = 0, 0
    for _ in range(QUESTIONS):
        for server in servers:
            begin = time.perf_counter()
            page = server.get(listed)
            slowest = max(slowest, time.perf_counter() - begin)
            found += draft["laureates__public_id"].encode() not in page.body
            found += server.get(announcement).status != 200
    return found, slowest * 1000


def _read(port, read, stop, found):
    """Ask for the pages in turn until told to stop: [(moment, seconds, status)]."""
    answers, number = [], 0
    while not stop.is_set():
        # Beyond those that measured the pages.
        _, request = read[number % len(read)].request(number // len(read) + 1_000_000)
        begin = time.monotonic()
        try:
            status = ask(port, request)
        except OSError:
            status = 0
        answers.append((begin, time.monotonic() - begin, status))
        number += 1
    found.put(answers)
