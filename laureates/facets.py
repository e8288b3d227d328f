"""The facets of the library: which values a laureate has in each, and how they are named.

Every laureate has at least one value in each facet, UNKNOWN when nothing is known, so that none
vanishes from a facet. Values stand in addresses; they are slugs, or words of a closed list.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet

from laureates.models import (
    Announcement,
    Laureate,
    Organisation,
    Territory,
    Theme,
)
from laureates.typography import fold

UNKNOWN = "non-renseigne"
AMOUNT_UNKNOWN = "non-communique"

# Upper bounds in euros, excluded; the last band has none.
AMOUNT_BANDS = (
    ("moins-de-1-million", "moins de 1 M€", Decimal(1_000_000)),
    ("1-a-5-millions", "de 1 à moins de 5 M€", Decimal(5_000_000)),
    ("5-a-10-millions", "de 5 à moins de 10 M€", Decimal(10_000_000)),
    ("10-a-20-millions", "de 10 à moins de 20 M€", Decimal(20_000_000)),
    ("20-millions-et-plus", "20 M€ et plus", None),
)


@dataclass(frozen=True)
class Label:
    """How a value is shown, where it sorts, and how deep it stands under the one before it."""

    text: str
    sort: tuple
    level: int = 0


@dataclass(frozen=True)
class Facet:
    """A filter with counts. `phrase` introduces its values in the heading of a list.

    `values` gives those of one laureate, `labels` names the values it is given and leaves out
    those that do not exist. `is_closed`: the values that exist are no secret, so one without any
    laureate is still known; otherwise a value that no public laureate has is unknown.
    `is_chronological`: values are displayed as the list of laureates is, latest first, and of too
    many the latest are shown; otherwise the most frequent.
    """

    name: str
    label: str
    phrase: str
    values: Callable[[Laureate], Iterable[str]]
    labels: Callable[[Iterable[str]], dict[str, Label]]
    unknown: str = UNKNOWN
    unknown_label: str = "non renseigné"
    is_multivalued: bool = False
    is_closed: bool = False
    is_chronological: bool = False

    def values_of(self, laureate: Laureate) -> set[str]:
        return set(self.values(laureate)) or {self.unknown}

    def named(self, values: Iterable[str]) -> dict[str, Label]:
        """Labels of `values` in display order, the unknown one last."""
        values = set(values)
        found = dict(sorted(self.labels(values).items(), key=lambda item: item[1].sort))
        if self.unknown in values:
            found[self.unknown] = Label(self.unknown_label, ())
        return found


def amount_band(amount: Decimal | None) -> str:
    """The band of an amount in euros."""
    if amount is None:
        return AMOUNT_UNKNOWN
    return next(slug for slug, _, upper in AMOUNT_BANDS if upper is None or amount < upper)


def _ministries(laureate):
    for carrier in laureate.carriers.all():
        organisation = carrier.organisation
        if organisation.kind == Organisation.Kind.MINISTRY:
            yield organisation.slug
        elif organisation.supervising_ministry_id:
            yield organisation.supervising_ministry.slug


def _territories(laureate):
    for territory in laureate.territories.all():
        yield territory.slug
        if territory.region_id:
            yield territory.region.slug


def _from_list(pairs):
    """The labels of a closed list of (value, label), in its order."""
    known = {value: Label(label, (rank,)) for rank, (value, label) in enumerate(pairs)}
    return lambda values: {value: known[value] for value in values if value in known}


def _organisation_labels(values):
    rows = Organisation.objects.filter(slug__in=values).values_list("slug", "name")
    return {slug: Label(name, (fold(name),)) for slug, name in rows}


def _theme_labels(values):
    rows = Theme.objects.filter(slug__in=values).values_list("slug", "name", "position")
    return {slug: Label(name, (position, fold(name))) for slug, name, position in rows}


def _announcement_labels(values):
    rows = Announcement.objects.filter(slug__in=values)
    found = {}
    for slug, moment, key, *names in rows.values_list(
        "slug", "published_at", "pk", "call_title", "session_label"
    ):
        latest = 0 if moment is None else -round(moment.timestamp() * 1_000_000)
        found[slug] = Label(Announcement.label_of(*names), (latest, key))
    return found


def _territory_labels(values):
    found = {}
    for row in Territory.objects.filter(slug__in=values).select_related("region"):
        if row.kind == Territory.Kind.NATIONAL:
            found[row.slug] = Label("National", (0,))
        elif row.kind == Territory.Kind.DEPARTMENT:
            sort = (1, fold(row.region.name), 1, row.code)
            found[row.slug] = Label(str(row), sort, level=1)
        else:
            found[row.slug] = Label(row.name, (1, fold(row.name), 0, row.code))
    return found


def _year_labels(values):
    years = {value for value in values if value.isascii() and value.isdigit() and len(value) == 4}
    return {year: Label(year, (-int(year),)) for year in years if 2017 <= int(year) <= 2100}


FACETS = {
    facet.name: facet
    for facet in (
        Facet(
            "theme",
            "Thème",
            "sur le thème",
            lambda laureate: (theme.slug for theme in laureate.themes.all()),
            _theme_labels,
            is_multivalued=True,
        ),
        Facet(
            "ministere",
            "Ministère",
            "du ministère",
            _ministries,
            _organisation_labels,
            is_multivalued=True,
        ),
        Facet(
            "organisation",
            "Organisme porteur",
            "de l’organisme",
            lambda laureate: (carrier.organisation.slug for carrier in laureate.carriers.all()),
            _organisation_labels,
            is_multivalued=True,
        ),
        Facet(
            "type",
            "Type de porteur",
            "porté par un organisme du type",
            lambda laureate: (
                carrier.organisation.kind
                for carrier in laureate.carriers.all()
                if carrier.organisation.kind
            ),
            _from_list(Organisation.Kind.choices),
            is_multivalued=True,
            is_closed=True,
        ),
        Facet(
            "territoire",
            "Région ou département",
            "sur le territoire",
            _territories,
            _territory_labels,
            is_multivalued=True,
            is_closed=True,
        ),
        Facet(
            "annonce",
            "Appel et session",
            "de l’annonce",
            lambda laureate: [laureate.announcement.slug],
            _announcement_labels,
            is_chronological=True,
        ),
        Facet(
            "annee",
            "Année de l’appel",
            "de l’année",
            lambda laureate: [str(laureate.announcement.call_year)],
            _year_labels,
            is_closed=True,
        ),
        Facet(
            "montant",
            "Montant accordé",
            "d’un montant",
            lambda laureate: [amount_band(laureate.amount)],
            _from_list([(slug, label) for slug, label, _ in AMOUNT_BANDS]),
            unknown=AMOUNT_UNKNOWN,
            unknown_label="montant non communiqué",
            is_closed=True,
        ),
        Facet(
            "etat",
            "État du projet",
            "à l’état",
            lambda laureate: [laureate.project_state] if laureate.project_state else [],
            _from_list(Laureate.ProjectState.choices),
            is_closed=True,
        ),
    )
}


# What visitors may know of --------------------------------------------------


def public_themes() -> QuerySet:
    """Themes of at least one public laureate: another may betray one that is not public yet."""
    return Theme.objects.filter(Exists(_public().filter(themes=OuterRef("pk"))))


def public_territories() -> QuerySet:
    """Territories of at least one public laureate, and the regions of such territories."""
    return Territory.objects.filter(
        Exists(_public().filter(territories=OuterRef("pk")))
        | Exists(_public().filter(territories__region=OuterRef("pk")))
    )


def _public() -> QuerySet:
    return Laureate.objects.published().order_by()
