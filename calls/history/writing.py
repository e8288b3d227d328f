"""How events come to be: from each saved version of a row, or from an act that changes no field."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import models, transaction
from django.db.models.signals import post_save, pre_save
from simple_history.signals import post_create_historical_record, pre_create_historical_record
from simple_history.utils import get_m2m_reverse_field_name

from calls.history import canonical, chain
from calls.history.chain import Draft
from calls.models import Application, Committee
from calls.models.event import path_to

ACTIONS = {"+": "created", "~": "changed", "-": "deleted"}
# What a natural key may hold and that never tells of a person.
_KEY_NAMES = {"code", "kind", "number", "position", "public_id", "reference", "slug"}
_STORED = "_history_stored"


@dataclass(eq=False)
class _Act:
    by: object
    action: str
    comment: str
    application: object
    committee: object
    # Of the outermost act: (act, row) → draft, in order of the first save.
    pending: dict = field(default_factory=dict)


_current: ContextVar[_Act | None] = ContextVar("calls_history_act", default=None)


def current() -> _Act | None:
    """The act that is under way, to be given back to `tell`."""
    return _current.get()


@contextmanager
def acting(by, action: str, comment: str = "", *, application=None, committee=None) -> Iterator:
    """Everything saved inside is one act of `by` (None: the system), in one transaction.

    Each row saved, however many times and even unchanged, gets one event, with this action and
    this comment; its versions bear the person and the action. `application` and `committee` are
    those of rows that lead to none. Acts nest: the events of all are added when the outermost
    ends, so that the chain is locked last and briefly; nothing is added where one fails.
    """
    outer = _current.get()
    act = _Act(by, action, comment, application, committee)
    if outer is not None:
        act.pending = outer.pending
    token = _current.set(act)
    try:
        with transaction.atomic():
            try:
                yield
            except BaseException:
                for key in [key for key in act.pending if key[0] is act]:
                    del act.pending[key]
                raise
            if outer is None:
                chain.append(list(act.pending.values()))
    finally:
        _current.reset(token)


def record(action: str, obj, *, by, comment: str = "", details: dict | None = None) -> None:
    """Add an event on `obj` that changes no field: an order of the agenda, a letter sent.

    `by` is None for the system. `details` maps names to a text, a number, an amount (Decimal), a
    day, a moment, a row, or a list of these; texts are kept apart, as a comment is, and a row is
    shown only to those who see it.
    """
    draft = _draft(obj, action, by.pk if by else None)
    if comment:
        draft.texts["comment"] = comment
    for name, value in (details or {}).items():
        words = [value] if isinstance(value, str) else value
        if isinstance(words, list | tuple) and words and all(isinstance(w, str) for w in words):
            draft.texts[f"detail:{name}"] = ", ".join(words)
        else:
            draft.details[name] = canonical.detail(value)
    act = _current.get()
    if act is None:
        chain.append([draft])
    else:
        act.pending[act, object()] = draft


# What a row is -----------------------------------------------------------------


def _draft(obj, action, actor, act=None):
    owners = {name: given.pk for name in _OWNERS if (given := getattr(act, name, None)) is not None}
    for name in _ways(type(obj)):
        if own := _owner(obj, _OWNERS[name]):
            owners[name] = own
    parent_type, parent_pk = _parent(obj)
    return Draft(
        action=action,
        actor=actor,
        object_type=obj._meta.label_lower,
        object_pk=str(obj.pk),
        object_key=_key(obj),
        parent_type=parent_type,
        parent_pk=parent_pk,
        **owners,
    )


_OWNERS = {"application": Application, "committee": Committee}


@cache
def _ways(model):
    """The names of those that rows of a model belong to, of a dossier and a sitting."""
    return [name for name, owner in _OWNERS.items() if path_to(model, owner) is not None]


def _owner(obj, model):
    """The primary key of the dossier or sitting that `obj` belongs to; None where it has none."""
    way = path_to(type(obj), model)
    if way is None:
        return None
    names, _ = way
    if not names:
        return obj.pk
    try:
        for name in names[:-1]:
            obj = getattr(obj, name, None)
    except ObjectDoesNotExist:
        return None
    return getattr(obj, f"{names[-1]}_id", None)


def _parent(obj):
    """The row on whose page `obj` is shown: the one it would be deleted with."""
    for attname, label in _owning(type(obj)):
        if (pk := getattr(obj, attname)) is not None:
            return label, str(pk)
    return "", ""


@cache
def _owning(model):
    """[(column, label of its model)] of the foreign keys along which a row is deleted."""
    return [
        (fk.attname, fk.related_model._meta.label_lower)
        for fk in model._meta.concrete_fields
        if isinstance(fk, models.ForeignKey)
        and fk.remote_field.on_delete is models.CASCADE
        and fk.related_model._meta.label != settings.AUTH_USER_MODEL
    ]


def _key(obj):
    """The natural key in words, where no part of it may be somebody's name."""
    if not _is_plain(getattr(obj, "NATURAL_KEY", ())):
        return ""
    try:
        return " · ".join(str(part) for part in obj.natural_key())[:300]
    except (ObjectDoesNotExist, AttributeError):
        return ""


