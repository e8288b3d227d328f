"""Acts of the staff, each in a process of its own beside those that serve:

    python -m bench.acts publish|import|plain_import ARGUMENT

The last line of the output is what was measured, in JSON. Moments are those of the machine's
monotonic clock, which its processes share.
"""

import csv
import io
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import django

from bench import serving

ROWS = 10_000
SEED = 20260101
FIELD = ";"


def run(folder, url: str, name: str, argument) -> dict:
    """What an act measured, made in another process on the database at `url`."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.acts", name, str(argument)],
        cwd=serving.ROOT,
        env=serving.environment(folder, url),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def publish(slug: str) -> dict:
    """Publish the draft of this identifier, by the gate of every publication."""
    from bench.people import superuser  # noqa: PLC0415 - after setup
    from laureates import releases  # noqa: PLC0415
    from laureates.models import Announcement  # noqa: PLC0415

    by = superuser()
    announcement = Announcement.objects.get(slug=slug)
    # A process that serves the staff has read its addresses long before.
    announcement.get_absolute_url()
    begin = time.monotonic()
    releases.publish(announcement, by=by)
    end = time.monotonic()
    return {
        "begin": begin,
        "end": end,
        "seconds": end - begin,
        "laureates": announcement.laureates.count(),
    }


def import_(rows: str) -> dict:
    """Import so many new laureates from a CSV file, from its deposit to the last written row."""
    from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: PLC0415 - after setup

    from bench.people import superuser  # noqa: PLC0415
    from ftap.imports import running  # noqa: PLC0415
    from laureates.importers.library import KIND  # noqa: PLC0415
    from laureates.models import Carrier, Laureate  # noqa: PLC0415

    by, before = superuser(), Laureate.objects.count()
    content = _csv(list(lines(int(rows))))
    base = _peak()
    begin = time.monotonic()
    job = running.receive(KIND, SimpleUploadedFile("mesure.csv", content), by=by)
    received = time.monotonic()
    running.start(job, KIND, by=by)
    job = running.advance(job, KIND, by=by, seconds=10_000)
    compared = time.monotonic()
    job = running.apply(job, KIND, by=by)
    end = time.monotonic()
    made = Laureate.objects.count() - before
    if made != int(rows):
        raise RuntimeError(f"{made} laureates written, not {rows}: {job.counts}")
    new = Laureate.objects.order_by("-pk")[: int(rows)].values("pk")
    return {
        "rows": made,
        "carriers": Carrier.objects.filter(laureate__in=new).count(),
        "versions": Laureate.history.filter(id__in=new).count(),
        "seconds": end - begin,
        "rate": made / (end - begin),
        "received": received - begin,
        "compared": compared - received,
        "written": end - compared,
        "memory": _peak() - base,
        "peak": _peak(),
    }


def plain_import(rows: str) -> dict:
    """The same rows by django-import-export, one after the other as it does by default."""
    from bench import plain_import  # noqa: PLC0415 - after setup

    return plain_import.measure(list(lines(int(rows))))


def lines(count: int):
    """Rows of a made-up spreadsheet, as {column of the template: value}."""
    from bench import generating  # noqa: PLC0415 - after setup

    draws = generating.Draws(random.Random(SEED))
    for number in range(count):
        announcement = number // generating.PER_ANNOUNCEMENT
        line = {
            "Annonce": f"Lauréats importés nᵒ {announcement}",
            "Appel à projets": f"Appel à projets importé nᵒ {announcement}",
            "Année de l’appel": "2026",
            "Titre": f"{draws.title()}, dossier {number}",
            "Résumé": "Une démarche simplifiée, en deux ans.",
            "Description": draws.description(),
            "Montant accordé (€)": "" if (amount := draws.amount()) is None else str(amount),
            "Thèmes": "; ".join(row.name for row in draws.themes.several(2)),
            "Territoires": "; ".join(row.name for row in draws.regions.several(1)),
            "Source": "Données fictives de mesure",
        }
        for rank, organisation in enumerate(draws.carriers.several(2), 1):
            line[f"Porteur {rank}"] = organisation.name
            line[f"Rôle {rank}"] = "chef de file" if rank == 1 else "co-porteur"
        yield line


def _csv(rows) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, delimiter=FIELD, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _peak() -> float:
    """The most memory that this process has held, in MiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    acts = {"publish": publish, "import": import_, "plain_import": plain_import}
    print(json.dumps(acts[sys.argv[1]](sys.argv[2])))
