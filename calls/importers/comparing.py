"""Rows of an export beside the dossiers that exist: created, changed field by field, or refused."""

import hashlib
from collections import defaultdict
from decimal import Decimal

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Count

from calls.importers import bearers, reading, record, stored
from calls.importers.mapping import Layout, layout_of
from calls.importers.targets import NUMBER, RELATIONS, TARGETS
from calls.models import Application
from ftap.imports.models import ImportRow
from ftap.templatetags.ftap import euros, french_date, number
from laureates.importers.reading import Problem
from laureates.matching import Matcher
from laureates.matching.references import References
from laureates.models import Territory, Theme

Outcome = ImportRow.Outcome
EMPTY = record.EMPTY
NEW_STORED = hashlib.sha256(b"").hexdigest()
_TWINS_SHOWN = 5
# Rows of a dossier in the other sheets; a form has tens of them. Beyond, the file is not one.
OTHERS_MAX = 2_000
_REFERENCE_MAX = Application._meta.get_field("reference").max_length
_TREATED = {
    Application.FormState.ACCEPTED,
    Application.FormState.REFUSED,
    Application.FormState.CLOSED,
}
HIDDEN = (
    "Ce dossier existe ici et ne peut pas être importé par la personne qui a lancé la "
    "lecture\u00a0: un déport l’en écarte, ou il ne lui est pas ouvert. Une autre personne du "
    "secrétariat doit l’importer\u202f; les autres lignes peuvent l’être sans lui."
)
HELD = (
    "Un comité a déjà décidé de ce dossier\u00a0: il n’est pas modifié sans un motif. La décision "
    "du comité, elle, ne change pas."
)
BACK = (
    " (dossier traité, repassé en instruction dans le service en ligne\u202f; l’instruction et la "
    "décision du comité, ici, ne changent pas)"
)


class _Batch:
    """What the comparison of a batch of rows reads once."""

    def __init__(self, job, rows, by):
        self.job = job
        self.layout: Layout = layout_of(job)
        self.references = References()
        self.matcher = Matcher()
        keys = {row.key for row in rows if row.key}
        self.existing = stored.dossiers(int(key) for key in keys)
        self.is_own = job.created_by_id == by.pk
        self.visible = set(
            Application.objects.visible_to(by)
            .filter(pk__in=[one.pk for one in self.existing.values()])
            .values_list("pk", flat=True)
        )
        named = job.rows.filter(key__in=keys).order_by("position")
        others = named.exclude(sheet=self.layout.primary)
        counts = others.order_by().values_list("key").annotate(count=Count("pk"))
        self.too_many = {key: count for key, count in counts if count > OTHERS_MAX}
        self.others = defaultdict(list)
        for row in others.exclude(key__in=self.too_many):
            self.others[row.key].append(row)
        self.twins = defaultdict(list)
        primary = named.filter(sheet=self.layout.primary, is_set_aside=False)
        for key, pk, line in primary.values_list("key", "pk", "number"):
            self.twins[key].append((pk, line))
        references = {reference_of(job.session, key) for key in keys}
        self.taken = set(
            Application.objects.filter(reference__in=references)
            .exclude(form_number__in=[int(key) for key in keys])
            .values_list("reference", flat=True)
        )
        self.names = {
            "themes": dict(Theme.objects.values_list("pk", "name")),
            "territories": {one.pk: str(one) for one in Territory.objects.all()},
        }


def reference_of(session, number) -> str:
    """The reference of a new dossier: that of its session, cut if too long, and its number."""
    tail = f"-{number}"
    return session.slug[: _REFERENCE_MAX - len(tail)].rstrip("-") + tail


def compare(job, rows: list[ImportRow], *, by) -> None:
    """Fill the rows, as `ftap.imports.kinds` says; nothing of a dossier is shown to whoever may
    not see it."""
    batch = _Batch(job, rows, by)
    for row in rows:
        _compare(row, batch)


