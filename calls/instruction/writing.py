"""What agents write about a dossier: its synthesis, and notes between themselves."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from calls import gates, history
from calls.gates import INSTRUCTING
from calls.instruction.asked import named
from calls.models import Application, Note
from calls.permissions import Refusal

_WRITING_STATES = (Application.State.UNDER_REVIEW, Application.State.INFO_REQUESTED)


def write_synthesis(application: Application, text: str, *, by, known: str | None) -> Application:
    """Write the synthesis while the dossier is under review.

    `known` is the text that the person had before them; None compares nothing.
    """
    with transaction.atomic():
        held = gates.hold(application, by=by, permissions=INSTRUCTING)
        if held.state not in _WRITING_STATES:
            raise Refusal(
                named(
                    held,
                    f"il est à l’état « {held.get_state_display()} » ; la synthèse s’écrit pendant "
                    "l’instruction.",
                )
            )
        gates.refuse_stale_synthesis(held, text, known)
        text = gates.plain(text)
        if text != held.synthesis:
            held.synthesis = text
            with history.acting(by, "write_synthesis"):
                gates.save(held)
    return held


def add_note(application: Application, text: str, *, by) -> Note:
    """Add a note between agents, on a dossier that `by` reads in full."""
    with transaction.atomic():
        held = gates.hold(application, by=by)
        reads = Application.objects.read_in_full_by(by).filter(pk=held.pk).exists()
        if not by.has_perm("calls.add_note") or not reads:
            raise PermissionDenied
        note = Note(application=held, author=by, written_at=timezone.now(), text=gates.plain(text))
        if not note.text:
            raise Refusal(named(held, "la note est vide ; écrivez-la avant de l’ajouter."))
        with history.acting(by, "add_note"):
            gates.save(note)
    return note
