"""Made-up laureates, the same at each run: they are written through the project's own models.

The skew is that of real subsidies: a few bodies carry much, most carry little; common words stand
in half of the texts, rare ones in a handful; one amount in three is unknown, some announcements
are under embargo, some laureates withdrawn. Written in bulk, without history: nothing here is an
act of anyone.
"""

import bisect
import datetime
import itertools
import random
from collections.abc import Iterator
from decimal import Decimal

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from django.utils.text import slugify

from bench import vocabulary as words
from laureates import index
from laureates.models import Announcement, Carrier, Laureate, Organisation, Territory, Theme

SEED = 20190925
BATCH = 2_000
# Laureates of one announcement.
PER_ANNOUNCEMENT = 60
FIRST_DAY = datetime.datetime(2018, 2, 1, 9, tzinfo=datetime.UTC)
RARE_WORDS = 12_000
WORDS_OF_A_DESCRIPTION = (70, 140)


class Skewed:
    """Draws among `rows`: the one of rank r about 1/(r + 2) as often as the first."""

    def __init__(self, rows, rng, exponent=1.0):
        self.rows, self.rng = rows, rng
        weights = [1 / (rank + 2) ** exponent for rank in range(len(rows))]
        self.sums = list(itertools.accumulate(weights))

    def draw(self):
        return self.rows[bisect.bisect(self.sums, self.rng.random() * self.sums[-1])]

    def several(self, count):
        found = dict.fromkeys(self.draw() for _ in range(count))
        return list(found)


def generate(size: int, say=print) -> None:
    """Fill an empty, migrated database with `size` laureates and all that they read."""
    if Laureate.objects.exists():
        raise ValueError("the database already holds laureates")
    rng = random.Random(SEED)
    call_command("loaddata", "territories", verbosity=0)
    with transaction.atomic():
        _themes()
        _organisations(rng)
    announcements = _announcements(size, rng)
    draws = Draws(rng)
    start = timezone.now()
    for numbers in _batches(range(size)):
        with transaction.atomic():
            _write(numbers, announcements, draws)
        if numbers[-1] % 50_000 < BATCH:
            elapsed = (timezone.now() - start).total_seconds()
            say(f"  {numbers[-1] + 1} lauréats écrits ({elapsed:.0f} s)")
    say("  index…")
    # As a database that has lived is: without it, PostgreSQL reads whole tables for each batch.
    analyze()
    index.rebuild()
    analyze()