def _compare(row, batch):
    row.application = None
    found = reading.read(row, batch.layout, batch.references)
    if not row.key:
        _refuse(row, found)
        return
    application = batch.existing.get(int(row.key))
    if application is not None and application.pk not in batch.visible:
        if not batch.is_own:
            # Whoever brought the file knows its rows; another person may not read this one.
            row.application = application
        row.outcome = Outcome.HELD
        row.problems = [_problem(batch.layout, NUMBER, HIDDEN)._asdict()]
        return
    row.application = application
    _check_number(row, application, batch, found)
    if application is None:
        _create(row, batch, found)
    else:
        _change(row, application, batch, found)


def _problem(layout, target, message):
    column = layout.column(target)
    return Problem(column.label if column else "", column.index if column else None, message)


def _check_number(row, application, batch, found):
    session = batch.job.session
    if application is not None and application.session_id != session.pk:
        message = (
            f"Le dossier nᵒ\u00a0{row.key} est déjà dans une autre session, «\u00a0"
            f"{application.session}\u00a0»\u00a0: écartez cette ligne, ou importez-la dans cette "
            "session-là."
        )
        found.problems.append(_problem(batch.layout, NUMBER, message))
    if application is None and reference_of(session, row.key) in batch.taken:
        message = (
            f"Un dossier saisi ici porte déjà la référence {reference_of(session, row.key)}, sans "
            "ce numéro\u00a0: si c’est le même, inscrivez d’abord le numéro sur sa page\u202f; "
            "sinon, écartez cette ligne."
        )
        found.problems.append(_problem(batch.layout, NUMBER, message))
    if row.key in batch.too_many:
        message = (
            f"Le dossier nᵒ\u00a0{row.key} a {number(batch.too_many[row.key])} lignes dans les "
            f"autres feuilles\u00a0: la limite est de {number(OTHERS_MAX)}. Vérifiez le fichier, "
            "ou écartez la ligne."
        )
        found.problems.append(_problem(batch.layout, NUMBER, message))
    if not row.is_set_aside and (count := len(batch.twins[row.key]) - 1) > 0:
        lines = [str(line) for pk, line in batch.twins[row.key][: _TWINS_SHOWN + 1] if pk != row.pk]
        shown = ", ".join(lines[:_TWINS_SHOWN])
        if count > _TWINS_SHOWN:
            shown += f" et {number(count - _TWINS_SHOWN)} de plus"
        message = (
            f"Le dossier nᵒ\u00a0{row.key} est aussi ligne {shown} du fichier\u00a0: gardez-en une "
            f"et écartez {'les autres' if count > 1 else 'l’autre'}."
        )
        found.problems.append(_problem(batch.layout, NUMBER, message))


# New dossiers ----------------------------------------------------------------


def _create(row, batch, found):
    job, layout = batch.job, batch.layout
    names = stored.field_names(layout)
    application = Application(
        session=job.session,
        form_number=int(row.key),
        reference=reference_of(job.session, row.key),
        source=f"Service de formulaires en ligne, dossier nᵒ {row.key}",
        **{name: found.fields[name] for name in names if name in found.fields},
    )
    others = batch.others[row.key]
    declared = bearers.read(row, others, layout, found, batch.matcher, []) or []
    kept = record.merged([], row, others, layout)
    _validate(application, [*names, "reference"], batch, found)
    row.stored = NEW_STORED
    row.changes = [
        [_name(name), EMPTY, shown]
        for name in names
        if (shown := _shown(application, name)) != EMPTY
    ]
    row.changes += [
        [_name(name), EMPTY, _named(found.fields[name], batch.names[name])]
        for name in RELATIONS
        if found.fields.get(name)
    ]
    if declared:
        row.changes.append(["Porteurs", EMPTY, bearers.in_words(declared)])
    row.values = {
        "fields": _as_values(application, [*names, "form_number", "reference", "source"]),
        "links": {name: sorted(found.fields.get(name, ())) for name in RELATIONS},
        "bearers": [one.as_values() for one in declared],
        "record": kept,
    }
    _end(row, found, Outcome.CREATED)


# Dossiers that exist ---------------------------------------------------------


