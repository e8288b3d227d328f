"""What a constraint must do: speak French to a form, and refuse a row in the database."""

from django.apps import apps
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, connection, models, transaction


def of_app(label: str) -> dict[str, tuple[type[models.Model], models.BaseConstraint]]:
    """Every constraint that the models of an application declare, by name."""
    return {
        constraint.name: (model, constraint)
        for model in apps.get_app_config(label).get_models()
        for constraint in model._meta.constraints
    }


def changed(row: models.Model, **values) -> models.Model:
    """`row` with other values, not saved."""
    for name, value in values.items():
        setattr(row, name, value)
    return row


def messages_of_form(row: models.Model) -> list[str]:
    """What a form that holds every field of `row` would say of the row as a whole."""
    try:
        row.full_clean()
    except ValidationError as error:
        return error.message_dict.get(NON_FIELD_ERRORS, [])
    return []


def messages_of_constraints(row: models.Model) -> list[str]:
    try:
        row.validate_constraints()
    except ValidationError as error:
        return error.messages
    return []


def refusal(row: models.Model) -> str:
    """The database's own words when it refuses to save `row`, or nothing when it accepts."""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        return str(error)
    return ""


def named_in(words: str, model: type[models.Model], constraint: models.BaseConstraint) -> bool:
    """Whether these words of the database are about that very constraint.

    SQLite names the columns of a unique constraint, and not the constraint.
    """
    if connection.vendor == "sqlite" and isinstance(constraint, models.UniqueConstraint):
        columns = (model._meta.get_field(name).column for name in constraint.fields)
        expected = ", ".join(f"{model._meta.db_table}.{column}" for column in columns)
        return words.endswith(f"UNIQUE constraint failed: {expected}")
    return constraint.name in words
