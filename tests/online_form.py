"""Exports of the online-forms service, made as it makes them: same columns, same sheets.

Everything in them is invented, and drawn from a seed: the same one gives the same export.
"""

import csv
import datetime
import io
import random
from dataclasses import dataclass, field

import openpyxl
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

HEAD = (
    "ID",
    "Email",
    "FranceConnect ?",
    "Établissement SIRET",
    "Établissement siège social",
    "Établissement NAF",
    "Établissement libellé NAF",
    "Établissement Adresse",
    "Établissement numero voie",
    "Établissement type voie",
    "Établissement nom voie",
    "Établissement complément adresse",
    "Établissement code postal",
    "Établissement localité",
    "Établissement code INSEE localité",
    "Entreprise SIREN",
    "Entreprise capital social",
    "Entreprise numero TVA intracommunautaire",
    "Entreprise forme juridique",
    "Entreprise forme juridique code",
    "Entreprise nom commercial",
    "Entreprise raison sociale",
    "Entreprise SIRET siège social",
    "Entreprise code effectif entreprise",
    "Entreprise date de création",
    "Entreprise état administratif",
    "Entreprise nom",
    "Entreprise prénom",
    "Association RNA",
    "Association titre",
    "Association objet",
    "Association date de création",
    "Association date de déclaration",
    "Association date de publication",
)
CHORUS = ("Domaine Fonctionnel", "Référentiel De Programmation", "Centre De Coût")
LIFE = (
    "À archiver",
    "État du dossier",
    "Dernière mise à jour le",
    "Dernière mise à jour du dossier le",
    "Déposé le",
    "Passé en instruction le",
    "Traité le",
    "Motivation de la décision",
    "Instructeurs",
)
GROUP = ("Groupe instructeur",)
QUESTIONS = (
    "Titre du projet",
    "Résumé du projet",
    "Montant demandé au fonds (en euros)",
    "Coût total du projet",
    "Nom du contact",
    "Commentaire",
    "Le projet est-il déjà commencé ?",
    "Publics concernés",
    "Commentaire",
)
# An older export: fewer columns, before those of the establishment were added.
OLDER = ("ID", "Email", "Entreprise raison sociale", "État du dossier", "Déposé le")
PARTNERS = "(4512) Partenaires du projet"
BUDGET = "(4513) Budget prévisionnel"
AVIS = (
    "Dossier ID",
    "Introduction",
    "Réponse",
    "Question",
    "Réponse oui/non",
    "Créé le",
    "Répondu le",
    "Instructeur",
    "Expert",
)
SIRETS = ("13002526500013", "11000201100044", "13000548100010", "13000766900018")
NAMES = (
    "Préfecture de l’Essai",
    "Agence de l’exemple public",
    "Direction régionale de la Démonstration, des Tests et de la Vérification",
    "Office d’essai des données",
)
STATES = ("En construction", "En instruction", "Accepté", "Refusé", "Classé sans suite")


@dataclass
class Dossier:
    """A dossier as the service holds it: its cells by (label, rank), its rows of other sheets."""

    cells: dict[tuple[str, int], str]
    partners: list[tuple[str, str, str]] = field(default_factory=list)
    budget: list[tuple[str, str]] = field(default_factory=list)
    opinions: list[tuple[str, str]] = field(default_factory=list)

    @property
    def number(self):
        return self.cells["ID", 1]


def columns(*, chorus=True, group=True, older=False) -> list[tuple[str, int]]:
    """The columns of the sheet of the dossiers, in the service's order: (label, rank)."""
    labels = OLDER if older else (*HEAD, *(CHORUS if chorus else ()), *LIFE)
    if group and not older:
        labels += GROUP
    return ranked((*labels, *QUESTIONS))


def ranked(labels) -> list[tuple[str, int]]:
    seen = {}
    found = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        found.append((label, seen[label]))
    return found


def dossiers(count: int, seed: int = 1, first: int = 480_001) -> list[Dossier]:
    """Invented dossiers, numbered from `first`."""
    chance = random.Random(seed)
    return [_dossier(first + rank, rank, chance) for rank in range(count)]


