"""The one writer of many audited rows at once: the rows, their versions and their events together.

Saving them one by one would hold the database for minutes; writing them without their versions
would leave no trace. Nothing else may write audited rows in bulk.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from django.db import models, transaction
from django.utils import timezone

from calls.history.writing import acting, current, expect, tell
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
    model._base_manager.bulk_create(rows, batch_size=BATCH)
    names = sorted({name for row in rows for name in links.get(id(row), ())})
    through = {name: _link(model, name, rows, links) for name in names}
    if _is_audited(model):
        versions = _versions(model, rows, by, action, is_update=False)
        for name in names:
            _link_versions(model, name, versions, through[name])
        for row, version in zip(rows, versions, strict=True):
            given = links.get(id(row), {})
            expect(row, None)
            tell(row, version, current(), {name: [[], keys] for name, keys in given.items()})


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
    """The links of new rows by `name`, written: [(row, link)]."""
    field = model._meta.get_field(name)
    through = field.remote_field.through
    pairs = [
        (row, through(**{f"{field.m2m_field_name()}_id": row.pk, _target(field): key}))
        for row in rows
        for key in links.get(id(row), {}).get(name, ())
    ]
    through._base_manager.bulk_create([link for _, link in pairs], batch_size=BATCH)
    return pairs


def _target(field):
    return f"{field.m2m_reverse_field_name()}_id"


def _link_versions(model, name, versions, pairs):
    """Give the versions of rows the links that the rows have."""
    field = model._meta.get_field(name)
    manager = getattr(model, model._meta.simple_history_manager_attribute)
    if field.name not in {kept.name for kept in manager.model._history_m2m_fields}:
        return
    kept_model = getattr(manager.model, name).model
    by_row = {getattr(version, model._meta.pk.attname): version for version in versions}
    columns = [column.attname for column in field.remote_field.through._meta.concrete_fields]
    kept_model.objects.bulk_create(
        [
            kept_model(
                history=by_row[row.pk], **{column: getattr(link, column) for column in columns}
            )
            for row, link in pairs
        ],
        batch_size=BATCH,
    )


def _keep_links(model, rows, versions):
    """A version of a row that changed holds the links that the row kept."""
    for field in versions[0]._history_m2m_fields if versions else ():
        through = field.remote_field.through
        column = f"{field.m2m_field_name()}_id"
        by_pk = {row.pk: row for row in rows}
        links = through._base_manager.filter(**{f"{column}__in": list(by_pk)})
        _link_versions(
            model,
            field.name,
            versions,
            [(by_pk[getattr(link, column)], link) for link in links.order_by("pk")],
        )