@cache
def _is_plain(lookups):
    return bool(lookups) and all(lookup.split("__")[-1] in _KEY_NAMES for lookup in lookups)


# Versions ----------------------------------------------------------------------


def connect() -> None:
    """Hear of every save of an audited row; called once, when applications are ready."""
    pre_save.connect(_before_save, dispatch_uid="calls.history")
    # After the versions, which models ask for when their class is made.
    post_save.connect(_after_save, dispatch_uid="calls.history")
    pre_create_historical_record.connect(_before_version, dispatch_uid="calls.history")
    post_create_historical_record.connect(_on_version, dispatch_uid="calls.history")


def _before_save(sender, instance, raw, update_fields, **kwargs):
    """Keep what the database holds: the versions of a row that was loaded begin after it."""
    if raw or not hasattr(sender._meta, "simple_history_manager_attribute"):
        return
    stored = None
    if instance.pk is not None:
        stored = sender._base_manager.filter(pk=instance.pk).first()
    expect(instance, stored, update_fields)


def _after_save(instance, **kwargs):
    instance.__dict__.pop(_STORED, None)


def _before_version(history_instance, **kwargs):
    if act := _current.get():
        history_instance.history_user_id = act.by.pk if act.by else None
        history_instance.history_change_reason = act.action


def _on_version(instance, history_instance, **kwargs):
    tell(instance, history_instance, _current.get())


def expect(instance, stored, update_fields=None) -> None:
    """Say what the database held of a row (None: nothing) before `tell` compares with it."""
    setattr(instance, _STORED, (stored, update_fields))


def tell(instance, history_instance, act, relations: dict | None = None) -> None:
    """Add the event of a version; `relations` are changes of links that came with it."""
    kind = history_instance.history_type
    changes, texts = _differences(instance, history_instance, kind)
    changes |= relations or {}
    if not (changes or texts or act or kind != "~"):
        return
    action = act.action if act else ACTIONS[kind]
    draft = _draft(instance, action, history_instance.history_user_id, act)
    draft.kind, draft.changes, draft.texts = kind, changes, texts
    _add(draft, act)


def tell_new(rows, names, values, actor, act, relations) -> None:
    """Add the events of new rows of one model, as `tell` does from the version of each.

    `names` are their columns and `values` what each row holds of them; `actor` is a primary key;
    `relations` are their links, [{field: primary keys}].
    """
    read = _readers(type(rows[0]), names)
    for row, held, links in zip(rows, values, relations, strict=True):
        draft = _draft(row, act.action, actor, act)
        draft.kind = "+"
        for name, rank, is_text, reader in read:
            after = reader(held[rank])
            if after in (None, ""):
                continue
            if is_text:
                draft.texts[f"after:{name}"] = after
            else:
                draft.changes[name] = [None, after]
        draft.changes |= {name: [[], keys] for name, keys in links.items()}
        _add(draft, act)


