"""The announcements that rows go to, each with the whole of its rows in the file.

Rows of one announcement are read together, whatever the batch: which laureate each is about, which
rank it takes and what it says of the announcement depend on the others.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ftap.imports.models import ImportRow
from laureates import typography
from laureates.importers.library.layout import Layout
from laureates.importers.library.lines import Line, announcement_key, line_of, title_key
from laureates.matching.references import plain
from laureates.models import Announcement, Laureate, LaureateGroup

_CHUNK = 500


@dataclass
class Holder:
    """A laureate of the announcement, light."""

    pk: int
    public_id: str
    title: str
    title_key: str
    former_keys: set[str]
    position: int
    is_withdrawn: bool


@dataclass
class Told:
    """What the file says of an announcement or a group, and the row that says it first."""

    value: object
    text: str
    line: Line


@dataclass
class Place:
    """An announcement, known or to be created, and the rows of the file that go to it.

    `laureate_of` and `position_of` map rows to what they are about, None being a new laureate.
    `problems` maps rows to [(name of a column, message)].
    """

    text: str = ""
    announcement: Announcement | None = None
    several: list[Announcement] = field(default_factory=list)
    is_hidden: bool = False
    is_preparable: bool = True
    is_public: bool = False
    lines: list[Line] = field(default_factory=list)
    holders: list[Holder] = field(default_factory=list)
    groups: dict[str, LaureateGroup] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)
    told_groups: dict[str, tuple[str, Told | None]] = field(default_factory=dict)
    laureate_of: dict[int, int | None] = field(default_factory=dict)
    position_of: dict[int, int] = field(default_factory=dict)
    problems: dict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def first(self) -> Line | None:
        """The row that stands for the announcement."""
        return self.lines[0] if self.lines else None

    def settle(self) -> None:
        self._tell()
        self._recognise()
        self._rank()

    # What is said of the announcement ------------------------------------------------

    def _tell(self):
        for line in self.lines:
            for name, (value, text) in line.told.items():
                first = self.told.setdefault(name, Told(value, text, line))
                if first.text != text and (first.value != value or value is None):
                    self._disagree(line, name, first)
            if not line.group_key:
                continue
            name, first = self.told_groups.get(line.group_key, (line.group, None))
            if line.group_amount is not None:
                if first is None:
                    first = Told(line.group_amount, str(line.group_amount), line)
                elif first.value != line.group_amount:
                    self._disagree(line, "group_amount", first)
            self.told_groups[line.group_key] = name, first

    def _disagree(self, line, name, first):
        what = "ce groupe" if name == "group_amount" else "cette annonce"
        self.problems[line.pk].append(
            (
                name,
                f"La ligne {first.line.number} dit «\u00a0{first.text}\u00a0» de {what}\u00a0: "
                "écrivez la même valeur, ou laissez cette cellule vide.",
            )
        )

    # Which laureate each row is about ------------------------------------------------

    def _recognise(self):
        by_id = {holder.public_id: holder for holder in self.holders}
        named, left = defaultdict(list), defaultdict(list)
        for line in self.lines:
            if line.public_id:
                named[line.public_id].append(line)
            else:
                left[line.title_key].append(line)
        for public_id, lines in named.items():
            if holder := by_id.get(public_id):
                self.laureate_of |= dict.fromkeys((line.pk for line in lines), holder.pk)
            self._refuse_twins(lines, "public_id", "Cet identifiant")
        taken = {pk for pk in self.laureate_of.values() if pk}
        free = [holder for holder in self.holders if holder.pk not in taken]
        by_title, by_former = defaultdict(list), defaultdict(list)
        for holder in free:
            by_title[holder.title_key].append(holder)
            for key in holder.former_keys - {holder.title_key}:
                by_former[key].append(holder)
        for key, lines in left.items():
            self._match(key, lines, (by_title.get(key) or by_former.get(key) or []) if key else [])

    def _match(self, key, lines, holders):
        if not key or (len(lines) == 1 and len(holders) <= 1):
            found = holders[0].pk if holders else None
            self.laureate_of |= dict.fromkeys((line.pk for line in lines), found)
            return
        by_rank = {holder.position: holder.pk for holder in holders}
        for line in lines:
            self.laureate_of[line.pk] = by_rank.get(line.position)
            if line.position is None:
                self.problems[line.pk].append(("title", _same_title(line, lines)))

    def _refuse_twins(self, lines, column, what):
        if len(lines) > 1:
            for line in lines:
                others = _numbers(other for other in lines if other is not line)
                self.problems[line.pk].append(
                    (
                        column,
                        f"{what} est aussi ligne {others}\u00a0: gardez-en une, écartez l’autre.",
                    )
                )

    # Ranks ---------------------------------------------------------------------------

    def _rank(self):
        holders = {holder.pk: holder for holder in self.holders}
        told = defaultdict(list)
        for line in self.lines:
            known = holders.get(self.laureate_of.get(line.pk))
            position = line.position or (known and known.position)
            if position:
                self.position_of[line.pk] = position
                told[position].append(line)
        for lines in told.values():
            self._refuse_twins(lines, "position", "Ce rang de l’annonce")
        moved = {pk for pk in self.laureate_of.values() if pk}
        for holder in self.holders:
            if holder.pk not in moved:
                for line in told.get(holder.position, ()):
                    self.problems[line.pk].append(("position", _taken(holder)))
        last = max([*told, *(holder.position for holder in self.holders)], default=0)
        for line in self.lines:
            if line.pk not in self.position_of:
                last += 1
                self.position_of[line.pk] = last


def _numbers(lines):
    return ", ".join(str(line.number) for line in lines)


def _same_title(line, lines):
    others = [other for other in lines if other is not line]
    where = f" (ligne {_numbers(others)})" if others else ""
    return (
        f"Plusieurs lauréats de l’annonce ont ce titre ou ces porteurs{where}\u00a0: donnez le "
        "rang "
        "de chacun, ou son identifiant public."
    )


def _taken(holder):
    if holder.is_withdrawn:
        who = f"«\u00a0{holder.title}\u00a0»"
        return f"Ce rang est celui d’un lauréat retiré, {who}\u00a0: changez-le."
    return (
        f"Ce rang est celui de «\u00a0{holder.title}\u00a0». Si c’est le même projet, inscrivez "
        "son "
        f"identifiant public, {holder.public_id}\u202f; sinon, changez le rang ou videz la cellule."
    )


# Reading ---------------------------------------------------------------------------


def places_of(job, rows: Iterable[ImportRow], layout: Layout, user) -> dict[str, Place]:
    """The place of each key of these rows, with all its rows of the file, settled."""
    texts = {}
    place = layout.columns.get("announcement")
    for row in rows:
        if row.key:
            texts.setdefault(row.key, row.read(place.index).strip() if place else "")
    found = _resolve(texts)
    known = {one.announcement.pk: one for one in found.values() if one.announcement}
    visible = Announcement.objects.filter(pk__in=known).visible_to(user)
    preparable = Announcement.objects.filter(pk__in=known).preparable_by(user)
    public = Announcement.objects.filter(pk__in=known).published()
    visible, preparable, public = (
        set(rows.values_list("pk", flat=True)) for rows in (visible, preparable, public)
    )
    for pk, one in known.items():
        one.is_hidden, one.is_preparable = pk not in visible, pk in preparable
        one.is_public = pk in public
    _read_holders(known)
    aliases = dict(found)
    for one in known.values():
        aliases |= {
            key: one
            for key in (one.announcement.slug, announcement_key(one.announcement.title))
            if key not in aliases
        }
        aliases |= {f"={holder.public_id}": one for holder in one.holders}
    _read_lines(job, rows, layout, aliases)
    for one in {id(one): one for one in found.values()}.values():
        one.settle()
    return found


def _resolve(texts):
    """The place of each key: an announcement of that address or title, or a new one."""
    light = list(Announcement.objects.values_list("pk", "slug", "title"))
    by_slug = {slug: pk for pk, slug, _ in light}
    by_title = defaultdict(list)
    for pk, _, title in light:
        by_title[announcement_key(title)].append(pk)
    of_ids = dict(
        Laureate.objects.filter(
            public_id__in=[key[1:] for key in texts if key.startswith("=")]
        ).values_list("public_id", "announcement")
    )
    chosen = {}
    for key, text in texts.items():
        if key.startswith("="):
            chosen[key] = [of_ids[key[1:]]] if key[1:] in of_ids else []
        elif text in by_slug:
            chosen[key] = [by_slug[text]]
        else:
            chosen[key] = by_title.get(key) or ([by_slug[key]] if key in by_slug else [])
    rows = Announcement.objects.in_bulk({pk for pks in chosen.values() for pk in pks})
    places, found = {}, {}
    for key, pks in chosen.items():
        if len(pks) == 1:
            found[key] = places.setdefault(pks[0], Place(announcement=rows[pks[0]]))
        else:
            found[key] = Place(several=[rows[pk] for pk in pks])
        found[key].text = found[key].text or typography.normalise(texts[key])
    return found


def _read_holders(known):
    laureates = Laureate.objects.filter(announcement__in=known).order_by("position")
    for pk, announcement, public_id, title, former, position, withdrawn in laureates.values_list(
        "pk", "announcement", "public_id", "title", "former_titles", "position", "withdrawn_at"
    ):
        known[announcement].holders.append(
            Holder(
                pk,
                public_id,
                title,
                title_key(title),
                {title_key(line) for line in typography.lines(former)},
                position,
                withdrawn is not None,
            )
        )
    for group in LaureateGroup.objects.filter(announcement__in=known).order_by("position"):
        known[group.announcement_id].groups.setdefault(plain(group.name), group)


def _read_lines(job, rows, layout, aliases):
    """The lines of each place, in the order of the file; `rows` are at hand."""
    fields = ("position", "key", "pk", "number", "cells", "corrections", "is_set_aside")
    here = [row for row in rows if row.key in aliases and row.sheet == layout.sheet]
    found = [
        (row.position, row.key, line_of(layout, *(getattr(row, name) for name in fields[2:])))
        for row in here
        if not row.is_set_aside
    ]
    others = job.rows.filter(sheet=layout.sheet, key__in=list(aliases), is_set_aside=False)
    others = others.exclude(pk__in=[row.pk for row in here])
    for position, key, *values in others.values_list(*fields).iterator(_CHUNK):
        found.append((position, key, line_of(layout, *values)))
    found.sort(key=lambda one: one[0])
    for _, key, line in found:
        aliases[key].lines.append(line)
