"""One value of one field: its type, its choices, its validators and its typography."""

import datetime
import difflib
import math
import re
import unicodedata
from decimal import Decimal

from django.core.exceptions import SuspiciousFileOperation, ValidationError
from django.core.validators import FileExtensionValidator
from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations
from django.utils.dateparse import parse_datetime

from laureates import typography

_READ_AS = {
    bool: "oui ou non",
    int: "un nombre",
    float: "un nombre",
    datetime.datetime: "une date",
    datetime.date: "une date",
}
_LOOSE_TYPOGRAPHY = re.compile(r"(?<=\w)'(?=\w)| (?=[;:!?»%€])|(?<=«) ")


def nearest(word: str, known) -> str:
    """« (vouliez-vous dire … ?) », or nothing when no known word looks like it."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Vouliez-vous dire « {close[0]} » ?" if close else ""


def clean(field: models.Field, value, *, as_stored: bool = False):
    """The Python value of a field that is no relation. Raises ValidationError, in French.

    `as_stored`: the value is what a database held; its type and its size are all that is checked.
    """
    if isinstance(field, models.JSONField):
        return _structure(value)
    if value is None:
        if not field.null:
            raise ValidationError(
                "aucune valeur n’est donnée : écrivez-la, ou retirez la ligne si elle est inconnue."
            )
        return None
    if isinstance(value, list):
        raise ValidationError("une seule valeur est attendue, sans crochets.")
    if isinstance(value, dict):
        raise ValidationError("une valeur, ou une liste entre crochets, est attendue ici.")
    value = _typed(field, value)
    if as_stored:
        return _fitting(field, field.to_python(value))
    _validate_choice(field, value)
    if isinstance(field, models.FileField):
        _validate_file(field, value)
        return value
    if isinstance(field, models.SlugField) and not re.fullmatch(r"[a-z0-9_-]+", value):
        proposal = typography.slugify(value)
        hint = f" ; par exemple « {proposal} »" if proposal else ""
        raise ValidationError(
            f"« {value} » n’est pas un identifiant d’adresse : minuscules sans accent, chiffres "
            f"et tirets seulement{hint}."
        )
    _validate_range(field, field.to_python(value))  # before the engine's own bounds
    value = field.clean(value, None)
    if isinstance(value, str):
        _validate_text(field, value)
    return value


def _structure(value):
    """A value of a JSON field: lists, names with a value, texts, finite numbers, true, false."""
    if isinstance(value, dict):
        return {name: _structure(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_structure(part) for part in value]
    if isinstance(value, datetime.date):
        raise ValidationError(f"mettez « {value} » entre guillemets : YAML y lit une date.")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValidationError("un nombre infini n’a pas de sens ici.")
    return value


def _fitting(field, value):
    """A value that fits its column, on every engine."""
    if isinstance(value, Decimal):
        return field.clean(value, None)
    if isinstance(value, str) and field.max_length and len(value) > field.max_length:
        raise ValidationError(
            f"ce texte a {len(value)} caractères ; le maximum est {field.max_length}."
        )
    if isinstance(value, int) and not isinstance(value, bool):
        _validate_range(field, value)
    return value


def _typed(field, value):
    """The value, once sure that Django will not silently read another one into it."""
    if isinstance(field, models.CharField | models.TextField | models.FileField):
        if not isinstance(value, str):
            raise ValidationError(
                f"YAML lit ici {_READ_AS[type(value)]} et non un texte : "
                'mettez la valeur entre guillemets ("…").'
            )
    elif isinstance(field, models.BooleanField):
        if not isinstance(value, bool):
            raise ValidationError("écrivez true (oui) ou false (non).")
    elif isinstance(field, models.DateTimeField):
        moment = parse_datetime(value) if isinstance(value, str) else value
        if not isinstance(moment, datetime.datetime) or moment.tzinfo is None:
            raise ValidationError(
                "une date, une heure et son décalage sont attendus, "
                "par exemple 2019-09-25T00:00:00+02:00."
            )
    elif isinstance(field, models.DateField):
        if isinstance(value, datetime.datetime) or not isinstance(value, datetime.date | str):
            raise ValidationError("une date est attendue, par exemple 2019-09-25.")
    elif isinstance(field, models.TimeField):
        if not isinstance(value, str):
            raise ValidationError('une heure est attendue, entre guillemets, par exemple "18:00".')
    elif isinstance(value, bool | datetime.date):
        raise ValidationError("un nombre est attendu.")
    elif isinstance(field, models.DecimalField) and isinstance(value, float):
        return Decimal(repr(value))  # as written: a binary float has endless decimals
    elif isinstance(field, models.IntegerField) and isinstance(value, float):
        raise ValidationError("un nombre entier est attendu.")
    return value


def _validate_choice(field, value):
    if field.choices and value not in field.empty_values:
        known = [key for key, _ in field.flatchoices]
        if value not in known:
            listed = ", ".join(str(key) for key in known)
            raise ValidationError(
                f"« {value} » n’est pas une valeur possible.{nearest(str(value), known)} "
                f"Valeurs possibles : {listed}."
            )


def _validate_range(field, value):
    """Integers within what every engine stores, whichever one the settings name."""
    bounds = BaseDatabaseOperations.integer_field_ranges.get(field.get_internal_type())
    if bounds and value is not None and not bounds[0] <= value <= bounds[1]:
        raise ValidationError(f"le nombre doit être compris entre {bounds[0]} et {bounds[1]}.")


def _validate_file(field, value):
    if not value:
        return
    try:
        found = field.storage.exists(value)
    except (SuspiciousFileOperation, ValueError, OSError):
        found = False
    if not found:
        raise ValidationError(
            f"le fichier « {value} » n’est pas dans le dossier des documents (MEDIA_ROOT) : "
            "déposez-le, ou retirez la ligne."
        )
    file = field.attr_class(None, field, value)
    for validator in field.validators:
        if isinstance(validator, FileExtensionValidator):
            validator(file)


def _validate_text(field, value):
    for char in value:
        if unicodedata.category(char) in {"Cc", "Cf", "Cs"} and char != "\n":
            raise ValidationError(
                f"le texte contient le caractère invisible U+{ord(char):04X} : supprimez-le."
            )
    if type(field) is models.CharField and not field.choices:
        expected = typography.normalise(value)
        if value != expected:
            raise ValidationError(f"typographie à corriger. Écrivez : {visible(expected)}")
    elif type(field) is models.TextField:
        for line in value.splitlines():
            if found := _LOOSE_TYPOGRAPHY.search(line):
                extract = line[max(0, found.start() - 20) : found.end() + 20]
                raise ValidationError(
                    f"typographie à corriger dans « …{extract}… » : apostrophe ’, et espace "
                    "insécable avant ; : ! ? » % € et après «."
                )


def visible(text: str) -> str:
    """The text with its no-break spaces named, for a reader who must type them."""
    named = text.replace(typography.NBSP, "⟨U+00A0⟩").replace(typography.NARROW_NBSP, "⟨U+202F⟩")
    if named == text:
        return f"« {text} »"
    return f"« {named} » (⟨…⟩ est une espace insécable)"
