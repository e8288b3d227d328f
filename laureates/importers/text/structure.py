"""The role of each block of an announcement: text, list of laureates, what is left aside.

After the heading of the list, a laureate is a title, its carriers, its description; headings of
groups stand between. A role that the text does not settle is a doubt: it says why, and what the
block may be; a person chooses.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from laureates.importers.text.carriers import names_carriers
from laureates.importers.text.documents import describes_document
from laureates.importers.text.reading import Block
from laureates.matching import Matcher
from laureates.typography import fold

TITLE_MAX = 300


class Role(StrEnum):
    HEADING = "heading"
    INTRO = "intro"
    LIST = "list"
    GROUP = "group"
    TITLE = "title"
    CARRIERS = "carriers"
    DESCRIPTION = "description"
    DOCUMENT = "document"
    END = "end"
    ASIDE = "aside"


LABELS = {
    Role.HEADING: "intitulé de la page",
    Role.INTRO: "texte de l’annonce",
    Role.LIST: "début de la liste des lauréats",
    Role.GROUP: "intitulé d’un groupe de projets",
    Role.TITLE: "titre d’un projet",
    Role.CARRIERS: "porteurs du projet",
    Role.DESCRIPTION: "description du projet",
    Role.DOCUMENT: "document listé",
    Role.END: "fin de la liste des lauréats",
    Role.ASIDE: "à laisser de côté",
}


@dataclass
class Reading:
    """What a block is taken for; `doubt`, a French sentence, where that is not sure, with the
    other roles that it may have."""

    role: Role
    doubt: str = ""
    choices: list[Role] = field(default_factory=list)


_LIST = re.compile(
    r"(?:voici )?(?:la |ci-dessous la )?liste (?:complete )?(?:des|de|du)\b.*"
    r"|(?:les|voici les) (?:\d+ )?(?:\w+ )?(?:projets|dossiers|laureats)\b.*"
    r"|(?:projets|dossiers) (?:laureats|retenus|selectionnes)\b.*|laureats\b.*"
)
_ABOUT = re.compile(r"laureat|retenu|selectionne")
_PAGE_TITLE = re.compile(r"annonce|laureat|resultat|selection|palmares")
_FOOTER = re.compile(
    r"pour en savoir plus|en savoir plus|telecharge|a (?:lire|voir|telecharger) aussi|voir aussi|"
    r"retrouvez|decouvrez|contacts?\b|partager|documents?(?: joints?| a telecharger)?$|annexes?$|"
    r"liens utiles|haut de page|imprimer|mots?-cles|a propos|nous suivre|mentions legales"
)
_NO_STOP = (
    "Cette ligne n’a pas de point final\u00a0: texte de l’annonce, ou habillage de la page\u202f?"
)
_BOTH = "Cette ligne et sa voisine se lisent toutes deux comme des porteurs."
_ALONE = "Cette ligne est seule\u00a0: titre, porteurs, intitulé de groupe ou fin de description."
_EXTRA = "Cette ligne précède un titre\u00a0: intitulé de groupe, ou fin de ce qui précède."
_NO_LIST = "Aucun titre n’annonce la liste des lauréats\u00a0: la liste commencerait ici."
_NO_SIGN = "Rien ne montre que cette ligne nomme des porteurs\u00a0: est-ce bien le cas\u202f?"
_IN_LIST = [Role.TITLE, Role.CARRIERS, Role.GROUP, Role.DESCRIPTION, Role.ASIDE]
_OF_LAUREATES = frozenset({Role.TITLE, Role.CARRIERS, Role.GROUP, Role.DESCRIPTION})


def read(
    blocks: list[Block], matcher: Matcher, given: Mapping[int, Role] | None = None
) -> list[Reading]:
    """What each block is, in order; `given` are roles that a person settled, by rank.

    A list that a person begins or ends elsewhere is read again from there.
    """
    if not blocks:
        return []
    given = given or {}
    start, heading = _start(blocks, matcher, given)
    placed = [index for index, role in given.items() if role in _OF_LAUREATES]
    start = min([start, *placed])
    ends = [index for index, role in given.items() if role == Role.END and index >= start]
    end = min(ends) if ends else _end(blocks, max([start, *(index + 1 for index in placed)]))
    readings = [_before(index, block) for index, block in enumerate(blocks[:start])]
    if heading is not None and heading < start:
        readings[heading] = Reading(Role.LIST)
    listed = _listed(blocks[start:end], matcher)
    if heading is None and listed:
        listed[0].doubt = f"{_NO_LIST} {listed[0].doubt}".strip()
        listed[0].choices = listed[0].choices or [*_IN_LIST, Role.INTRO]
    readings = [*readings, *listed, *_after(blocks, end)]
    for index, role in given.items():
        readings[index] = Reading(role)
    return readings


def is_short(block: Block) -> bool:
    """Whether a block may be a title or a line of names: a heading, or a line without full stop."""
    if block.depth or len(block.text) > TITLE_MAX:
        return False
    return bool(block.level) or not block.text.endswith((".", ";", "!", "?", "…", ":", ","))


# Where the list begins and ends ----------------------------------------------


def _start(blocks, matcher, given):
    """(first block of the list, index of its heading or None)."""
    headings = [index for index, role in given.items() if role == Role.LIST]
    if headings:
        return min(headings) + 1, min(headings)
    for must_end in (True, False):
        for index, block in enumerate(blocks[:-1]):
            if index in given:
                continue
            words = fold(block.text)
            is_heading = bool(block.level) or block.text.endswith(":")
            if (
                len(words) <= 160
                and not block.depth
                and _LIST.fullmatch(words)
                and _ABOUT.search(words)
                and (is_heading or (not must_end and is_short(block)))
            ):
                return index + 1, index
    for index in range(1, len(blocks) - 1):
        before, block, after = blocks[index - 1 : index + 2]
        if (
            not {index - 1, index} & given.keys()
            and is_short(before)
            and is_short(block)
            and not is_short(after)
            and names_carriers(block.text, matcher)
            and not names_carriers(before.text, matcher)
        ):
            return index - 1, None
    return len(blocks), None


def _end(blocks, start):
    for index in range(start, len(blocks)):
        block = blocks[index]
        if len(block.text) <= 160 and not block.text.endswith(".") and not block.depth:
            ends = _FOOTER.match(fold(block.text)) or describes_document(block.text)
            if ends:
                is_title_before = (
                    index > start and describes_document(block.text) and is_short(blocks[index - 1])
                )
                return index - 1 if is_title_before else index
    return len(blocks)


def _before(index, block):
    if block.level or (is_short(block) and _PAGE_TITLE.search(fold(block.text))):
        is_title = index < 12 and _PAGE_TITLE.search(fold(block.text))
        return Reading(Role.HEADING if is_title else Role.INTRO if block.level else Role.ASIDE)
    if is_short(block) and (len(block.text) > 100 or "«" in block.text):
        return Reading(Role.INTRO, _NO_STOP, [Role.INTRO, Role.HEADING, Role.ASIDE])
    return Reading(Role.ASIDE if is_short(block) else Role.INTRO)


def _after(blocks, end):
    """What follows the list: documents, and what the page says of something else."""
    readings = [Reading(Role.ASIDE) for _ in blocks[end:]]
    for offset, block in enumerate(blocks[end:]):
        if describes_document(block.text):
            readings[offset] = Reading(Role.DOCUMENT)
            has_title = offset and is_short(blocks[end + offset - 1])
            if has_title and readings[offset - 1].role == Role.ASIDE:
                readings[offset - 1] = Reading(Role.DOCUMENT)
    return readings


# Inside the list -------------------------------------------------------------


def _listed(blocks, matcher):
    readings = [Reading(Role.DESCRIPTION) for _ in blocks]
    levels = sorted({block.level for block in blocks if block.level})
    index = 0
    while index < len(blocks):
        end = index
        while end < len(blocks) and is_short(blocks[end]):
            end += 1
        if end == index:
            index += 1
            continue
        run = blocks[index:end]
        if any(block.level for block in run):
            readings[index:end] = _headed(run, levels, matcher)
        else:
            readings[index:end] = _run(run, matcher)
        index = end
    _settle_titles_alone(blocks, readings)
    return readings


def _headed(run, levels, matcher):
    """A run of short lines where headings tell titles from groups."""
    readings = []
    for offset, block in enumerate(run):
        previous = readings[-1].role if readings else None
        is_deepest = len(levels) == 1 or block.level == levels[-1]
        if block.level and is_deepest:
            is_followed = offset + 1 < len(run) and not run[offset + 1].level
            readings.append(Reading(Role.TITLE))
            if not is_followed:
                continue
        elif block.level:
            readings.append(Reading(Role.GROUP))
        elif names_carriers(block.text, matcher):
            readings.append(Reading(Role.CARRIERS))
        elif previous == Role.TITLE:
            choices = [Role.CARRIERS, Role.DESCRIPTION, Role.ASIDE]
            readings.append(Reading(Role.CARRIERS, _NO_SIGN, choices))
        else:
            readings.append(Reading(Role.DESCRIPTION))
    return readings


def _run(run, matcher):
    """Short lines between two descriptions: a title and its carriers, most often."""
    named = [names_carriers(block.text, matcher) for block in run]
    if len(run) == 1:
        role = Role.CARRIERS if named[0] else Role.TITLE
        return [Reading(role, _ALONE, list(_IN_LIST))]
    readings = [None] * len(run)
    offset = 0
    while offset < len(run):
        rest = len(run) - offset
        if rest >= 2 and named[offset + 1] and not named[offset]:
            readings[offset] = Reading(Role.TITLE)
            readings[offset + 1] = Reading(Role.CARRIERS)
            offset += 2
            while offset < len(run) and named[offset] and not _begins_pair(named, offset):
                readings[offset] = Reading(Role.CARRIERS)
                offset += 1
        elif rest == 2:
            doubt = _BOTH if all(named[offset:]) else _NO_SIGN
            if named[offset] and not named[offset + 1]:
                doubt = "Les porteurs semblent précéder le titre\u00a0: est-ce bien le cas\u202f?"
                roles = (Role.CARRIERS, Role.TITLE)
            else:
                roles = (Role.TITLE, Role.CARRIERS)
            for role in roles:
                readings[offset] = Reading(role, doubt, list(_IN_LIST))
                offset += 1
        else:
            role = Role.CARRIERS if named[offset] else Role.GROUP
            readings[offset] = Reading(role, _ALONE if rest == 1 else _EXTRA, list(_IN_LIST))
            offset += 1
    return readings


def _begins_pair(named, offset):
    return offset + 1 < len(named) and named[offset + 1] and offset + 2 == len(named)


def _settle_titles_alone(blocks, readings):
    """Where every laureate is named by its carriers alone, that is how the list is made."""
    roles = [reading.role for reading in readings]
    if Role.CARRIERS in roles and Role.TITLE not in roles and roles.count(Role.CARRIERS) > 1:
        for reading in readings:
            if reading.role == Role.CARRIERS:
                reading.doubt, reading.choices = "", []
