"""The rows of a spreadsheet, written as one act: announcements, groups, organisations, laureates.

Everything is read again under lock; where the library no longer holds what was compared, all is
refused and nothing is written. All that is created is a draft: publishing is another act.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import Max

from ftap import audit, bulk
from ftap.refusals import Refusal, explain, save
from laureates import releases, typography
from laureates.importers.library import correcting, stored
from laureates.importers.library.values import FIELDS, OF_LAUREATE
from laureates.importers.organisations import COUNT, Registry
from laureates.matching.references import plain
from laureates.models import Announcement, Carrier, Laureate, LaureateGroup
from laureates.releases.holding import hold

ACTION = "import_laureates"
BATCH = 1_000
ANNOUNCEMENTS, GROUPS, CORRECTED = "announcements", "groups", "corrected"
AGAIN = "Relancez la lecture du fichier, relisez les changements, puis confirmez."
_SLUG_MAX = Announcement._meta.get_field("slug").max_length
_TITLE_SLUG_MAX = Laureate._meta.get_field("slug").max_length
_READERS = {
    name: (FIELDS[name][1], Laureate._meta.get_field(FIELDS[name][1]).to_python)
    for name in OF_LAUREATE
}
# Above the rank of any laureate and the place of any carrier, while they change places.
_ASIDE = 2_000_000
_CARRIERS_ASIDE = 10_000


def write(job, rows: Iterator, *, by, comment: str) -> dict[str, int]:
    """Write the rows to create and to change; what else was created, by name of count.

    Inside the caller's transaction. Raises Refusal, in French: something changed since the
    comparison, or the database refuses a value.
    """
    writer = _Writer(job, by, comment)
    rows = iter(rows)
    try:
        with transaction.atomic():
            writer.hold()
            while batch := list(islice(rows, BATCH)):
                with bulk.undisturbed():
                    writer.write(batch)
            writer.correct()
    except IntegrityError as error:
        raise Refusal(f"{explain(error)} {AGAIN}") from error
    return writer.counts()


class _Writer:
    """What the whole import shares: announcements by key, groups, organisations, ranks aside."""

    def __init__(self, job, by, comment):
        self.job, self.by, self.comment = job, by, comment
        self.organisations = Registry(f"Import de lauréats nᵒ\u00a0{job.pk}, {job.filename}"[:300])
        self.announcements: dict[str, Announcement] = {}
        self.held: dict[int, Announcement] = {}
        self.groups: dict[tuple[int, str], LaureateGroup] = {}
        self.group_count: dict[int, int] = defaultdict(int)
        self.aside: dict[int, int] = {}
        self.corrections = defaultdict(list)
        self.made_groups = 0

    def counts(self) -> dict[str, int]:
        found = {
            ANNOUNCEMENTS: len(self.announcements),
            GROUPS: self.made_groups,
            COUNT: self.organisations.count,
            CORRECTED: sum(map(len, self.corrections.values())),
        }
        return {name: count for name, count in found.items() if count}

    def acting(self):
        return audit.acting(self.by, ACTION, self.comment)

    def save(self, created=(), changed=(), relations=()):
        audit.save_many(
            created,
            changed,
            by=self.by,
            action=ACTION,
            comment=self.comment,
            relations=relations,
        )

    # Locks ---------------------------------------------------------------------------

    def hold(self):
        """Lock every announcement that is changed, before the history: whoever holds one writes
        to it next; then free the ranks that laureates exchange."""
        rows = self.job.rows.filter(outcome__in=("created", "changed"), is_set_aside=False)
        of_announcements = rows.filter(announcement__isnull=False).order_by()
        corrected = of_announcements.filter(values__corrects=True)
        corrected = set(corrected.values_list("announcement", flat=True))
        for pk in sorted(set(of_announcements.values_list("announcement", flat=True))):
            if pk in corrected:
                hold(pk, self.by)
            else:
                self.held[pk] = releases.hold_editable(Announcement(pk=pk))
        for group in LaureateGroup.objects.filter(announcement__in=self.held).order_by("position"):
            self.groups.setdefault((group.announcement_id, plain(group.name)), group)
        counted = LaureateGroup.objects.filter(announcement__in=self.held).order_by()
        for pk, last in counted.values_list("announcement").annotate(last=Max("position")):
            self.group_count[pk] = last
        self._free(rows.filter(laureate__isnull=False, values__position__isnull=False))

    def _free(self, rows):
        wanted = dict(rows.values_list("laureate", "values__position"))
        if not wanted:
            return
        moving = list(Laureate.objects.filter(pk__in=wanted).order_by("pk"))
        taken = set(
            Laureate.objects.filter(
                announcement__in={row.announcement_id for row in moving}
            ).values_list("announcement", "position")
        )
        if not any((row.announcement_id, wanted[row.pk]) in taken for row in moving):
            return
        for row in moving:
            self.aside[row.pk] = row.position
            row.position += _ASIDE
        self.save(changed=[(row, ["position"]) for row in moving])

    # Rows ----------------------------------------------------------------------------

    def write(self, rows):
        """A batch of rows, as one act."""
        held = stored.laureates((row.laureate_id for row in rows if row.laureate_id), lock=True)
        for row in rows:
            self._check(row, held)
        with self.acting():
            self._write_announcements(rows)
            plain_rows = [row for row in rows if not row.values.get("corrects")]
            self._write_groups(plain_rows)
            batch = _Laureates(self)
            for row in plain_rows:
                if row.laureate_id is None:
                    batch.create(row)
                else:
                    batch.change(held[row.laureate_id], row)
            for row in rows:
                if row.values.get("corrects"):
                    row.laureate = held.get(row.laureate_id)
                    self.corrections[row.announcement_id].append(row)
                    for declared in row.values.get("carriers", ()):
                        self.organisations.find(declared, row)
            self.save(self.organisations.take())
            batch.save()

    def _check(self, row, held):
        laureate = held.get(row.laureate_id)
        if row.laureate_id is None and row.stored == stored.NEW:
            return
        if laureate is None or row.stored != stored.seal(laureate, self.aside.get(laureate.pk)):
            raise Refusal(
                f"Ligne {row.number}, «\u00a0{row.values.get('name', '')}\u00a0»\u00a0: ce "
                "lauréat a changé ici depuis que le fichier a été comparé. Rien n’est importé. "
                f"{AGAIN}"
            )

    def announcement_of(self, row) -> Announcement:
        if row.announcement_id is not None:
            return self.held[row.announcement_id]
        return self.announcements[row.values["new_announcement"]]

    def _write_announcements(self, rows):
        made, changed = [], []
        for row in rows:
            told = row.values.get("announcement")
            if told and row.announcement_id is None:
                announcement = _announcement(told["after"])
                made.append(announcement)
                self.announcements[row.values["new_announcement"]] = announcement
            elif told and not row.values.get("corrects"):
                changed.append((self._changed(row, told), list(told["after"])))
        for announcement in made:
            announcement.slug = self._slug(announcement.title)
            self.save([announcement])
        self.save(changed=changed)
        lacking = [
            row
            for row in rows
            if row.announcement_id is None
            and row.values["new_announcement"] not in self.announcements
        ]
        if lacking:
            raise Refusal(
                f"Ligne {lacking[0].number}\u00a0: la ligne qui crée son annonce est écartée. "
                f"Rien n’est importé. {AGAIN}"
            )

    def _changed(self, row, told):
        announcement = self.held[row.announcement_id]
        for name, value in told["after"].items():
            field = Announcement._meta.get_field(name)
            if getattr(announcement, name) != field.to_python(told["before"][name]):
                raise Refusal(
                    f"Ligne {row.number}\u00a0: l’annonce «\u00a0{announcement}\u00a0» a "
                    "changé ici depuis que le fichier a été comparé. Rien n’est importé. "
                    f"{AGAIN}"
                )
            setattr(announcement, name, field.to_python(value))
        return announcement

    def _slug(self, title):
        base = typography.slugify(title)[: _SLUG_MAX - 4].strip("-") or "annonce"
        taken = set(
            Announcement.objects.filter(slug__startswith=base).values_list("slug", flat=True)
        )
        slug, number = base, 1
        while slug in taken:
            number += 1
            slug = f"{base}-{number}"
        return slug

    def _write_groups(self, rows):
        made, amounts = [], []
        for row in rows:
            if name := row.values.get("group"):
                announcement = self.announcement_of(row)
                key = (announcement.pk, plain(name))
                if key not in self.groups:
                    self.group_count[announcement.pk] += 1
                    self.groups[key] = LaureateGroup(
                        announcement=announcement,
                        name=name,
                        position=self.group_count[announcement.pk],
                    )
                    made.append(self.groups[key])
        for row in rows:
            if told := row.values.get("group_amount"):
                group = self.groups[self.announcement_of(row).pk, plain(told["name"])]
                group.amount = LaureateGroup._meta.get_field("amount").to_python(told["after"])
                if group.pk is not None:
                    amounts.append((group, ["amount"]))
        self.made_groups += len(made)
        self.save(made, amounts)

    def correct(self):
        """Rows of public announcements go to the drafts of their corrections."""
        for pk in sorted(self.corrections):
            rows = self.corrections[pk]
            correcting.write(Announcement.objects.get(pk=pk), rows, self.organisations, by=self.by)


def _announcement(values):
    found = {
        name: Announcement._meta.get_field(name).to_python(value) for name, value in values.items()
    }
    return Announcement(**{name: value for name, value in found.items() if value is not None})


class _Laureates:
    """Laureates of a batch, gathered then written together."""

    def __init__(self, writer: _Writer):
        self.writer = writer
        self.laureates, self.carriers, self.relations = [], [], []
        self.changed, self.changed_carriers = [], []
        self.links, self.reordered = [], []

    def create(self, row):
        values = row.values
        announcement = self.writer.announcement_of(row)
        fields = self._fields(row)
        group = fields.pop("group", None)
        laureate = bulk.instance(
            Laureate,
            announcement_id=announcement.pk,
            group_id=group and group.pk,
            position=values["position"],
            slug=_slug(fields["title"]),
            **fields,
        )
        laureate._state.fields_cache["announcement"] = announcement
        self.laureates.append(laureate)
        self.relations += [(laureate, name, keys) for name, keys in values["links"].items() if keys]
        self._carry(laureate, self._found(row), 1)

    def change(self, laureate, row):
        fields = self._fields(row)
        if "position" in row.values:
            fields["position"] = row.values["position"]
        if "title" in fields and laureate.slug == _slug(laureate.title):
            fields["slug"] = _slug(fields["title"])
        for name, value in fields.items():
            setattr(laureate, name, value)
        if fields:
            self.changed.append((laureate, list(fields)))
        self.links += [(laureate, name, keys) for name, keys in row.values["links"].items()]
        if "carriers" in row.values:
            self._rewrite(laureate, self._found(row))

    def _fields(self, row):
        values = row.values
        fields = {}
        for name, value in values["fields"].items():
            column, read = _READERS[name]
            fields[column] = read(value)
        fields |= values.get("title", {})
        if "group" in values:
            announcement = self.writer.announcement_of(row)
            name = values["group"]
            fields["group"] = self.writer.groups[announcement.pk, plain(name)] if name else None
        return fields

    def _found(self, row):
        """[(declared, organisation or its primary key)] of a row."""
        return [
            (declared, self.writer.organisations.find(declared, row))
            for declared in row.values.get("carriers", ())
        ]

    def _carry(self, laureate, found, first):
        for position, (declared, organisation) in enumerate(found, first):
            self.carriers.append(_carrier(laureate, position, declared, organisation))

    def _rewrite(self, laureate, found):
        """Carriers that keep their organisation are changed in place and those added at the end
        are new; a laureate where one goes or moves is rewritten apart."""
        current = stored.carriers(laureate)
        is_same = len(current) <= len(found) and all(
            carrier.organisation_id == _primary_key(organisation) and carrier.position == position
            for position, (carrier, (_, organisation)) in enumerate(
                zip(current, found, strict=False), 1
            )
        )
        leads = {carrier.pk for carrier in current if carrier.role == Carrier.Role.LEAD}
        if not is_same or leads:
            self.reordered.append((laureate, current, found))
            return
        for carrier, (declared, _) in zip(current, found, strict=False):
            if (carrier.announced_name, carrier.role) != (declared["name"], declared["role"]):
                carrier.announced_name, carrier.role = declared["name"], declared["role"]
                self.changed_carriers.append((carrier, ["announced_name", "role"]))
        self._carry(laureate, found[len(current) :], len(current) + 1)

    def save(self):
        self.writer.save(
            [*self.laureates, *self.carriers],
            [*self.changed, *self.changed_carriers],
            relations=self.relations,
        )
        for laureate, name, keys in self.links:
            getattr(laureate, name).set(keys)
        for laureate, current, found in self.reordered:
            _reorder(laureate, current, found)


def _carrier(laureate, position, declared, organisation):
    is_known = isinstance(organisation, int)
    carrier = bulk.instance(
        Carrier,
        laureate_id=laureate.pk,
        organisation_id=organisation if is_known else organisation.pk,
        position=position,
        announced_name=declared["name"],
        role=declared["role"],
    )
    carrier._state.fields_cache["laureate"] = laureate
    if not is_known:
        # Its key comes when it is saved.
        carrier._state.fields_cache["organisation"] = organisation
    return carrier


def _primary_key(organisation):
    return organisation if isinstance(organisation, int) else organisation.pk


def _reorder(laureate, current, found):
    """Give a laureate these carriers, one row at a time: places and the lead are each one's own."""
    wanted = {_primary_key(organisation) for _, organisation in found}
    kept = {}
    for carrier in current:
        if carrier.organisation_id not in wanted:
            carrier.delete()
            continue
        kept[carrier.organisation_id] = carrier
        carrier.position, carrier.role = _CARRIERS_ASIDE + carrier.position, None
        carrier.save()
    for position, (declared, organisation) in enumerate(found, 1):
        carrier = kept.get(_primary_key(organisation))
        if carrier is None:
            carrier = _carrier(laureate, position, declared, organisation)
        carrier.position = position
        carrier.announced_name, carrier.role = declared["name"], declared["role"]
        save(carrier)


def _slug(title):
    return typography.slugify(title)[:_TITLE_SLUG_MAX].strip("-") or "projet"
