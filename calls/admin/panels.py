"""Panels of the staff site's first page: what waits for the person signed in, and the sessions."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse

from calls import indicators, publication, reconciliation
from calls.admin import (
    application_filters,
    committee_filters,
    figures,
    letter_filters,
    session_filters,
)
from calls.models import Application, CallSession, Committee, Letter, Publication
from ftap.lists import tally
from ftap.modeladmin import visible

SESSIONS_MAX = 3
GAPS_MAX = 8
PUBLISH = "laureates.publish_announcement"
FILTERS = {
    Application: application_filters.BY_PARAMETER,
    Committee: committee_filters.BY_PARAMETER,
    Letter: letter_filters.BY_PARAMETER,
    CallSession: session_filters.BY_PARAMETER,
}
EVERY_REVIEW = "calls.manage_review"
OWN_REVIEWS = "calls.instruct_application"


@dataclass(frozen=True)
class Task:
    """Rows that wait for the holders of `permission`: the list of `model` at these `filters`.

    Holders of one of `wider` have a task over more rows instead.
    """

    label: str
    model: type
    permission: str
    filters: dict[str, str]
    wider: tuple[str, ...] = ()

    def is_for(self, user) -> bool:
        return user.has_perm(self.permission) and not any(map(user.has_perm, self.wider))

    def condition(self, user) -> Q:
        """What the list asks of each row at these filters."""
        found = Q()
        for parameter, value in self.filters.items():
            found &= FILTERS[self.model][parameter].conditions[value].met(user)
        return found

    @property
    def url(self) -> str:
        name = f"admin:calls_{self.model._meta.model_name}_changelist"
        return f"{reverse(name)}?{urlencode(self.filters)}"


def _mine(label, permission=OWN_REVIEWS, wider=(EVERY_REVIEW,), **filters):
    return Task(
        f"{label} (mes dossiers)",
        Application,
        permission,
        {**filters, "instructeur": "moi"},
        wider,
    )


# In the order of work. What is counted is dossiers, unless the label names something else.
TASKS = (
    Task("Avis à rendre", Application, "calls.give_opinion", {"avis": "a-rendre"}),
    Task(
        "Avis à rendre, en retard",
        Application,
        "calls.give_opinion",
        {"avis": "a-rendre-en-retard"},
    ),
    Task(
        "À déclarer recevables",
        Application,
        "calls.decide_admissibility",
        {"etape": "a-declarer"},
    ),
    Task(
        "Recevables sans instructeur",
        Application,
        "calls.decide_admissibility",
        {"etape": "a-instruire", "instructeur": "aucun"},
    ),
    Task("À mettre en instruction", Application, EVERY_REVIEW, {"etape": "a-instruire"}),
    _mine("À mettre en instruction", etape="a-instruire"),
    Task("En instruction", Application, EVERY_REVIEW, {"etape": "en-instruction"}),
    _mine("En instruction", etape="en-instruction"),
    Task("Compléments en retard", Application, EVERY_REVIEW, {"complement": "en-retard"}),
    _mine("Compléments en retard", complement="en-retard"),
    Task("Avis à demander", Application, EVERY_REVIEW, {"avis": "a-demander"}),
    _mine("Avis à demander", avis="a-demander"),
    Task("Avis attendus", Application, EVERY_REVIEW, {"avis": "attendus"}),
    _mine("Avis attendus", avis="attendus"),
    Task("Avis en retard", Application, EVERY_REVIEW, {"avis": "en-retard"}),
    _mine("Avis en retard", avis="en-retard"),
    Task(
        "À inscrire à l’ordre du jour", Application, "calls.manage_agenda", {"etape": "a-inscrire"}
    ),
    Task("À proposer", Application, "calls.manage_agenda", {"etape": "a-proposer"}),
    Task(
        "À proposer",
        Application,
        "calls.decide",
        {"etape": "a-proposer"},
        wider=("calls.manage_agenda",),
    ),
    _mine("À proposer", wider=("calls.manage_agenda", "calls.decide"), etape="a-proposer"),
    Task("Séances à ouvrir", Committee, "calls.open_committee", {"etape": "a-ouvrir"}),
    Task("Séances à clore", Committee, "calls.decide", {"etape": "a-clore"}),
    Task("Courriers à relire", Letter, "calls.send_letter", {"etape": "a-relire"}),
    Task("Courriers à envoyer", Letter, "calls.send_letter", {"etape": "a-envoyer"}),
)
# Records that contradict each other: shown where there are some, to those who can mend them.
ANOMALIES = (
    Task("État atteint sans date", Application, EVERY_REVIEW, {"anomalie": "sans-date"}),
    Task("Dates en désordre", Application, EVERY_REVIEW, {"anomalie": "dates-en-desordre"}),
    Task("Déposés après la date limite", Application, EVERY_REVIEW, {"anomalie": "depot-tardif"}),
    Task(
        "Montant accordé supérieur au montant demandé",
        Application,
        "calls.read_every_application",
        {"anomalie": "accorde-plus-que-demande"},
    ),
    Task(
        "Séances closes sans relevé de décisions",
        Committee,
        "calls.read_every_application",
        {"anomalie": "sans-releve"},
    ),
    Task(
        "Sessions dont l’enveloppe est dépassée sans motif",
        CallSession,
        "calls.read_every_application",
        {"anomalie": "enveloppe-depassee"},
    ),
    Task(
        "Retenus sans lauréat publié",
        Application,
        "laureates.change_laureate",
        {"anomalie": "retenu-non-publie"},
    ),
)


def to_do(request):
    """What waits for the reader, and the records that contradict each other, each counted by a
    query that an index answers."""
    user = request.user
    tasks = [task for task in TASKS if task.is_for(user)]
    checks = [task for task in ANOMALIES if task.is_for(user)]
    if not tasks and not checks:
        return None
    return {
        "title": "À faire",
        "template": "admin/calls/panels/to_do.html",
        "is_wide": True,
        "context": {
            "items": [_item(task, user) for task in tasks],
            "anomalies": [item for task in checks if (item := _item(task, user))["count"]],
            "has_checks": bool(checks),
        },
    }


def _item(task, user):
    rows = visible(task.model.objects.all(), user).filter(task.condition(user))
    return {"label": task.label, "url": task.url, **tally(rows)}


def sessions(request):
    """The figures of the sessions in progress, or of the last ones: a constant query budget."""
    found = list(indicators.readable_sessions(request.user)[:SESSIONS_MAX])
    if not found:
        return None
    items = [figures.of_session(item) for item in indicators.of(found, request.user)]
    return {
        "title": "Sessions",
        "template": "admin/calls/panels/sessions.html",
        "is_wide": True,
        "context": {"items": items, "all_url": reverse("admin:calls_callsession_changelist")},
    }


def announcements(request):
    """Sittings to announce, and announcements that their decisions contradict, to publishers."""
    user = request.user
    if not user.has_perm(PUBLISH):
        return None
    rows = Publication.objects.visible_to(user).filter(announcement__withdrawn_at__isnull=True)
    rows = list(rows.select_related("announcement"))
    found = publication.differences_of(rows)
    parted = [row for row in rows if any(difference.blocks for difference in found[row.pk])]
    waiting = publication.waiting(user).exclude(session__call__is_fictional=True)
    return {
        "title": "Annonces à préparer",
        "template": "admin/calls/panels/announcements.html",
        "context": {"waiting": waiting.count(), "parted": parted},
    }


def figure_gaps(request):
    """Announced figures that the records contradict, to those who read them."""
    if not request.user.has_perm("laureates.view_claim"):
        return None
    found = reconciliation.gaps(request.user)
    return {
        "title": "Écarts de chiffres",
        "template": "admin/calls/panels/gaps.html",
        "context": {
            "gaps": [{"comparison": row, "rows_url": _rows_url(row)} for row in found[:GAPS_MAX]],
            "others": max(0, len(found) - GAPS_MAX),
        },
    }


def _rows_url(comparison):
    opts = comparison.model._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return f"{url}?{urlencode(comparison.filters)}" if comparison.filters else url
