"""Figures that the text of an announcement states, each with its sentence."""

import re
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation

from laureates.importers.text import prose
from laureates.importers.text.reading import Block
from laureates.models import Claim
from laureates.typography import fold

_NUMBERS = dict(
    zip(
        [
            "un",
            "deux",
            "trois",
            "quatre",
            "cinq",
            "six",
            "sept",
            "huit",
            "neuf",
            "dix",
            "onze",
            "douze",
            "treize",
            "quatorze",
            "quinze",
            "seize",
            "dix-sept",
            "dix-huit",
            "dix-neuf",
            "vingt",
        ],
        range(1, 21),
        strict=True,
    )
)
_COUNT = rf"(?P<count>\d[\d ]{{0,8}}|\b(?:{'|'.join(_NUMBERS)}))"
_THINGS = r"(?:dossiers?|candidatures?|projets?|laureats?|propositions?)"
_OF_KIND = r"(?: (?:de|d'|des) ?\w+| \w+){0,2}?"
_COUNTED = (
    (
        Claim.Subject.APPLICATIONS,
        re.compile(
            rf"{_COUNT} (?:nouveaux? |nouvelles? )?{_THINGS}{_OF_KIND}"
            r" (?:ont ete |ete |sont |etaient )?(?:recu|depose|presente|candidat)\w*"
        ),
    ),
    (
        Claim.Subject.APPLICATIONS,
        re.compile(rf"\b(?:recu|enregistre|examine|instruit) {_COUNT} {_THINGS}"),
    ),
    (
        Claim.Subject.LAUREATES,
        re.compile(
            rf"\b(?:retenu|selectionne|designe|distingue) {_COUNT} (?:nouveaux? )?{_THINGS}"
        ),
    ),
    (
        Claim.Subject.LAUREATES,
        re.compile(
            rf"{_COUNT} (?:nouveaux? |premiers? )?(?:dossiers|projets|candidatures)"
            r" (?:ont ete |ete |sont )?(?:retenu|selectionne|laureat|finance)\w*"
        ),
    ),
    (
        Claim.Subject.LAUREATES,
        re.compile(rf"{_COUNT} (?:nouveaux? |premiers? )?laureats?\b(?: depuis \w+ 20\d\d)?"),
    ),
)
_SUM = (
    r"\d[\d ]*(?:[.,]\d+)? ?(?:milliards?(?: d'euros| €)?|millions?(?: d'euros| €)?|md€|m€|k€|€|"
    r"euros?|meur|keur)"
)
_SUM_PARTS = re.compile(r"(?P<number>\d[\d ]*(?:[.,]\d+)?) ?(?P<unit>\D+)")
_ABOUT = r"(?:pres de|plus de|environ|quelque|autour de|moins de|jusqu'a|au moins) "
_BOUNDS = re.compile(rf"\b(?:de|entre) (?P<lower>{_SUM}) (?:a|et) (?P<upper>{_SUM})")
_AMOUNT = re.compile(rf"(?P<about>{_ABOUT})?(?P<sum>{_SUM})(?: sur (?:\d+|\w+) ans)?")
_FACTORS = (
    ("milliard", 10**9),
    ("md", 10**9),
    ("million", 10**6),
    ("m€", 10**6),
    ("meur", 10**6),
    ("k", 10**3),
)
_FUND = re.compile(r"\bdepuis\b|\bau total\b|\bdesormais\b|\bdepuis sa creation\b|\bcumul")
_ENDOWMENT = re.compile(r"\bdotee?s?\b|\bdotation\b")
_COMMITTED = re.compile(
    r"\b(?:mobilis|engag|financ|souten|soutien|accord|beneficie|investi|pour un montant)"
)
VALUE_MAX = Decimal(10) ** 13
# Longer, it is no sentence; more, it is no announcement.
_SENTENCE_MAX = 3_000
FIGURES_MAX = 200


@dataclass
class Figure:
    """A figure as the source states it; `subject` is empty where the text does not settle it.

    Amounts are in euros, as texts.
    """

    subject: str
    label: str
    sentence: str
    value: str = ""
    lower: str = ""
    upper: str = ""
    exactness: str = Claim.Exactness.EXACT
    scope: str = Claim.Scope.SESSION
    is_kept: bool = True


