"""What people type in forms of acts: days, amounts, long texts, and the version that they read."""

import re
from decimal import Decimal

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from ftap.modelforms import MultilineField

TEXT_MAX = 20_000
INCOMPLETE = "Cette page est incomplète\u00a0: rouvrez-la, puis recommencez."


def say(form, error) -> None:
    """Add a gate's refusal to a form, beside the field it is about where there is one."""
    if hasattr(error, "error_dict"):
        for name, errors in error.error_dict.items():
            known = name if name in form.fields and name != NON_FIELD_ERRORS else None
            form.add_error(known, errors)
    else:
        form.add_error(None, error)


class DayField(forms.DateField):
    """A day, picked from a calendar or typed as 31/12/2027."""

    default_error_messages = {"invalid": "Écrivez la date ainsi\u00a0: 31/12/2027."}

    def __init__(self, **kwargs):
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        super().__init__(**{"widget": widget, "input_formats": ["%Y-%m-%d", "%d/%m/%Y"], **kwargs})


class LongText(MultilineField):
    def __init__(self, *, rows=5, **kwargs):
        kwargs.setdefault("max_length", TEXT_MAX)
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **kwargs)


class VersionField(forms.IntegerField):
    """The version that the page was opened on; `incomplete` is said of a page without one."""

    widget = forms.HiddenInput

    def __init__(self, *, incomplete=INCOMPLETE, **kwargs):
        names = ("required", "invalid", "min_value", "max_value")
        kwargs.setdefault("error_messages", dict.fromkeys(names, incomplete))
        super().__init__(**{"min_value": 0, "max_value": 2**31 - 1, **kwargs})


class AmountField(forms.DecimalField):
    """Euros as French people type them: « 1 250 000 », « 1250000,50 », « 35 000 € ».

    A single point may mean thousands or cents: followed by three digits, it is refused.
    """

    default_error_messages = {
        "invalid": "Écrivez un montant en euros, par exemple 1 250 000 ou 1 250 000,50.",
        "ambiguous": (
            "Écrivez ce montant sans point\u00a0: «\u00a0%(value)s\u00a0» peut se lire de deux "
            "façons."
        ),
        "max_digits": "Ce montant a trop de chiffres.",
        "max_whole_digits": "Ce montant a trop de chiffres.",
        "max_decimal_places": "Un montant a deux décimales au plus.",
        "min_value": "Un montant n’est pas négatif.",
    }

    def __init__(self, **kwargs):
        super().__init__(
            **{
                "max_digits": 14,
                "decimal_places": 2,
                "min_value": 0,
                "widget": forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
                **kwargs,
            }
        )

    def to_python(self, value):
        if isinstance(value, str):
            value = re.sub(r"[\s€]", "", value)
            if re.search(r"\.\d{3}(?!\d)", value):
                raise ValidationError(
                    self.error_messages["ambiguous"], "ambiguous", params={"value": value}
                )
            value = value.replace(",", ".")
        return super().to_python(value)

    def prepare_value(self, value):
        if not isinstance(value, Decimal | int):
            return value
        whole = value == int(value)
        text = f"{value:,.0f}" if whole else f"{value:,.2f}"
        return text.replace(",", "\u202f").replace(".", ",")
