"""What the head of an announcement says of itself: title, dates, call, session, committee."""

import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date

from laureates import typography
from laureates.importers.text import days, prose
from laureates.importers.text.reading import Block
from laureates.importers.text.structure import Reading, Role
from laureates.typography import fold

_WEEKDAYS = "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
_PUBLISHED = re.compile(rf"\b(?:publiee?|mise? en ligne|parue?|diffusee?)\s+(?:le\b|{_WEEKDAYS})")
_CALL = re.compile(r"\bappels? a projets?\b[^.;«»]{0,60}?\b(20\d\d)\b")
_SESSION = re.compile(
    r"\b((?:\d{1,2}(?:re|ère|er|e|ème|nde|de|d)|première|deuxième|seconde|troisième|quatrième) "
    r"session|session (?:n[ᵒ°o] ?)?\d{1,2})\b",
    re.IGNORECASE,
)
_COMMITTEE = re.compile(
    r"\b(comité (?:de pilotage|de sélection|d’investissement|d’engagement|stratégique|"
    r"interministériel)(?: (?:du|de la|de l’|des|d’)[^(),.;:]{3,120})?)",
    re.IGNORECASE,
)
# What goes on after the name of a committee and is no part of it.
_AFTER_NAME = re.compile(
    r"\s+(?:a|ont|s’est|qui|réuni|présidé|sous|du \d|le \d|en date|tenu|lors|avec|et a)\b.*"
)
_HAS_CHAIRED = re.compile(
    r"^(?P<chair>.{4,300}?),? (?:a|ont) présidé(?:,|\s|$)|"
    r"(?:présidé par|sous la présidence (?:de |d’|du )) ?(?P<other>[^.;()]{4,300})"
)
_STOP = re.compile(
    rf",? (?:a retenu|a sélectionné|a désigné|s’est|réuni|le (?:{_WEEKDAYS}|\d)|et a |qui s’est).*"
)
FIELDS = (
    "title",
    "call_title",
    "call_year",
    "session_label",
    "committee_name",
    "committee_chair",
    "committee_on",
    "source_on",
)


@dataclass
class Found:
    """A field as read: its value, as a text; the sentence that gives it; what is to be said of it.

    `choices` are the values that the text gives where it contradicts itself: none is taken, and
    a person settles it.
    """

    value: str = ""
    sentence: str = ""
    note: str = ""
    choices: list[str] = field(default_factory=list)
    is_asked: bool = False


def read(blocks: list[Block], readings: list[Reading]) -> dict[str, dict]:
    """The fields of FIELDS, each as a dictionary of Found."""
    end = next(
        (
            index
            for index, reading in enumerate(readings)
            if reading.role in {Role.LIST, Role.TITLE, Role.CARRIERS, Role.GROUP}
        ),
        len(blocks),
    )
    head = [
        (block.text, reading.role)
        for block, reading in zip(blocks[:end], readings[:end], strict=True)
    ]
    headings = [typography.normalise(text) for text, role in head if role == Role.HEADING]
    texts = [sentence for text, _ in head for sentence in prose.sentences(text)]
    published = _published(texts)
    near = date.fromisoformat(published.value) if published.value else None
    year = _year(texts)
    committee = _first(_COMMITTEE, texts, _committee)
    found = {
        "title": _title(headings),
        "call_title": Found(f"Appel à projets {year.value}" if year.value else "", year.sentence),
        "call_year": year,
        "session_label": _first(_SESSION, [*headings, *texts], lambda match: match[1]),
        "committee_name": committee,
        "committee_chair": _chair(texts),
        "committee_on": _committee_day(texts, near),
        "source_on": published,
    }
    return {name: asdict(value) for name, value in found.items()}


def quotes(blocks: list[Block]) -> list[dict]:
    """The quotations of a text, {"words", "sentence"}: five words or more between « and »."""
    found = []
    for block in blocks:
        for sentence in prose.sentences(block.text):
            for words in re.findall(r"«\s*([^«»]+?)\s*»", sentence):
                if len(words.split()) >= 5:
                    found.append({"words": words, "sentence": sentence})
    return found


# Fields ----------------------------------------------------------------------


def _title(headings):
    distinct = list(dict.fromkeys(headings))
    if not distinct:
        return Found(is_asked=True, note="Aucun intitulé n’a été reconnu en tête du texte.")
    if len(distinct) == 1:
        return Found(distinct[0], distinct[0])
    return Found(
        sentence=" · ".join(distinct),
        choices=distinct,
        is_asked=True,
        note="La page porte plusieurs intitulés, qui diffèrent\u00a0: choisissez.",
    )


def _published(texts):
    for text in texts:
        if _PUBLISHED.search(fold(text)):
            for day in days.days(text):
                value = day.value.isoformat() if day.value else ""
                return Found(value, text, day.problem, is_asked=bool(day.problem))
    return Found(note="Aucune date de publication n’est écrite.")


def _year(texts):
    """The year of the call; where several are written, all with the number of their mentions."""
    mentions, sentence = Counter(), {}
    for text in texts:
        for year in _CALL.findall(fold(text)):
            mentions[year] += 1
            sentence.setdefault(year, text)
    if not mentions:
        return Found(is_asked=True, note="Le texte ne dit pas de quel appel à projets il s’agit.")
    if len(mentions) == 1:
        (year,) = mentions
        return Found(year, sentence[year])
    counted = ", ".join(f"{year} ({count}\u00a0fois)" for year, count in mentions.most_common())
    return Found(
        sentence=" · ".join(sentence[year] for year, _ in mentions.most_common()),
        choices=[year for year, _ in mentions.most_common()],
        is_asked=True,
        note=f"Le texte nomme plusieurs appels à projets\u00a0: {counted}. Choisissez celui-ci.",
    )


def _first(pattern, texts, read):
    for text in texts:
        if match := pattern.search(text):
            return Found(read(match), text)
    return Found()


def _committee(match):
    name = _AFTER_NAME.sub("", match[1]).strip()
    return name[:1].upper() + name[1:200]


def _chair(texts):
    for text in texts:
        if "comité" in text.lower() and (match := _HAS_CHAIRED.search(text)):
            name = match["chair"] or _STOP.sub("", match["other"])
            return Found(name.strip(" ,")[:300], text)
    return Found()


def _committee_day(texts, near):
    for text in texts:
        if "comité" not in text.lower():
            continue
        for day in days.days(text, near):
            if day.value is None:
                return Found("", text, day.problem, is_asked=True)
            note = ""
            if day.is_inferred:
                weekday = days.WEEKDAYS[day.value.weekday()]
                note = (
                    f"L’année n’est pas écrite\u202f; celle de la publication convient\u00a0: le "
                    f"{day.value:%d/%m/%Y} est bien un {weekday}."
                )
            return Found(day.value.isoformat(), text, note)
    return Found()
