"""What a browser really receives of each page, and how soon it shows it.

    .venv/bin/python -m bench.weight

is the part « weight » of `python -m bench`, alone: it
serves the real announcement as in production, prints the figures, writes them to weight.json in
BENCH_FOLDER (a temporary folder otherwise) and exits with 0 when the targets are reached.
`measure(base_url)` measures a site that is served already.

Bytes are those of the wire, headers included. Times come from Chromium's own traces, in
milliseconds since the navigation: the first and the largest contentful paints, the blocking time
(what tasks of the main thread last above 50 ms, after the first paint) and the layout shift (the
worst window of five seconds, no unit).
"""

import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from playwright.sync_api import sync_playwright

from bench import serving
from bench.targets import WEIGHT
from tests.run import find_chromium

SCREENS = {
    "bureau": {"viewport": {"width": 1280, "height": 900}},
    "téléphone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "has_touch": True,
    },
}
# A slow phone on a slow network, as public measures of the web simulate it: bytes per second,
# milliseconds, and how many times slower the processor is.
SLOW = {"downloadThroughput": 1.6e6 * 0.9 / 8, "uploadThroughput": 0.75e6 * 0.9 / 8, "latency": 562}
SLOW_PROCESSOR = 4
RUNS = 3
QUIET = 500  # milliseconds without a request, or a task, before a page is said to be ready
PREPARE = """
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
call_command("collectstatic", interactive=False, clear=True, verbosity=0)
call_command("migrate", verbosity=0)
call_command("loaddata", *settings.LOCAL_FIXTURES, verbosity=0)
"""
CATEGORIES = ["loading", "interactions", "devtools.timeline"]
CATEGORIES += ["disabled-by-default-devtools.timeline"]
NAVIGATION = "PageLoadMetrics.NavigationToFirstContentfulPaint"


def measure(base_url: str, *, runs: int = RUNS) -> dict:
    """The figures of the pages of the site at `base_url`, which Chromium visits.

    {"pages": {name: {"path", screen: {"first", "next": bytes by kind, with "total"; "fast",
    "slow": times and shift, medians of `runs`}}}, "first", "next", "shift": the worst of all}.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--disable-gpu", "--no-first-run"]
        )
        visitor = Visitor(browser, base_url.rstrip("/"))
        pages = {}
        for name, path in visitor.paths().items():
            pages[name] = {"path": path}
            for screen, options in SCREENS.items():
                pages[name][screen] = visitor.figures(path, options, runs)
        browser.close()
    taken = [page[screen] for page in pages.values() for screen in SCREENS]
    return {
        "pages": pages,
        "first": max(figures["first"]["total"] for figures in taken),
        "next": max(figures["next"]["total"] for figures in taken),
        "shift": max(figures[pace]["shift"] for figures in taken for pace in ("fast", "slow")),
    }


class Visitor:
    """Somebody whose browser has kept nothing, and who visits one page, or two."""

    def __init__(self, browser, base_url):
        self.browser, self.base_url = browser, base_url

    def paths(self) -> dict[str, str]:
        """Addresses of one page of each kind, found by following the site's own links."""
        with self.browser.new_context() as context:
            page = context.new_page()

            def link(start):
                return page.locator(f"main a[href^='{start}']").first.get_attribute("href")

            page.goto(f"{self.base_url}/laureats/")
            choices = page.locator("#filtres input[type=checkbox]").evaluate_all(
                "all => all.map(one => [one.name, one.value])"
            )
            one, two = list(dict(reversed(choices)).items())[:2]
            laureate = page.locator("#resultats h3 a").first.get_attribute("href")
            page.goto(self.base_url + laureate)
            organisation, announcement = link("/organisations/"), link("/annonces/")
        return {
            "accueil": "/",
            "bibliothèque": "/laureats/",
            "deux filtres": f"/laureats/?{one[0]}={one[1]}&{two[0]}={two[1]}",
            "un projet": laureate,
            "un organisme": organisation,
            "statistiques": "/statistiques/",
            "une annonce": announcement,
            "à propos": "/donnees/",
        }

    def figures(self, path, options, runs) -> dict:
        before = "/" if path != "/" else "/laureats/"
        with self.browser.new_context(**options) as context:
            first = self.received(context, path)
        with self.browser.new_context(**options) as context:
            self.received(context, before)
            after = self.received(context, path)
        paces = {}
        for pace, slow in (("fast", False), ("slow", True)):
            taken = []
            for _ in range(runs):
                with self.browser.new_context(**options) as context:
                    taken.append(self.traced(context, path, slow))
            paces[pace] = {
                name: statistics.median(times[name] for times in taken) for name in taken[0]
            }
        return {"first": first, "next": after} | paces

    def received(self, context, path) -> dict[str, int]:
        """Bytes by kind of what came through the network, and the number of requests."""
        page = context.new_page()
        session = context.new_cdp_session(page)
        kinds, sizes = {}, Counter()
        session.on("Network.requestWillBeSent", lambda e: kinds.update({e["requestId"]: e["type"]}))

        def finished(event):
            if event["encodedDataLength"]:
                sizes[kinds[event["requestId"]].lower()] += int(event["encodedDataLength"])
                sizes["requests"] += 1

        session.on("Network.loadingFinished", finished)
        session.send("Network.enable")
        page.goto(self.base_url + path, wait_until="networkidle")
        page.wait_for_timeout(QUIET)
        page.close()
        requests = sizes.pop("requests")
        return {**sizes, "total": sizes.total(), "requests": requests}

    def traced(self, context, path, slow) -> dict[str, float]:
        page = context.new_page()
        session = context.new_cdp_session(page)
        if slow:
            session.send("Network.enable")
            session.send("Network.emulateNetworkConditions", {"offline": False, **SLOW})
            session.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_PROCESSOR})
        self.browser.start_tracing(page=page, categories=CATEGORIES)
        page.goto(self.base_url + path, wait_until="networkidle")
        page.wait_for_timeout(QUIET)
        trace = json.loads(self.browser.stop_tracing())
        page.close()
        return read(trace["traceEvents"])


