"""What a letter is about, and whether that still holds."""

from calls.models import Application, Letter, Selection
from calls.opinions import OPEN_STATES


def outdated(letter) -> str:
    """Why what a letter tells no longer holds, in French; empty while it does."""
    if letter.selection:
        return _decision_outdated(letter.selection)
    if letter.kind == Letter.Kind.INADMISSIBLE:
        if letter.application.state != Application.State.INADMISSIBLE:
            return "Le dossier n’est plus irrecevable."
    elif letter.review:
        return opinion_outdated(letter.review)
    elif letter.information_request:
        return information_outdated(letter.information_request)
    return ""


def _decision_outdated(selection):
    if selection.superseded_at or selection.state != Selection.State.VALIDATED:
        return "La décision a changé, ou n’est plus validée."
    return ""


def opinion_outdated(review):
    if review.rendered_at or review.cancelled_at or review.application.state not in OPEN_STATES:
        return "Cet avis n’est plus attendu : il n’y a rien à relancer."
    return ""


def information_outdated(request):
    if request.closed_at:
        return "Ce complément n’est plus attendu : il n’y a rien à relancer."
    return ""