@cache
def _readers(model, names):
    """[(field, rank of its column among `names`, whether it is a text, how it is read)]."""
    manager = getattr(model, model._meta.simple_history_manager_attribute)
    return [
        (field.name, names.index(field.attname), canonical.is_text(field), canonical.reader(field))
        for field in manager.model.tracked_fields
        if not (field.primary_key or getattr(field, "auto_now", False))
    ]


def _add(draft, act):
    if act is None:
        chain.append([draft])
        return
    if act.comment:
        draft.texts["comment"] = act.comment
    key = (act, draft.object_type, draft.object_pk)
    if earlier := act.pending.get(key):
        _merge(draft, earlier)
    act.pending[key] = draft


def _merge(draft, earlier):
    """Make `draft`, the later of two saves in one act, tell of both."""
    draft.kind = draft.kind if "-" in (draft.kind, earlier.kind) else earlier.kind
    names = {*earlier.changes, *draft.changes}
    for name in names:
        first = earlier.changes.get(name, draft.changes.get(name))[0]
        last = draft.changes.get(name, earlier.changes.get(name))[1]
        draft.changes[name] = [first, last]
        if first == last:
            del draft.changes[name]
    words = {name.partition(":")[2] for name in (*earlier.texts, *draft.texts) if ":" in name}
    for name in words:
        before, after = f"before:{name}", f"after:{name}"
        old = earlier if earlier.texts.keys() & {before, after} else draft
        new = draft if draft.texts.keys() & {before, after} else earlier
        first, last = old.texts.get(before, ""), new.texts.get(after, "")
        for key, text in ((before, first), (after, last)):
            draft.texts.pop(key, None)
            if text and first != last:
                draft.texts[key] = text


def _differences(instance, version, kind):
    """({field: [before, after]}, {"before:<field>" or "after:<field>": text}) of a version."""
    saved = instance.__dict__.pop(_STORED, None)
    if kind == "~" and saved is None:
        return _changed_relations(instance, version), {}
    stored, update_fields = saved or (None, None)
    changes, texts = {}, {}
    for fld in version.tracked_fields:
        if fld.primary_key or getattr(fld, "auto_now", False):
            continue
        if kind == "~" and update_fields and not {fld.name, fld.attname} & {*update_fields}:
            continue
        read = canonical.text if canonical.is_text(fld) else canonical.plain
        empty = "" if read is canonical.text else None
        before = after = empty
        if kind == "-":
            before = read(fld, getattr(version, fld.attname))
        else:
            after = read(fld, getattr(version, fld.attname))
            if kind == "~" and stored is not None:
                before = read(fld, getattr(stored, fld.attname))
        if before == after:
            continue
        if read is canonical.plain:
            changes[fld.name] = [before, after]
        else:
            pair = {f"before:{fld.name}": before, f"after:{fld.name}": after}
            texts |= {name: text for name, text in pair.items() if text}
    return changes, texts


def _changed_relations(instance, version):
    """Many-to-many fields that differ from the version before; before is None where unknown."""
    if not version._history_m2m_fields:
        return {}
    previous = (
        type(version)
        .objects.filter(
            **{instance._meta.pk.attname: instance.pk}, history_id__lt=version.history_id
        )
        .order_by("-history_id")
        .first()
    )
    changes = {}
    for fld in version._history_m2m_fields:
        before = None if previous is None else _related(previous, fld)
        after = _related(version, fld)
        if before != after:
            changes[fld.name] = [before, after]
    return changes


def _related(version, fld):
    column = f"{get_m2m_reverse_field_name(fld)}_id"
    return sorted(getattr(version, fld.name).values_list(column, flat=True))