def analyze() -> None:
    """What the planner of queries knows of the tables, brought up to date."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _batches(numbers) -> Iterator[list[int]]:
    for start in range(0, len(numbers), BATCH):
        yield list(numbers[start : start + BATCH])


# What laureates refer to -----------------------------------------------------


def _themes():
    Theme.objects.bulk_create(
        Theme(name=name, slug=slugify(name), position=rank)
        for rank, name in enumerate(words.THEMES, 1)
    )


def _organisations(rng):
    ministries = [
        Organisation(
            name=f"Ministère de {name}".replace("de les", "des").replace("de le ", "du "),
            slug=f"ministere-{slugify(name)}",
            kind="ministere",
        )
        for name in words.MINISTRIES
    ]
    Organisation.objects.bulk_create(ministries)
    rows = []
    for ministry in ministries:
        of = ministry.name.removeprefix("Ministère ")
        for name in words.DIRECTIONS:
            rows.append(
                Organisation(
                    name=f"{name} {of}",
                    slug=f"{slugify(name)}-{slugify(of)}",
                    kind="administration-centrale",
                    supervising_ministry=ministry,
                )
            )
    for department in Territory.objects.filter(kind="department"):
        for name, kind in words.BODIES:
            rows.append(
                Organisation(
                    name=f"{name} – {department.name}",
                    slug=f"{slugify(name)}-{department.slug}"[:120],
                    short_name="".join(word[0] for word in name.split() if word[0].isupper()),
                    kind=kind,
                    territory=department,
                    supervising_ministry=rng.choice(ministries) if rng.random() < 0.6 else None,
                )
            )
    Organisation.objects.bulk_create(rows)


def _announcements(size, rng):
    """Some 60 laureates each; the last ones drafts or under embargo, one in 200 withdrawn."""
    count = max(2, size // PER_ANNOUNCEMENT)
    step = datetime.timedelta(days=8 * 365) / count
    rows = []
    for rank in range(count):
        moment = FIRST_DAY + step * rank
        year = moment.year
        row = Announcement(
            slug=f"annonce-{rank + 1}",
            title=f"Annonce nᵒ {rank + 1} des lauréats de {year}",
            call_title=f"Appel à projets {year}, vague {rank + 1}",
            call_year=year,
            session_label=f"session {rank % 4 + 1}",
            published_at=moment,
            source="Données fictives de mesure",
        )
        if count > 10 and rank % 200 == 7:
            row.withdrawn_at = moment + datetime.timedelta(days=3)
            row.withdrawal_reason = "Retirée pour la mesure."
        rows.append(row)
    rows[-1].published_at = timezone.now() + datetime.timedelta(days=3650)
    if count > 4:
        rows[-2].published_at = None
    rng.shuffle(rows)
    Announcement.objects.bulk_create(rows, batch_size=500)
    return rows


# Laureates -------------------------------------------------------------------


class Draws:
    def __init__(self, rng):
        self.rng = rng
        rare = {
            "".join(rng.choices(words.SYLLABLES, k=rng.randint(1, 3))) + rng.choice(words.ENDINGS)
            for _ in range(RARE_WORDS * 2)
        }
        self.words = Skewed(words.COMMON + sorted(rare)[:RARE_WORDS], rng)
        organisations = list(Organisation.objects.order_by("pk"))
        self.ministries = [row for row in organisations if row.kind == "ministere"]
        others = [row for row in organisations if row.kind != "ministere"]
        rng.shuffle(others)
        self.carriers = Skewed(others, rng, 0.8)
        self.themes = Skewed(list(Theme.objects.order_by("pk")), rng)
        places = list(Territory.objects.exclude(kind="national").order_by("pk"))
        rng.shuffle(places)
        self.national = Territory.objects.get(kind="national")
        self.places = Skewed(places, rng, 0.7)
        # Overseas, a department has the name of its region.
        departments = {row.name for row in places if row.kind == "department"}
        regions = [row for row in places if row.kind == "region" and row.name not in departments]
        self.regions = Skewed(regions, rng, 0.7)

    def title(self):
        rng = self.rng
        action, what, how = map(rng.choice, (words.ACTIONS, words.OBJECTS, words.MEANS))
        return f"{action} {what} {how}"

    def description(self):
        rng = self.rng
        drawn = [self.words.draw() for _ in range(rng.randint(*WORDS_OF_A_DESCRIPTION))]
        parts, start = [], 0
        while start < len(drawn):
            length = rng.randint(7, 16)
            part = " ".join(drawn[start : start + length])
            parts.append(f"{part[:1].upper()}{part[1:]}.")
            start += length
        parts += [text for weight, text in words.SENTENCES if rng.random() * 1000 < weight]
        rng.shuffle(parts)
        middle = len(parts) // 2
        return f"{' '.join(parts[:middle])}\n\n{' '.join(parts[middle:])}"

    def amount(self):
        if self.rng.random() < 0.35:
            return None
        return Decimal(round(min(self.rng.lognormvariate(14.0, 1.1), 35_000_000), -3) or 1_000)


def _write(numbers, announcements, draws):
    rng = draws.rng
    laureates, carriers, themes, territories = [], [], [], []
    for number in numbers:
        announcement = announcements[number // PER_ANNOUNCEMENT % len(announcements)]
        # Beyond a whole number of announcements, the last rows join the first ones.
        position = number % PER_ANNOUNCEMENT + 1
        position += number // (PER_ANNOUNCEMENT * len(announcements)) * PER_ANNOUNCEMENT
        title = draws.title()
        laureate = Laureate(
            announcement=announcement,
            position=position,
            public_id=f"b{number:09d}",
            slug=slugify(title)[:200],
            title=title,
            former_titles=draws.title() if rng.random() < 0.05 else "",
            summary=f"{title}, en deux ans.",
            description=draws.description(),
            amount=draws.amount(),
            project_state=rng.choice(("", "", "en-cours", "termine", "non-demarre", "abandonne")),
            source="Données fictives de mesure",
        )
        if rng.random() < 0.004:
            laureate.withdrawn_at = timezone.now() - datetime.timedelta(days=1)
            laureate.withdrawal_reason = "Retiré pour la mesure."
        laureates.append(laureate)
        carriers.append(_carriers(draws))
        themes.append(draws.themes.several(rng.choice((1, 1, 2, 2, 3))))
        places = [draws.national] if rng.random() < 0.3 else draws.places.several(1)
        if rng.random() < 0.15:
            places = draws.places.several(2)
        territories.append([] if rng.random() < 0.05 else places)
    Laureate.objects.bulk_create(laureates)
    Carrier.objects.bulk_create(
        Carrier(
            laureate=laureate,
            organisation=organisation,
            position=rank,
            announced_name=organisation.name,
            role=None if len(rows) > 1 and rank > 1 else "chef-de-file",
        )
        for laureate, rows in zip(laureates, carriers, strict=True)
        for rank, organisation in enumerate(rows, 1)
    )
    for model, name, drawn in (
        (Laureate.themes.through, "theme", themes),
        (Laureate.territories.through, "territory", territories),
    ):
        model.objects.bulk_create(
            model(**{"laureate_id": laureate.pk, f"{name}_id": row.pk})
            for laureate, rows in zip(laureates, drawn, strict=True)
            for row in rows
        )


def _carriers(draws):
    found = draws.carriers.several(draws.rng.choice((1, 1, 1, 2, 2, 3, 4, 5)))
    if draws.rng.random() < 0.25:
        found.insert(0, draws.rng.choice(draws.ministries))
    return found
