"""What the page of a laureate shows, kept as JSON so that the page reads one row."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.utils.safestring import SafeString, mark_safe

from ftap.fast import address
from ftap.prepared import PreparedByKey
from laureates import markdown
from laureates.models import Detail, Laureate


class DetailedCarrier(NamedTuple):
    """An organisation as the page of a project shows it; `ministry` supervises it, "" for none."""

    slug: str
    name: str
    short_name: str
    kind: str
    siret: str
    role: str
    role_label: str
    announced_name: str
    ministry: str

    def get_absolute_url(self) -> str:
        return address("laureates:organisation", self.slug)


class DetailedAnnouncement(NamedTuple):
    """The announcement of a project; `published_at` is None for a draft."""

    pk: int
    slug: str
    label: str
    title: str
    published_at: datetime | None

    def get_absolute_url(self) -> str:
        return address("laureates:announcement", self.slug)


class DetailedGroup(NamedTuple):
    """The group of a project, and what was granted to the whole of it, in euros or None."""

    name: str
    amount: Decimal | None


class DetailedLaureate(NamedTuple):
    """A laureate as its page shows it: carriers in the announced order, themes and territories as
    (value of the filter, name), `description` in HTML and `excerpt` in one line of text."""

    public_id: str
    slug: str
    position: int
    title: str
    has_own_title: bool
    former_titles: list[str]
    summary: str
    description: SafeString
    excerpt: str
    amount: Decimal | None
    project_state: str
    funder_name: str
    announcement: DetailedAnnouncement
    group: DetailedGroup | None
    carriers: list[DetailedCarrier]
    themes: list[tuple[str, str]]
    territories: list[tuple[str, str]]
    classification_source: str
    source: str
    source_url: str
    source_on: date | None

    def get_absolute_url(self) -> str:
        return address("laureates:laureate", self.public_id, self.slug)


def content(laureate: Laureate) -> str:
    """The JSON of a laureate fetched with what the index reads."""
    announcement, group = laureate.announcement, laureate.group
    return json.dumps(
        [
            laureate.public_id,
            laureate.slug,
            laureate.position,
            laureate.title,
            laureate.has_own_title,
            laureate.former_title_list,
            laureate.summary,
            markdown.render(laureate.description) if laureate.description else "",
            laureate.summary or markdown.plain(laureate.description),
            _text(laureate.amount),
            laureate.get_project_state_display(),
            laureate.funder_name,
            [
                announcement.pk,
                announcement.slug,
                announcement.label,
                announcement.title,
                announcement.published_at and announcement.published_at.isoformat(),
            ],
            group and [group.name, _text(group.amount)],
            [_carrier(carrier) for carrier in laureate.carriers.all()],
            [[theme.slug, theme.name] for theme in laureate.themes.all()],
            [[territory.slug, str(territory)] for territory in laureate.territories.all()],
            laureate.classification_source,
            laureate.source,
            laureate.source_url,
            laureate.source_on and laureate.source_on.isoformat(),
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _carrier(carrier):
    organisation, ministry = carrier.organisation, carrier.organisation.supervising_ministry
    return [
        organisation.slug,
        organisation.name,
        organisation.short_name,
        organisation.kind,
        organisation.siret,
        carrier.role,
        carrier.role_label,
        carrier.announced_name,
        ministry.name if ministry else "",
    ]


def read(text: str) -> DetailedLaureate:
    """The laureate of which `content` made `text`."""
    values = json.loads(text)
    before, (amount, state, funder), (announcement, group, carriers) = (
        values[:9],
        values[9:12],
        values[12:15],
    )
    *named, summary, description, excerpt = before
    *announced, published_at = announcement
    *after, source_on = values[15:]
    return DetailedLaureate(
        *named,
        summary,
        mark_safe(description),  # noqa: S308 - laureates.markdown made it
        excerpt,
        _amount(amount),
        state,
        funder,
        DetailedAnnouncement(*announced, published_at and datetime.fromisoformat(published_at)),
        group and DetailedGroup(group[0], _amount(group[1])),
        [DetailedCarrier(*carrier) for carrier in carriers],
        *after,
        source_on and date.fromisoformat(source_on),
    )


def _text(amount):
    return None if amount is None else str(amount)


def _amount(text):
    return None if text is None else Decimal(text)


_CONTENTS = PreparedByKey(
    lambda keys: Detail.objects.filter(pk__in=keys).values_list("pk", "content")
)


def of(keys: list[int]) -> list[DetailedLaureate]:
    """The laureates of these keys, in order: one query. The caller says who may be seen."""
    return [read(content) for (content,) in _CONTENTS.rows(keys)]
