"""Forms of the staff's site: every rule of the row is checked, whatever the form shows."""

import itertools

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Max, UniqueConstraint
from django.forms.models import BaseInlineFormSet


class MultilineField(forms.CharField):
    """Text whose line ends are \\n, as in fixtures, where browsers send \\r\\n."""

    def to_python(self, value):
        return super().to_python(value).replace("\r\n", "\n").replace("\r", "\n")


class StrictModelForm(forms.ModelForm):
    """A model form that checks the constraints of the whole row.

    A stock form skips those naming a field that it leaves out or shows read-only, and the
    database then answers with an error page. An error about such a field shows above the form.
    """

    # Set by the model admin, on the class made for one request.
    admin_request = None
    # Set by a formset, which checks these constraints over all its rows.
    checked_by_formset = frozenset()
    next_position = None

    def clean_position(self):
        """An empty rank goes after the others, where a formset says which comes next."""
        position = self.cleaned_data.get("position")
        if position is None and self.next_position:
            return next(self.next_position)
        return position

    def validate_constraints(self):
        excluded = set(self.errors)
        errors = {}
        for model, constraints in self.instance.get_constraints():
            for constraint in constraints:
                if constraint.name not in self.checked_by_formset:
                    try:
                        constraint.validate(model, self.instance, exclude=excluded)
                    except ValidationError as error:
                        errors = error.update_error_dict(errors)
        if errors:
            self._update_errors(ValidationError(errors))

    def _update_errors(self, errors):
        if hasattr(errors, "error_dict"):
            kept = {}
            for name, found in errors.error_dict.items():
                kept.setdefault(name if name in self.fields else NON_FIELD_ERRORS, []).extend(found)
            errors = ValidationError(kept)
        super()._update_errors(errors)

    def _post_clean(self):
        super()._post_clean()
        if self.admin_request is None:
            return
        if refusal := getattr(self.admin_request, "database_refusal", None):
            self.add_error(None, refusal)
        if lock := getattr(self.admin_request, "edit_lock", None):
            lock.check(self)


class RowsFormSet(BaseInlineFormSet):
    """The rows of one parent, checked together and saved in any order.

    What is unique within the parent (a rank, an organisation, a lead) is checked over all the
    rows as they will be, so that two rows may exchange their values in one save. An empty rank
    means « after the others ».
    """

    @property
    def scoped_constraints(self):
        return [
            constraint
            for constraint in self.model._meta.constraints
            if isinstance(constraint, UniqueConstraint) and self.fk.name in constraint.fields
        ]

    def _construct_form(self, i, **kwargs):
        form = super()._construct_form(i, **kwargs)
        form.checked_by_formset = {constraint.name for constraint in self.scoped_constraints}
        return form

    def add_fields(self, form, index):
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = "Supprimer cette ligne"
        if field := form.fields.get("position"):
            field.required = False
            field.help_text = ""
            if not hasattr(self, "_next_position"):
                self._next_position = itertools.count(self._last_position() + 1)
            form.next_position = self._next_position
            if form.instance._state.adding:
                # A model's default would make every new row the first.
                form.initial["position"] = field.initial = None

    def _last_position(self):
        posted = [
            int(value)
            for name, value in self.data.items()
            if name.startswith(f"{self.prefix}-")
            and name.endswith("-position")
            and value.isascii()
            and value.isdigit()
            and len(value) < 6
        ]
        stored = self.get_queryset().aggregate(last=Max("position"))["last"] if self.data else 0
        return max([stored or 0, *posted])

    def validate_unique(self):
        kept = [
            form
            for form in self.forms
            if form.is_valid()
            and form not in self.deleted_forms
            and (not form.instance._state.adding or form.has_changed())
        ]
        shown = {form.instance.pk for form in self.forms}
        absent = [row for row in self.get_queryset() if row.pk not in shown]
        unique = [
            (constraint.fields, constraint.condition, constraint.get_violation_error_message())
            for constraint in self.scoped_constraints
        ] + [
            (
                (field.name,),
                None,
                f"Deux lignes ont la même valeur, «\u00a0{field.verbose_name}\u00a0».",
            )
            for field in self.model._meta.concrete_fields
            if field.unique and not field.primary_key
        ]
        messages = []
        for fields, condition, message in unique:
            names = [name for name in fields if name != self.fk.name]
            seen = {self._key(row, names) for row in absent if self._concerns(row, condition)}
            for form in kept:
                if self._concerns(form.instance, condition):
                    key = self._key(form.instance, names)
                    if None not in key and key in seen:
                        form.add_error(
                            names[0] if names and names[0] in form.fields else None, message
                        )
                        messages.append(message)
                    seen.add(key)
        if messages:
            raise ValidationError(list(dict.fromkeys(messages)))

    @staticmethod
    def _key(row, names):
        return tuple(row.serializable_value(name) for name in names)

    @staticmethod
    def _concerns(row, condition):
        # `check` takes « unknown » for true, as CHECK does; a unique index takes it for false.
        return condition is None or not (~condition).check(row._get_field_expression_map(row._meta))

    def save(self, commit=True):
        if commit:
            self._make_way()
        return super().save(commit=commit)

    def _make_way(self):
        """Give the rows about to change values that no row has or will have.

        Neither engine lets an exchange pass through a moment when two rows hold one value, and
        SQLite has no deferred uniqueness.
        """
        names = {name for constraint in self.scoped_constraints for name in constraint.fields}
        names.discard(self.fk.name)
        flags = {
            lookup[0].partition("__")[0]
            for constraint in self.scoped_constraints
            if constraint.condition
            for lookup in constraint.condition.children
        }
        moving = [
            form
            for form in self.initial_forms
            if form.instance.pk
            and not form.instance._state.adding
            # A row that is only shown changes in nothing, whatever is sent.
            and (
                form in self.deleted_forms
                or (form.has_changed() and (names | flags).intersection(form.changed_data))
            )
        ]
        if not moving:
            return
        stored = {
            row.pk: row for row in self.model._base_manager.filter(**{self.fk.name: self.instance})
        }
        for name in names | flags:
            field = self.model._meta.get_field(name)
            taken = {row.serializable_value(name) for row in stored.values()}
            taken |= {form.instance.serializable_value(name) for form in self.forms}
            for form in moving:
                if form not in self.deleted_forms and name not in form.changed_data:
                    continue
                if (value := self._spare(field, taken)) is not None or field.null:
                    taken.add(value)
                    self.model._base_manager.filter(pk=form.instance.pk).update(**{name: value})

    @staticmethod
    def _spare(field, taken):
        """A valid value of `field` that is not in `taken`; None when there is none to give."""
        if field.null:
            return None
        if field.is_relation:
            others = field.related_model._base_manager.exclude(pk__in=taken - {None})
            return others.order_by("pk").values_list("pk", flat=True).first()
        if field.get_internal_type().endswith("IntegerField"):
            return max(value for value in taken | {0} if value is not None) + 1
        return None
