"""The carriers of a project in the draft of the next version: a row each, some of them empty."""

from django import forms
from django.core.exceptions import ValidationError

from ftap.formfields import INCOMPLETE
from laureates.admin.publishing_forms import ActForm
from laureates.models import Carrier, Organisation
from laureates.typography import fold

EMPTY_ROWS = 3
CARRIERS_MAX = 60


class CarrierForm(ActForm):
    """A carrier of a project; the organisation is typed by its name, which a list completes."""

    position = forms.IntegerField(
        label="Ordre",
        required=False,
        min_value=1,
        max_value=32767,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "size": "3", "autocomplete": "off"}),
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"), "L’ordre est un nombre entier, à partir de 1."
        ),
    )
    organisation = forms.CharField(
        label="Organisme",
        required=False,
        max_length=250,
        widget=forms.TextInput(attrs={"list": "organismes", "autocomplete": "off"}),
    )
    announced_name = forms.CharField(
        label="Nom tel qu’annoncé",
        required=False,
        max_length=Carrier._meta.get_field("announced_name").max_length,
    )
    role = forms.ChoiceField(
        label="Rôle", required=False, choices=[("", "non précisé"), *Carrier.Role.choices]
    )

    def __init__(self, *args, organisations, **kwargs):
        """`organisations` maps folded names to organisations."""
        super().__init__(*args, **kwargs)
        self.organisations = organisations

    def clean_organisation(self):
        name = self.cleaned_data["organisation"].strip()
        if not name:
            return None
        if (found := self.organisations.get(fold(name))) is None:
            raise ValidationError(
                "Aucun organisme ne s’appelle «\u00a0%(name)s\u00a0»\u00a0: choisissez-le dans la "
                "liste, ou créez d’abord sa fiche parmi les organismes.",
                code="unknown",
                params={"name": name},
            )
        return found

    def clean(self):
        cleaned = super().clean()
        if "organisation" in self.errors or self.is_empty:
            return cleaned
        if not cleaned.get("organisation"):
            self.add_error("organisation", "Choisissez l’organisme dans la liste.")
        elif not cleaned.get("announced_name"):
            cleaned["announced_name"] = cleaned["organisation"].name
        return cleaned

    @property
    def is_empty(self) -> bool:
        """Nothing typed: no carrier, or one that is removed."""
        return not any(self.cleaned_data.get(n) for n in ("organisation", "announced_name"))


class _CarrierRows(forms.BaseFormSet):
    def get_form_kwargs(self, index):
        return {**super().get_form_kwargs(index), "organisations": self.organisations}

    def __init__(self, data=None, *, entry, organisations):
        self.organisations = {fold(row.name): row for row in organisations}
        names = {row.slug: row.name for row in organisations}
        super().__init__(
            data,
            prefix="porteurs",
            error_messages={"missing_management_form": INCOMPLETE},
            initial=[
                {
                    "position": carrier["position"],
                    "organisation": names.get(carrier["organisation"], ""),
                    "announced_name": carrier["announced_name"],
                    "role": carrier["role"] or "",
                }
                for carrier in entry.get("carriers", [])
            ],
        )

    def add_fields(self, form, index):
        super().add_fields(form, index)
        form.fields["DELETE"].label = "Retirer"
        for field in form.fields.values():
            field.widget.attrs["aria-label"] = f"{field.label}, ligne {index + 1}"

    def clean(self):
        if any(form.errors for form in self.forms if not self._should_delete_form(form)):
            return
        rows = [form for form in self.forms if self._is_kept(form)]
        organisations = [form.cleaned_data["organisation"].pk for form in rows]
        if len(set(organisations)) < len(organisations):
            raise ValidationError("Un même organisme ne porte le projet qu’une fois.")
        if [form.cleaned_data["role"] for form in rows].count(Carrier.Role.LEAD) > 1:
            raise ValidationError("Un projet n’a qu’un chef de file.")
        positions = [form.cleaned_data["position"] for form in rows]
        known = [position for position in positions if position is not None]
        if len(set(known)) < len(known):
            raise ValidationError("Deux porteurs du projet ont le même ordre.")

    def _is_kept(self, form):
        return (
            not form.cleaned_data.get("DELETE")
            and form.cleaned_data.get("organisation") is not None
        )

    @property
    def carriers(self) -> list[dict]:
        """The carriers in order, those without a rank after the others."""
        rows = [form.cleaned_data for form in self.forms if self._is_kept(form)]
        rows.sort(key=lambda row: (row["position"] is None, row["position"] or 0))
        return [
            {
                "organisation": row["organisation"].slug,
                "announced_name": row["announced_name"],
                "role": row["role"] or None,
            }
            for row in rows
        ]


CarrierFormSet = forms.formset_factory(
    CarrierForm,
    formset=_CarrierRows,
    extra=EMPTY_ROWS,
    can_delete=True,
    max_num=CARRIERS_MAX,
    absolute_max=CARRIERS_MAX + EMPTY_ROWS,
)


def organisations():
    """Those that a carrier may be, by name."""
    return list(Organisation.objects.only("pk", "slug", "name").order_by("name"))
