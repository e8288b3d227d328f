"""The structured data of a page: where it stands in the site, and what it shows."""

from collections.abc import Sequence

from django.http import HttpRequest
from django.utils.safestring import SafeString

from ftap.context_processors import site
from ftap.fast import address
from ftap.templatetags.json_ld import json_ld
from laureates.opendata import jsonld


def linked_data(request: HttpRequest, trail: Sequence[tuple[str, str]], *nodes: dict) -> SafeString:
    """The JSON-LD of a page, for base.html: its breadcrumb and its nodes.

    `trail` gives the name and path of each page below the home page, this one last.
    """
    site_url = site(request)["SITE_URL"]
    steps = (("Accueil", address("laureates:home")), *trail)
    breadcrumb = jsonld.breadcrumb((name, f"{site_url}{path}") for name, path in steps)
    return json_ld(jsonld.page(breadcrumb, *nodes))
