"""Refusals, in French: of an act by a gate, of a row by the database."""

import re

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError
from django.db.models import UniqueConstraint

NOTHING_SAVED = "Rien n’a été enregistré\u00a0: corrigez, puis enregistrez de nouveau."
GENERIC = (
    "La base de données a refusé ces valeurs\u00a0: elles contredisent une règle, ou une saisie "
    "faite au même moment."
)
VANISHED = "Un élément choisi dans ce formulaire a été supprimé entre-temps."


def explain(error: IntegrityError) -> str:
    """The French message of the constraint or trigger that raised `error`, on either engine."""
    return f"{_reason(error)} {NOTHING_SAVED}"


def _reason(error):
    cause = error.__cause__ or error
    diagnostic = getattr(cause, "diag", None)
    if diagnostic is not None:
        return _reason_of_postgresql(diagnostic)
    return _reason_of_sqlite(str(cause), getattr(cause, "sqlite_errorname", ""))


def _reason_of_postgresql(diagnostic):
    if diagnostic.sqlstate == "23503":
        return VANISHED
    if diagnostic.sqlstate == "23514" and not diagnostic.constraint_name:
        return diagnostic.message_primary
    columns = re.search(r"\(([^)]+)\)", diagnostic.message_detail or "")
    return (
        _by_name(diagnostic.constraint_name)
        or _by_columns(diagnostic.table_name, columns[1].split(", ") if columns else [])
        or GENERIC
    )


def _reason_of_sqlite(text, name):
    if name == "SQLITE_CONSTRAINT_TRIGGER":
        return text
    if text.startswith("FOREIGN KEY"):
        return VANISHED
    subject = text.partition("failed: ")[2]
    if found := _by_name(subject.removeprefix("index ").strip("'")):
        return found
    pairs = [column.rpartition(".") for column in subject.split(", ")]
    return _by_columns(pairs[0][0], [column for _, _, column in pairs]) or GENERIC


def _by_name(name):
    return next(
        (
            str(constraint.get_violation_error_message())
            for model in apps.get_models()
            for constraint in model._meta.constraints
            if constraint.name == name
        ),
        None,
    )


def _by_columns(table, columns):
    model = next((model for model in apps.get_models() if model._meta.db_table == table), None)
    if model is None:
        return None
    for constraint in model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            fields = [model._meta.get_field(name).column for name in constraint.fields]
            if sorted(fields) == sorted(columns):
                return str(constraint.get_violation_error_message())
    for field in model._meta.concrete_fields:
        if field.unique and [field.column] == columns:
            name = field.verbose_name
            return f"Un autre enregistrement a déjà la même valeur, «\u00a0{name}\u00a0»."
    return None


def sentences(row, error: ValidationError) -> list[str]:
    """What is wrong with `row`, a sentence each, naming its fields."""
    if not hasattr(error, "error_dict"):
        return error.messages
    return [
        message
        if name == NON_FIELD_ERRORS
        else f"{str(row._meta.get_field(name).verbose_name).capitalize()}\u00a0: {message}"
        for name, messages in error.message_dict.items()
        for message in messages
    ]


def save(row) -> None:
    """Save a valid row; Refusal, in French, naming the field, where it is not."""
    try:
        row.full_clean()
    except ValidationError as error:
        raise Refusal(sentences(row, error)) from error
    row.save()


class Refusal(ValidationError):
    """An act refused for what the row is or lacks; its French message is for the person acting."""


class Stale(Refusal):
    """An act on a row that somebody changed since the page was opened.

    `stored` and `typed` give, by French label, what is saved now and what the person typed.
    """

    def __init__(self, message, *, stored: dict[str, str], typed: dict[str, str]):
        super().__init__(message, code="stale")
        self.stored = stored
        self.typed = typed
