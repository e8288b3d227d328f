"""What every gate on a dossier asks first: the row locked, recusals, rights, a valid row to save.

An undisclosed dossier goes through no gate: nothing is known of it.
"""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied

from calls.models import Application
from calls.permissions import Hidden, Refusal, Stale, recused_from
from ftap import refusals

# Gates save only valid rows.
save = refusals.save
# Who instructs: everyone's dossiers, or their own.
INSTRUCTING = ("calls.manage_review", "calls.instruct_application")


def hold(application: Application, *, by, permissions: Iterable[str] = ()) -> Application:
    """The fresh row, locked until the end of the transaction, once `by` may act on it.

    `permissions` are alternatives: one is enough; none given asks for none. Raises Hidden where
    the dossier does not exist for `by`, PermissionDenied, or Refusal for an undisclosed one.
    """
    try:
        held = Application.objects.select_for_update(of=("self",)).get(pk=application.pk)
    except Application.DoesNotExist:
        raise Hidden from None
    if recused_from(by, [held]):
        raise Hidden
    if permissions and not may(by, permissions, held):
        raise PermissionDenied
    if held.is_undisclosed:
        raise Refusal(undisclosed(held))
    return held


def may(user, permissions: Iterable[str], obj) -> bool:
    """Whether one of these permissions is `user`'s on `obj`."""
    return any(user.has_perm(permission, obj) for permission in permissions)


def undisclosed(application: Application) -> str:
    return (
        f"Dossier {application.reference} : candidature non détaillée, rien n’en est connu ; "
        "aucun acte n’y est possible."
    )


def plain(text: str) -> str:
    """`text` as it is kept: line ends of one kind, nothing blank around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def refuse_stale_synthesis(application: Application, text: str, known: str | None) -> None:
    """Stale where the synthesis is no longer `known`, the text that the person had before them.

    With `known` None nothing is compared. Writing what is stored already is never stale.
    """
    stored = plain(application.synthesis)
    if known is None or stored in (plain(known), plain(text)):
        return
    raise Stale(
        f"Dossier {application.reference} : la synthèse a changé depuis que vous avez ouvert cette "
        "page. Rien n’est enregistré ; comparez les deux textes, puis enregistrez à nouveau.",
        stored={"Synthèse": stored},
        typed={"Synthèse": plain(text)},
    )


def officer_unfit(officer) -> str:
    """Why this person may instruct no dossier at all, in French; empty if they may."""
    if not officer.is_active:
        return f"le compte de {person(officer)} est désactivé"
    if not any(officer.has_perm(permission) for permission in INSTRUCTING):
        return f"{person(officer)} n’a pas le rôle d’instruction"
    return ""


def person(user) -> str:
    """How a person is named in a sentence."""
    return user.get_full_name() or user.get_username()
