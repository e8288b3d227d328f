"""Makes the data once, serves the project, measures, and says which targets are reached.

    .venv/bin/python -m bench

BENCH_SIZES (1000,100000), BENCH_ENGINES (sqlite,postgresql), BENCH_ROUNDS (5) and BENCH_FOLDER,
where data are kept between runs, change what is done. The exit status is 0 when every target that
was measured is reached.
"""

import contextlib
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import django
from django.db import connection, connections

from bench import serving
from tests.run import find_postgresql, postgresql

ENGINES = ("sqlite", "postgresql")


def say(text=""):
    print(text, flush=True)


def main() -> int:
    folder = Path(os.environ.get("BENCH_FOLDER", Path.home() / ".cache" / "ftap-bench")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [int(size) for size in os.environ.get("BENCH_SIZES", "1000,100000").split(",")]
    engines = os.environ.get("BENCH_ENGINES", ",".join(ENGINES)).split(",")
    rounds = int(os.environ.get("BENCH_ROUNDS", "5"))
    say(f"{platform.machine()}, {os.cpu_count()} cœurs, Python {platform.python_version()}")
    runs = []
    for engine in engines:
        for size in sorted(sizes):
            # Each run is a process: settings are read once.
            say(f"\n──── {engine}, {size} lauréats ────")
            command = [sys.executable, "-m", "bench", "--one", engine, str(size), str(rounds)]
            with database(folder, engine, size) as url:
                env = serving.environment(folder, url)
                status = subprocess.run(command, cwd=serving.ROOT, env=env).returncode
            if status:
                return status
            runs.append(json.loads((folder / "last-run.json").read_text()))
            grow(runs)
    (folder / "results.json").write_text(json.dumps(runs, indent=1, ensure_ascii=False) + "\n")
    return report(runs)


@contextlib.contextmanager
def database(folder, engine, size):
    """The address of a database that holds `size` laureates, or will."""
    if engine == "sqlite":
        yield f"sqlite:///{folder / f'laureats-{size}.sqlite3'}"
        return
    programs = find_postgresql()
    if programs is None:
        raise SystemExit("PostgreSQL est absent : BENCH_ENGINES=sqlite mesure sans lui.")
    with postgresql(programs) as url:
        yield url


def one(engine: str, size: int, rounds: int) -> int:
    """Measure one size on one engine, in this process, and leave the figures in a file."""
    django.setup()
    # Models are there from now on.
    from bench import cases, figures, generating, measuring, peers  # noqa: PLC0415

    folder = Path(os.environ["BENCH_FOLDER"])
    prepare(generating, size)
    run = {"engine": engine, "size": size, "machine": platform.platform()}
    with serving.serve(folder, os.environ["DATABASE_URL"]) as server:
        run["cold"] = figures.cold(server)
        listed = [*cases.cases(), cases.revalidation(server)]
        connections.close_all()
        found = measuring.measure(server.port, listed, cases.EMPTY, rounds=rounds)
        for name, measure in found.items():
            say(f"  {name:<22} {measure}")
        run["pages"] = {name: asdict(measure) for name, measure in found.items()}
        server.restart_workers()
        run["export"] = figures.export(server)
        run["staff"] = figures.staff(server)
        run["memory"] = {"bytes": server.pss()}
    with serving.serve(folder, os.environ["DATABASE_URL"]) as server:
        for _ in range(20):
            server.get("/banc/django/")
        plain = server.pss()
    run["memory"] |= {"plain": plain, "ratio": run["memory"]["bytes"] / plain}
    if engine == "sqlite":
        flat = folder / f"plat-{size}.sqlite3"
        peers.flatten(flat)
        connections.close_all()
        with peers.datasette(folder, flat) as port:
            empty = measuring.Case("vide", ["/-/versions.json"])
            found = measuring.measure(port, peers.cases(flat), empty, rounds=2)
        run["datasette"] = {name: asdict(measure) for name, measure in found.items()}
    for name in ("cold", "export", "staff", "memory", "datasette"):
        say(f"  {name}: {json.dumps(run.get(name), ensure_ascii=False)}")
    (folder / "last-run.json").write_text(json.dumps(run, ensure_ascii=False))
    return 0


def prepare(generating, size):
    from django.core.management import call_command  # noqa: PLC0415 - after setup

    if not (Path(os.environ["BENCH_FOLDER"]) / "static").exists():
        call_command("collectstatic", interactive=False, verbosity=0)
    call_command("migrate", verbosity=0)
    from laureates.models import Laureate  # noqa: PLC0415 - after setup

    if Laureate.objects.count() != size:
        start = time.monotonic()
        generating.generate(size, say)
        say(f"  données faites en {time.monotonic() - start:.0f} s")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def grow(runs):
    """Tell the last run what its pages cost beside the smallest one of its engine."""
    last = runs[-1]
    base = next((run for run in runs if run["engine"] == last["engine"]), last)
    last["growth"] = {
        name: page["cost"] / base["pages"][name]["cost"] for name, page in last["pages"].items()
    }


def report(runs) -> int:
    from bench.targets import TARGETS  # noqa: PLC0415 - needs no Django, read last

    say("\n──── Cibles ────")
    missed = 0
    for run in runs:
        for target in TARGETS:
            value = target.value(run)
            if value is None:
                continue
            passed = target.passes(value)
            missed += not passed
            sign = "≥" if target.at_least else "≤"
            say(
                f"{'réussi' if passed else 'MANQUÉ':<7} {run['engine']:<10} {run['size']:>8}  "
                f"{target.name:<45} {value:8.2f} {target.unit} ({sign} {target.limit:g})"
            )
    say(f"\n{missed} cibles manquées.")
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        sys.exit(one(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    sys.exit(main())
