"""Pages of a list, by number. Unlike pages for readers, one that does not exist is an error:
a program that goes from page to page must stop at the last."""

from dataclasses import dataclass
from urllib.parse import urlencode

from laureates.api.errors import BadParameter, MissingPage

DEFAULT_SIZE = 20
MAX_SIZE = 100
MAX_DIGITS = 9  # beyond, a database could not take the offset


@dataclass(frozen=True)
class Page:
    """Page `number` of `last`, of `size` rows, of a list of `total`."""

    number: int
    last: int
    size: int
    total: int

    @property
    def span(self) -> slice:
        start = (self.number - 1) * self.size
        return slice(start, start + self.size)

    def links(self, address: str, query: str) -> dict[str, str | None]:
        """Addresses of the other pages under `query`, None for those that do not exist."""

        def link(number):
            pages = {} if number == 1 else {"page": number}
            sizes = {} if self.size == DEFAULT_SIZE else {"par_page": self.size}
            full = "&".join(filter(None, (query, urlencode(sizes | pages))))
            return f"{address}?{full}" if full else address

        return {
            "premiere": link(1),
            "precedente": link(self.number - 1) if self.number > 1 else None,
            "suivante": link(self.number + 1) if self.number < self.last else None,
            "derniere": link(self.last),
        }


def read(parameters, total: int) -> Page:
    """The page that `parameters` ask for, of a list of `total` rows."""
    size = _whole(parameters, "par_page", DEFAULT_SIZE)
    if not 1 <= size <= MAX_SIZE:
        raise BadParameter(
            "par_page", f"Le paramètre par_page est un nombre entier de 1 à {MAX_SIZE}."
        )
    number = _whole(parameters, "page", 1)
    if number < 1:
        raise BadParameter("page", "Le paramètre page est un nombre entier, à partir de 1.")
    last = max(1, -(-total // size))
    if number > last:
        which = "la première est la seule" if last == 1 else f"la dernière est la {last}"
        raise MissingPage(f"Cette page n’existe pas\u00a0: {which}.")
    return Page(number, last, size, total)


def _whole(parameters, name: str, default: int) -> int:
    """A whole number as typed; one too long to be read stands for one beyond every limit."""
    typed = parameters.get(name, "")
    if not typed:
        return default
    if not (typed.isascii() and typed.isdigit()):
        raise BadParameter(name, f"Le paramètre {name} est un nombre entier, écrit en chiffres.")
    return int(typed) if len(typed) <= MAX_DIGITS else 10**MAX_DIGITS
