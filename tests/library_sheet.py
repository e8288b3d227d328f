"""Spreadsheets of laureates, written as a maintainer would fill the template; all is invented."""

from tests.online_form import csv_of, ods_of, xlsx_of

NEW = "Lauréats d’essai de l’année 2018"
# A name with a comma, as one of the real ones.
COMMA = "Direction régionale des essais, des tests et des preuves"
ANNOUNCEMENT = {
    "Annonce": NEW,
    "Appel à projets": "Appel d’essai 2018",
    "Année de l’appel": "2018",
    "Comité": "Comité de pilotage des essais",
    "Date du comité": "12/07/2018",
    "Présidence du comité": "La présidence d’essai",
    "Source de l’annonce": "Communiqué d’essai",
    "Adresse de la source de l’annonce": "https://exemple.fr/communique",
    "Date de la source de l’annonce": "13 juillet 2018",
}


def laureate(rank: int, **changed) -> dict[str, str]:
    """A row of a new announcement: title, two carriers, an amount; changed by label."""
    return {
        **ANNOUNCEMENT,
        "Titre": f"Projet d’essai {rank}",
        "Résumé": f"Ce que change le projet {rank}.",
        "Porteur 1": COMMA,
        "Rôle 1": "chef de file",
        "Porteur 2": f"Office d’essai {rank}",
        "Montant accordé (€)": "1 250 000",
        **changed,
    }


def labels_of(rows: list[dict[str, str]]) -> list[str]:
    return list(dict.fromkeys(label for row in rows for label in row))


def sheet(rows: list[dict[str, str]], format: str = "csv", **options) -> bytes:
    """The file of these rows: « csv », « xlsx » or « ods »."""
    labels = labels_of(rows)
    table = [labels, *([row.get(label, "") for label in labels] for row in rows)]
    if format == "csv":
        return csv_of(table, delimiter=";", bom=True)
    more = options.get("more") or {}
    return {"xlsx": xlsx_of, "ods": ods_of}[format]({"Lauréats": table, **more})
