"""What a list shows of a laureate, kept with its row: a list reads one for each, ready to print.

The HTML of a card holds two characters that stand for what changes from a page to another. It is
kept with the print of what made it: a card made otherwise is made again when it is read.
"""

import hashlib
import json
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import cache, cached_property
from inspect import getsource

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from ftap import fast
from ftap.prepared import PreparedByKey
from ftap.templatetags import ftap as formats
from laureates.models import Card, Laureate

# What stands for the path of the site, and for a role: no text of a page is made of them.
_SITE, _ROLE = "\x01", "\x02"


@dataclass
class ListedLaureate:
    """A laureate as lists show it: texts in display order, an amount in euros or None. Not to be
    changed: frozen, it would take longer to make.

    `roles` says how each organisation carries it, by slug, in French.
    """

    public_id: str
    slug: str
    title: str
    summary: str
    carriers: list[str]
    themes: list[str]
    territories: list[str]
    announcement: str
    amount: Decimal | None
    project_state: str
    roles: dict[str, str]
    _html: str = ""
    # The path of the site, without its last slash.
    _site: str = ""

    @property
    def path(self) -> str:
        """Its address below the path of the site."""
        return fast.path("laureates:laureate", self.public_id, self.slug)

    def get_absolute_url(self) -> str:
        return self._address

    @cached_property
    def _address(self):
        return self._site + self.path

    @property
    def project_state_label(self) -> str:
        return Laureate.ProjectState(self.project_state).label if self.project_state else ""

    def shown(self, role: str = "") -> SafeString:
        """The card, saying how an organisation carries it."""
        text = self._html.replace(_SITE, self._site)
        return mark_safe(text.replace(_ROLE, _said(role)))  # noqa: S308 - escaped by fast.render


_NAMES = [field.name for field in fields(ListedLaureate) if not field.name.startswith("_")]


@cache
def _said(role: str) -> SafeString | str:
    """Roles are few."""
    return format_html("<li>{}</li>", capfirst(role)) if role else ""


@cache
def making() -> str:
    """The print of what makes the HTML of a card out of its values."""
    parts = (fast.source("card"), getsource(formats), str(Laureate.ProjectState.choices))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _made(laureate: ListedLaureate) -> str:
    return fast.render("card", laureate=laureate, site=_SITE, role=_ROLE)


def content(laureate: Laureate) -> str:
    """The JSON of a laureate fetched with its announcement, carriers, themes and territories."""
    return _written(
        ListedLaureate(
            laureate.public_id,
            laureate.slug,
            laureate.title,
            laureate.summary,
            [carrier.announced_name for carrier in laureate.carriers.all()],
            [theme.name for theme in laureate.themes.all()],
            [str(territory) for territory in laureate.territories.all()],
            laureate.announcement.label,
            laureate.amount,
            laureate.project_state,
            {carrier.organisation.slug: carrier.role_label for carrier in laureate.carriers.all()},
        )
    )


def _written(laureate: ListedLaureate) -> str:
    *before, amount, state, roles = (getattr(laureate, name) for name in _NAMES)
    amount = None if amount is None else str(amount)
    values = [*before, amount, state, roles, making(), _made(laureate)]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _read(text: str, site: str = "") -> tuple[ListedLaureate, bool]:
    """The laureate of which `content` made `text`, and whether it would make the same now."""
    *before, amount, state, roles, maker, html = json.loads(text)
    values = (*before, None if amount is None else Decimal(amount), state, roles)
    if maker == making():
        return ListedLaureate(*values, html, site), True
    return ListedLaureate(*values, _made(ListedLaureate(*values)), site), False


def restyled(text: str) -> str:
    """What `content` would make now of the laureate of which it made `text`."""
    laureate, is_same = _read(text)
    return text if is_same else _written(laureate)


_CONTENTS = PreparedByKey(
    lambda keys: Card.objects.filter(pk__in=keys).values_list("pk", "content")
)


def of(keys: list[int]) -> list[ListedLaureate]:
    """The laureates of these keys, in order: one query. The caller says who may be seen."""
    site = fast.prefix()
    return [_read(content, site)[0] for (content,) in _CONTENTS.rows(keys)]
