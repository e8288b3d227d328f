"""Makes the data once, serves the project, measures, and says which targets are reached.

    .venv/bin/python -m bench

BENCH_SIZES (1000,100000,1000000), BENCH_ENGINES (sqlite,postgresql), BENCH_ROUNDS (5),
BENCH_FOLDER, where data are kept between runs, and BENCH_PARTS (all of PARTS below) change what is
done; « weight » is measured once, and said to be left out where there is no Chromium; « staff » up
to the size of its target, its three hundred pages taking a second each beyond. Results are in
`results.json`, in that folder. The exit status is 0 when every target that was measured is
reached.
"""

import json
import logging
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import django
from django.db import connection, connections
from django.db.models import Sum
from django.db.models.functions import Length

from bench import databases, reporting, serving, targets
from bench.reporting import say

SIZES = "1000,100000,1000000"
# What is measured of each size, in this order.
OF_EACH_SIZE = ("pages", "cold", "export", "staff", "publication", "import", "datasette")
# And « weight », of the announcement that ships, once.
PARTS = (*OF_EACH_SIZE, "weight")
# Rows of an import, and of the one that it is compared with: a rate, and a slow one.
IMPORTED, COMPARED = 10_000, 1_000


def main() -> int:
    folder = Path(os.environ.get("BENCH_FOLDER") or databases.default_folder()).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    sizes = sorted(int(size) for size in os.environ.get("BENCH_SIZES", SIZES).split(","))
    engines = os.environ.get("BENCH_ENGINES", ",".join(databases.ENGINES)).split(",")
    parts = asked_parts()
    if not {*OF_EACH_SIZE} & parts:
        engines = []
    say(f"{platform.machine()}, {os.cpu_count()} cœurs, Python {platform.python_version()}")
    runs = []
    for name in engines:
        with databases.engine(folder, name) as kept:
            for size in sizes:
                # Each run is a process: settings are read once.
                say(f"\n──── {name}, {size} lauréats ────")
                command = [sys.executable, "-m", "bench", "--one", name, str(size)]
                env = serving.environment(folder, kept.url(size)) | {
                    name: os.environ[name]
                    for name in ("BENCH_ROUNDS", "BENCH_PARTS")
                    if name in os.environ
                }
                status = subprocess.run(command, cwd=serving.ROOT, env=env).returncode
                if status:
                    return status
                runs.append(json.loads((folder / "last-run.json").read_text()))
                reporting.grow(runs)
                keep(folder, runs)
    if "weight" in parts and (run := weigh(folder)):
        runs.append(run)
        keep(folder, runs)
    reporting.growth(runs)
    return reporting.targets(runs)


def asked_parts() -> set[str]:
    """The parts to measure; SystemExit for a name that is none."""
    parts = set(os.environ.get("BENCH_PARTS", ",".join(PARTS)).split(","))
    if unknown := parts - {*PARTS}:
        raise SystemExit(f"BENCH_PARTS: {', '.join(sorted(unknown))}? ({', '.join(PARTS)})")
    return parts


def keep(folder: Path, runs: list[dict]) -> None:
    text = json.dumps(runs, indent=1, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n")


def weigh(folder: Path) -> dict | None:
    """The run of the part « weight », printed; None without Chromium, which is said."""
    from bench import weight  # noqa: PLC0415 - a browser is asked for by this part alone

    say("\n──── Poids des pages, annonce livrée avec le site ────")
    if figures := weight.run(folder):
        weight.say(figures)
        return {"engine": "sqlite", "size": 0, "weight": figures}
    return None


def one(engine: str, size: int) -> int:
    """Measure one size on one engine, in this process, and leave the figures in a file."""
    django.setup()
    # Pages that a role may not see are asked for too.
    logging.disable()
    # Models are there from now on.
    from bench import acts, cases, figures, measuring, publication, staff  # noqa: PLC0415

    folder, url = Path(os.environ["BENCH_FOLDER"]), os.environ["DATABASE_URL"]
    rounds = int(os.environ.get("BENCH_ROUNDS", "5"))
    parts = asked_parts()
    run = {"engine": engine, "size": size, "machine": platform.platform()}
    run["made"] = prepare(size)
    listed = cases.cases()
    warm()
    with serving.serve(folder, url) as server:
        if "cold" in parts:
            run["cold"] = figures.cold(server)
        if "pages" in parts:
            measured = [*listed, *cases.revalidations(server, listed)]
            connections.close_all()
            found = measuring.measure(server.port, measured, cases.EMPTY, rounds=rounds)
            for name, measure in found.items():
                say(f"  {name:<22} {measure}")
            run["pages"] = {name: asdict(measure) for name, measure in found.items()}
            # Those that the pages made weigh, all caches being full.
            run["memory"] = {"bytes": server.pss()}
        if "export" in parts:
            run["export"] = figures.export(server)
        if "staff" in parts and size <= targets.SMALL:
            run["staff"] = staff.measure(server)
    if "pages" in parts:
        run["memory"] |= figures.plain_memory(folder, url)
        run["memory"]["ratio"] = run["memory"]["bytes"] / run["memory"]["plain"]
    if {"publication", "import"} & parts:
        connections.close_all()
        with databases.scratch(url) as copy:
            if "publication" in parts:
                run["publication"] = publication.measure(folder, copy, listed)
            if "import" in parts:
                done = run["import"] = acts.run(folder, copy, "import", min(IMPORTED, size * 10))
                done["plain"] = acts.run(folder, copy, "plain_import", COMPARED)
                done["times"] = done["rate"] / done["plain"]["rate"]
                done["times_bare"] = done["rate"] / done["plain"]["bare"]
            connections.close_all()
    if engine == "sqlite" and "datasette" in parts:
        run["datasette"] = figures.datasette(folder, size)
    for name in ("made", "cold", "memory", "export", "publication", "import", "datasette"):
        if run.get(name):
            say(f"  {name}: {json.dumps(run[name], ensure_ascii=False)}")
    if "staff" in run:
        reporting.slowest(run["staff"])
    (folder / "last-run.json").write_text(json.dumps(run, ensure_ascii=False))
    return 0


def prepare(size: int) -> float | None:
    """Make what lacks of the data of this size; seconds that the laureates took, if they did."""
    from django.core.management import call_command  # noqa: PLC0415 - after setup

    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("migrate", verbosity=0)
    from bench import generating, generating_calls  # noqa: PLC0415 - after setup
    from calls.models import Application  # noqa: PLC0415
    from laureates.models import Laureate  # noqa: PLC0415

    elapsed, dossiers = None, min(size, generating_calls.MOST)
    if Laureate.objects.count() != size:
        start = time.monotonic()
        generating.generate(size, say)
        elapsed = time.monotonic() - start
        say(f"  lauréats écrits en {elapsed:.0f} s")
    if Application.objects.count() != dossiers:
        start = time.monotonic()
        generating_calls.generate(dossiers, say)
        say(f"  dossiers écrits en {time.monotonic() - start:.0f} s")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    return elapsed


def warm() -> None:
    """Read once the rows that pages read, as a server in service has: its machine keeps in memory
    what it can of them. Making, copying or importing a base puts others there."""
    from laureates.models import Card, Detail, Laureate, Record  # noqa: PLC0415 - after setup

    columns = ((Laureate, "title"), (Card, "content"), (Detail, "content"), (Record, "json"))
    start = time.monotonic()
    for model, column in columns:
        model.objects.aggregate(read=Sum(Length(column)))
    say(f"  lignes lues en {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        sys.exit(one(sys.argv[2], int(sys.argv[3])))
    sys.exit(main())
