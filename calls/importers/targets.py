"""The fields that columns of an export may fill, and the labels that propose them."""

import re
from dataclasses import dataclass

from laureates.typography import fold

DOSSIERS, PARTNERS, ANY = "dossiers", "partners", "any"
NUMBER = "form_number"
# Their relations are compared by primary keys.
RELATIONS = ("themes", "territories")


def plain_label(label: str) -> str:
    """A label without accents, case nor punctuation: « État du dossier » is « etat du dossier »."""
    return " ".join(re.findall(r"[a-z0-9]+", fold(label)))


def bare_sheet(name: str) -> str:
    """The name of a sheet without the number of its repeatable block, which differs by form."""
    return plain_label(re.sub(r"^\(\d+\)\s*", "", name))


@dataclass(frozen=True)
class Target:
    """A field of a dossier or of its partners.

    `label` and `values` (what its cells may hold) are French. `sheet` tells where its column is:
    the sheet of the dossiers, that of the partners, or any. `labels` are plain labels that propose
    it, best first, and `pattern` matches those of a question. The text of a column whose field
    holds less than the cell (`keeps_text`) is also kept with the dossier.
    """

    label: str
    sheet: str
    values: str
    required: bool = False
    labels: tuple[str, ...] = ()
    pattern: str = r"(?!)"
    keeps_text: bool = False

    def rank_of(self, label: str) -> int | None:
        """How well a label proposes this field, 0 at best; None where it does not."""
        plain = plain_label(label)
        if plain in self.labels:
            return self.labels.index(plain)
        return len(self.labels) if re.search(self.pattern, plain) else None


TARGETS: dict[str, Target] = {
    NUMBER: Target(
        "Numéro du dossier en ligne",
        ANY,
        "un nombre entier, propre à chaque dossier",
        required=True,
        labels=(
            "id",
            "dossier id",
            "id dossier",
            "id du dossier",
            "numero du dossier",
            "numero de dossier",
            "numero dossier",
            "n dossier",
            "n du dossier",
            "no dossier",
            "no du dossier",
            "dossier",
        ),
    ),
    "title": Target(
        "Titre du projet",
        DOSSIERS,
        "un texte de 300 caractères au plus",
        labels=("titre du projet", "nom du projet", "intitule du projet", "titre", "intitule"),
        pattern=r"\b(titre|nom|intitule)\b.*\bprojet\b",
    ),
    "summary": Target(
        "Résumé du projet",
        DOSSIERS,
        "un texte",
        labels=("resume du projet", "resume", "description du projet", "presentation du projet"),
        pattern=r"\b(resume|description|presentation)\b.*\bprojet\b",
    ),
    "asked_amount": Target(
        "Montant demandé (€)",
        DOSSIERS,
        "un montant en euros\u00a0: 1234567,50, «\u00a01 234 567\u00a0€\u00a0», «\u00a01,2\u00a0"
        "M€\u00a0»",
        labels=("montant demande", "subvention demandee", "financement demande"),
        pattern=r"\b(montant|subvention|(co)?financement|dotation)\b.*\b(demande|sollicite)e?s?\b",
    ),
    "total_cost": Target(
        "Coût total (€)",
        DOSSIERS,
        "un montant en euros",
        labels=("cout total", "cout total du projet", "montant total du projet"),
        pattern=r"\b(cout|budget|montant)\b.*\btotal\b",
    ),
    "form_state": Target(
        "État du dossier en ligne",
        DOSSIERS,
        "En construction, En instruction, Accepté, Refusé ou Classé sans suite",
        labels=("etat du dossier", "statut du dossier", "etat", "statut"),
    ),
    "received_on": Target(
        "Déposé le",
        DOSSIERS,
        "une date\u00a0: 2019-07-12, 12/07/2019, avec ou sans heure",
        labels=("depose le", "date de depot", "date de depot du dossier"),
        keeps_text=True,
    ),
    "completed_on": Target(
        "Dossier complet le",
        DOSSIERS,
        "une date",
        labels=("dossier complet le", "date de completude", "complet le"),
        keeps_text=True,
    ),
    "contact_name": Target(
        "Nom du contact",
        DOSSIERS,
        "un texte de 200 caractères au plus",
        labels=(
            "nom du contact",
            "contact",
            "nom et prenom du contact",
            "prenom et nom du contact",
        ),
        pattern=r"\bnom\b.*\b(contact|responsable|chef de projet)\b",
    ),
    "contact_email": Target(
        "Adresse électronique du contact",
        DOSSIERS,
        "une adresse électronique",
        labels=("email", "e mail", "courriel", "adresse electronique", "email du contact"),
    ),
    "bearer_name": Target(
        "Porteur\u00a0: nom",
        DOSSIERS,
        "le nom de l’organisme qui dépose",
        labels=(
            "entreprise raison sociale",
            "raison sociale",
            "organisme porteur",
            "nom de l organisme porteur",
            "nom du porteur",
            "porteur",
            "association titre",
        ),
        keeps_text=True,
    ),
    "bearer_siret": Target(
        "Porteur\u00a0: SIRET",
        DOSSIERS,
        "14 chiffres",
        labels=("etablissement siret", "siret", "siret du porteur", "numero siret", "n siret"),
        keeps_text=True,
    ),
    "themes": Target(
        "Thèmes",
        DOSSIERS,
        "des noms de thèmes connus, séparés par une virgule",
        labels=("thematique", "thematiques", "theme", "themes"),
        pattern=r"^(thematique|theme)s?\b",
        keeps_text=True,
    ),
    "territories": Target(
        "Territoires",
        DOSSIERS,
        "des noms ou codes de régions et de départements, séparés par une virgule",
        labels=("territoire", "territoires", "region", "departement", "regions", "departements"),
        pattern=r"^(territoire|region|departement)s?\b.*\b(projet|concerne)e?s?\b",
        keeps_text=True,
    ),
    "partner_name": Target(
        "Partenaire\u00a0: nom",
        PARTNERS,
        "le nom d’un organisme associé",
        labels=(
            "nom du partenaire",
            "nom de l organisme",
            "organisme",
            "partenaire",
            "nom",
            "entreprise raison sociale",
            "raison sociale",
        ),
        keeps_text=True,
    ),
    "partner_siret": Target(
        "Partenaire\u00a0: SIRET",
        PARTNERS,
        "14 chiffres",
        labels=("siret", "siret du partenaire", "etablissement siret"),
        pattern=r"\bsiret\b",
        keeps_text=True,
    ),
    "partner_role": Target(
        "Partenaire\u00a0: rôle",
        PARTNERS,
        "chef de file, co-porteur, soutien, ou vide",
        labels=("role", "role du partenaire", "role dans le projet"),
        keeps_text=True,
    ),
    "partner_line": Target(
        "Partenaire\u00a0: rang dans le dossier",
        PARTNERS,
        "un nombre entier",
        labels=("ligne", "rang", "ordre"),
        keeps_text=True,
    ),
}
