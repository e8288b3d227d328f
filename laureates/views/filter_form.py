"""The form of the library's filters, in HTML.

Nine facets hold hundreds of values, whose names are the same from one page to the next: each is
rendered once for a version of the public data, with a hole for its count.
"""

from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from ftap import fast
from ftap.templatetags.ftap import number
from laureates.facets import FACETS, Facet, Label
from laureates.filters import LaureateFilterSet, ShownValues

# What stands in the holes of a value until its page is made: no name holds these.
_COUNT, _PLURAL = "\x01", "\x02"


def filter_form(filterset: LaureateFilterSet) -> SafeString:
    """The whole form, with the counts and the ticks of a filter set."""
    if filterset.is_filtered:
        return _form(filterset)
    return filterset.public.kept("filter form", lambda: _form(filterset))


def _form(filterset) -> SafeString:
    facets = []
    for rank, facet in enumerate(FACETS.values()):
        choices = filterset.choices(facet)
        is_open, html = bool(choices.selected) or rank < 2, choices_html(filterset, facet, choices)
        facets.append((facet, choices.selected, is_open, html, not_shown(facet, choices.hidden)))
    return fast.render("filters", facets=facets, library_url=fast.address("laureates:library"))


def not_shown(facet: Facet, hidden: int) -> str:
    """What to say of values that are not shown, "" when all are."""
    if not hidden:
        return ""
    if facet.is_chronological:
        return "Et d’autres, moins récentes"
    s = "s" if hidden > 1 else ""
    return f"Et {number(hidden)} autre{s} valeur{s}, moins fréquente{s}"


def choices_html(filterset, facet: Facet, choices: ShownValues) -> SafeString:
    """The values of a facet, with their counts and their ticks."""
    known = filterset.public.kept(("choices", facet.name), dict)
    html = []
    for value, label, count, is_selected in choices.shown:
        pieces = known.get((value, is_selected))
        if pieces is None:
            pieces = known[value, is_selected] = _pieces(facet, value, label, is_selected)
        before, one, several = pieces
        html.append(before)
        html.append(str(count) if count < 1000 else number(count))
        html.append(several if count > 1 else one)
    return mark_safe("".join(html))  # noqa: S308 - pieces of what fast.render escaped


def _pieces(facet: Facet, value: str, label: Label, is_selected: bool) -> tuple[str, str, str]:
    """The HTML of a value: before its count, after that of one project, of several."""
    before, after = fast.render(
        "choice",
        name=facet.name,
        value=value,
        label=capfirst(label.text),
        level=label.level,
        is_selected=is_selected,
        count=_COUNT,
        plural=_PLURAL,
    ).split(_COUNT)
    return before, after.replace(_PLURAL, ""), after.replace(_PLURAL, "s")
