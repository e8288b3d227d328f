"""The line of carriers, split: a name that contains a comma stays whole.

Every way of cutting the line at its commas, semicolons, bars and « et » is weighed; the best is
the one whose parts are organisations already known, over the most words. What is not known is
kept as written, and asked.
"""

import re
from dataclasses import dataclass

from laureates import typography
from laureates.matching import Matcher
from laureates.models import Carrier
from laureates.typography import fold

LINE_MAX = 2_000
PIECES_MAX = 60
# A name holds at most so many pieces.
_SPAN = 5
_SEPARATOR = re.compile(r"\s*([,;]|\s[/|–]\s|\set\s)\s*")
# How an organisation is named, in its first word or words.
_OPENING = re.compile(
    r"(?:le |la |les |l')?(?:academie|administration (?:centrale|penitentiaire|generale)|agence|"
    r"archives (?:nationales|departementales)|assistance publique|autorite|bibliotheque nationale|"
    r"bureau central|caisse|centre (?:hospitalier|national|regional|interministeriel|des monuments)"
    r"|chambre|chancellerie|chu|cnrs|college|collectivite|comite (?:national|interministeriel)|"
    r"commissariat|commission|communaute|conseil|cour |delegation|departement d|direction|"
    r"ecole|etablissement|etat-major|france travail|gendarmerie|groupement|haut|"
    r"hopital|hospices|imprimerie|inspection|institut|juridiction|mairie|metropole|minist|mission|"
    r"musee|observatoire|office|opera|parquet|police nationale|pole emploi|prefecture|rectorat|"
    r"region |reunion des musees|secretariat|service|services (?:du|de)|syndicat|tresor|tribunal|"
    r"union |universite|urssaf|ville de)"
)
_SIGLE = re.compile(r"[A-Z]{2,}[A-Za-z]*(?:[ -]\w+){0,3}")
# What may introduce the line.
_LABEL = re.compile(
    r"(?:(?:co-?)?porteurs?|(?:projet )?porté(?:e?s?)? par|organismes?|structures? porteuses?)"
    r"(?: du projet)?\s*(?::|(?<=par)\s)\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Part:
    """A carrier as named; `slug` of the organisation known by that name, "" for none.

    `near` are slugs of organisations whose names come close.
    """

    name: str
    slug: str
    near: tuple[str, ...] = ()


def split(line: str, matcher: Matcher) -> list[Part]:
    """The carriers that `line` names, in order; each organisation once."""
    pieces, separators = _pieces(line)
    parts, seen = [], set()
    for start, end in _best(pieces, separators, _Known(matcher)):
        name = _text(pieces, separators, start, end)
        match = matcher.find(name)
        slug = match.organisation.slug if match.organisation else ""
        if (slug or fold(name)) not in seen:
            seen.add(slug or fold(name))
            parts.append(Part(name, slug, tuple(row.slug for row in match.near)))
    return parts


def names_carriers(text: str, matcher: Matcher) -> bool:
    """Whether a line reads as one of carriers rather than as a title."""
    if len(text) > LINE_MAX or text.rstrip().endswith((".", "!", "?", "…")):
        return False
    if _LABEL.match(text) or matcher.bearer(text):
        return True
    pieces, _ = _pieces(text)
    known = _Known(matcher)
    if any(known(piece) for piece in pieces if len(piece) > 3):
        return True
    if not pieces or ":" in pieces[0]:
        return False
    first = fold(pieces[0])
    return bool(_OPENING.match(first) or _SIGLE.fullmatch(pieces[0]))


class _Known:
    """Remembers which names are those of organisations."""

    def __init__(self, matcher):
        self.matcher, self.found = matcher, {}

    def __call__(self, name) -> bool:
        if name not in self.found:
            length = Carrier._meta.get_field("announced_name").max_length
            known = len(name) <= length and self.matcher.bearer(name)
            self.found[name] = bool(known)
        return self.found[name]


def _pieces(line):
    """The pieces of a line between its separators, and the separators, as written."""
    line = _LABEL.sub("", typography.normalise(line), count=1)[:LINE_MAX].strip(" ,;")
    found = _SEPARATOR.split(line)
    pieces, separators = found[::2], [_separator(text) for text in found[1::2]]
    if len(pieces) > PIECES_MAX:
        pieces = re.split(r"\s*[,;]\s*", line)[:PIECES_MAX]
        separators = [", "] * (len(pieces) - 1)
    kept = [index for index, piece in enumerate(pieces) if piece]
    if not kept:
        return ([line] if line else []), []
    return [pieces[i] for i in kept], [separators[i - 1] for i in kept[1:]]


def _separator(text):
    word = text.strip()
    return f"{word} " if word in {",", ";"} else f" {word} "


def _text(pieces, separators, start, end):
    text = pieces[start]
    for index in range(start + 1, end):
        text += separators[index - 1] + pieces[index]
    return text


def _best(pieces, separators, is_known):
    """The bounds of the names in the best way of cutting."""
    # best[end]: (words of known names, − faults, bounds) of the pieces before `end`.
    best = [((0, 0), [])]
    for end in range(1, len(pieces) + 1):
        options = []
        for start in range(max(0, end - _SPAN), end):
            score, bounds = best[start]
            name = _text(pieces, separators, start, end)
            words = len(name.split()) if is_known(name) else 0
            faults = 0 if words else _faults(pieces, separators, start, end)
            options.append(((score[0] + words, score[1] - faults), [*bounds, (start, end)]))
        best.append(max(options, key=lambda option: option[0]))
    return best[-1][1]


def _faults(pieces, separators, start, end):
    """What is odd in taking these pieces for one unknown name."""
    joined = [separators[index] for index in range(start, end - 1)]
    # A comma ends a name and « et » does not, unless what follows begins like another name.
    faults = sum(4 for separator in joined if separator.strip() != "et")
    faults += sum(
        6
        for index in range(start + 1, end)
        if _OPENING.match(fold(pieces[index])) and pieces[index][:1].isupper()
    )
    if start and separators[start - 1].strip() == "et" and not _OPENING.match(fold(pieces[start])):
        faults += 3
    if pieces[start][:1].islower():
        faults += 5
    return faults
