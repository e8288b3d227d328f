"""The pages that are measured, with addresses drawn from the data."""

import itertools
import random

from django.urls import reverse
from django.utils.http import urlencode

from bench import vocabulary
from bench.measuring import Case
from laureates.models import Announcement, FacetValue, Laureate, Organisation

EMPTY = Case("vue vide", ["/banc/vide/"], repeats=True)
ADDRESSES = 6000
TAGS = 200
# In less than one text of twenty.
RARE = (
    "télémédecine",
    "hydrographie",
    "bathymétriques",
    "postaux",
    "transferts",
    "spécialistes",
    "laboratoire innovation",
)
# In about half of the texts, and more.
COMMON = ("rapide", "lisible", *vocabulary.COMMON[:60])
PAGE_SIZE = 20
FILTERED = ("theme", "ministere", "type", "territoire", "montant", "annee")


def cases() -> list[Case]:
    """Every case of the table of targets that is a page."""
    rng = random.Random(7)
    library, api, embed, feed, statistics = (
        reverse(f"laureates:{name}")
        for name in ("library", "api_laureates", "embed", "feed", "statistics")
    )
    public = Laureate.objects.published()
    pages = max(1, -(-public.count() // PAGE_SIZE))
    keys = _sample(public.order_by("pk").values_list("pk", flat=True), rng)
    announcements = Announcement.objects.published().order_by("pk")
    bodies = Organisation.objects.public().order_by("pk").values_list("slug", flat=True)
    ones, twos = _filters(keys, rng)
    near, last = _around(min(1000, pages), pages), _around(pages, pages)
    rare = [" ".join(words) for count in (1, 2) for words in itertools.permutations(RARE, count)]
    common = [*COMMON, *(" ".join(two) for two in itertools.combinations(COMMON, 2))]
    return [
        Case("accueil", [reverse("laureates:home")]),
        Case("liste, première page", [library]),
        Case("liste, une valeur", [f"{library}?{one}" for one in ones]),
        Case("liste, deux filtres", [f"{library}?{two}" for two in twos]),
        Case("recherche", [f"{library}?{urlencode({'q': words})}" for words in rare]),
        Case(
            "recherche filtrée",
            [
                f"{library}?{urlencode({'q': word})}&{one}"
                for one, word in zip(ones, itertools.cycle(rare), strict=False)
            ],
        ),
        Case("mot courant", [f"{library}?{urlencode({'q': words})}" for words in common]),
        Case("page 1000", [f"{library}?page={number}" for number in near]),
        Case("dernière page", [f"{library}?page={number}" for number in last]),
        Case("tri par titre", [f"{library}?tri=titre&{one}" for one in ones]),
        Case("un projet", projects(keys)),
        Case("un organisme", [reverse("laureates:organisation", args=[slug]) for slug in bodies]),
        Case("les organismes", [reverse("laureates:organisations")]),
        Case("une annonce", [row.get_absolute_url() for row in announcements[:ADDRESSES]]),
        Case("API filtrée", [f"{api}?{two}" for two in twos], repeats=True),
        Case("liste à intégrer", [f"{embed}?{two}" for two in twos]),
        Case("flux", [f"{feed}?{one}" for one in ones]),
        Case("statistiques", [statistics]),
        Case("statistiques filtrées", [f"{statistics}?{one}" for one in ones]),
        Case("même page", [f"{library}?{ones[0]}"], repeats=True),
        Case("Django nu", ["/banc/django/"]),
        Case("DRF nu", [f"/banc/drf/?{one}" for one in ones if one.startswith(("theme", "annee"))]),
    ]


def projects(keys) -> list[str]:
    """The addresses of the pages of these laureates."""
    rows = Laureate.objects.filter(pk__in=keys[:ADDRESSES]).only("public_id", "slug")
    return [row.get_absolute_url() for row in rows.order_by("pk")]


def revalidations(server, measured: list[Case]) -> list[Case]:
    """The first page of the list, and projects, asked for by a browser that keeps them."""
    found = []
    for name, source in (("304", "liste, première page"), ("304 d’un projet", "un projet")):
        paths = next(case.paths for case in measured if case.name == source)[:TAGS]
        tags = {path: server.get(path, {"Host": "127.0.0.1"}).headers["ETag"] for path in paths}
        found.append(Case(name, paths, expected=304, repeats=True, tags=tags))
    return found


def _sample(keys, rng):
    keys = list(keys)
    return rng.sample(keys, min(ADDRESSES, len(keys)))


def _around(number, last):
    """Some twenty neighbouring pages that exist."""
    first = max(1, min(number, last) - 19)
    return range(first, min(number, last) + 1)


def _filters(keys, rng):
    """(one filter, two filters): queries that each leave a laureate, all different."""
    values = {}
    for start in range(0, len(keys), 500):
        rows = FacetValue.objects.filter(laureate__in=keys[start : start + 500], facet__in=FILTERED)
        for key, facet, value in rows.order_by("pk").values_list("laureate", "facet", "value"):
            values.setdefault(key, []).append((facet, value))
    ones, twos = {}, {}
    for key in keys:
        first, second = rng.sample(values[key], 2)
        ones[urlencode([first])] = None
        if first[0] != second[0]:
            twos[urlencode([first, second])] = None
    return list(ones), list(twos)
