"""Refuses a save made from stale values: nobody overwrites what they have not seen.

A change form carries a signed digest of each value it was opened on. When it comes back, the
digests are compared with the values as they are now; nothing is stored. A value that somebody
else changed, and that the save would undo, refuses the whole save and shows both values.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import display_for_field
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model, QuerySet
from django.forms import MultiWidget
from django.utils.crypto import salted_hmac

FIELD_NAME = "_edit_lock"
_SALT = "ftap.editlock"
EMPTY = "(vide)"
MESSAGE = (
    "Cette fiche a été modifiée depuis que vous l’avez ouverte. Rien n’a été enregistré. "
    "Comparez les deux valeurs dans le tableau, puis enregistrez de nouveau celles du formulaire."
)


@dataclass(frozen=True)
class Conflict:
    """One value that changed since the form was opened."""

    row: str
    label: str
    saved: str
    typed: str
    outcome: str


def _text(field, value):
    """The value as one string; line ends do not count."""
    if field.many_to_many:
        return ",".join(sorted(str(getattr(item, "pk", item)) for item in value))
    if isinstance(value, Model):
        value = value.pk
    if isinstance(value, datetime):
        # Forms show seconds, in local time.
        return value.astimezone(UTC).replace(microsecond=0).isoformat()
    text = "" if value is None else str(field.get_prep_value(value))
    if field.get_internal_type() == "DecimalField" and text:
        text = f"{field.to_python(text):f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("\r\n", "\n").strip()


def _stored(instance, field):
    if field.many_to_many:
        return list(getattr(instance, field.name).all())
    return getattr(instance, field.attname)


def _display(field, instance_or_value):
    """The value as a person reads it."""
    value = instance_or_value
    if isinstance(value, Model):
        return str(value)
    if isinstance(value, QuerySet | list):
        return ", ".join(map(str, value)) or EMPTY
    if value is None or value == "":
        return EMPTY
    if isinstance(value, bool):
        return "oui" if value else "non"
    return str(display_for_field(value, field, EMPTY))


class EditLock:
    """What a change form of `instance`, with its rows, was opened on, and what is stored now.

    Made before the form is validated: validation writes the typed values on the instances.
    """

    def __init__(self, request, instance, names, formsets, *, excluded=()):
        self.instance = instance
        self.formsets = formsets
        self.salt = f"{_SALT}:{instance._meta.label_lower}:{instance.pk}"
        self.conflicts = []
        self.texts = {"": {"": self._texts(instance, names, excluded)}}
        for formset in formsets:
            fields = list(formset.form.base_fields)
            self.texts[formset.prefix] = {
                str(row.pk): self._texts(row, fields, ()) for row in formset.get_queryset()
            }
        self.token = self._sign()
        if request.method == "POST":
            self.opened_on = self._unsign(request.POST.get(FIELD_NAME, ""))
            if self.opened_on is not None:
                # As long as no conflict was shown, the form is as old as when it was opened.
                self.token = request.POST[FIELD_NAME]

    @staticmethod
    def _field(model, name):
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            return None
        if not isinstance(field, Field) or not (field.concrete or field.many_to_many):
            return None
        return None if field.primary_key or not field.editable else field

    def _texts(self, instance, names, excluded):
        fields = (self._field(type(instance), name) for name in names if name not in excluded)
        return {field.name: _text(field, _stored(instance, field)) for field in fields if field}

    def _digest(self, text):
        return salted_hmac(self.salt, text).hexdigest()[:16]

    def _sign(self):
        digests = {
            prefix: {
                pk: {name: self._digest(text) for name, text in texts.items()}
                for pk, texts in rows.items()
            }
            for prefix, rows in self.texts.items()
        }
        return signing.dumps(digests, salt=self.salt, compress=True)

    def _unsign(self, token):
        try:
            return signing.loads(token, salt=self.salt)
        except signing.BadSignature:
            return None

    def check(self, form):
        """Add an error to `form` when saving it would undo what somebody else saved."""
        before = self.opened_on
        forms = {"": {"": form}}
        for formset in self.formsets:
            formset.is_valid()
            forms[formset.prefix] = {
                str(row.instance.pk): row for row in formset.initial_forms if row.instance.pk
            }
        for prefix, rows in self.texts.items():
            opened_rows = None if before is None else before.get(prefix, {})
            for pk, texts in rows.items():
                if prefix and opened_rows is not None and pk not in opened_rows:
                    self._note_row(prefix, pk, "ligne ajoutée entre-temps")
                elif row_form := forms[prefix].get(pk):
                    opened = None if opened_rows is None else opened_rows.get(pk, {})
                    self._compare(prefix, pk, row_form, texts, opened)
            for pk in set(opened_rows or ()) - set(rows):
                self._note_row(prefix, pk, "ligne supprimée entre-temps")
        if self.conflicts:
            self.token = self._sign()
            form.add_error(None, MESSAGE)

    def _compare(self, prefix, pk, form, texts, opened):
        fresh = None
        for name, text in texts.items():
            if opened is not None and opened.get(name) == self._digest(text):
                continue
            field = self._field(form._meta.model, name)
            typed = self._typed(form, field)
            if typed == text or (opened is None and typed is None):
                continue
            fresh = fresh or form._meta.model._base_manager.get(pk=form.instance.pk)
            if untouched := (opened is not None and typed is not None) and (
                opened.get(name) == self._digest(typed)
            ):
                self._take_up(form, field, fresh)
            self._note(prefix, pk, form, field, fresh, typed, untouched)

    @staticmethod
    def _typed(form, field):
        """The typed value as one string; None where the form does not offer the field."""
        if field.name not in form.fields or form.fields[field.name].disabled:
            return None
        if field.name in form.cleaned_data:
            return _text(
                field, form.cleaned_data[field.name] or ([] if field.many_to_many else None)
            )
        return f"\0{form[field.name].data}"

    def _note(self, prefix, pk, form, field, fresh, typed, untouched):
        if typed is None:
            shown, outcome = "(non modifiable ici)", "Valeur enregistrée conservée."
        else:
            value = form.cleaned_data.get(field.name, form[field.name].data)
            shown = _display(field, value)
            outcome = (
                "Vous ne l’aviez pas modifiée\u00a0: la valeur enregistrée est reprise."
                if untouched
                else "À choisir\u00a0: le formulaire contient votre saisie."
            )
        stored = _stored(fresh, field)
        if field.many_to_one or field.one_to_one:
            stored = getattr(fresh, field.name)
        self.conflicts.append(
            Conflict(
                row=str(fresh) if prefix else "",
                label=str(field.verbose_name),
                saved=_display(field, stored),
                typed=shown,
                outcome=outcome,
            )
        )

    def _note_row(self, prefix, pk, what):
        formset = next(formset for formset in self.formsets if formset.prefix == prefix)
        row = formset.model._base_manager.filter(pk=pk).first()
        self.conflicts.append(
            Conflict(
                row=str(row) if row else "",
                label=str(formset.model._meta.verbose_name),
                saved=what,
                typed=EMPTY if row else "présente dans votre saisie",
                outcome="Conservée si vous enregistrez."
                if row
                else "Rouvrez la fiche pour repartir des lignes enregistrées.",
            )
        )

    @staticmethod
    def _take_up(form, field, fresh):
        """Put the stored value in the form, where its reader had left the field alone."""
        name, widget = form.add_prefix(field.name), form.fields[field.name].widget
        widget = getattr(widget, "widget", widget)
        value = form.fields[field.name].prepare_value(_stored(fresh, field))
        data = form.data.copy()
        if widget.needs_multipart_form:
            return
        if isinstance(widget, MultiWidget):
            for suffix, part, partial in zip(
                widget.widgets_names, widget.decompress(value), widget.widgets, strict=True
            ):
                data[f"{name}{suffix}"] = partial.format_value(part) or ""
        elif field.many_to_many:
            data.setlist(name, [str(item.pk) for item in _stored(fresh, field)])
        elif isinstance(value, bool):
            data.pop(name, None)
            if value:
                data[name] = "on"
        else:
            data[name] = "" if value is None else str(widget.format_value(value) or "")
            if hasattr(widget, "choices"):
                data[name] = "" if value is None else str(value)
        form.data = data

    def context(self):
        """What the template shows: the token and, after a refusal, who saved and what."""
        last = None
        if self.conflicts:
            last = (
                LogEntry.objects.filter(
                    content_type=ContentType.objects.get_for_model(self.instance),
                    object_id=str(self.instance.pk),
                )
                .select_related("user")
                .first()
            )
        return {
            "name": FIELD_NAME,
            "token": self.token,
            "conflicts": self.conflicts,
            "last": last,
            "has_rows": any(conflict.row for conflict in self.conflicts),
        }