def _dossier(number, rank, chance):
    place = rank % len(NAMES)
    deposit = datetime.datetime(2019, 6, 1, 9, 30) + datetime.timedelta(minutes=37 * rank)
    cells = dict.fromkeys(ranked((*HEAD, *CHORUS, *LIFE, *GROUP, *QUESTIONS)), "")
    cells |= {
        ("ID", 1): str(number),
        ("Email", 1): f"porteur{number}@exemple.gouv.fr",
        ("FranceConnect ?", 1): "Non",
        ("Établissement SIRET", 1): SIRETS[place],
        ("Établissement siège social", 1): "Oui",
        ("Établissement code postal", 1): "01000",
        ("Entreprise SIREN", 1): SIRETS[place][:9],
        ("Entreprise raison sociale", 1): NAMES[place],
        ("Domaine Fonctionnel", 1): "0349-01",
        ("À archiver", 1): "Non",
        ("État du dossier", 1): STATES[1],
        ("Dernière mise à jour le", 1): f"{deposit:%Y-%m-%d %H:%M:%S}",
        ("Déposé le", 1): f"{deposit:%Y-%m-%d %H:%M:%S}",
        ("Instructeurs", 1): "une.agente@exemple.gouv.fr un.agent@exemple.gouv.fr",
        ("Groupe instructeur", 1): "défaut",
        ("Titre du projet", 1): f"Guichet d’essai nᵒ {number}",
        (
            "Résumé du projet",
            1,
        ): "Un guichet, pour essayer.\nSur deux lignes ; et un point-virgule.",
        ("Montant demandé au fonds (en euros)", 1): str(chance.randrange(2, 90) * 100_000),
        ("Coût total du projet", 1): str(chance.randrange(100, 200) * 100_000),
        ("Nom du contact", 1): f"Camille Porteur {number}",
        ("Commentaire", 1): "=SOMME(1;2) n’est pas une formule" if rank % 5 == 0 else "Aucun",
        ("Le projet est-il déjà commencé ?", 1): chance.choice(("Oui", "Non")),
        ("Publics concernés", 1): "Usagers, Agents",
        ("Commentaire", 2): f"Deuxième commentaire du dossier {number}",
    }
    return Dossier(
        cells,
        partners=[(NAMES[(place + 1) % 4], SIRETS[(place + 1) % 4], "co-porteur")],
        budget=[("2020", "100000"), ("2021", "50000")],
        opinions=[("Que pensez-vous du projet ?", "Favorable")],
    )


def sheet_of(rows: list[Dossier], shown: list[tuple[str, int]], renamed=None) -> list[list[str]]:
    """The sheet of the dossiers: headers, then a row for each."""
    renamed = renamed or {}
    return [
        [renamed.get(column, column[0]) for column in shown],
        *([row.cells.get(column, "") for column in shown] for row in rows),
    ]


def other_sheets(rows: list[Dossier]) -> dict[str, list[list[str]]]:
    establishments = [["Dossier ID", "Établissement SIRET", "Établissement localité"]]
    opinions, partners, budget = (
        [list(AVIS)],
        [["Dossier ID", "Ligne", "Nom de l’organisme", "SIRET", "Rôle"]],
        [["Dossier ID", "Ligne", "Année", "Montant"]],
    )
    for row in rows:
        siret = row.cells["Établissement SIRET", 1]
        establishments.append([row.number, siret, "Bourg"])
        for question, answer in row.opinions:
            opinions.append([row.number, "", answer, question, "", "2019-07-01", "", "", ""])
        for line, partner in enumerate(row.partners, 1):
            partners.append([row.number, str(line), *partner])
        for line, year in enumerate(row.budget, 1):
            budget.append([row.number, str(line), *year])
    return {
        "Etablissements": establishments,
        "Avis": opinions,
        PARTNERS: partners,
        BUDGET: budget,
    }


def csv_of(table: list[list[str]], *, delimiter=",", bom=False) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(table)
    return text.getvalue().encode("utf-8-sig" if bom else "utf-8")


def xlsx_of(sheets: dict[str, list[list[str]]]) -> bytes:
    """Numbers and days are typed cells, as the service writes them."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, table in sheets.items():
        sheet = book.create_sheet(name)
        for line, row in enumerate(table, 1):
            for rank, text in enumerate(row, 1):
                cell = sheet.cell(line, rank)
                if line > 1 and text.isdigit() and not text.startswith("0") and len(text) < 12:
                    cell.value = int(text)
                else:
                    cell.value = text or None
                    cell.data_type = "s" if text else "n"
    found = io.BytesIO()
    book.save(found)
    return found.getvalue()


def ods_of(sheets: dict[str, list[list[str]]]) -> bytes:
    book = OpenDocumentSpreadsheet()
    for name, table in sheets.items():
        sheet = Table(name=name)
        for line, row in enumerate(table):
            cells = TableRow()
            for text in row:
                is_number = line and text.isdigit() and not text.startswith("0") and len(text) < 12
                kind = {"valuetype": "float", "value": text} if is_number else {}
                cell = TableCell(**(kind or ({"valuetype": "string"} if text else {})))
                for part in text.split("\n") if text else ():
                    cell.addElement(P(text=part))
                cells.addElement(cell)
            sheet.addElement(cells)
        book.spreadsheet.addElement(sheet)
    found = io.BytesIO()
    book.save(found)
    return found.getvalue()


def export(
    rows: list[Dossier], format: str, *, shown=None, renamed=None, others=True, **options
) -> bytes:
    """The file of an export: "csv", "xlsx" or "ods"; a CSV has the first sheet alone."""
    table = sheet_of(rows, shown or columns(), renamed)
    if format == "csv":
        return csv_of(table, **options)
    sheets = {"Dossiers": table, **(other_sheets(rows) if others else {})}
    return {"xlsx": xlsx_of, "ods": ods_of}[format](sheets)
