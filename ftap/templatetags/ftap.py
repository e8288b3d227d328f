"""Formatting only: amounts and figures as French State pages write them."""

from decimal import Decimal

from django import template
from django.utils.formats import date_format
from django.utils.timezone import is_aware, localtime

register = template.Library()

NBSP = "\u00a0"
NARROW_NBSP = "\u202f"


@register.filter
def number(value):
    """1234567 → « 1 234 567 », 1201.7 → « 1 201,7 »; None → «»."""
    if value is None:
        return ""
    if isinstance(value, int):
        return f"{value:,}".replace(",", NARROW_NBSP)
    value = Decimal(value)
    decimals = 0 if value == value.to_integral_value() else None
    text = f"{value:,.0f}" if decimals == 0 else f"{value.normalize():,f}"
    return text.replace(",", NARROW_NBSP).replace(".", ",")


@register.filter
def euros(value):
    """1234567 → « 1 234 567 € »; None → « montant non communiqué » (unknown is never 0)."""
    if value is None:
        return "montant non communiqué"
    value = Decimal(value)
    text = f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"
    return text.replace(",", NARROW_NBSP).replace(".", ",") + f"{NBSP}€"


@register.filter
def french_date(value):
    """A date → « 1er septembre 2019 », « 25 septembre 2019 »; a moment is read in local time."""
    if value is None:
        return ""
    if hasattr(value, "tzinfo") and is_aware(value):
        value = localtime(value)
    day = "1er" if value.day == 1 else str(value.day)
    return f"{day}{NBSP}{date_format(value, 'F Y')}"
