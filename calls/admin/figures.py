"""The figures of a session as screens show them: numbers, and links to the dossiers counted."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import reverse

from calls.admin.application_filters import conditions_met
from calls.indicators import SessionFigures
from calls.models import Application, CallSession, Selection

OUTCOME_STEPS = {
    Selection.Outcome.RETAINED: "retenus",
    Selection.Outcome.NOT_RETAINED: "non-retenus",
    Selection.Outcome.DEFERRED: "ajournes",
    Selection.Outcome.WAITING_LIST: "liste-d-attente",
}
# What waits in a session, in the order of work.
WORK = (
    ("à déclarer recevables", "etape", "a-declarer"),
    ("à mettre en instruction", "etape", "a-instruire"),
    ("en instruction", "etape", "en-instruction"),
    ("complément attendu", "complement", "attendus"),
    ("complément en retard", "complement", "en-retard"),
    ("avis à demander", "avis", "a-demander"),
    ("avis attendu", "avis", "attendus"),
    ("avis en retard", "avis", "en-retard"),
    ("à inscrire à l’ordre du jour", "etape", "a-inscrire"),
    ("inscrit, sans proposition", "etape", "a-proposer"),
    ("en attente d’une décision", "parcours", "en-attente"),
)


@dataclass(frozen=True)
class Tally:
    """A number of dossiers and the address of the list of exactly those.

    None where the reader may not know it; the number is then not shown, nor the address.
    """

    label: str
    count: int | None
    url: str


@dataclass(frozen=True)
class SessionItem:
    """The figures of a session, with their links."""

    figures: SessionFigures
    url: str
    funnel: tuple[Tally, ...]
    undisclosed: Tally
    states: tuple[Tally, ...]
    outcomes: tuple[Tally, ...]


def applications_url(**filters) -> str:
    """The list of dossiers, filtered."""
    return f"{reverse('admin:calls_application_changelist')}?{urlencode(filters)}"


def of_session(figures: SessionFigures) -> SessionItem:
    """`figures` with, for each number, the list it counts."""

    def tally(label, count, **filters):
        url = applications_url(session__id__exact=figures.session.pk, **filters)
        return Tally(label, count, url)

    states = [tally(label, count, etat=state) for state, label, count in figures.states]
    outcomes = [
        tally(label, count, parcours=OUTCOME_STEPS[outcome])
        for outcome, label, count in figures.outcomes or ()
    ]
    return SessionItem(
        figures=figures,
        url=reverse("admin:calls_callsession_dashboard", args=[figures.session.pk]),
        funnel=(
            tally("reçus", figures.received, parcours="recus"),
            tally("recevables", figures.admissible, parcours="recevables"),
            tally("instruits", figures.reviewed, parcours="instruits"),
            tally("retenus", figures.retained, parcours="retenus"),
        ),
        undisclosed=tally("non détaillés", figures.undisclosed, parcours="non-detailles"),
        states=tuple(states),
        outcomes=tuple(outcomes),
    )


def work(session: CallSession, user) -> list[Tally]:
    """What waits in a session, among the dossiers that `user` sees: one query."""
    counts = (
        Application.objects.visible_to(user)
        .filter(session=session)
        .aggregate(
            **{
                f"n{rank}": Count("pk", filter=conditions_met(user, **{parameter: value}))
                for rank, (_, parameter, value) in enumerate(WORK)
            }
        )
    )
    return [
        Tally(
            label,
            counts[f"n{rank}"],
            applications_url(session__id__exact=session.pk, **{parameter: value}),
        )
        for rank, (label, parameter, value) in enumerate(WORK)
    ]
