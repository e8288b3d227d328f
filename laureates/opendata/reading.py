"""What exports read: the laureates of a list, by batches, and what dates and places them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import QuerySet
from django.utils.timezone import localdate

from laureates import freshness
from laureates.freshness import Version
from laureates.models import Carrier, Laureate, Organisation, Release

LICENCE = "Licence Ouverte 2.0 (Etalab)"
LICENCE_URL = "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"
FUND = "Fonds pour la transformation de l’action publique"

BATCH = 500  # rows read together: memory stays flat whatever the length of the list


@dataclass(frozen=True)
class Context:
    """What the values of an export depend on beside the rows; made once, by `context()`.

    `site_url` has no trailing slash. `releases` gives the latest public version of each
    announcement, by its primary key.
    """

    site_url: str
    version: Version
    releases: Mapping[int, Release] = field(default_factory=dict)

    @property
    def as_of(self) -> date | None:
        """The day (in Paris) when what is exported last changed; None before any publication."""
        return self.version.changed_at and localdate(self.version.changed_at)

    def release_number(self, laureate: Laureate) -> int | None:
        """The number of the latest public version of a laureate's announcement."""
        release = self.releases.get(laureate.announcement_id)
        return release and release.number


def context(site_url: str, *, release: Release | None = None) -> Context:
    """The context of an export of what is public now: two queries.

    With `release`, that of its frozen files: its number and its minute, whatever the clock says,
    so that the same rows give the same bytes. No query.
    """
    if release is not None:
        version = Version(f"{release.announcement_id}-{release.number}", release.published_at)
        return Context(site_url, version, {release.announcement_id: release})
    # The version is read before the rows: a change in between makes an older validator, which
    # the next request renews, never a newer one on older rows.
    version = freshness.current()
    releases = Release.objects.published().listed().order_by("announcement", "number")
    return Context(site_url, version, {row.announcement_id: row for row in releases})


def laureates_for_export(queryset: QuerySet) -> QuerySet:
    """`queryset` with everything that FIELDS read: four queries in all."""
    return queryset.for_list()


def keys_of(queryset: QuerySet) -> list[int]:
    """The primary keys of a list of laureates, in its order: one query, which settles the list.

    Rows are then read by batches, for as long as a client takes to receive them: neither a
    transaction nor a cursor stays open meanwhile, and no minute that comes adds a row.
    """
    return list(queryset.values_list("pk", flat=True))


def laureates_of(keys: list[int]) -> Iterator[Laureate]:
    """The laureates of these keys in their order, by batches."""
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        found = laureates_for_export(Laureate.objects.all()).in_bulk(batch)
        yield from (found[key] for key in batch if key in found)


def lead_of(laureate: Laureate) -> Organisation | None:
    """The organisation that leads, where the source says so."""
    return next((carrier.organisation for carrier in with_role(laureate, Carrier.Role.LEAD)), None)


def changed_at(laureate: Laureate, context: Context) -> datetime | None:
    """When what visitors see of a laureate last changed.

    At the earliest when it became public, at the latest when what is exported last changed: a
    frozen file holds no later date than its own.
    """
    opened, latest = laureate.announcement.published_at, context.version.changed_at
    changed = max(filter(None, (laureate.updated_at, opened)), default=None)
    return min(filter(None, (changed, latest)), default=None)


def with_role(laureate: Laureate, role: str) -> list[Carrier]:
    """The carriers of a laureate that a source gives this role, in the announced order."""
    return [carrier for carrier in laureate.carriers.all() if carrier.role == role]


def organisations_of(laureate: Laureate) -> list[Organisation]:
    """Those that carry a laureate, in the announced order."""
    return [carrier.organisation for carrier in laureate.carriers.all()]


def sirets_of(laureate: Laureate) -> list[str | None]:
    """The SIRET of each of them, None where it is unknown; nothing when all are."""
    sirets = [organisation.siret or None for organisation in organisations_of(laureate)]
    return sirets if any(sirets) else []