def read(blocks: list[Block]) -> list[dict]:
    """The figures that these blocks state, in order, each once, at most FIGURES_MAX."""
    found = {}
    for block in blocks:
        for sentence in prose.sentences(block.text):
            if len(sentence) > _SENTENCE_MAX or len(found) >= FIGURES_MAX:
                continue
            for figure in _in_sentence(sentence):
                key = (figure.subject, figure.scope, figure.value, figure.lower, figure.upper)
                found.setdefault(key, figure)
    return [asdict(figure) for figure in found.values()]


def announced_laureates(title: str, figures: list[dict]) -> int | None:
    """How many laureates the page says it lists: in the heading of the list, else in a figure."""
    words = fold(title)
    if match := re.search(rf"{_COUNT}\b", words):
        return _integer(match["count"])
    for figure in figures:
        if (figure["subject"], figure["scope"]) == (Claim.Subject.LAUREATES, Claim.Scope.SESSION):
            return int(Decimal(figure["value"]))
    return None


def _in_sentence(sentence):
    text = _aligned(sentence)
    scope = Claim.Scope.FUND if _FUND.search(text) else Claim.Scope.SESSION
    taken = []
    for subject, pattern in _COUNTED:
        for match in pattern.finditer(text):
            start, end = match.span()
            number = _integer(match["count"])
            if number is None or any(start < other[1] and other[0] < end for other in taken):
                continue
            taken.append((start, end))
            about = _about(text, match.start("count"))
            yield Figure(
                subject,
                sentence[about if about is not None else match.start("count") : end].strip(),
                sentence,
                value=str(number),
                exactness=_exactness(about is not None),
                scope=scope,
            )
    for match in _BOUNDS.finditer(text):
        lower, upper = _euros(match["lower"]), _euros(match["upper"])
        if lower is not None and upper is not None and lower <= upper:
            taken.append(match.span())
            yield Figure(
                Claim.Subject.PROJECT_AMOUNT,
                sentence[match.start() : match.end()],
                sentence,
                lower=str(lower),
                upper=str(upper),
            )
    for match in _AMOUNT.finditer(text):
        start, end = match.span()
        value = _euros(match["sum"])
        if value is None or any(start < other[1] and other[0] < end for other in taken):
            continue
        yield Figure(
            _subject(text, start),
            sentence[start:end].strip(),
            sentence,
            value=str(value),
            exactness=_exactness(match["about"]),
            scope=Claim.Scope.FUND if _subject(text, start) == "endowment" else scope,
        )


def _aligned(sentence):
    """The sentence without accents nor odd spaces, character for character."""
    plain = []
    for char in sentence:
        folded = " " if char.isspace() else fold(char)
        plain.append(folded if len(folded) == 1 else char)
    return "".join(plain)


def _subject(text, start):
    if _ENDOWMENT.search(text[:start]) and len(text[:start]) < 400:
        return Claim.Subject.ENDOWMENT
    return Claim.Subject.AMOUNT if _COMMITTED.search(text) else ""


def _about(text, start):
    match = re.search(rf"{_ABOUT}$", text[:start])
    return match.start() if match else None


def _exactness(is_about):
    return Claim.Exactness.APPROXIMATE if is_about else Claim.Exactness.EXACT


def _integer(text):
    text = text.strip()
    if text in _NUMBERS:
        return _NUMBERS[text]
    digits = text.replace(" ", "")
    number = int(digits) if digits.isascii() and digits.isdigit() else 0
    return number if 0 < number < 10**6 else None


def _euros(text):
    parts = _SUM_PARTS.match(text)
    try:
        number = Decimal(parts["number"].replace(" ", "").replace(",", "."))
    except InvalidOperation:
        return None
    unit = parts["unit"].strip()
    factor = next((factor for start, factor in _FACTORS if unit.startswith(start)), 1)
    value = number * factor
    if not 0 < value < VALUE_MAX or value != round(value, 2):
        return None
    return value.quantize(Decimal(1)) if value == int(value) else value.quantize(Decimal("0.01"))
