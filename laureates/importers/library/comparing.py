"""Rows of the spreadsheet beside the library: created, changed field by field, held, or refused."""

from django.core.exceptions import ValidationError

from ftap.imports.models import ImportRow
from ftap.imports.running import OVERWRITE
from laureates import matching, releases
from laureates.importers.library import carriers, correcting, stored, values
from laureates.importers.library import links as linking
from laureates.importers.library.columns import BY_NAME, OF_ANNOUNCEMENT
from laureates.importers.library.layout import layout_of
from laureates.importers.library.lines import Cells, titled_after
from laureates.importers.library.places import Place, places_of
from laureates.importers.library.values import EMPTY, FIELDS, OF_LAUREATE
from laureates.importers.organisations import in_words
from laureates.importers.reading import Reading
from laureates.matching.references import References, plain
from laureates.models import Announcement, Laureate

Outcome = ImportRow.Outcome
HIDDEN = (
    "Cette annonce existe ici et n’est pas ouverte à la personne qui a lancé la lecture\u00a0: un "
    "déport l’en écarte. Une autre personne doit importer cette ligne\u202f; les autres peuvent "
    "l’être sans elle."
)
PUBLIC = (
    "Cette annonce est publique\u00a0: rien n’y change sans un rectificatif. Indiquez le motif "
    "pour "
    "porter ces modifications dans le rectificatif de l’annonce, que vous relirez et publierez "
    "ensuite\u202f; sinon, cette ligne n’est pas écrite."
)
WITHDRAWN = "Ce lauréat a été retiré\u00a0: il ne se modifie plus. Cette ligne n’est pas écrite."


class Batch:
    """What the comparison of a batch of rows reads once."""

    def __init__(self, job, rows: list[ImportRow], by):
        self.layout = layout_of(job)
        self.by = by
        self.is_own = job.created_by_id == by.pk
        self.references = References()
        self.places = places_of(job, rows, self.layout, by)
        keys = {
            pk for one in self.places.values() for pk in one.laureate_of.values() if pk is not None
        } & {self._place(row).laureate_of.get(row.pk) for row in rows}
        self.laureates = stored.laureates(keys)
        self.drafts = correcting.drafts_of(
            {one.announcement for one in self.places.values() if one.announcement}, by
        )
        self._matcher = matching.Matcher()
        self._matches = {}

    def _place(self, row) -> Place:
        return self.places.get(row.key) or Place()

    def find(self, name, siret):
        """What the list of organisations answers; asked once for a name."""
        if (name, siret) not in self._matches:
            self._matches[name, siret] = self._matcher.find(name, siret)
        return self._matches[name, siret]


def compare(job, rows: list[ImportRow], *, by) -> None:
    """Fill the rows, as `ftap.imports.kinds` says."""
    batch = Batch(job, rows, by)
    for row in rows:
        _Comparison(row, batch).run()


