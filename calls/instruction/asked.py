"""What several gates of instruction ask: how a dossier is named, what is closed to opinions."""

from collections.abc import Callable, Iterable

from calls import gates
from calls.guards import Known
from calls.models import Application, Review
from calls.opinions import OPEN_STATES
from calls.permissions import Hidden, Refusal
from ftap.templatetags.ftap import french_date


def named(application: Application, why: str) -> str:
    return f"Dossier {application.reference} : {why}"


def refusals(
    applications: Iterable[Application],
    by,
    permissions: Iterable[str],
    refused: Callable[[Application, Known], str],
) -> dict[int, str]:
    """What a gate would say of each dossier, by primary key; empty where it would pass.

    `refused` answers for a dossier that `by` may act on.
    """
    applications = list(applications)
    known = Known(applications, by)
    said = {}
    for application in applications:
        if application.pk in known.recused:
            said[application.pk] = "Dossier introuvable."
        elif not gates.may(by, permissions, application):
            said[application.pk] = named(application, "votre rôle ne permet pas cet acte.")
        elif application.is_undisclosed:
            said[application.pk] = gates.undisclosed(application)
        else:
            why = refused(application, known)
            said[application.pk] = named(application, why) if why else ""
    return said


def closed_to_opinions(application: Application) -> str:
    """Why opinions are neither asked nor given on this dossier now; empty if they are."""
    if application.state in OPEN_STATES:
        return ""
    return (
        f"il est à l’état « {application.get_state_display()} » : les avis se demandent et se "
        "rendent une fois le dossier recevable et avant la clôture de l’instruction."
    )


def hold_review(review: Review, by) -> tuple[Application, Review]:
    """The dossier and the opinion, fresh and locked; Hidden where `by` is recused."""
    application = gates.hold(review.application, by=by)
    try:
        held = (
            Review.objects.select_for_update(of=("self",))
            .select_related("institution")
            .get(pk=review.pk, application=application)
        )
    except Review.DoesNotExist:
        raise Hidden from None
    held.application = application
    return application, held


def refuse_closed_review(application: Application, review: Review) -> None:
    """Refusal where the opinion was given up or the dossier takes none any more."""
    if review.cancelled_at:
        raise Refusal(
            named(
                application,
                f"l’avis de « {review.institution} » a été annulé le "
                f"{french_date(review.cancelled_at)} : {review.cancel_reason}",
            )
        )
    if why := closed_to_opinions(application):
        raise Refusal(named(application, why))
