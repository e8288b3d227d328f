"""Pages of a list: their links, and what to say of a page number that does not exist."""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

MAX_DIGITS = 9  # beyond, a database could not take the offset


@dataclass(frozen=True)
class Listed:
    """A list as a paginator cuts it: its length, and its rows from a rank to another."""

    length: int
    read: Callable[[int, int], list]
    ordered = True

    def __len__(self):
        return self.length

    def __getitem__(self, rows: slice):
        return self.read(rows.start, rows.stop)


@dataclass(frozen=True)
class PageLink:
    """An entry of the pagination: `label` alone is an ellipsis."""

    label: str
    url: str = ""
    is_current: bool = False


@dataclass(frozen=True)
class Pages:
    """One page of a list, as the component components/pagination.html shows it.

    `problem` is a French message when the page asked for does not exist.
    """

    page: Page
    links: list[PageLink]
    previous_url: str = ""
    next_url: str = ""
    first_url: str = ""
    last_url: str = ""
    problem: str = ""

    def __iter__(self):
        return iter(self.page)

    @property
    def unqualified(self) -> list[tuple]:
        """Its rows, as a list of cards takes them when nothing is to be said of each."""
        return [(row, "") for row in self.page]

    @property
    def total(self) -> int:
        return self.page.paginator.count

    @property
    def is_needed(self) -> bool:
        return self.page.paginator.num_pages > 1


def paginate(rows: QuerySet | Listed, asked: str, size: int, url) -> Pages:
    """The page `asked` of `rows`, or the nearest one with a problem.

    `url(number)` is the address of a page.
    """
    paginator = Paginator(rows, size)
    number, problem = _read(asked, paginator.num_pages)
    page = paginator.page(number)
    links = [
        PageLink(str(item), "" if item == paginator.ELLIPSIS else url(item), item == number)
        for item in paginator.get_elided_page_range(number, on_each_side=2, on_ends=1)
    ]
    return Pages(
        page=page,
        links=links,
        previous_url=url(number - 1) if page.has_previous() else "",
        next_url=url(number + 1) if page.has_next() else "",
        first_url=url(1) if page.has_previous() else "",
        last_url=url(paginator.num_pages) if page.has_next() else "",
        problem=problem,
    )


def _read(asked: str, last: int) -> tuple[int, str]:
    if not asked:
        return 1, ""
    shown = "".join(char for char in asked if char.isprintable())[:20]
    if not (asked.isascii() and asked.isdigit()):
        return 1, f"«\u00a0{shown}\u00a0» n’est pas un numéro de page\u00a0: voici la première."
    number = int(asked) if len(asked) <= MAX_DIGITS else last + 1
    if number < 1:
        return 1, f"La page {shown} n’existe pas\u00a0: voici la première."
    if number > last:
        which = "la première, qui est la seule" if last == 1 else f"la dernière, la {last}"
        return last, f"La page {shown} n’existe pas\u00a0: voici {which}."
    return number, ""
