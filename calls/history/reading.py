"""The history as its pages show it: events put into French, nothing hidden in them."""

import json
from collections import defaultdict
from datetime import date, datetime, time
from decimal import Decimal

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Page
from django.db import models

from calls.history import labels
from calls.history.proof import ERASED
from calls.models import Committee
from calls.models.event import Event
from ftap.objecthistory import Change, Entry, compare, in_words, name_of, paginate
from ftap.templatetags.ftap import euros, number

EMPTY = "(vide)"
UNKNOWN = "(non connu)"
GONE = "[texte effacé]"
MASKED = "masqué\u00a0: déport"
MONEY = " (€)"
# Of a sitting's own fields, what weighs all its dossiers: hidden from whoever is recused from one.
WEIGHS_THE_AGENDA = {"calls.committee": {"overrun_reason"}}
# Shorter texts are shown whole, before and after.
SHORT = 80


def entries(obj, user, page_number) -> Page | None:
    """A page of what was done to `obj` and to the rows that hang on it, as `user` may read it.

    Newest first. None for a model that the history does not follow. The number of queries does
    not depend on that of the events.
    """
    is_followed = hasattr(obj._meta, "simple_history_manager_attribute")
    if not is_followed and obj._meta.app_label != Event._meta.app_label:
        return None
    events = Event.objects.visible_to(user).of(obj).newest_first()
    page = paginate(events.select_related("actor").prefetch_related("texts"), page_number)
    events = list(page.object_list)
    contents = [json.loads(event.canonical) for event in events]
    wanted = defaultdict(set)
    for event, content in zip(events, contents, strict=True):
        for label, pk in _rows_named(event, content):
            wanted[label].add(pk)
    names = {label: _names(label, pks, user) for label, pks in wanted.items()}
    masked = _masked_sittings(events, user)
    page.object_list = [
        _entry(obj, user, event, content, names, event.committee_id in masked)
        for event, content in zip(events, contents, strict=True)
    ]
    return page


def _masked_sittings(events, user):
    """Sittings whose own events tell too much to `user`, recused from one of their dossiers."""
    sittings = {event.committee_id for event in events if event.application_id is None} - {None}
    if not sittings:
        return set()
    rows = Committee.objects.masked_for(user).filter(pk__in=sittings)
    return set(rows.values_list("pk", flat=True))


# Names of rows -------------------------------------------------------------------


def _model(label):
    try:
        return apps.get_model(label)
    except LookupError:
        return None


def _field(label, name):
    try:
        return _model(label)._meta.get_field(name)
    except (AttributeError, FieldDoesNotExist):
        return None


def _objects(value):
    """Every row that a detail names."""
    if isinstance(value, list):
        for item in value:
            yield from _objects(item)
    elif isinstance(value, dict) and "object" in value:
        yield tuple(value["object"])


def _rows_named(event, content):
    """(label, primary key) of each row whose name the event's entry may show."""
    yield event.object_type, event.object_pk
    for name, sides in content["changes"].items():
        field = _field(event.object_type, name)
        if field is not None and field.is_relation:
            for side in sides:
                for pk in side if isinstance(side, list) else [side]:
                    if pk is not None:
                        yield field.related_model._meta.label_lower, str(pk)
    for value in content["details"].values():
        yield from _objects(value)


def _joins(model, depth=2):
    """Relations that the names of its rows may read."""
    for field in model._meta.concrete_fields:
        if (field.many_to_one or field.one_to_one) and field.related_model is not model:
            yield field.name
            if depth > 1 and not field.null:
                yield from (f"{field.name}__{name}" for name in _joins(field.related_model, 1))


def _names(label, pks, user):
    """{primary key: name} of the rows that exist for `user`; None instead of a name for the
    others, and no entry at all for those that no longer exist."""
    model = _model(label)
    if model is None:
        return {}
    existing = model._base_manager.filter(pk__in=pks)
    rows = model._default_manager.filter(pk__in=pks)
    if hasattr(rows, "visible_to"):
        rows = rows.visible_to(user)
    names = {str(row.pk): str(row) for row in rows.select_related(*_joins(model))}
    hidden = {pk for pk in pks if pk not in names}
    if hidden:
        for pk in existing.filter(pk__in=hidden).values_list("pk", flat=True):
            names[str(pk)] = None
    return names


class _Hidden(Exception):
    """A value that the reader may not see, nor know of."""


def _name(label, pk, names):
    """The name of a row, or what is left of one that is gone; _Hidden for an unseen one."""
    known = names.get(label, {})
    if str(pk) in known:
        if known[str(pk)] is None:
            raise _Hidden
        return known[str(pk)]
    return f"(supprimé, nᵒ\u00a0{pk})"


# Entries -------------------------------------------------------------------------


