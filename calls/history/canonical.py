"""Values as the chain holds them: the same text on both engines, for ever.

A value is plain (a number, a date, a choice, the key of a row) or a text, which may be personal:
the chain holds the plain value itself, and only a salted digest of a text.
"""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

from django.db import models
from django.utils import timezone

_PLAIN = (
    models.BooleanField,
    models.DateField,
    models.DecimalField,
    models.ForeignKey,
    models.IntegerField,
    models.SlugField,
    models.TimeField,
)


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def dumps(content: dict) -> str:
    """The canonical JSON text of `content`: sorted keys, no spaces, nothing escaped needlessly."""
    return _ENCODER.encode(content)


def moment(value: datetime) -> str:
    """In UTC, to the microsecond: « 2019-09-23T08:00:00.000000+00:00 »."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def is_text(field) -> bool:
    """Whether values of `field` are free text, or anything else that may tell of a person."""
    return not (isinstance(field, _PLAIN) or field.choices)


def plain(field, value):
    """`value` of a plain `field` as JSON holds it; None where there is none."""
    if isinstance(field, models.ForeignKey):
        return plain(field.target_field, value)
    value = field.to_python(value)
    if value is None or value == "":
        return None
    if isinstance(field, models.DateTimeField):
        return moment(value if timezone.is_aware(value) else timezone.make_aware(value))
    if isinstance(field, models.DateField | models.TimeField):
        return value.isoformat()
    if isinstance(field, models.DecimalField):
        return f"{value:.{field.decimal_places}f}"
    return value if isinstance(value, bool | int) else str(value)


def reader(field) -> Callable:
    """`text` or `plain` of a field, as a function of the value: for thousands of rows."""
    read = text if is_text(field) else plain
    kind = str if isinstance(field, models.CharField | models.TextField) else None
    target = field
    while isinstance(target, models.ForeignKey):
        target = target.target_field
    if isinstance(target, models.BooleanField):
        kind = bool
    elif isinstance(target, models.IntegerField | models.AutoField):
        kind = int
    # A value of the field's own type is written as it is.
    return lambda value: value if type(value) is kind else read(field, value)


def text(field, value) -> str:
    """`value` of a text `field`; "" where there is none."""
    if value is None:
        return ""
    if isinstance(field, models.FileField):
        return value.name or "" if hasattr(value, "name") else str(value)
    if isinstance(field, models.JSONField):
        return dumps(value) if value else ""
    return str(field.get_prep_value(value))


def detail(value):
    """A plain value given with an act, as JSON holds it: its kind is written beside it.

    A row is {"object": [label, key]}; amounts, days and moments are written likewise. TypeError
    for what has no such form.
    """
    if isinstance(value, models.Model):
        return {"object": [value._meta.label_lower, str(value.pk)]}
    if isinstance(value, Decimal):
        return {"decimal": f"{value:f}"}
    if isinstance(value, datetime):
        return {"datetime": moment(value)}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [detail(item) for item in value]
    raise TypeError(f"no canonical form for {type(value).__name__}")