def _change(row, application, batch, found):
    layout = batch.layout
    others = batch.others[row.key]
    current = stored.bearers(application)
    row.stored = stored.seal(application, layout)
    names = [name for name in stored.field_names(layout) if name in found.fields]
    before = {name: _shown(application, name) for name in names}
    changed = [name for name in names if getattr(application, name) != found.fields[name]]
    was = application.form_state
    for name in changed:
        setattr(application, name, found.fields[name])
    row.changes = [[_name(name), before[name], _shown(application, name)] for name in changed]
    if "form_state" in changed and was in _TREATED and application.form_state not in _TREATED:
        for change in row.changes:
            if change[0] == _name("form_state"):
                change[2] += BACK
    links = _changed_links(row, application, batch, found)
    declared = bearers.read(row, others, layout, found, batch.matcher, current)
    told = {*changed, *links}
    row.values = {"fields": _as_values(application, changed), "links": links}
    if declared is not None and _is_other(declared, current):
        row.values["bearers"] = [one.as_values() for one in declared]
        row.changes.append(
            ["Porteurs", _bearers_in_words(current) or EMPTY, bearers.in_words(declared) or EMPTY]
        )
        told |= stored.OF_BEARERS
    known = stored.record(application)
    kept = record.merged(known, row, others, layout)
    if kept is not known:
        row.values["record"] = kept
        row.changes += record.changes(known, kept, layout, told)
    _validate(application, changed, batch, found)
    is_other = bool(changed or links or "bearers" in row.values or "record" in row.values)
    outcome = Outcome.CHANGED if is_other else Outcome.UNCHANGED
    if is_other and application.is_decided and not row.decisions.get("overwrite", "").strip():
        outcome = Outcome.HELD
        if not found.problems:
            row.problems = [Problem("", None, HELD)._asdict()]
    _end(row, found, outcome)


def _changed_links(row, application, batch, found):
    links = {}
    for name in RELATIONS:
        if name in found.fields and found.fields[name] != stored.related(application, name):
            links[name] = sorted(found.fields[name])
            names = batch.names[name]
            before = _named(stored.related(application, name), names)
            row.changes.append([_name(name), before, _named(links[name], names)])
    return links


def _is_other(declared, current):
    return [(one.identity, one.name, one.role) for one in declared] != [
        (bearer.organisation_id, bearer.declared_name, bearer.role) for bearer in current
    ]


def _bearers_in_words(current):
    return bearers.in_words(
        bearers.Declared(b.declared_name, role=b.role, organisation=b.organisation) for b in current
    )


# Rows ------------------------------------------------------------------------


def _end(row, found, outcome):
    row.values["questions"] = found.questions
    row.outcome = outcome
    if found.problems:
        _refuse(row, found)


def _refuse(row, found):
    row.outcome = Outcome.UNREADABLE
    row.values["questions"] = found.questions
    row.problems = [problem._asdict() for problem in found.problems]


def _validate(application, names, batch, found):
    """Say what the model refuses of these columns, beside the cell; no query.

    What constraints of the table hold (a title, amounts that are not negative, a known state) is
    read as such; they are asked again when the row is written.
    """
    broken = {problem.rank for problem in found.problems}
    title = batch.layout.column("title")
    if not application.title and (title is None or title.index not in broken):
        message = "Le titre du projet manque\u00a0: un dossier a un titre."
        if title is None:
            message += " Faites correspondre une colonne au titre, ou écartez la ligne."
        found.problems.append(_problem(batch.layout, "title", message))
    others = {field.name for field in Application._meta.fields} - set(names)
    try:
        application.clean_fields(exclude={*others, "title"} if not application.title else others)
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            target = name if name in TARGETS else NUMBER
            found.problems.extend(
                _problem(batch.layout, "" if name == NON_FIELD_ERRORS else target, message)
                for message in messages
            )


def _as_values(application, names):
    """Values of columns as JSON holds them; `to_python` of their fields reads them again."""
    found = {name: getattr(application, name) for name in names}
    return {
        name: value if isinstance(value, str | int | None) else str(value)
        for name, value in found.items()
    }


def _name(target):
    return TARGETS[target].label


def _shown(application, name):
    value = getattr(application, name)
    if value in (None, ""):
        return EMPTY
    if isinstance(value, Decimal):
        return euros(value)
    if name == "form_state":
        return application.get_form_state_display()
    return french_date(value) if hasattr(value, "year") else str(value)


def _named(keys, names):
    return ", ".join(sorted(names[key] for key in keys)) or EMPTY
