"""What a publisher types to prepare an announcement: the announcement, each dossier, the claims."""

from django import forms
from django.db import models

from calls.publication import PUBLISHABLE, Preparation, Prepared
from calls.publication.preparing import claim_label
from ftap.formfields import DayField, LongText, VersionField
from ftap.modelforms import MultilineField
from laureates import typography
from laureates.admin.shared import SluggedForm
from laureates.models import Announcement, Laureate

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
    "slug",
)


def _formfield(db_field, **kwargs):
    if isinstance(db_field, models.URLField):
        kwargs["assume_scheme"] = "https"
    return db_field.formfield(**kwargs)


class AnnouncementForm(SluggedForm):
    """The announcement that will be created, as a draft."""

    class Meta:
        model = Announcement
        fields = ANNOUNCEMENT_FIELDS
        field_classes = {"public_text": MultilineField}
        formfield_callback = _formfield

    def __init__(self, *args, **kwargs):
        super().__init__(*args, prefix="annonce", **kwargs)
        self.fields["call_year"].widget = forms.TextInput(
            attrs={"inputmode": "numeric", "size": "6"}
        )
        for name in ("committee_on", "source_on"):
            field = self.fields[name]
            self.fields[name] = DayField(
                label=field.label, required=field.required, help_text=field.help_text
            )

    def values(self):
        return {name: self.cleaned_data[name] for name in ANNOUNCEMENT_FIELDS}


class EverywhereForm(forms.Form):
    """What to publish of every dossier at once."""

    everywhere = forms.MultipleChoiceField(
        label="Publier pour tous les dossiers",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=(
            "Coche d’un coup\u00a0: s’ajoute à ce qui est coché dossier par dossier, partout où la "
            "donnée est connue."
        ),
    )

    def __init__(self, *args, dossiers, **kwargs):
        super().__init__(*args, prefix="tous", **kwargs)
        count = {
            name: sum(bool(dossier.choices[name].values) for dossier in dossiers)
            for name in PUBLISHABLE
        }
        self.fields["everywhere"].choices = [
            (name, f"{label} (connu pour {count[name]} sur {len(dossiers)})")
            for name, label in PUBLISHABLE.items()
            if count[name]
        ]


class DossierForm(forms.Form):
    """One dossier: the public texts, and what else is published of it, nothing unless ticked."""

    version = VersionField(min_value=1)
    title = forms.CharField(
        label="Titre public", max_length=Laureate._meta.get_field("title").max_length
    )
    summary = forms.CharField(
        label="Résumé public",
        required=False,
        max_length=Laureate._meta.get_field("summary").max_length,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    description = LongText(
        label="Texte public",
        required=False,
        rows=4,
        help_text="Markdown\u00a0: paragraphes, listes, liens.",
    )
    published = forms.MultipleChoiceField(
        label="Publier aussi", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args, dossier, **kwargs):
        self.dossier = dossier
        initial = {
            "version": dossier.selection.version,
            "title": dossier.title,
            "summary": dossier.summary,
            "description": dossier.description,
        }
        super().__init__(*args, prefix=f"dossier-{dossier.selection.pk}", initial=initial, **kwargs)
        self.fields["published"].choices = [
            (choice.name, f"{choice.label}\u00a0: {choice.shown}")
            for choice in dossier.choices.values()
            if choice.values
        ]
        if dossier.is_summary_cut:
            self.fields[
                "summary"
            ].help_text = (
                "Raccourci\u00a0: le résumé du dossier est plus long que ce que porte une fiche."
            )

    @property
    def unknown(self):
        """What cannot be published of this dossier, and why."""
        return [choice for choice in self.dossier.choices.values() if not choice.values]

    def clean_title(self):
        return typography.normalise(self.cleaned_data["title"])

    def clean_summary(self):
        return typography.normalise(self.cleaned_data["summary"])

    def values(self, everywhere):
        data = self.cleaned_data
        return Prepared(
            version=data["version"],
            title=data["title"],
            summary=data["summary"],
            description=data["description"],
            published=frozenset((*data["published"], *everywhere)),
        )


class ClaimsForm(forms.Form):
    """The numbers that the announcement states."""

    numbers = forms.MultipleChoiceField(
        label="Chiffres énoncés par l’annonce",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "invalid_choice": (
                "Un nombre a changé depuis l’affichage de la page\u00a0: relisez les chiffres "
                "ci-dessous, et cochez de nouveau."
            )
        },
        help_text="Le public n’apprend le nombre de dossiers reçus que par un chiffre énoncé.",
    )
    stated_on = DayField(
        label="Énoncés le", required=False, help_text="Vide\u00a0: date non précisée."
    )
    source = forms.CharField(
        label="Source des chiffres",
        required=False,
        max_length=300,
        help_text="Vide\u00a0: l’annonce elle-même, par son titre.",
    )

    def __init__(self, *args, claims, **kwargs):
        super().__init__(*args, prefix="chiffres", **kwargs)
        self.fields["numbers"].choices = [
            (f"{subject}:{value}", claim_label(subject, value)) for subject, value in claims.items()
        ]

    def values(self):
        pairs = (choice.split(":") for choice in self.cleaned_data["numbers"])
        return frozenset((subject, int(value)) for subject, value in pairs)


class PreparationForms:
    """The page's forms together, bound to what was posted or showing what is proposed."""

    def __init__(self, offer, data=None):
        self.announcement = AnnouncementForm(data, initial=offer.announcement)
        self.everywhere = EverywhereForm(data, dossiers=offer.dossiers)
        self.dossiers = [DossierForm(data, dossier=dossier) for dossier in offer.dossiers]
        self.claims = ClaimsForm(data, claims=offer.claims)

    def is_valid(self):
        shown = (self.announcement, self.everywhere, *self.dossiers, self.claims)
        # Each is validated, so that every error shows at once.
        return not [form for form in shown if not form.is_valid()]

    def values(self):
        everywhere = self.everywhere.cleaned_data["everywhere"]
        return Preparation(
            announcement=self.announcement.values(),
            dossiers={form.dossier.selection.pk: form.values(everywhere) for form in self.dossiers},
            claims=self.claims.values(),
            stated_on=self.claims.cleaned_data["stated_on"],
            claims_source=self.claims.cleaned_data["source"],
        )