class _Comparison:
    """One row beside what it is about."""

    def __init__(self, row, batch):
        self.row, self.batch, self.layout = row, batch, batch.layout
        self.cells = Cells(batch.layout, row.cells, row.corrections)
        self.place = batch.places.get(row.key) or Place()
        self.announcement = self.place.announcement
        self.found = Reading()
        self.changes = []

    def run(self):
        row, place = self.row, self.place
        row.laureate = row.announcement = None
        row.values = {"name": self.cells.text("title")}
        if place.is_hidden:
            if not self.batch.is_own:
                # Whoever brought the file knows its rows; another person may not read this one.
                row.announcement = self.announcement
            row.outcome = Outcome.HELD
            self.found.refuse(None, HIDDEN)
            row.problems = [problem._asdict() for problem in self.found.problems]
            return
        row.announcement = self.announcement
        self._check_place()
        laureate = self.batch.laureates.get(place.laureate_of.get(row.pk))
        row.laureate = laureate
        draft = self.batch.drafts.get(self.announcement.pk) if self.announcement else None
        known = draft and laureate and draft.known(laureate, self.batch.references)
        self.known = known or (stored.known(laureate) if laureate else None)
        self.draft = draft
        self._announce()
        self._read_fields()
        self._read_links()
        self._read_carriers()
        self._read_title()
        self._read_group()
        self._read_position()
        row.stored = stored.seal(laureate) if laureate else stored.NEW
        row.values["questions"] = self.found.questions
        row.values["name"] = self.title
        row.changes = self.changes
        self._conclude()

    # Where it goes -------------------------------------------------------------------

    def _refuse(self, name, message):
        self.found.refuse(self.layout.place(name), message)

    def _check_place(self):
        row, place = self.row, self.place
        for name, message in place.problems.get(row.pk, ()):
            self._refuse(name, message)
        public_id = self.cells.text("public_id").lower()
        text = self.cells.text("announcement")
        if place.several:
            slugs = ", ".join(sorted(one.slug for one in place.several))
            self._refuse(
                "announcement",
                f"Plusieurs annonces ont ce titre\u00a0: écrivez l’identifiant d’adresse de la "
                f"bonne ({slugs}).",
            )
        elif public_id and place.laureate_of.get(row.pk) is None and not row.is_set_aside:
            self._refuse("public_id", self._unknown_id(public_id))
        elif not text and not public_id:
            self._refuse(
                "announcement",
                "Cette ligne ne dit pas de quelle annonce est le lauréat\u00a0: écrivez-en le "
                "titre ou l’identifiant d’adresse.",
            )
        elif text and not row.key:
            self._refuse("announcement", f"«\u00a0{text}\u00a0» n’a ni lettre ni chiffre.")

    def _unknown_id(self, public_id):
        elsewhere = Laureate.objects.filter(public_id=public_id).visible_to(self.batch.by)
        other = elsewhere.select_related("announcement").first()
        if other is None:
            return (
                f"Aucun lauréat ne porte l’identifiant «\u00a0{public_id}\u00a0»\u00a0: "
                "corrigez-le, "
                "ou videz la cellule pour créer un lauréat."
            )
        return (
            f"Ce lauréat est dans l’annonce «\u00a0{other.announcement}\u00a0» "
            f"({other.announcement.slug})\u00a0: un import ne le déplace pas. Corrigez l’annonce "
            "ou "
            "l’identifiant."
        )

    def _announce(self):
        """What the row says of its announcement, if it is the first to say it."""
        place, row = self.place, self.row
        told = {
            FIELDS[name][1]: one
            for name in OF_ANNOUNCEMENT
            if (one := place.told.get(name)) and one.line.pk == row.pk and one.value is not None
        }
        for name in OF_ANNOUNCEMENT:
            self._value(name)
        if self.announcement is None:
            self._announce_new(place)
            return
        current = self.draft.announcement if self.draft else self.announcement
        names = {field: name for name in OF_ANNOUNCEMENT for field in [FIELDS[name][1]]}
        changed = {}
        for field, one in told.items():
            before = getattr(current, field)
            if not values.same(names[field], before, one.value):
                changed[field] = one.value
                self._change(names[field], before, one.value)
        if changed:
            before = {field: values.as_json(getattr(current, field)) for field in changed}
            after = {field: values.as_json(value) for field, value in changed.items()}
            row.values["announcement"] = {"before": before, "after": after}

    def _announce_new(self, place):
        row = self.row
        row.values["new_announcement"] = row.key
        if place.first is None or place.first.pk != row.pk or not place.text:
            self.changes.append([BY_NAME["announcement"].label, EMPTY, place.text])
            return
        told = {FIELDS[name][1]: one.value for name, one in place.told.items()}
        for name in ("call_title", "call_year"):
            if not self.layout.place(name) or name not in place.told:
                label = BY_NAME[name].label
                self._refuse(
                    name if self.layout.place(name) else "announcement",
                    f"L’annonce «\u00a0{place.text}\u00a0» n’existe pas encore\u00a0: pour la "
                    "créer, "
                    f"remplissez «\u00a0{label}\u00a0» sur cette ligne. Si elle existe sous un "
                    "autre "
                    "titre, corrigez la cellule.",
                )
        self.changes.append([BY_NAME["announcement"].label, EMPTY, f"{place.text} — annonce créée"])
        for name in OF_ANNOUNCEMENT:
            if name in place.told:
                self._change(name, None, place.told[name].value)
        try:
            title = Announcement._meta.get_field("title").clean(place.text, None)
        except ValidationError as error:
            self._refuse("announcement", " ".join(error.messages))
            return
        row.values["announcement"] = {
            "after": {
                "title": title,
                **{field: values.as_json(value) for field, value in told.items()},
            }
        }

    # What it says --------------------------------------------------------------------

    def _value(self, name):
        """The value of a column; None, and a problem, where it cannot be read."""
        try:
            return values.read(name, self.cells.text(name))
        except ValueError as error:
            self._refuse(name, str(error))
            return None

    def _change(self, name, before, after):
        label = BY_NAME[name].label
        is_new = before is None and self.known is None
        self.changes.append(
            [label, EMPTY if is_new else values.shown(name, before), values.shown(name, after)]
        )

    def _read_fields(self):
        fields = self.row.values["fields"] = {}
        for name in OF_LAUREATE:
            if self.layout.place(name) is None:
                continue
            value = self._value(name)
            before = self.known.fields[name] if self.known else _blank(name)
            if value is None and isinstance(before, str):
                value = ""
            if not values.same(name, before, value):
                fields[name] = values.as_json(value)
                self._change(name, before if self.known else None, value)

    def _read_links(self):
        links = self.row.values["links"] = {}
        references = self.batch.references
        for name in ("themes", "territories"):
            place = self.layout.place(name)
            if place is None:
                continue
            before = getattr(self.known, name) if self.known else set()
            text, decisions = self.cells.text(name), self.row.decisions
            told = linking.read(name, text, place, before, references, self.found, decisions)
            if told != before:
                links[name] = sorted(told)
                words = [
                    linking.in_words(name, keys, references) or EMPTY for keys in (before, told)
                ]
                self.changes.append([BY_NAME[name].label, *words])

    def _read_carriers(self):
        current = self.known.carriers if self.known else []
        self.declared = carriers.read(
            self.cells, self.layout, current, self.found, self.batch.find, self.row.decisions
        )
        if self.declared is not None and not carriers.is_same(self.declared, current):
            self.row.values["carriers"] = [one.as_values() for one in self.declared]
            words = [in_words(rows) or EMPTY for rows in (current, self.declared)]
            self.changes.append(["Porteurs", *words])

    def _read_title(self):
        known, told = self.known, self._value("title") or ""
        tells = self.layout.place("title") is not None
        own = bool(told) if tells else (known.has_own_title if known else False)
        carriers = self.declared if self.declared is not None else (known.carriers if known else [])
        self.title = told if tells and told else (known.title if known and own else "")
        if not own:
            self.title = titled_after(one.shown for one in carriers if one.shown)
            if known and not known.has_own_title and "carriers" not in self.row.values:
                self.title = known.title
            if not self.title:
                self._refuse(
                    "title",
                    "Ce lauréat n’a ni titre ni porteur\u00a0: donnez l’un ou l’autre.",
                )
            elif any(not name for name, *_ in self.cells.carriers()):
                self._refuse(
                    "title",
                    "Sans titre, le lauréat est désigné par ses porteurs\u00a0: écrivez leurs "
                    "noms, "
                    "pas seulement leurs SIRET.",
                )
        if known is None or (known.title, known.has_own_title) != (self.title, own):
            self.row.values["title"] = {"title": self.title, "has_own_title": own}
            self._change("title", _titled(known) if known else None, _titled(self, own))

    def _read_group(self):
        if self.layout.place("group") is None:
            return
        name, before = self._value("group") or "", self.known.group if self.known else ""
        if not name and self.cells.text("group_amount"):
            self._refuse("group", "Ce montant est celui d’un groupe\u00a0: écrivez son intitulé.")
        key = plain(name)
        if key != plain(before):
            self.row.values["group"] = name
            self._change("group", before or None, name)
        told = self.place.told_groups.get(key, ("", None))[1]
        self._value("group_amount")
        if not name or told is None or told.line.pk != self.row.pk or told.value is None:
            return
        current = self.draft.group_amount(key) if self.draft else self._group_amount(key)
        if current != told.value:
            self.row.values["group_amount"] = {
                "name": name,
                "before": values.as_json(current),
                "after": values.as_json(told.value),
            }
            self._change("group_amount", current, told.value)

    def _group_amount(self, key):
        group = self.place.groups.get(key)
        return group.amount if group else None

    def _read_position(self):
        row = self.row
        if self.layout.place("position") is not None:
            try:
                values.position(self.cells.text("position"))
            except ValueError as error:
                self._refuse("position", str(error))
        position = self.place.position_of.get(row.pk, 1)
        before = self.known.position if self.known else None
        if position != before:
            row.values["position"] = position
            label = BY_NAME["position"].label
            self.changes.append([label, EMPTY if before is None else str(before), str(position)])

    # What becomes of it --------------------------------------------------------------

    def _conclude(self):
        row, laureate = self.row, self.row.laureate
        row.outcome = Outcome.CREATED if laureate is None else Outcome.CHANGED
        if laureate is not None and not row.changes:
            row.outcome = Outcome.UNCHANGED
        if self.found.problems:
            row.outcome = Outcome.UNREADABLE
        elif row.outcome != Outcome.UNCHANGED:
            self._hold(laureate)
        row.problems = [problem._asdict() for problem in self.found.problems]

    def _hold(self, laureate):
        """What is scheduled, public or withdrawn is never changed by a file alone."""
        if laureate is not None and laureate.withdrawn_at is not None:
            self._held(WITHDRAWN)
            return
        if self.announcement is None or not releases.is_locked(self.announcement):
            return
        if not self.place.is_public:
            self._held(releases.lock_reason(self.announcement))
            return
        if reason := correcting.refusal(self.row, self.place, self.draft, self.batch.by):
            self._held(reason)
            return
        self.row.values["corrects"] = True
        if not self.row.decisions.get(OVERWRITE, "").strip():
            self._held(PUBLIC)

    def _held(self, reason):
        self.row.outcome = Outcome.HELD
        self.found.refuse(None, reason)


def _titled(one, own=None):
    own = one.has_own_title if own is None else own
    return one.title if own else f"{one.title} (repris des porteurs)"


def _blank(name):
    field = Laureate._meta.get_field(FIELDS[name][1])
    return None if field.null else ""
