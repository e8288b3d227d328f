"""Parts of pages that hold hundreds of values, rendered by Jinja2: several times faster there.

Their templates stand in the folder `jinja2/fast` of an application. Everything is escaped, as in
Django's own templates, which take what `render` gives as it is.
"""

from functools import cache

from django.template import engines
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from jinja2 import Environment, StrictUndefined

from ftap.templatetags.ftap import euros, french_date, number


@cache
def _url(name: str) -> str:
    """The address of a page that takes no argument."""
    return reverse(name)


def environment(**options) -> Environment:
    """For settings.TEMPLATES."""
    options |= {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    made = Environment(**options)  # noqa: S701 - Django's backend turns escaping on
    made.filters |= {
        "capfirst": capfirst,
        "euros": euros,
        "french_date": french_date,
        "number": number,
    }
    made.globals["url"] = _url
    return made


def render(name: str, /, **context) -> SafeString:
    """The HTML of jinja2/fast/`name`.html."""
    text = engines["jinja2"].env.get_template(f"fast/{name}.html").render(context)
    return mark_safe(text)  # noqa: S308 - escaped by the environment
