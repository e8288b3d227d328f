"""Forms of the draft of the next version, filled from its content: texts, amounts, classes."""

import itertools
from decimal import Decimal

from django import forms
from django.db import models

from ftap.formfields import AmountField, DayField, VersionField
from ftap.modelforms import MultilineField
from laureates.admin.publishing_forms import ActForm
from laureates.models import Announcement, Laureate, Territory, Theme
from laureates.typography import fold, lines

ANNOUNCEMENT_FIELDS = (
    "title",
    "public_text",
    "call_title",
    "call_year",
    "session_label",
    "committee_name",
    "committee_on",
    "committee_chair",
    "source",
    "source_url",
    "source_on",
)
LAUREATE_FIELDS = (
    "title",
    "summary",
    "description",
    "amount",
    "project_state",
    "classification_source",
    "source",
    "source_url",
    "source_on",
    "funder_name",
    "funder_siret",
    "decision_reference",
    "agreement_signed_on",
    "payment_terms",
    "payment_period",
    "programme_code",
)


def _form_field(db_field, **kwargs):
    """The field of a plain form for a column, with the column's name, help and limits."""
    if type(db_field) is models.TextField:
        rows = 12 if db_field.name in {"description", "public_text"} else 3
        widget = forms.Textarea(attrs={"rows": rows})
        return db_field.formfield(form_class=MultilineField, widget=widget, **kwargs)
    if isinstance(db_field, models.DateField):
        kwargs.pop("widget", None)
        return DayField(
            label=db_field.formfield().label, help_text=db_field.help_text, required=False
        )
    if isinstance(db_field, models.DecimalField):
        return db_field.formfield(
            form_class=AmountField,
            min_value=Decimal("0.01"),
            error_messages={
                "min_value": (
                    "Le montant accordé est supérieur à 0\u202f; laissez vide s’il n’est pas "
                    "communiqué."
                )
            },
            **kwargs,
        )
    if isinstance(db_field, models.URLField):
        kwargs.setdefault("assume_scheme", "https")
    return db_field.formfield(**kwargs)


class _ContentForm(ActForm):
    """A form of the fields that `entry`, a part of the canonical content, holds."""

    version = VersionField()
    model = None
    names = ()
    groups = ()

    def __init__(self, data=None, *, entry, version, **kwargs):
        initial = {name: entry.get(name) for name in self.names}
        if initial.get("amount"):
            initial["amount"] = Decimal(initial["amount"])
        super().__init__(data, initial={**initial, **self.others(entry), "version": version})
        fields = forms.fields_for_model(
            self.model, fields=self.names, formfield_callback=_form_field
        )
        self.fields.update(fields)
        for name in self.names:
            self.fields[name].initial = None

    def others(self, entry) -> dict:
        """Initial values of what is not a column."""
        return {}

    @property
    def grouped(self):
        """The fields as the page lays them out: {"name", "fields"} of each group."""
        for name, names in self.groups:
            yield {"name": name, "fields": [self[field] for field in names]}

    @property
    def values(self) -> dict:
        """The typed values, by name."""
        return {name: self.cleaned_data[name] for name in self.names}


class AnnouncementContentForm(_ContentForm):
    model = Announcement
    names = ANNOUNCEMENT_FIELDS
    groups = (
        ("Annonce", ("title", "public_text", "laureate_groups")),
        (
            "Appel et comité",
            (
                "call_title",
                "call_year",
                "session_label",
                "committee_name",
                "committee_on",
                "committee_chair",
            ),
        ),
        ("Provenance", ("source", "source_url", "source_on")),
    )
    laureate_groups = MultilineField(
        label="groupes de lauréats",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=(
            "Un par ligne, dans l’ordre. Pour des projets financés ensemble, ajoutez une barre et "
            "le montant accordé au groupe\u00a0: Tiers-lieux | 1\u202f500\u202f000"
        ),
    )

    def __init__(self, data=None, *, content_groups=(), **kwargs):
        self.content_groups = content_groups
        super().__init__(data, **kwargs)

    def others(self, entry):
        lines_ = (
            group["name"] + (f" | {group['amount']}" if group["amount"] else "")
            for group in self.content_groups
        )
        return {"laureate_groups": "\n".join(lines_)}

    def clean_laureate_groups(self):
        return [_group(line) for line in lines(self.cleaned_data["laureate_groups"])]

    @property
    def values(self):
        return {**super().values, "laureate_groups": self.cleaned_data["laureate_groups"]}


