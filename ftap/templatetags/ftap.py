"""Amounts and figures as French State pages write them; parts of pages rendered once."""

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


class OnceNode(template.Node):
    """Renders its content the first time that a process meets each value of `by`."""

    def __init__(self, nodes, by):
        self.nodes, self.by, self.rendered = nodes, by, {}

    def render(self, context):
        key = tuple(expression.resolve(context) for expression in self.by)
        if key not in self.rendered:
            self.rendered[key] = self.nodes.render(context)
        return self.rendered[key]


@register.tag
def once(parser, token):
    """{% once page %}…{% endonce %}: a part that only the named values change, rendered once each.

    They take few values: names of pages, never what a visitor typed.
    """
    by = [parser.compile_filter(word) for word in token.split_contents()[1:]]
    nodes = parser.parse(("endonce",))
    parser.delete_first_token()
    return OnceNode(nodes, by)


@register.simple_tag(name="fast")
def fast_part(name, **context):
    """{% fast "pagination" pages=pages label="Pages" %}: a part rendered by `ftap.fast`."""
    from ftap import fast  # noqa: PLC0415 - it gives Jinja2 the filters of this module

    return fast.render(name, **context)
