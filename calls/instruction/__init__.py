"""The gates of instruction besides the moves: assignment, opinions, synthesis, notes.

Each re-reads the dossier's row under a lock, asks recusals and rights again, and writes its events
and its e-mails. Raises Hidden for a dossier that `by` is recused from, PermissionDenied, and
Refusal (Stale for a version that changed) with a French message; nothing is then changed.
"""

from calls import history
from calls.instruction.asking import ask_opinion, ask_opinion_refusals, cancel_opinion
from calls.instruction.assignment import assign, assign_refusals
from calls.instruction.rendering import render_opinion
from calls.instruction.writing import add_note, write_synthesis

__all__ = [
    "add_note",
    "ask_opinion",
    "ask_opinion_refusals",
    "assign",
    "assign_refusals",
    "cancel_opinion",
    "render_opinion",
    "write_synthesis",
]

history.name_acts(
    {
        "assign": "Affecté à un instructeur",
        "unassign": "Instructeur retiré",
        "ask_opinion": "Avis demandé",
        "give_opinion": "Avis rendu",
        "record_opinion": "Avis consigné au nom de l’institution",
        "amend_opinion": "Avis modifié",
        "cancel_opinion": "Demande d’avis annulée",
        "write_synthesis": "Synthèse rédigée",
        "add_note": "Note interne ajoutée",
    }
)
