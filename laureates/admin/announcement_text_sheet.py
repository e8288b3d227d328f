"""What the pages on which a draft is corrected have in common.

What is posted is named after what it answers (« role:12 », « name:direction du budget »), never
after a place on the page. Only what differs from the draft is an answer: a field left alone says
nothing. What was typed comes back after a refusal.
"""

from django.core.paginator import Paginator
from django.utils.functional import cached_property

from ftap.refusals import Refusal
from laureates.importers.text import settling
from laureates.matching import Matcher
from laureates.models import Organisation

OTHER = "other"
_LIST_MAX = 3_000


class Sheet:
    """A page of a draft. `asked` is the query of its address; `posted`, what was typed, if it was.

    `name` is one of settling.PAGES.
    """

    name = ""
    per_page = 60

    def __init__(self, row, asked, posted=None, key=""):
        self.row, self.asked, self.posted, self.key = row, asked, posted, key
        self.found = row.content

    @property
    def template(self):
        return f"admin/laureates/announcementtext/{self.name}.html"

    @property
    def label(self):
        return settling.PAGES[self.name]

    @cached_property
    def items(self):
        """What is left to settle here."""
        return [item for item in settling.left(self.found) if self.concerns(item)]

    def concerns(self, item) -> bool:
        return item.page == self.name

    @property
    def checks(self):
        return [item for item in self.items if item.code]

    def entries(self) -> list:
        """All that may be corrected here, before it is cut into pages."""
        return []

    def key_of(self, entry) -> str:
        """What an item of settling.left calls this entry."""
        return entry["key"]

    def anchor(self, key: str) -> str:
        return f"e-{key}".replace(" ", "-")

    @cached_property
    def page(self):
        pages = Paginator(self.entries(), self.per_page)
        page = pages.get_page(self.asked.get("page", "1")[:12])
        page.object_list = [self.shown(entry) for entry in page.object_list]
        return page

    def shown(self, entry):
        return entry

    def changes(self) -> dict:
        """The answers that were posted; Refusal, in French, where one cannot be read."""
        return {"checks": self.posted.getlist("seen")}

    def typed(self, name, value):
        """What was typed in a field, else `value`."""
        return value if self.posted is None else self.posted.get(name, value)

    def ticked(self, name, value):
        return value if self.posted is None else name in self.posted

    def posts(self, prefix):
        """(what it is about, text) of each posted field of a kind."""
        return [
            (name.removeprefix(prefix), text)
            for name, text in self.posted.items()
            if name.startswith(prefix)
        ]


def organisation_named(text: str, matcher: Matcher) -> str:
    """The slug of the organisation that a person typed the name of; Refusal where there is none."""
    organisation = matcher.bearer(text) if text.strip() else None
    if organisation is None:
        raise Refusal(
            f"«\u00a0{text.strip()}\u00a0» n’est le nom d’aucun organisme de la liste\u00a0: "
            "reprenez-le tel que la liste le propose, ou choisissez «\u00a0créer\u00a0»."
            if text.strip()
            else "Indiquez le nom de l’autre organisme."
        )
    return organisation.slug


def organisation_names() -> list[str]:
    return list(Organisation.objects.order_by("slug").values_list("name", flat=True)[:_LIST_MAX])
