"""What every gate asks first: the announcement locked, the right, the state, the content."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.utils.module_loading import import_string

from ftap.refusals import Refusal
from laureates.models import Announcement
from laureates.releases.moments import in_words

PERMISSION = "laureates.publish_announcement"
NO_RIGHT = "Seul le rôle Publication programme, publie, rectifie et retire une annonce."
DRAFT, SCHEDULED, PUBLIC, WITHDRAWN = "draft", "scheduled", "public", "withdrawn"


def hold(pk: int, by) -> Announcement:
    """The announcement, fresh and locked until the end of the transaction, if `by` may act on it.

    PermissionDenied without the right, or where something keeps the announcement from `by`.
    """
    announcement = _locked(pk)
    if not may(by, announcement):
        raise PermissionDenied(NO_RIGHT)
    return announcement


def hold_editable(announcement: Announcement) -> Announcement:
    """The announcement, fresh and locked, while its rows may still be edited in place.

    To be called in the transaction that writes such a row: an edit and a scheduling at the same
    moment come one after the other. Refusal where it is scheduled, public or withdrawn.
    """
    held = _locked(announcement.pk)
    if reason := lock_reason(held):
        raise Refusal(reason)
    return held


def is_locked(announcement: Announcement) -> bool:
    """Whether the announcement, its laureates and their carriers change only through gates."""
    return announcement.published_at is not None or announcement.withdrawn_at is not None


def lock_reason(announcement: Announcement) -> str:
    if announcement.withdrawn_at is not None:
        return "Cette annonce a été retirée\u00a0: elle ne se modifie plus."
    if announcement.published_at is None:
        return ""
    if is_public(announcement):
        return "Cette annonce est publique\u00a0: préparez un rectificatif pour la modifier."
    return (
        f"La publication de cette annonce est programmée {in_words(announcement.published_at)}"
        "\u00a0: déprogrammez-la pour la modifier."
    )


def may(user, announcement: Announcement) -> bool:
    return (
        user.has_perm(PERMISSION)
        and Announcement.objects.preparable_by(user).filter(pk=announcement.pk).exists()
    )


def is_public(announcement: Announcement) -> bool:
    """Whether visitors see the announcement now, as the database says."""
    return Announcement.objects.published().filter(pk=announcement.pk).exists()


def state_of(announcement: Announcement) -> str:
    if announcement.withdrawn_at is not None:
        return WITHDRAWN
    if announcement.published_at is None:
        return DRAFT
    return PUBLIC if is_public(announcement) else SCHEDULED


def state_refusal(announcement: Announcement, expected: str) -> str:
    """Why an announcement is not in the state that an act starts from; "" where it is."""
    state = state_of(announcement)
    if state == expected:
        return ""
    if state == WITHDRAWN:
        return "Cette annonce a été retirée\u00a0: plus aucun acte n’y est possible."
    if state == PUBLIC:
        return f"Cette annonce est déjà publique, depuis {in_words(announcement.published_at)}."
    if state == SCHEDULED:
        return (
            f"La publication de cette annonce est programmée {in_words(announcement.published_at)}"
            "\u00a0: déprogrammez-la d’abord."
        )
    return "Cette annonce est un brouillon, que personne n’a vu."


def standing_refusal(announcement: Announcement, user, expected: str) -> str:
    """Why `user` cannot do an act that starts from the state `expected`; "" where they can."""
    if not may(user, announcement):
        return NO_RIGHT
    return state_refusal(announcement, expected)


def require_state(announcement: Announcement, expected: str) -> None:
    if reason := state_refusal(announcement, expected):
        raise Refusal(reason)


def content_refusals(announcement: Announcement) -> list[str]:
    """Why the announcement cannot be public as its rows stand, whoever asks."""
    found = []
    if not announcement.laureates.filter(withdrawn_at__isnull=True).exists():
        found.append("Cette annonce n’a aucun lauréat\u00a0: ajoutez-en un avant de la publier.")
    return [*found, *import_string(settings.ANNOUNCEMENT_REFUSALS)(announcement)]


def require_publishable(announcement: Announcement) -> None:
    if found := content_refusals(announcement):
        raise Refusal(found)


def required(text: str, name: str, sentence: str) -> str:
    """`text`, stripped; Refusal on the field `name` where it is empty."""
    text = (text or "").replace("\r\n", "\n").strip()
    if not text:
        raise Refusal({name: sentence})
    return text


def _locked(pk):
    # Without the key: a row that refers to the announcement may be added meanwhile, as a figure
    # or a document, and no two transactions wait for each other.
    rows = Announcement.objects.select_for_update(of=("self",), no_key=True)
    try:
        return rows.get(pk=pk)
    except Announcement.DoesNotExist as error:
        raise Refusal(
            "Cette annonce n’existe plus\u00a0: rouvrez la liste des annonces."
        ) from error
