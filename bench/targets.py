"""What must be reached, and whether it is."""

from collections.abc import Callable
from dataclasses import dataclass

SMALL, LARGE = 100_000, 1_000_000
# Of what a browser receives of the announcement that ships, whatever the sizes measured: bytes of
# the first page and of the next one, and how far what is shown moves.
WEIGHT = {"first": 260_000, "next": 30_000, "shift": 0.01}


@dataclass(frozen=True)
class Target:
    """`read` gives the value of a run's figures, or None where it was not measured; it passes at
    `limit` or below, or above where `at_least`. `size` None: any; `engines` empty: both."""

    name: str
    size: int | None
    limit: float
    read: Callable[[dict], float | None]
    at_least: bool = False
    engines: tuple[str, ...] = ()
    unit: str = ""

    def value(self, run: dict) -> float | None:
        if self.size not in (None, run["size"]):
            return None
        if self.engines and run["engine"] not in self.engines:
            return None
        return self.read(run)

    def passes(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


def _cost(name):
    return lambda run: run.get("pages", {}).get(name, {}).get("cost")


def _p50(name):
    return lambda run: run.get("pages", {}).get(name, {}).get("p50")


def _between(name, other):
    """The cost of a page over that of another."""

    def read(run):
        one, two = _cost(name)(run), _cost(other)(run)
        return one / two if one and two else None

    return read


def _faster(name, other, source="pages"):
    """How many times the requests per second of another."""

    def read(run):
        one = run.get("pages", {}).get(name, {}).get("rate")
        two = run.get(source, {}).get(other, {}).get("rate")
        return one / two if one and two else None

    return read


def _grown(name):
    """The cost over what it was at the smallest size measured, where that is another one."""

    def read(run):
        grown = run.get("growth", {})
        return grown.get(name) if run.get("grown_from", run["size"]) != run["size"] else None

    return read


def _figure(*names):
    def read(run):
        for name in names:
            if run is not None:
                run = run.get(name)
        return run

    return read


LISTS = ("liste, première page", "liste, une valeur", "liste, deux filtres")
TARGETS = (
    *(Target(f"{name}\u00a0: coût", SMALL, 10, _cost(name)) for name in LISTS),
    Target(
        "deux filtres\u00a0: fois Datasette",
        SMALL,
        20,
        _faster("liste, deux filtres", "deux filtres", "datasette"),
        at_least=True,
    ),
    Target(
        "première page\u00a0: fois Datasette",
        SMALL,
        8,
        _faster("liste, première page", "première page", "datasette"),
        at_least=True,
    ),
    *(Target(f"{name}\u00a0: croissance", LARGE, 1.5, _grown(name)) for name in LISTS),
    Target("recherche\u00a0: coût", SMALL, 20, _cost("recherche"), engines=("sqlite",)),
    Target("recherche\u00a0: coût", SMALL, 25, _cost("recherche"), engines=("postgresql",)),
    Target(
        "recherche\u00a0: fois Datasette",
        SMALL,
        4,
        _faster("recherche", "recherche", "datasette"),
        at_least=True,
    ),
    Target(
        "recherche\u00a0: fois Datasette",
        LARGE,
        5,
        _faster("recherche", "recherche", "datasette"),
        at_least=True,
    ),
    Target("mot courant\u00a0: p50", LARGE, 150, _p50("mot courant"), unit="ms"),
    *(
        Target(f"{name}\u00a0: fois la première", size, limit, _between(name, LISTS[0]))
        for name in ("page 1000", "dernière page")
        for size, limit in ((SMALL, 1.3), (LARGE, 1.5))
    ),
    *(
        Target(f"{name}\u00a0: coût", size, 4, _cost(name))
        for name in ("un projet", "un organisme")
        for size in (SMALL, LARGE)
    ),
    Target("API filtrée\u00a0: coût", SMALL, 3, _cost("API filtrée")),
    Target("API filtrée\u00a0: coût", LARGE, 4, _cost("API filtrée")),
    Target(
        "API filtrée\u00a0: fois DRF nu", SMALL, 10, _faster("API filtrée", "DRF nu"), at_least=True
    ),
    *(
        Target(f"{name}\u00a0: coût", size, limit, _cost(name))
        for name, limit in (("304", 1.4), ("304 d’un projet", 1.4), ("même page", 1.5))
        for size in (SMALL, LARGE)
    ),
    *(
        Target(
            "CSV de tout\u00a0: part du débit brut",
            size,
            0.6,
            _figure("export", "share"),
            at_least=True,
        )
        for size in (SMALL, LARGE)
    ),
    *(
        Target(
            "CSV de tout\u00a0: premier octet",
            size,
            150,
            _figure("export", "first_byte"),
            unit="ms",
        )
        for size in (SMALL, LARGE)
    ),
    *(
        Target("CSV de tout\u00a0: mémoire", size, 20, _figure("export", "memory"), unit="Mio")
        for size in (SMALL, LARGE)
    ),
    Target("mémoire\u00a0: fois Django nu", SMALL, 1.3, _figure("memory", "ratio")),
    Target("mémoire\u00a0: fois Django nu", LARGE, 2, _figure("memory", "ratio")),
    Target("premier appel à froid", SMALL, 1, _figure("cold"), unit="s"),
    Target("premier appel à froid", LARGE, 5, _figure("cold"), unit="s"),
    *(
        Target("publication d’une annonce", size, 2, _figure("publication", "seconds"), unit="s")
        for size in (SMALL, LARGE)
    ),
    *(
        Target(f"publication\u00a0: {label}", size, 0, _figure("publication", name))
        for name, label in (("errors", "pages en erreur"), ("stale", "réponses périmées"))
        for size in (SMALL, LARGE)
    ),
    *(
        Target(f"import\u00a0: fois {label}", size, 15, _figure("import", name), at_least=True)
        for name, label in (
            ("times", "django-import-export, versions et index"),
            ("times_bare", "django-import-export, rien d’autre"),
        )
        for size in (SMALL, LARGE)
    ),
    Target(
        "pages d’agents\u00a0: la plus lente", SMALL, 300, _figure("staff", "slowest"), unit="ms"
    ),
    *(
        Target(f"poids\u00a0: {label}", None, limit, _figure("weight", name), unit=unit)
        for (name, limit), (label, unit) in zip(
            WEIGHT.items(),
            (("première page", "octets"), ("page suivante", "octets"), ("décalage", "")),
            strict=True,
        )
    ),
)
