"""What is asked of a person who brings in the text of an announcement."""

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from ftap.formfields import DayField, LongText
from laureates.models import AnnouncementText


class DepositForm(forms.Form):
    """A text, pasted or in a file, and where it comes from."""

    use_required_attribute = False

    source = forms.CharField(
        label="Source",
        max_length=300,
        help_text=(
            "Comment la citer\u00a0: par exemple «\u00a0Annonce des lauréats de la 2de session, "
            "25 septembre 2019\u00a0». Elle sera publiée avec chaque chiffre."
        ),
        error_messages={"required": "Indiquez la source de ce texte."},
    )
    source_url = forms.URLField(
        label="Adresse de la source",
        max_length=500,
        required=False,
        assume_scheme="https",
        help_text="Facultatif. L’adresse de la page.",
        error_messages={"invalid": "Écrivez une adresse entière\u00a0: https://…"},
    )
    source_on = DayField(
        label="Date de la source",
        required=False,
        help_text="Facultatif. Vide\u00a0: la date de publication que le texte écrit.",
    )
    text = LongText(
        label="Texte de l’annonce",
        rows=16,
        # The gate says what is too long, in bytes.
        max_length=None,
        required=False,
        strip=False,
        help_text=(
            "Copiez la page, du titre à la fin, puis collez-la ici. Du texte simple, du HTML ou du "
            "Markdown."
        ),
    )
    file = forms.FileField(
        label="Ou un fichier",
        required=False,
        max_length=250,
        error_messages={
            "empty": "Ce fichier est vide\u00a0: enregistrez la page de nouveau.",
            "max_length": "Le nom de ce fichier est trop long\u00a0: renommez-le.",
        },
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        formats = ", ".join(f".{name}" for name in settings.ANNOUNCEMENT_TEXT_FORMATS)
        size = filesizeformat(settings.ANNOUNCEMENT_TEXT_MAX_BYTES)
        self.fields["file"].help_text = f"Formats acceptés\u00a0: {formats}. {size} au plus."
        self.fields["file"].widget.attrs["accept"] = formats.replace(" ", "")

    def clean_source(self):
        field = AnnouncementText._meta.get_field("source")
        return field.clean(self.cleaned_data["source"], None)

    def clean(self):
        cleaned = super().clean()
        text, file = cleaned.get("text", ""), cleaned.get("file")
        if "file" in self.errors or "text" in self.errors:
            return cleaned
        if file is None and not text.strip():
            self.add_error("text", "Collez le texte de l’annonce, ou choisissez un fichier.")
        elif file is not None and text.strip():
            self.add_error("file", "Choisissez\u00a0: un texte collé, ou un fichier, pas les deux.")
        return cleaned
