"""The rows of an import, written as one act: dossiers, bearers, organisations, what the form said.

Everything is read again under lock; where the database no longer holds what was compared, all is
refused and nothing is written.
"""

from collections.abc import Iterator
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import BigIntegerField
from django.db.models.functions import Cast
from django.utils import timezone

from calls import gates, history
from calls.importers import stored
from calls.importers.comparing import NEW_STORED
from calls.importers.mapping import layout_of
from calls.importers.targets import RELATIONS
from calls.models import Application, Bearer, FormRecord
from calls.permissions import Refusal, recused_from
from ftap.refusals import explain
from laureates.importers.organisations import COUNT, Registry

ACTION = "import_dossiers"
history.name_acts({ACTION: "Importé du service de formulaires en ligne"})

BATCH = 500
# Where the name of an organisation comes from, that nobody knew before.
SOURCE = "Déclaré dans un dossier du service de formulaires en ligne"
# Above the place of any bearer, while they change places.
_ASIDE = 10_000
AGAIN = "Relancez la lecture du fichier, relisez les changements, puis confirmez."


def write(job, rows: Iterator, *, by, comment: str) -> dict[str, int]:
    """Write the rows to create and to change; the number of organisations created.

    Inside the caller's transaction. Raises Refusal, in French: something changed since the
    comparison, a dossier that `by` is recused from, or a value that the database refuses.
    """
    organisations = Registry(SOURCE)
    layout = layout_of(job)
    rows = iter(rows)
    try:
        with transaction.atomic():
            _lock(job, layout)
            while batch := list(islice(rows, BATCH)):
                _write_batch(job, batch, layout, organisations, by, comment)
    except IntegrityError as error:
        raise Refusal(f"{explain(error)} {AGAIN}") from error
    return {COUNT: organisations.count} if organisations.count else {}


def _lock(job, layout):
    """Lock every dossier of the file before the history: whoever holds one writes to it next."""
    keys = job.rows.filter(sheet=layout.primary).exclude(key="")
    numbers = keys.annotate(read=Cast("key", BigIntegerField())).values("read")
    held = Application.objects.select_for_update(of=("self",)).filter(form_number__in=numbers)
    list(held.order_by("pk").values_list("pk", flat=True))


def _write_batch(job, rows, layout, organisations, by, comment):
    held = stored.dossiers((int(row.key) for row in rows), lock=True)
    _refuse_hidden(held.values(), by)
    acts: dict[str, _Act] = {}
    for row in rows:
        application = held.get(int(row.key))
        if row.stored != (stored.seal(application, layout) if application else NEW_STORED):
            raise Refusal(
                f"Ligne {row.number}, dossier nᵒ\u00a0{row.key}\u00a0: il a changé ici depuis que "
                f"le fichier a été comparé. Rien n’est importé. {AGAIN}"
            )
        # Why a decided dossier is modified is told with its own events.
        reason = row.decisions.get("overwrite", "").strip() if row.stored != NEW_STORED else ""
        words = "\n".join(part for part in (comment, reason) if part)
        act = acts.setdefault(words, _Act(by, words, organisations))
        if application is None:
            act.create(job, row)
        else:
            act.change(application, row)
    # First: bearers of several acts may share an organisation.
    history.save_many(organisations.take(), by=by, action=ACTION, comment=comment)
    for act in acts.values():
        act.save()


def _refuse_hidden(applications, by):
    applications = list(applications)
    visible = Application.objects.visible_to(by).filter(pk__in=[one.pk for one in applications])
    if recused_from(by, applications) or visible.count() != len(applications):
        raise Refusal(
            "Cet import modifie un dossier dont un déport vous écarte, ou qui ne vous est pas "
            "ouvert\u00a0: une autre personne doit le confirmer. Rien n’est importé."
        )


