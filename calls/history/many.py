"""The one writer of many audited rows at once: the rows, their versions and their events together.

Saving them one by one would hold the database for minutes; writing them without their versions
would leave no trace. Nothing else may write audited rows in bulk.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter, itemgetter

from django.db import connection, models, transaction
from django.utils import timezone

from calls.history.writing import acting, current, expect, tell, tell_new
from ftap import bulk
from ftap.audit import saved_many

BATCH = 500


def save_many(
    created: Sequence[models.Model] = (),
    changed: Sequence[tuple[models.Model, Iterable[str]]] = (),
    *,
    by,
    action: str,
    comment: str = "",
    relations: Sequence[tuple[models.Model, str, Sequence[int]]] = (),
) -> None:
    """Insert `created` and update `changed`, [(row, names of its changed fields)], as one act.

    Rows come in the order of their models' dependencies: a row whose parent is created by the same
    call holds the parent itself. `relations` are links of created rows, [(row, many-to-many field,
    primary keys)]; those of rows that exist are set on the row, inside the same act. Rows were
    validated by the caller; IntegrityError where the database refuses one, and nothing is written.
    """
    links = {}
    for row, name, keys in relations:
        links.setdefault(id(row), {})[name] = sorted(set(keys))
    with transaction.atomic(), acting(by, action, comment):
        for model, rows in groupby(created, type):
            _insert(model, list(rows), links, by, action)
        for model, pairs in groupby(changed, lambda pair: type(pair[0])):
            _update(model, list(pairs), by, action)
        if created or changed:
            rows = [row for row, _ in changed]
            saved_many.send(sender=None, created=list(created), changed=rows)


def _insert(model, rows, links, by, action):
    names, values = _stored(model, rows)
    bulk.write(model, names, values)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias
    linked = sorted({name for row in rows for name in links.get(id(row), ())})
    through = {name: _link(model, name, rows, links) for name in linked}
    if _is_audited(model):
        actor = _insert_versions(model, rows, names, values, by, action, through)
        relations = [links.get(id(row), {}) for row in rows]
        tell_new(rows, names, values, actor, current(), relations)


def _stored(model, rows):
    """The columns of a model, and what each new row holds of them once its key is given."""
    auto = model._meta.auto_field
    if auto is not None:
        lacking = [row for row in rows if row.pk is None]
        for row, key in zip(lacking, bulk.reserve(model, len(lacking)), strict=True):
            row.pk = key
    fields = model._meta.concrete_fields
    special = [field for field in fields if type(field).pre_save is not models.Field.pre_save]
    keys = [field for field in fields if field.is_relation]
    for row in rows:
        for field in special:
            setattr(row, field.attname, field.pre_save(row, add=True))
        for field in keys:
            # A parent that was saved since it was given.
            if row.__dict__[field.attname] is None and field.is_cached(row):
                parent = field.get_cached_value(row)
                row.__dict__[field.attname] = parent and getattr(parent, field.target_field.attname)
    names = tuple(field.attname for field in fields)
    held = attrgetter(*names)
    return names, [held(row) for row in rows]


def _insert_versions(model, rows, names, values, by, action, through):
    """Write the first versions of rows, with their links; the primary key of who wrote them."""
    kept = getattr(model, model._meta.simple_history_manager_attribute).model
    tracked = [field.attname for field in kept.tracked_fields]
    user = by or kept.get_default_history_user(rows[0])
    actor = user and user.pk
    told = (timezone.now(), action, "+", actor)
    pick = itemgetter(*(names.index(name) for name in tracked))
    keys = bulk.reserve(kept, len(rows))
    bulk.write(
        kept,
        ("history_id", *tracked, *_TOLD),
        ((key, *pick(held), *told) for key, held in zip(keys, values, strict=True)),
    )
    by_row = {row.pk: key for row, key in zip(rows, keys, strict=True)}
    for name, found in through.items():
        _link_versions(model, name, by_row, found)
    return actor


_TOLD = ("history_date", "history_change_reason", "history_type", "history_user_id")


def _update(model, pairs, by, action):
    rows = [row for row, _ in pairs]
    stored = model._base_manager.in_bulk([row.pk for row in rows])
    stamps = [field for field in model._meta.concrete_fields if getattr(field, "auto_now", False)]
    for row in rows:
        for field in stamps:
            field.pre_save(row, add=False)
    # Rows with the same changed fields are written together: the others keep what they hold.
    ordered = sorted(pairs, key=lambda pair: sorted(pair[1]))
    for names, group in groupby(ordered, lambda pair: sorted(pair[1])):
        model._base_manager.bulk_update(
            [row for row, _ in group],
            [*names, *(field.name for field in stamps)],
            batch_size=BATCH,
        )
    if _is_audited(model):
        versions = _versions(model, rows, by, action, is_update=True)
        for (row, names), version in zip(pairs, versions, strict=True):
            expect(row, stored[row.pk], list(names))
            tell(row, version, current())
        _keep_links(model, rows, versions)


def _is_audited(model):
    return hasattr(model._meta, "simple_history_manager_attribute")


def _versions(model, rows, by, action, *, is_update):
    manager = getattr(model, model._meta.simple_history_manager_attribute)
    return manager.bulk_history_create(
        rows,
        batch_size=BATCH,
        update=is_update,
        default_user=by,
        default_change_reason=action,
        default_date=timezone.now(),
    )


def _link(model, name, rows, links):
    """The links of new rows by `name`, written: [what a link holds, by column]."""
    through = model._meta.get_field(name).remote_field.through
    pairs = [(row.pk, key) for row in rows for key in links.get(id(row), {}).get(name, ())]
    keys = bulk.reserve(through, len(pairs))
    found = [(key, *pair) for key, pair in zip(keys, pairs, strict=True)]
    bulk.write(through, _link_columns(model, name), found)
    return found


def _link_columns(model, name):
    """The columns of a table of links: its key, the row's, the other's."""
    field = model._meta.get_field(name)
    through = field.remote_field.through
    ends = (f"{field.m2m_field_name()}_id", f"{field.m2m_reverse_field_name()}_id")
    return (through._meta.pk.attname, *ends)


def _link_versions(model, name, versions, links):
    """Give the versions of rows, {key of the row: key of the version}, the links of the rows."""
    manager = getattr(model, model._meta.simple_history_manager_attribute)
    if name not in {kept.name for kept in manager.model._history_m2m_fields}:
        return
    columns = _link_columns(model, name)
    bulk.write(
        getattr(manager.model, name).model,
        ("history_id", *columns),
        ((versions[link[1]], *link) for link in links),
    )


def _keep_links(model, rows, versions):
    """A version of a row that changed holds the links that the row kept."""
    for field in versions[0]._history_m2m_fields if versions else ():
        columns = _link_columns(model, field.name)
        by_row = {getattr(version, model._meta.pk.attname): version.pk for version in versions}
        links = field.remote_field.through._base_manager.filter(**{f"{columns[1]}__in": by_row})
        _link_versions(model, field.name, by_row, links.order_by("pk").values_list(*columns))
