"""What the history page of a row shows: entries, their changes, and texts compared word by word.

An application that keeps a history of its own gives entries through the callable that
settings.ADMIN_HISTORY names: it takes a row, a user and a page number as an address gives it, and
returns a page of `Entry`, or None for a model that it does not follow. The site's own log answers
for those.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import SequenceMatcher

from django.conf import settings
from django.contrib.admin.models import ADDITION, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Page, Paginator
from django.utils.module_loading import import_string
from django.utils.timezone import localtime

from ftap.templatetags.ftap import french_date

PER_PAGE = 50
PAGE_VAR = "p"
SYSTEM = "Système"
# Unchanged words shown on each side of a change, and the longest stretch that is not cut.
CONTEXT = 12
# Words that a comparison may weigh: beyond, the changed stretch is shown whole, before then after.
WORDS_MAX = 4000
# Below this likeness, two texts are read better one after the other.
LIKENESS_MIN = 0.35


@dataclass(frozen=True)
class Part:
    """A stretch of text: "same", "gone", "added", or "cut" for unchanged words left out."""

    kind: str
    text: str


@dataclass(frozen=True)
class Change:
    """One value before and after; None on the side that the act has not.

    `parts` compares two texts: it stands for both sides.
    """

    label: str
    before: str | None = None
    after: str | None = None
    parts: list[Part] = field(default_factory=list)


@dataclass(frozen=True)
class Entry:
    """One act: `what` was done by `who`, `when`, on `subject` (empty: the page's own row), why."""

    when: datetime
    who: str
    what: str
    subject: str = ""
    why: str = ""
    changes: list[Change] = field(default_factory=list)
    details: list[tuple[str, str]] = field(default_factory=list)
    number: int | None = None


def page_of(obj, user, number) -> Page:
    """The entries of `obj` that exist for `user`, newest first; any `number` gives a page."""
    page = import_string(settings.ADMIN_HISTORY)(obj, user, number)
    return page if page is not None else _logged(obj, number)


def paginate(rows, number) -> Page:
    """A page of `rows`: the first for what is no number, the last for a number too great."""
    return Paginator(rows, PER_PAGE).get_page(number)


def name_of(user) -> str:
    """A person as the history names them."""
    return (user.get_full_name() or user.get_username()) if user else SYSTEM


def in_words(value: date | datetime) -> str:
    """« 23 septembre 2019 », « 23 septembre 2019 à 10:00 » in local time."""
    if isinstance(value, datetime):
        return f"{french_date(value)} à\u00a0{localtime(value):%H:%M}"
    return french_date(value)


def _logged(obj, number):
    page = paginate(
        LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(obj), object_id=str(obj.pk)
        )
        .select_related("user")
        .order_by("-action_time", "-pk"),
        number,
    )
    words = {ADDITION: "Ajout", DELETION: "Suppression"}
    page.object_list = [
        Entry(
            when=log.action_time,
            who=name_of(log.user),
            what=log.get_change_message() or words.get(log.action_flag, "Modification"),
        )
        for log in page.object_list
    ]
    return page


# Word by word ------------------------------------------------------------------


def compare(before: str, after: str) -> list[Part]:
    """The words of `before` gone and of `after` added, with what stayed around them.

    Joined, "same", "gone" and "cut" parts give `before` back; "same", "added" and "cut" ones
    give `after`.
    """
    old, new = (re.findall(r"\s+|\w+|[^\w\s]", text) for text in (before, after))
    start = _shared(old, new)
    end = _shared(old[start:][::-1], new[start:][::-1])
    middle = old[start : len(old) - end], new[start : len(new) - end]
    parts = [
        Part("same", "".join(old[:start])),
        *_compare_words(*middle),
        Part("same", "".join(old[len(old) - end :])),
    ]
    return list(_shortened([part for part in parts if part.text]))


def _shared(old, new):
    """How many leading items two lists share."""
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count


def _compare_words(old, new):
    whole = [Part("gone", "".join(old)), Part("added", "".join(new))]
    if len(old) + len(new) > WORDS_MAX:
        return whole
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < LIKENESS_MIN:
        return whole
    parts = []
    for operation, i1, i2, j1, j2 in matcher.get_opcodes():
        if operation == "equal":
            parts.append(Part("same", "".join(old[i1:i2])))
        else:
            parts += [Part("gone", "".join(old[i1:i2])), Part("added", "".join(new[j1:j2]))]
    return parts


def _shortened(parts):
    """The same parts; of long unchanged ones, only the words near a change are kept."""
    for rank, part in enumerate(parts):
        words = re.findall(r"\s*\S+|\s+$", part.text)
        head = CONTEXT if rank > 0 else 0
        tail = CONTEXT if rank < len(parts) - 1 else 0
        if part.kind != "same" or len(words) <= head + tail + CONTEXT:
            yield part
            continue
        if head:
            yield Part("same", "".join(words[:head]))
        yield Part("cut", "".join(words[head : len(words) - tail]))
        if tail:
            yield Part("same", "".join(words[-tail:]))