class _Act:
    """Rows of a batch under one comment, gathered then written together."""

    def __init__(self, by, comment, organisations):
        self.by, self.comment = by, comment
        self.organisations = organisations
        self.applications, self.bearers, self.records = [], [], []
        self.changed, self.changed_bearers, self.changed_records = [], [], []
        self.relations, self.links, self.reordered = [], [], []

    def create(self, job, row):
        application = Application(session=job.session, **_python(row.values["fields"]))
        self.applications.append(application)
        self.relations += [
            (application, name, row.values["links"][name])
            for name in RELATIONS
            if row.values["links"].get(name)
        ]
        self._bear(application, self._found(row), 1)
        self._keep(application, row)

    def change(self, application, row):
        values = _python(row.values["fields"])
        for name, value in values.items():
            setattr(application, name, value)
        if values:
            self.changed.append((application, list(values)))
        self.links += [(application, name, keys) for name, keys in row.values["links"].items()]
        if "bearers" in row.values:
            self._rewrite(application, self._found(row))
        if "record" in row.values:
            self._keep(application, row)

    def _found(self, row):
        """[(declared, organisation or its primary key)] of a row, each organisation once."""
        found = {}
        for declared in row.values["bearers"]:
            organisation = self.organisations.find(declared, row)
            key = _primary_key(organisation) or organisation.name
            found.setdefault(key, (declared, organisation))
        return list(found.values())

    def _bear(self, application, found, first):
        for position, (declared, organisation) in enumerate(found, first):
            self.bearers.append(
                Bearer(
                    application=application,
                    position=position,
                    declared_name=declared["name"],
                    role=declared["role"],
                    **_organisation(organisation),
                )
            )

    def _rewrite(self, application, found):
        """Bearers that keep their organisation are changed in place and those added at the end are
        new; a dossier where one goes or moves is rewritten apart."""
        current = stored.bearers(application)
        same = [
            bearer.organisation_id == _primary_key(organisation) and bearer.position == position
            for position, (bearer, (_, organisation)) in enumerate(
                zip(current, found, strict=False), 1
            )
        ]
        if len(current) > len(found) or not all(same):
            self.reordered.append((application, current, found))
            return
        for bearer, (declared, _) in zip(current, found, strict=False):
            if (bearer.declared_name, bearer.role) != (declared["name"], declared["role"]):
                bearer.declared_name, bearer.role = declared["name"], declared["role"]
                self.changed_bearers.append((bearer, ["declared_name", "role"]))
        self._bear(application, found[len(current) :], len(current) + 1)

    def _keep(self, application, row):
        values = row.values["record"]
        record = getattr(application, "form_record", None) if application.pk else None
        if record is None:
            if values:
                self.records.append(
                    FormRecord(application=application, values=values, imported_at=timezone.now())
                )
            return
        record.values, record.imported_at = values, timezone.now()
        self.changed_records.append((record, ["values", "imported_at"]))

    def save(self):
        history.save_many(
            [*self.applications, *self.bearers, *self.records],
            [*self.changed, *self.changed_bearers, *self.changed_records],
            by=self.by,
            action=ACTION,
            comment=self.comment,
            relations=self.relations,
        )
        if self.links or self.reordered:
            with history.acting(self.by, ACTION, self.comment):
                for application, name, keys in self.links:
                    getattr(application, name).set(keys)
                for application, current, found in self.reordered:
                    _reorder(application, current, found)


def _python(fields):
    return {
        name: Application._meta.get_field(name).to_python(value) for name, value in fields.items()
    }


def _organisation(found):
    return {"organisation_id": found} if isinstance(found, int) else {"organisation": found}


def _primary_key(found):
    return found if isinstance(found, int) else found.pk


def _reorder(application, current, found):
    """Give a dossier these bearers, one row at a time: places and the lead are each one's own."""
    wanted = {_primary_key(organisation) for _, organisation in found}
    kept = {}
    for bearer in current:
        if bearer.organisation_id not in wanted:
            bearer.delete()
            continue
        kept[bearer.organisation_id] = bearer
        bearer.position, bearer.role = _ASIDE + bearer.position, None
        gates.save(bearer)
    for position, (declared, organisation) in enumerate(found, 1):
        bearer = kept.get(_primary_key(organisation)) or Bearer(
            application=application, **_organisation(organisation)
        )
        bearer.position = position
        bearer.declared_name, bearer.role = declared["name"], declared["role"]
        gates.save(bearer)
