"""Why a move of a dossier is refused, each guard in one French sentence, or empty when it is not.

The same guards answer the preview of an act on many dossiers and the gate on the locked row: what
they need to know is read once for all the dossiers of the act.
"""

import datetime
from dataclasses import dataclass
from functools import cached_property

from django.utils import timezone

from calls import eligibility, gates, opinions
from calls.models import Selection
from calls.permissions import recused_from
from ftap.templatetags.ftap import french_date


@dataclass(frozen=True)
class Facts:
    """What a move may be given besides its comment.

    `due_on`: the day by which information is asked. `answer`: what was received. `case_officer`:
    whom to assign at once. `synthesis`: its new text, `known` being the text that the person had
    before them.
    """

    due_on: datetime.date | None = None
    answer: str = ""
    case_officer: object = None
    synthesis: str | None = None
    known: str | None = None


class Known:
    """What is known of the dossiers of one act, each thing read once and only if asked."""

    def __init__(self, applications, user):
        self.applications = list(applications)
        self.user = user
        self._officers = {}

    @cached_property
    def recused(self) -> set[int]:
        """Dossiers that the person acting is recused from."""
        return recused_from(self.user, self.applications)

    @cached_property
    def failures(self) -> dict[int, list[eligibility.Check]]:
        """Rules that do not hold or cannot be judged, by dossier."""
        checks = eligibility.check_many(self.applications)
        return {pk: eligibility.failures(found) for pk, found in checks.items()}

    @cached_property
    def opinions(self) -> dict[int, opinions.OpinionSummary]:
        return opinions.summaries(self.applications)

    @cached_property
    def selections(self) -> dict[int, list[Selection]]:
        """Live decisions and items of agendas, by dossier."""
        found = {application.pk: [] for application in self.applications}
        rows = Selection.objects.live().filter(application__in=found)
        for selection in rows.select_related("committee"):
            found[selection.application_id].append(selection)
        return found

    def unfit(self, officer, application) -> str:
        """Why `officer` may not instruct this dossier; empty if they may."""
        if officer.pk not in self._officers:
            self._officers[officer.pk] = (
                gates.officer_unfit(officer),
                recused_from(officer, self.applications),
            )
        unfit, recused = self._officers[officer.pk]
        if application.pk in recused:
            return f"{gates.person(officer)} est en déport sur ce dossier"
        return unfit


@dataclass(frozen=True)
class Move:
    """One act of a person on one or several dossiers."""

    by: object
    comment: str
    comment_label: str
    facts: Facts
    known: Known


def reason_is_given(application, move):
    if move.comment:
        return ""
    return f"« {move.comment_label} » est à remplir : cet acte ne se fait pas sans."


def rules_hold_or_reason(application, move):
    failures = move.known.failures[application.pk]
    if not failures or move.comment:
        return ""
    rules = " ".join(f"{check.rule.label} — {check.explanation}" for check in failures)
    return f"une règle non respectée demande un motif pour déclarer recevable. {rules}"


def officer_may_instruct(application, move):
    given = move.facts.case_officer
    officer = given or application.case_officer
    if officer is None:
        return "affectez d’abord un instructeur."
    is_new = given is not None and given.pk != application.case_officer_id
    if is_new and not move.by.has_perm("calls.decide_admissibility"):
        return "seul le secrétariat affecte un instructeur."
    unfit = move.known.unfit(officer, application)
    return f"{unfit} ; affectez un autre instructeur." if unfit else ""


def due_day_is_ahead(application, move):
    due_on = move.facts.due_on
    if due_on is None or due_on >= timezone.localdate():
        return ""
    return f"la date attendue, le {french_date(due_on)}, est passée ; choisissez-en une à venir."


def synthesis_is_written(application, move):
    synthesis = move.facts.synthesis
    if (application.synthesis if synthesis is None else synthesis).strip():
        return ""
    return "rédigez d’abord la synthèse de l’instruction."


def opinions_are_rendered_or_reason(application, move):
    missing = move.known.opinions[application.pk].missing
    if not missing or move.comment:
        return ""
    names = ", ".join(str(institution) for institution in missing)
    return f"un avis attendu manque ({names}) : clore l’instruction sans lui demande un motif."


def is_not_decided(application, move):
    for selection in move.known.selections[application.pk]:
        if selection.state == Selection.State.VALIDATED:
            return (
                f"« {selection.committee} » en a décidé ({selection.get_outcome_display()}) ; "
                "rouvrez d’abord cette séance."
            )
    return ""


def is_on_no_agenda(application, move):
    for selection in move.known.selections[application.pk]:
        if selection.state != Selection.State.VALIDATED:
            return (
                f"le dossier est à l’ordre du jour de « {selection.committee} » ; "
                "retirez-l’en d’abord."
            )
    return ""