def _entry(page_object, user, event, content, names, is_masked):
    texts = {text.name: text.text for text in event.texts.all()}
    why = texts.get("comment", GONE if "comment" in content["texts"] else "")
    details = list(_details(event, content, texts, names))
    if is_masked and event.application_id is None:
        why = why and MASKED
        details = [(label, words if rows else MASKED) for label, words, rows in details]
    else:
        details = [(label, words) for label, words, _ in details]
    return Entry(
        when=event.occurred_at,
        who=name_of(event.actor),
        what=labels.act(event.action),
        subject=_subject(page_object, event, names),
        why=why,
        changes=list(_changes(event, content, texts, names, is_masked)),
        details=details,
        # Numbers count every event of the application: they are for whoever runs it.
        number=event.number if user.is_superuser else None,
    )


def _subject(page_object, event, names):
    own = (page_object._meta.label_lower, str(page_object.pk))
    if (event.object_type, event.object_pk) == own:
        return ""
    model = _model(event.object_type)
    kind = str(model._meta.verbose_name) if model else event.object_type
    try:
        name = _name(event.object_type, event.object_pk, names)
    except _Hidden:
        return kind
    if event.object_pk not in names.get(event.object_type, {}) and event.object_key:
        name = f"{event.object_key} (supprimé)"
    return f"{kind}\u00a0: {name}"


def _details(event, content, texts, names):
    """(label, words, whether they name rows) of each detail that the reader may see."""
    for name, value in sorted(content["details"].items()):
        if event.action == ERASED and name == "names":
            value = ", ".join(_text_label(event, item) for item in value)
        try:
            words = _detail(value, names)
        except _Hidden:
            continue
        yield labels.detail(name), words, any(_objects(value))
    for key in sorted(content["texts"]):
        kind, _, name = key.partition(":")
        if kind == "detail":
            yield labels.detail(name), texts.get(key, GONE), False


def _text_label(event, name):
    kind, _, name = name.partition(":")
    field = _field(event.object_type, name)
    if kind == "comment":
        return "motif"
    if kind == "detail":
        return labels.detail(name)
    side = "avant" if kind == "before" else "après"
    return f"{field.verbose_name if field else name} ({side})"


def _detail(value, names):
    if isinstance(value, list):
        shown = []
        for item in value:
            try:
                shown.append(_detail(item, names))
            except _Hidden:
                continue
        if value and not shown:
            raise _Hidden
        return ", ".join(shown)
    if isinstance(value, dict):
        kind, inner = next(iter(value.items()))
        if kind == "object":
            return _name(*inner, names)
        if kind == "decimal":
            return euros(Decimal(inner))
        return in_words((datetime if kind == "datetime" else date).fromisoformat(inner))
    if isinstance(value, bool):
        return "oui" if value else "non"
    return EMPTY if value is None else str(value)


def _changes(event, content, texts, names, is_masked):
    """The fields of the event, in the order of the model's."""
    masked = WEIGHS_THE_AGENDA.get(event.object_type, ()) if is_masked else ()
    sides = (key.partition(":") for key in content["texts"])
    written = {name for side, _, name in sides if side in ("before", "after")}
    for name in _in_order(event.object_type, {*content["changes"], *written}):
        field = _field(event.object_type, name)
        label = str(field.verbose_name).removesuffix(MONEY) if field is not None else name
        if name in masked:
            yield Change(label, after=MASKED)
        elif name in written:
            yield _text_change(event, label, name, content["texts"], texts)
        else:
            try:
                before, after = (
                    _display(field, value, names) for value in content["changes"][name]
                )
            except _Hidden:
                continue
            yield _change(event, label, before, after)


def _in_order(label, names):
    """Names of fields as the model declares them, then those that it no longer has."""
    model = _model(label)
    declared = [field.name for field in model._meta.get_fields()] if model else []
    return [name for name in declared if name in names] + sorted(names - {*declared})


def _text_change(event, label, name, sealed, texts):
    sides = []
    for side in (f"before:{name}", f"after:{name}"):
        sides.append(texts.get(side, GONE) if side in sealed else EMPTY)
    before, after = sides
    kept = f"before:{name}" in texts and f"after:{name}" in texts
    if kept and max(len(before), len(after)) > SHORT:
        return Change(label, parts=compare(before, after))
    return _change(event, label, before, after)


def _change(event, label, before, after):
    if event.kind == Event.Kind.CREATED:
        return Change(label, after=after)
    if event.kind == Event.Kind.DELETED:
        return Change(label, before=before)
    return Change(label, before=before, after=after)


def _display(field, value, names):
    """A plain value in French; _Hidden where it names a row that the reader may not see."""
    if field is not None and field.many_to_many:
        if value is None:
            return UNKNOWN
        related = field.related_model._meta.label_lower
        return ", ".join(sorted(_name(related, pk, names) for pk in value)) or EMPTY
    if value is None:
        return EMPTY
    if field is None:
        return str(value)
    if field.is_relation:
        return _name(field.related_model._meta.label_lower, value, names)
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(field, models.DecimalField):
        is_money = str(field.verbose_name).endswith(MONEY)
        return euros(Decimal(value)) if is_money else number(Decimal(value))
    if isinstance(field, models.DateTimeField):
        return in_words(datetime.fromisoformat(value))
    if isinstance(field, models.DateField):
        return in_words(date.fromisoformat(value))
    if isinstance(field, models.TimeField):
        return f"{time.fromisoformat(value):%H:%M}"
    return str(value)
