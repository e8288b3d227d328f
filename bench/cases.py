"""The pages that are measured, with addresses drawn from the data, so that no answer is a repeat
of another unless the case says so."""

import random

from django.urls import reverse
from django.utils.http import urlencode

from bench.measuring import Case
from laureates.models import FacetValue, Laureate, Organisation

EMPTY = Case("vue vide", ["/banc/vide/"])
ADDRESSES = 300
RARE = (
    "télémédecine",
    "hydrographie",
    "bathymétriques",
    "postaux",
    "transferts",
    "spécialistes",
    "laboratoire",
)
COMMON = ("service", "rapide", "usagers", "projet", "demande", "agents")
PAGE_SIZE = 20
FILTERED = ("theme", "ministere", "type", "territoire", "montant", "annee")


def cases() -> list[Case]:
    """Every case of the table of targets that is a page."""
    rng = random.Random(7)
    library = reverse("laureates:library")
    api = "/api/v1/laureats/"
    public = Laureate.objects.published()
    count = public.count()
    pages = max(1, -(-count // PAGE_SIZE))
    some = _sample(public.order_by("pk").values_list("pk", flat=True), rng)
    rows = list(Laureate.objects.filter(pk__in=some))
    bodies = list(Organisation.objects.public().order_by("pk").values_list("slug", flat=True))
    filters = _filters(rng)
    near = [f"{library}?page={number}" for number in _around(min(1000, pages), pages)]
    return [
        Case("liste, première page", [library]),
        Case("liste, une valeur", [f"{library}?{one}" for one, _ in filters]),
        Case("liste, deux filtres", [f"{library}?{one}&{two}" for one, two in filters]),
        Case("recherche", [f"{library}?{urlencode({'q': word})}" for word in RARE]),
        Case(
            "recherche filtrée",
            [
                f"{library}?{urlencode({'q': word})}&{one}"
                for one, _ in filters
                for word in RARE[:2]
            ],
        ),
        Case("mot courant", [f"{library}?{urlencode({'q': word})}" for word in COMMON]),
        Case("page 1000", near),
        Case("dernière page", [f"{library}?page={number}" for number in _around(pages, pages)]),
        Case("tri par titre", [f"{library}?tri=titre&{one}" for one, _ in filters]),
        Case("un projet", [row.get_absolute_url() for row in rows]),
        Case(
            "un organisme",
            [reverse("laureates:organisation", args=[slug]) for slug in bodies[:ADDRESSES]],
        ),
        Case("API filtrée", [f"{api}?{one}&{two}" for one, two in filters]),
        Case("même page", [f"{library}?{filters[0][0]}"]),
        Case("Django nu", ["/banc/django/"]),
        Case("DRF nu", [f"/banc/drf/?{two}" for _, two in filters[:20]]),
    ]


def revalidation(server) -> Case:
    """The first page of the list, asked for by a browser that keeps it."""
    library = reverse("laureates:library")
    tag = server.get(library).headers["ETag"]
    return Case("304", [library], {"If-None-Match": tag}, expected=304)


def _sample(keys, rng):
    keys = list(keys)
    return rng.sample(keys, min(ADDRESSES, len(keys)))


def _around(number, last):
    """Some twenty neighbouring pages that exist."""
    first = max(1, min(number, last) - 19)
    return range(first, min(number, last) + 1)


def _filters(rng):
    """Pairs of filters that leave some laureates."""
    values = {}
    for name in FILTERED:
        rows = FacetValue.objects.filter(facet=name).order_by("value")
        values[name] = list(rows.values_list("value", flat=True).distinct())
    pairs = []
    for _ in range(ADDRESSES):
        one, two = rng.sample(FILTERED, 2)
        pairs.append((f"{one}={rng.choice(values[one])}", f"{two}={rng.choice(values[two])}"))
    return pairs
