"""What is asked of a person who brings a file in."""

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from ftap.formfields import INCOMPLETE, LongText


class UploadForm(forms.Form):
    """A file to bring in. `job_fields` are those of its fields that the import itself keeps."""

    job_fields: tuple[str, ...] = ()

    file = forms.FileField(
        label="Fichier",
        max_length=250,
        error_messages={
            "required": "Choisissez un fichier.",
            "missing": "Choisissez un fichier.",
            "empty": "Ce fichier est vide\u00a0: refaites l’export, puis déposez-le de nouveau.",
            "max_length": "Le nom de ce fichier est trop long\u00a0: renommez-le.",
        },
    )

    def __init__(self, *args, user, asked=None, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.user = user
        self.ask(asked or {})
        formats = ", ".join(name.upper() for name in settings.IMPORT_FORMATS)
        size = filesizeformat(settings.IMPORT_MAX_BYTES)
        self.fields["file"].help_text = f"Formats acceptés\u00a0: {formats}. {size} au plus."
        self.fields["file"].widget.attrs["accept"] = ",".join(
            f".{name}" for name in settings.IMPORT_FORMATS
        )

    def ask(self, asked) -> None:
        """Prepare the fields for this person; `asked` is the query of the page's address."""


class ConfirmForm(forms.Form):
    """The confirmation of what a page showed, sealed."""

    seen = forms.CharField(
        max_length=64, widget=forms.HiddenInput, error_messages={"required": INCOMPLETE}
    )
    comment = LongText(
        label="Motif ou précision",
        required=False,
        rows=3,
        help_text="Facultatif. Gardé dans l’historique de chaque élément écrit.",
    )
