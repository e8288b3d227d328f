"""Parts of pages that hold hundreds of values, rendered by Jinja2: several times faster there.

Their templates stand in the folder `jinja2/fast` of an application. Everything is escaped, as in
Django's own templates, which take what `render` gives as it is.
"""

from datetime import datetime
from functools import cache
from urllib.parse import quote

from django.template import engines
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.timezone import localtime
from jinja2 import Environment, StrictUndefined

from ftap.templatetags.ftap import euros, french_date, number


@cache
def _pattern(name: str, count: int) -> str:
    # Four digits are what every kind of argument takes.
    holes = [f"731{rank}" for rank in range(count)]
    before = get_script_prefix()
    set_script_prefix("/")
    try:
        pattern = reverse(name, args=holes)
    finally:
        set_script_prefix(before)
    for hole in holes:
        pattern = pattern.replace(hole, "{}", 1)
    return pattern


def path(name: str, *parts: str | int) -> str:
    """The path of a page below the prefix under which this process may serve; its arguments stand
    in addresses as they are, as slugs do. Resolving each would take longer than what is shown."""
    return _pattern(name, len(parts)).format(*parts)


def prefix() -> str:
    """The path under which this process serves, without its last slash: what precedes a `path`."""
    return get_script_prefix().removesuffix("/")


def address(name: str, *parts: str | int) -> str:
    """The path of a page, as `reverse` gives it."""
    return prefix() + path(name, *parts)


def _quoted(text: str) -> str:
    """Text as it stands within an address, slashes included."""
    return quote(str(text), safe="")


def iso(moment: datetime | str) -> str:
    """A moment as programs read it; what says one already, as it is."""
    return moment if isinstance(moment, str) else localtime(moment).isoformat()


def environment(**options) -> Environment:
    """For settings.TEMPLATES."""
    options |= {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    made = Environment(**options)  # noqa: S701 - Django's backend turns escaping on
    made.filters |= {
        # Without what it does for lazy texts: nothing here is one.
        "capfirst": capfirst.__wrapped__,
        "euros": euros,
        "french_date": french_date,
        "iso": iso,
        "number": number,
        "quoted": _quoted,
    }
    made.globals["url"] = address
    return made


def render(name: str, /, **context) -> SafeString:
    """The HTML of jinja2/fast/`name`.html."""
    text = engines["jinja2"].env.get_template(f"fast/{name}.html").render(context)
    return mark_safe(text)  # noqa: S308 - escaped by the environment


def source(name: str) -> str:
    """The template jinja2/fast/`name`.html."""
    made = engines["jinja2"].env
    return made.loader.get_source(made, f"fast/{name}.html")[0]