def read(events: list[dict]) -> dict[str, float]:
    """Times and shift of the one navigation that `events` tell of."""
    [begin] = [
        event["ts"] for event in events if event["name"] == NAVIGATION and event["ph"] == "b"
    ]
    paint = min(
        (e for e in events if e["name"] == "firstContentfulPaint"), key=lambda event: event["ts"]
    )
    frame, thread = paint["args"]["frame"], (paint["pid"], paint["tid"])
    named = defaultdict(list)
    for event in events:
        if (event["pid"], event["tid"]) == thread and event.get("ts", 0) >= begin:
            named[event["name"]].append(((event["ts"] - begin) / 1000, event))
    first = (paint["ts"] - begin) / 1000
    candidates = named["largestContentfulPaint::Candidate"]
    tasks = [
        moment + event["dur"] / 1000 - max(moment, first)
        for moment, event in named["RunTask"]
        if event["ph"] == "X"
    ]
    shifts = [
        (moment, event["args"]["data"]["weighted_score_delta"])
        for moment, event in named["LayoutShift"]
        if event["args"]["frame"] == frame and not event["args"]["data"]["had_recent_input"]
    ]
    return {
        "first_paint": first,
        "largest_paint": max((moment for moment, _ in candidates), default=first),
        "blocking": sum(max(0, lasted - 50) for lasted in tasks),
        "shift": worst_window(shifts),
    }


def worst_window(shifts: list[tuple[float, float]]) -> float:
    """The largest sum of shifts that follow one another within a second, and within five."""
    worst = total = start = previous = 0.0
    for moment, score in sorted(shifts):
        if not total or moment - previous > 1000 or moment - start > 5000:
            total, start = 0.0, moment
        total, previous = total + score, moment
        worst = max(worst, total)
    return worst


def say(figures: dict) -> bool:
    """Print the figures; whether the targets are reached."""
    print("Octets reçus, première visite puis page suivante ; peintures et blocage en ms.")
    for (name, page), screen in itertools.product(figures["pages"].items(), SCREENS):
        taken = page[screen]
        kinds = ", ".join(
            f"{kind} {size / 1000:.1f}"
            for kind, size in taken["first"].items()
            if kind not in {"total", "requests"}
        )
        print(
            f"{name:<14}{screen:<10}{taken['first']['total'] / 1000:7.1f} kB "
            f"{taken['next']['total'] / 1000:6.1f} kB   {taken['first']['requests']:>2} requêtes "
            f"({kinds})"
        )
        for pace, label in (("fast", "telle quelle"), ("slow", "4G lente, CPU ÷ 4")):
            times = taken[pace]
            print(
                f"{'':<14}{label:<20}première {times['first_paint']:6.0f}   plus grande "
                f"{times['largest_paint']:6.0f}   blocage {times['blocking']:5.0f}   "
                f"décalage {times['shift']:.4f}"
            )
    reached = reaches(figures)
    for name, passed in reached.items():
        print(f"{'réussi' if passed else 'MANQUÉ'} {name} {figures[name]:.6g} (≤ {WEIGHT[name]:g})")
    return all(reached.values())


def reaches(figures: dict) -> dict[str, bool]:
    """{name of a limit: whether it is held}."""
    return {name: figures[name] <= limit for name, limit in WEIGHT.items()}


@contextlib.contextmanager
def real_site(folder: Path):
    """The address of the real announcement, served as in production."""
    url = f"sqlite:///{folder / 'poids.sqlite3'}"
    env = serving.environment(folder, url)
    subprocess.run([sys.executable, "-c", PREPARE], cwd=serving.ROOT, env=env, check=True)
    with serving.serve(folder, url) as server:
        yield f"http://127.0.0.1:{server.port}"


def run(folder: Path) -> dict | None:
    """Measure the real announcement and keep the figures in `folder`; None without Chromium."""
    if not find_chromium():
        print("\n──── POIDS DES PAGES NON MESURÉ\u00a0: aucun Chromium sur cette machine. ────")
        return None
    with real_site(folder) as base_url:
        figures = measure(base_url)
    (folder / "weight.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False))
    return figures


def main() -> int:
    with contextlib.ExitStack() as stack:
        folder = os.environ.get("BENCH_FOLDER")
        folder = Path(folder or stack.enter_context(tempfile.TemporaryDirectory())).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        figures = run(folder)
    return 0 if figures and say(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
