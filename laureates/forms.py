"""Forms of the public pages."""

from django import forms
from django.utils.http import url_has_allowed_host_and_scheme

from laureates.models import ErrorReport

PAGE_LENGTH = ErrorReport._meta.get_field("page").max_length
MESSAGE_LENGTH = ErrorReport._meta.get_field("message").max_length


def local_path(text: str) -> str:
    """`text` when it is a path of this site, with or without a query; otherwise empty."""
    is_path = (
        text.startswith("/")
        and len(text) <= PAGE_LENGTH
        and text.isprintable()
        and url_has_allowed_host_and_scheme(text, allowed_hosts=None)
    )
    return text if is_path else ""


class TextAreaField(forms.CharField):
    """A text of several lines, whose length is counted as browsers count it.

    They send each end of line as two characters and count it as one.
    """

    widget = forms.Textarea

    def to_python(self, value):
        value = super().to_python(value)
        return value.replace("\r\n", "\n") if isinstance(value, str) else value


class ReportForm(forms.Form):
    """The report of an error on a public page.

    `site_addresses` are the beginnings of this site's full addresses (« https://… »), without
    trailing slash: such an address is accepted and reduced to its path.
    """

    page = forms.CharField(
        label="Page concernée",
        required=False,
        max_length=PAGE_LENGTH,
        help_text="L’adresse de la page, par exemple /laureats/. Vide si l’erreur est générale.",
        error_messages={
            "max_length": "L’adresse de la page compte au plus %(limit_value)d caractères."
        },
        widget=forms.TextInput(attrs={"class": "fr-input", "autocomplete": "off"}),
    )
    message = TextAreaField(
        label="Description de l’erreur",
        max_length=MESSAGE_LENGTH,
        help_text=(
            "Ce qui est faux ou manque, ce qu’il faudrait lire, et si possible une source. "
            "4\u202f000 caractères au plus."
        ),
        error_messages={
            "required": "Décrivez l’erreur\u00a0: sans description, elle ne peut être corrigée.",
            "max_length": (
                "La description compte %(show_value)d caractères\u00a0; raccourcissez-la à "
                "%(limit_value)d au plus."
            ),
        },
        widget=forms.Textarea(attrs={"class": "fr-input", "rows": 8}),
    )
    email = forms.EmailField(
        label="Votre adresse électronique",
        required=False,
        help_text="Seulement pour vous répondre. Format attendu\u00a0: nom@domaine.fr.",
        error_messages={
            "invalid": (
                "Cette adresse électronique est incomplète ou mal écrite. "
                "Exemple\u00a0: nom@domaine.fr."
            )
        },
        widget=forms.EmailInput(attrs={"class": "fr-input", "autocomplete": "email"}),
    )
    # Nobody sees this field: only a program fills it in.
    website = forms.CharField(
        label="Laissez ce champ vide",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, *args, site_addresses=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.site_addresses = site_addresses

    def clean_page(self):
        page = self.cleaned_data["page"]
        for address in self.site_addresses:
            if page.startswith(f"{address}/"):
                page = page.removeprefix(address)
        if page and not local_path(page):
            raise forms.ValidationError(
                "Indiquez une page de ce site\u00a0: son adresse commence par «\u00a0/\u00a0», "
                "par exemple /laureats/. Sinon, laissez ce champ vide.",
                code="not_local",
            )
        return page

    @property
    def is_from_a_program(self) -> bool:
        return bool(self.cleaned_data["website"])
