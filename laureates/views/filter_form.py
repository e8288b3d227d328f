"""The form of the library's filters, in HTML.

Nine facets hold hundreds of values, whose names are the same from one page to the next: each is
rendered once for a version of the public data, with holes for its count and its tick.
"""

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from ftap import fast
from ftap.templatetags.ftap import number
from laureates.catalogue import Public
from laureates.facets import FACETS, Facet, Label
from laureates.filters import LaureateFilterSet

# What stands in the holes of a value until its page is made: no name holds these.
_TICK, _COUNT, _PLURAL = "\x01", "\x02", "\x03"


def filter_form(filterset: LaureateFilterSet) -> SafeString:
    """The whole form, with the counts and the ticks of a filter set."""
    parts = []
    for rank, facet in enumerate(FACETS.values()):
        if filterset.is_filtered:
            parts.append(_facet(filterset, facet, rank))
        else:
            key = ("facet", facet.name)
            parts.append(
                filterset.public.kept(
                    key, lambda facet=facet, rank=rank: _facet(filterset, facet, rank)
                )
            )
    return fast.render("filters", facets=parts, library_url=reverse("laureates:library"))


def _facet(filterset, facet: Facet, rank: int) -> SafeString:
    choices = filterset.choices(facet)
    html = []
    for value, label, count, is_selected in choices.shown:
        before, between, after, end = _pieces(filterset.public, facet, value, label)
        tick, plural = " checked" if is_selected else "", "s" if count > 1 else ""
        html.append(f"{before}{tick}{between}{number(count)}{after}{plural}{end}")
    return fast.render(
        "facet",
        facet=facet,
        chosen=choices.selected,
        is_open=bool(choices.selected) or rank < 2,
        choices=mark_safe("".join(html)),  # noqa: S308 - pieces of what fast.render escaped
        hidden=choices.hidden,
    )


def _pieces(public: Public, facet: Facet, value: str, label: Label) -> list[str]:
    """The HTML of a value, cut at its three holes."""

    def make():
        html = fast.render(
            "choice",
            name=facet.name,
            value=value,
            label=capfirst(label.text),
            level=label.level,
            tick=_TICK,
            count=_COUNT,
            plural=_PLURAL,
        )
        before, rest = html.split(_TICK)
        between, rest = rest.split(_COUNT)
        return [before, between, *rest.split(_PLURAL)]

    return public.kept(("choice", facet.name, value), make)
