"""Abandoning an announcement in preparation, which nobody outside has seen."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from calls import gates, history
from calls.models import Publication, Selection
from calls.permissions import Refusal
from calls.publication.offering import PUBLISH
from calls.publication.preparing import hold_publication
from laureates import releases


def discarding_refusal(publication: Publication, user) -> str:
    """Why `user` cannot abandon this preparation, in French; empty if they can, given a reason."""
    if not user.has_perm(PUBLISH):
        return "Vous n’avez pas le droit d’abandonner une annonce."
    announcement = publication.announcement
    if announcement.withdrawn_at:
        return "Cette annonce a été retirée\u00a0: sa page dit pourquoi, elle est conservée."
    if releases.is_public(announcement):
        return "Cette annonce est publique\u00a0: elle se rectifie ou se retire."
    if announcement.published_at:
        return (
            "La publication de cette annonce est programmée\u00a0: déprogrammez-la avant de "
            "l’abandonner."
        )
    return ""


def discard(publication: Publication, *, by, reason: str) -> None:
    """Delete a draft announcement with its laureates: its decisions can be announced again.

    The decisions themselves do not change. Raises PermissionDenied, Hidden or Refusal.
    """
    if not by.has_perm(PUBLISH):
        raise PermissionDenied
    reason = gates.plain(reason or "")
    if not reason:
        raise Refusal({"reason": "Dites pourquoi\u00a0: le motif est conservé dans l’historique."})
    with transaction.atomic():
        publication = hold_publication(publication, by)
        announcement = publication.announcement
        if refusal := discarding_refusal(publication, by):
            raise Refusal(refusal)
        with history.acting(by, "discard_announcement", reason):
            linked = Selection.objects.filter(laureate__announcement=announcement)
            for selection in linked.select_related("application__session__call", "committee"):
                selection.laureate = None
                selection.version += 1
                gates.save(selection)
            publication.delete()
            for laureate in announcement.laureates.all():
                laureate.delete()
            announcement.delete()
