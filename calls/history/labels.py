"""What acts and details are called on the history's pages."""

from calls.history.proof import ERASED

_ACTS = {
    "created": "Ajout",
    "changed": "Modification",
    "deleted": "Suppression",
    ERASED: "Texte effacé (protection des données)",
    # The life of a dossier
    "declare_admissible": "Déclaré recevable",
    "declare_inadmissible": "Déclaré irrecevable",
    "reconsider": "Recevabilité réexaminée",
    "cancel_review": "Mise en instruction annulée",
    "start_review": "Mis en instruction",
    "request_information": "Complément demandé",
    "resume_review": "Instruction reprise",
    "complete_review": "Instruction close",
    "reopen_review": "Instruction rouverte",
    "withdraw": "Retiré",
    "assign": "Affecté à un instructeur",
    "unassign": "Instructeur retiré",
    "write_synthesis": "Synthèse rédigée",
    "add_note": "Note ajoutée",
    "bulk_act": "Acte groupé",
    "ask_opinion": "Avis demandé",
    "give_opinion": "Avis rendu",
    "record_opinion": "Avis consigné",
    "amend_opinion": "Avis modifié",
    "cancel_opinion": "Demande d’avis annulée",
    # The sitting and its decisions
    "put_on_agenda": "Inscrit à l’ordre du jour",
    "take_off_agenda": "Retiré de l’ordre du jour",
    "reorder_agenda": "Ordre du jour réordonné",
    "record_attendance": "Présences relevées",
    "propose": "Décision proposée",
    "clear_proposal": "Proposition effacée",
    "clear_proposals": "Propositions effacées",
    "open": "Séance ouverte",
    "close": "Séance close",
    "validate": "Décision validée",
    "reopen": "Séance rouverte",
    "rectify": "Décision rectifiée",
    "recusal_declared": "Déport consigné",
    "recusal_lifted": "Déport levé",
    # The announcement of laureates
    "prepare_announcement": "Annonce préparée",
    "synchronise_announcement": "Annonce synchronisée avec les décisions",
    "discard_announcement": "Préparation de l’annonce abandonnée",
    "schedule": "Publication programmée",
    "publish": "Annonce publiée",
    "unschedule": "Publication déprogrammée",
    "start_draft": "Rectificatif commencé",
    "save_draft": "Rectificatif modifié",
    "abandon_draft": "Rectificatif abandonné",
    "publish_release": "Rectificatif publié",
    "withdraw_laureate": "Lauréat retiré de l’annonce",
    "withdraw_announcement": "Annonce retirée",
    "merge_organisations": "Organismes fusionnés",
    "import_announcement_text": "Annonce reprise de son texte",
    "import_laureates": "Importé d’un tableur de lauréats",
    # What is drawn from the records
    "seal_minutes": "Relevé de décisions scellé",
    "download_minutes": "Relevé de décisions téléchargé",
    "download_pack": "Dossier de séance téléchargé",
    "letter_drafted": "Courrier préparé",
    "letter_reviewed": "Courrier relu",
    "letter_sent": "Courrier envoyé",
    "letter_superseded": "Courrier devenu caduc",
    "add_attachment": "Pièce ajoutée",
    "remove_attachment": "Pièce retirée",
    "undo": "Acte annulé",
    "export": "Export",
    "demo": "Préparé pour la session fictive",
}
_DETAILS = {
    "agenda": "ordre du jour",
    "amount": "montant",
    "applications": "dossiers",
    "event": "événement nᵒ",
    "names": "textes",
    "number": "numéro",
    "recipient": "destinataire",
    "version": "version",
}


def name_acts(names: dict[str, str]) -> None:
    """Name, in French, the acts that a gate records."""
    _ACTS.update(names)


def name_details(names: dict[str, str]) -> None:
    """Name, in French and in lower case, what acts record beside the fields."""
    _DETAILS.update(names)


def is_named(action: str) -> bool:
    return action in _ACTS


def act(action: str) -> str:
    """The French name of an act; of one without a name, its code in words."""
    return _ACTS.get(action) or action.replace("_", " ").capitalize()


def detail(name: str) -> str:
    """The French name of a detail, in lower case."""
    return _DETAILS.get(name) or name.replace("_", " ")
