"""The columns of the template, documented once: what is read, written, shown as help, and tested.

Labels are those of the export of the list of laureates, which is read as well.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from ftap.sheets import Kind
from ftap.tables.values import AMOUNT_FORMS, DAY_FORMS
from laureates.matching.references import plain
from laureates.models import Carrier, Laureate

ANNOUNCEMENT, GROUP, LAUREATE = "announcement", "group", "laureate"
CARRIERS_SHOWN = 6
CARRIERS_MAX = 40
REASON = "Motif"
UNDISCLOSED = "non communiqué"
_DAY = f"un jour\u00a0: {DAY_FORMS}"
_AMOUNT = f"{AMOUNT_FORMS}\u202f; vide ou «\u00a0{UNDISCLOSED}\u00a0» s’il n’est pas connu"
_TEXT = "texte"
_ADDRESS = "une adresse en https://"


@dataclass(frozen=True)
class Column:
    """A column of the template: `holds` says what for, `values` what may be written.

    `of` is what it describes. A cell left empty empties a field of the laureate; of the
    announcement or the group, it only says nothing. `required` says when it is due, "" if never.
    """

    name: str
    label: str
    holds: str
    values: str = _TEXT
    example: str = ""
    required: str = ""
    of: str = LAUREATE
    kind: Kind = Kind.TEXT
    width: int | None = None


def _listed(choices):
    return ", ".join(label for _, label in choices)


COLUMNS = (
    Column(
        "public_id",
        "Identifiant public",
        "Désigne un lauréat déjà enregistré, à modifier. Il figure dans son adresse et dans les "
        "exports.",
        "l’identifiant tel qu’exporté, ou vide pour un nouveau lauréat",
        "k7mq2xw9ab",
        width=16,
    ),
    Column(
        "announcement",
        "Annonce",
        "L’annonce du lauréat\u00a0: une annonce connue, ou le titre d’une nouvelle, créée en "
        "brouillon.",
        "l’identifiant d’adresse ou le titre",
        "Lauréats de la première session 2018",
        "sans identifiant public",
        ANNOUNCEMENT,
    ),
    Column(
        "call_title",
        "Appel à projets",
        "L’intitulé public de l’appel.",
        example="Fonds pour la transformation de l’action publique 2018",
        required="pour une nouvelle annonce, sur l’une de ses lignes",
        of=ANNOUNCEMENT,
    ),
    Column(
        "call_year",
        "Année de l’appel",
        "L’année de l’appel.",
        "quatre chiffres, à partir de 2017",
        "2018",
        "pour une nouvelle annonce, sur l’une de ses lignes",
        ANNOUNCEMENT,
        Kind.YEAR,
    ),
    Column(
        "session_label",
        "Session",
        "La session de l’appel, s’il en a.",
        f"{_TEXT}, ou vide pour un appel sans session",
        "1re session",
        of=ANNOUNCEMENT,
        width=16,
    ),
    Column(
        "committee_name",
        "Comité",
        "Le comité qui a choisi les lauréats, avec ou sans session.",
        example="Comité de pilotage",
        of=ANNOUNCEMENT,
    ),
    Column(
        "committee_on",
        "Date du comité",
        "Le jour où il s’est réuni, s’il est connu.",
        _DAY,
        "12/07/2018",
        of=ANNOUNCEMENT,
        kind=Kind.DATE,
    ),
    Column(
        "committee_chair",
        "Présidence du comité",
        "Qui le présidait.",
        example="La secrétaire d’État",
        of=ANNOUNCEMENT,
    ),
    Column(
        "announcement_source",
        "Source de l’annonce",
        "D’où vient ce qui est dit de l’annonce.",
        example="Communiqué de presse",
        of=ANNOUNCEMENT,
    ),
    Column(
        "announcement_source_url",
        "Adresse de la source de l’annonce",
        "La page ou le document.",
        _ADDRESS,
        "https://exemple.fr/communique",
        of=ANNOUNCEMENT,
    ),
    Column(
        "announcement_source_on",
        "Date de la source de l’annonce",
        "Le jour de sa publication.",
        _DAY,
        "12/07/2018",
        of=ANNOUNCEMENT,
        kind=Kind.DATE,
    ),
    Column(
        "group",
        "Groupe",
        "Le volet de l’annonce, ou l’ensemble de projets financés ensemble, dont il fait partie. "
        "Le même intitulé sur chaque ligne du groupe.",
        "l’intitulé du groupe, ou vide",
        "Volet territorial",
    ),
    Column(
        "group_amount",
        "Montant accordé au groupe (€)",
        "Ce qui est accordé au groupe entier, sans partage connu entre ses projets.",
        f"{AMOUNT_FORMS}, ou vide",
        "3 000 000",
        of=GROUP,
        kind=Kind.EUROS,
    ),
    Column(
        "position",
        "Rang dans l’annonce",
        "L’ordre du lauréat dans l’annonce.",
        "un nombre entier, ou vide\u00a0: à la suite, dans l’ordre du fichier",
        "1",
        kind=Kind.INTEGER,
    ),
    Column(
        "title",
        "Titre",
        "Le titre du projet.",
        f"{_TEXT}, ou vide si l’annonce ne nomme que les porteurs\u00a0: le titre les reprend",
        "Un guichet numérique pour les usagers",
        "sans porteur",
        width=48,
    ),
    Column(
        "former_titles",
        "Anciens titres",
        "Les titres que le projet a portés avant.",
        "un titre par ligne de la cellule",
    ),
    Column("summary", "Résumé", "Une ou deux phrases.", "texte, 400 caractères au plus", width=48),
    Column(
        "description",
        "Description",
        "Ce que le projet change.",
        "texte\u202f; paragraphes, listes (- ) et liens de Markdown",
        width=48,
    ),
    Column(
        "amount",
        "Montant accordé (€)",
        "Ce qui est accordé au projet\u00a0: jamais zéro.",
        _AMOUNT,
        "1 250 000",
        kind=Kind.EUROS,
    ),
    Column(
        "themes",
        "Thèmes",
        "Les thèmes du projet.",
        "noms de thèmes connus, séparés par «\u00a0;\u00a0»",
    ),
    Column(
        "territories",
        "Territoires",
        "Où le projet se déroule. «\u00a0National\u00a0» est une valeur.",
        "noms ou codes officiels de régions et de départements, séparés par «\u00a0;\u00a0»",
        "Bretagne; Rhône (69)",
    ),
    Column(
        "classification_source",
        "Provenance du classement",
        "D’où viennent les thèmes et les territoires.",
    ),
    Column(
        "project_state",
        "État du projet",
        "Où en est le projet.",
        f"{_listed(Laureate.ProjectState.choices)}, ou vide",
        "en cours",
        width=16,
    ),
    Column(
        "source", "Source", "D’où vient ce qui est dit du lauréat.", example="Fiches des projets"
    ),
    Column("source_url", "Adresse de la source", "La page ou le document.", _ADDRESS),
    Column("source_on", "Date de la source", "Le jour de sa publication.", _DAY, kind=Kind.DATE),
)
# Repeated: « Porteur 1 », « Rôle 1 », « SIRET 1 », « Porteur 2 »…
CARRIER = (
    Column(
        "carrier",
        "Porteur",
        "Un organisme porteur, tel que l’annonce le nomme, dans l’ordre\u00a0: Porteur 1, "
        "Porteur 2… Une colonne par porteur\u00a0: un nom peut contenir une virgule.",
        f"un nom par cellule, {CARRIERS_MAX}\u00a0porteurs au plus",
        "Préfecture de la région Bretagne",
    ),
    Column(
        "role",
        "Rôle",
        "Le rôle de ce porteur. Un seul chef de file.",
        f"{_listed(Carrier.Role.choices)}, ou vide si l’annonce ne le dit pas",
        "chef de file",
        width=14,
    ),
    Column(
        "siret",
        "SIRET",
        "Reconnaît l’organisme sans erreur.",
        "quatorze chiffres, colonne au format Texte, ou vide",
        "13002526500013",
        width=18,
    ),
)
# In place of the columns of carriers: all of them in one cell.
LISTED = Column(
    "carriers",
    "Porteurs",
    "Tous les porteurs en une cellule, à la place des colonnes Porteur 1, Porteur 2…",
    "noms séparés par «\u00a0;\u00a0» ou un retour à la ligne, le rôle entre parenthèses",
    "Préfecture de la région Bretagne (chef de file); Région Bretagne",
)
# In place of an empty title: the export of the list gives the title all the same.
OWN = Column(
    "has_own_title",
    "Titre propre",
    "Si le titre n’est pas celui de l’annonce, mais reprend les porteurs.",
    "Oui ou Non\u202f; vide ou absente\u00a0: le titre écrit est celui de l’annonce",
    "Non",
)
# Read, but not in the blank template.
BESIDES = (LISTED, OWN)
BY_NAME = {column.name: column for column in (*COLUMNS, *CARRIER, *BESIDES)}
OF_ANNOUNCEMENT = tuple(
    column.name for column in COLUMNS if column.of == ANNOUNCEMENT and column.name != "announcement"
)
_RANKED = re.compile(r"(?P<name>porteur|role|siret) ?(?P<rank>\d{1,2})")


def in_order(count: int = CARRIERS_SHOWN) -> list[tuple[str, Column, str]]:
    """The columns of a file with `count` carriers: (key, column, label). Carriers follow texts."""
    found = []
    for column in COLUMNS:
        found.append((column.name, column, column.label))
        if column.name == "description":
            found += [
                (f"{one.name}_{rank}", one, f"{one.label} {rank}")
                for rank in range(1, count + 1)
                for one in CARRIER
            ]
    return found


@lru_cache(maxsize=512)
def meant(label: str) -> tuple[str, int]:
    """(name of a column, rank of the carrier or 0) that a label means; ("", 0) for none."""
    words = plain(label).replace("(en euros)", "").replace("(€)", "").strip()
    for column in (*COLUMNS, *BESIDES):
        if plain(column.label).replace("(€)", "").strip() == words:
            return column.name, 0
    if (match := _RANKED.fullmatch(words)) and 1 <= int(match["rank"]) <= CARRIERS_MAX:
        name = next(one.name for one in CARRIER if plain(one.label) == match["name"])
        return name, int(match["rank"])
    return "", 0