def _group(line):
    """{"name", "amount"} of a line « Tiers-lieux | 1 500 000 »; ValidationError on its amount."""
    name, _, amount = line.rpartition("|") if "|" in line else (line, "", "")
    amount = AmountField(required=False).clean(amount.strip())
    return {"name": name.strip(), "amount": amount}


class GroupedBoxes(forms.CheckboxSelectMultiple):
    """Boxes in groups that unfold; those with a ticked box are open."""

    template_name = "admin/laureates/publishing/_boxes.html"

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["groups"] = [
            {"name": group, "boxes": boxes, "ticked": sum(box["selected"] for box in boxes)}
            for group, boxes, _ in context["widget"]["optgroups"]
        ]
        return context


class TerritoryChoices(forms.MultipleChoiceField):
    """Territories by kind and code, in the groups of their kinds."""

    widget = GroupedBoxes

    def __init__(self, **kwargs):
        super().__init__(choices=self._groups, **kwargs)

    @staticmethod
    def _groups():
        rows = sorted(
            Territory.objects.all(),
            key=lambda row: (list(Territory.Kind).index(row.kind), fold(row.name)),
        )
        return [
            (
                Territory.Kind(kind).label.capitalize(),
                [(f"{row.kind}:{row.code}", str(row)) for row in group],
            )
            for kind, group in itertools.groupby(rows, key=lambda row: row.kind)
        ]


class LaureateContentForm(_ContentForm):
    model = Laureate
    names = LAUREATE_FIELDS
    groups = (
        (
            "Projet",
            (
                "title",
                "has_own_title",
                "former_titles",
                "summary",
                "description",
                "amount",
                "group",
                "project_state",
            ),
        ),
        ("Classement", ("themes", "territories", "classification_source")),
        (
            "Données ouvertes",
            (
                "funder_name",
                "funder_siret",
                "decision_reference",
                "agreement_signed_on",
                "payment_terms",
                "payment_period",
                "programme_code",
            ),
        ),
        ("Provenance", ("source", "source_url", "source_on")),
    )
    former_titles = MultilineField(
        label="anciens titres",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=(
            "Un par ligne\u202f; la recherche les trouve. Un titre public que vous remplacez s’y "
            "ajoute de lui-même."
        ),
    )
    themes = forms.ModelMultipleChoiceField(
        label="Thèmes",
        queryset=Theme.objects.order_by("position", "slug"),
        to_field_name="slug",
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    territories = TerritoryChoices(
        label="Territoires",
        required=False,
        help_text="«\u00a0National\u00a0» est une valeur. Aucun\u00a0: non renseigné.",
    )

    has_own_title = forms.BooleanField(
        label="titre propre",
        required=False,
        help_text=Laureate._meta.get_field("has_own_title").help_text,
    )
    group = forms.TypedChoiceField(label="groupe", required=False, coerce=int, empty_value=None)

    def __init__(self, data=None, *, content_groups=(), **kwargs):
        super().__init__(data, **kwargs)
        self.fields["group"].choices = [
            ("", "aucun"),
            *((group["position"], group["name"]) for group in content_groups),
        ]

    def others(self, entry):
        return {
            "has_own_title": entry.get("has_own_title", True),
            "group": entry.get("group"),
            "former_titles": "\n".join(entry.get("former_titles", [])),
            "themes": entry.get("themes", []),
            "territories": [f"{kind}:{code}" for kind, code in entry.get("territories", [])],
        }

    @property
    def values(self):
        chosen = self.cleaned_data["territories"]
        return {
            **super().values,
            "has_own_title": self.cleaned_data["has_own_title"],
            "group": self.cleaned_data["group"],
            "former_titles": lines(self.cleaned_data["former_titles"]),
            "themes": [theme.slug for theme in self.cleaned_data["themes"]],
            "territories": [tuple(value.split(":", 1)) for value in chosen],
        }
