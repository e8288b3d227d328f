"""Bulk acts on dossiers themselves: affectation, moves of the table, requests for opinions."""

from django.contrib.auth import get_user_model

from calls import gates, instruction, workflow
from calls.bulk import words
from calls.bulk.act import Act
from calls.models import Application, BulkAct, Review
from calls.opinions import OPEN_STATES
from calls.permissions import Refusal

# Moves of the table that may be done in bulk, and what the act is then called.
MOVES = {
    "declare_admissible": "Déclaration de recevabilité",
    "declare_inadmissible": "Déclaration d’irrecevabilité",
    "reconsider": "Réexamen de la recevabilité",
    "start_review": "Mise en instruction",
    "cancel_review": "Annulation de la mise en instruction",
}
_REVERSE = {
    "declare_admissible": "reconsider",
    "declare_inadmissible": "reconsider",
    "start_review": "cancel_review",
    "cancel_review": "start_review",
}


class Assign(Act):
    """Give dossiers to a case officer. Undone by giving each back to the former one, or nobody."""

    kind = BulkAct.Kind.ASSIGN
    permissions = ("calls.decide_admissibility",)
    situation_heading = "Instructeur"
    SEEN = ("state", "case_officer")
    LEFT = ("case_officer",)
    label = "Affectation à un instructeur"

    def __init__(self, *, by, officer, comment=""):
        super().__init__(by=by, comment=comment, officer=officer)
        self.officer = officer
        self._former = {}

    def values(self, application):
        return {"state": application.state, "case_officer": application.case_officer_id}

    def situation(self, application):
        return words.officer(application.case_officer)

    def effect(self, application):
        return gates.person(self.officer)

    def refusals(self, applications):
        return instruction.assign_refusals(
            applications, self.officer, by=self.by, comment=self.comment
        )

    def do_one(self, application):
        instruction.assign(application, self.officer, by=self.by, comment=self.comment)

    def undo_refusals(self, applications, before):
        found = {}
        by_officer = {}
        for application in applications:
            key = before[application.pk]["case_officer"]
            by_officer.setdefault(key, []).append(application)
        self._former = get_user_model().objects.in_bulk([key for key in by_officer if key])
        for key, rows in by_officer.items():
            found |= instruction.assign_refusals(
                rows, self._former.get(key), by=self.by, comment=self.comment
            )
        return found

    def undo_one(self, application, before):
        former = self._former.get(before["case_officer"])
        instruction.assign(application, former, by=self.by, comment=self.comment)


class Move(Act):
    """A move of the table of `workflow`. Undone by the move that goes back."""

    kind = BulkAct.Kind.TRANSITION
    # The dates tell a dossier that went away and came back from one that did not move.
    LEFT = ("state", "admissibility_decided_at", "review_started_at")

    def __init__(self, *, by, action, comment=""):
        super().__init__(by=by, comment=comment, action=action)
        if action not in MOVES:
            raise Refusal(f"Acte groupé inconnu : « {action} ».")
        self.action, self.transition = action, workflow.TRANSITIONS[action]
        self.permissions = self.transition.permissions
        self.label = MOVES[action]
        # Whose dossier it is matters where somebody must instruct it.
        self.SEEN = ("state", "case_officer") if action == "start_review" else ("state",)
        self.situation_heading = "Instructeur" if action == "start_review" else ""
        if action in _REVERSE:
            self.undo_permissions = workflow.TRANSITIONS[_REVERSE[action]].permissions
        else:
            self.final = (
                "Un réexamen ne s’annule pas : la recevabilité de chaque dossier se décide de "
                "nouveau, avec « Déclarer recevable » ou « Déclarer irrecevable »."
            )

    def values(self, application):
        return {
            "state": application.state,
            "case_officer": application.case_officer_id,
            "admissibility_decided_at": words.moment(application.admissibility_decided_at),
            "admissibility_reason": application.admissibility_reason,
            "review_started_at": words.moment(application.review_started_at),
        }

    def situation(self, application):
        return words.officer(application.case_officer) if self.situation_heading else ""

    def effect(self, application):
        return str(Application.State(self.transition.target).label)

    def refusals(self, applications):
        return workflow.refusals(applications, self.action, self.by, comment=self.comment)

    def do_one(self, application):
        workflow.apply(application, self.action, by=self.by, comment=self.comment)

    def undo_refusals(self, applications, before):
        comment = self.comment or words.TO_WRITE
        return workflow.refusals(applications, _REVERSE[self.action], self.by, comment=comment)

    def undo_one(self, application, before):
        workflow.apply(application, _REVERSE[self.action], by=self.by, comment=self.comment)


class AskOpinion(Act):
    """Ask an institution for its opinion. Undone, while it is not given, by cancelling the request.

    The comment is why the institution is asked though it carries one of the dossiers.
    """

    kind = BulkAct.Kind.ASK_OPINION
    permissions = gates.INSTRUCTING
    SEEN = ("state", "review")
    LEFT = ("review", "rendered")

    def __init__(self, *, by, institution, reviewer=None, due_on=None, question="", comment=""):
        super().__init__(
            by=by,
            comment=comment,
            institution=institution,
            reviewer=reviewer,
            due_on=due_on,
            question=question,
        )
        self.institution, self.reviewer = institution, reviewer
        self.due_on, self.question = due_on, question
        self.label = f"Demande d’avis : {institution}"
        self._reviews = {}

    def load(self, applications):
        reviews = Review.objects.live().filter(
            institution=self.institution, application__in=[row.pk for row in applications]
        )
        self._reviews = {review.application_id: review for review in reviews}

    def values(self, application):
        review = self._reviews.get(application.pk)
        return {
            "state": application.state,
            "review": review and review.pk,
            "rendered": bool(review and review.rendered_at),
        }

    def versioned(self, application):
        return self._reviews.get(application.pk, application)

    def effect(self, application):
        return "avis demandé"

    def refusals(self, applications):
        return instruction.ask_opinion_refusals(
            applications,
            self.institution,
            by=self.by,
            reviewer=self.reviewer,
            due_on=self.due_on,
            reason=self.comment,
        )

    def do_one(self, application):
        instruction.ask_opinion(
            application,
            self.institution,
            by=self.by,
            reviewer=self.reviewer,
            due_on=self.due_on,
            question=self.question,
            reason=self.comment,
        )

    def undo_refusals(self, applications, before):
        return {
            application.pk: self._cancelling_refusal(application) for application in applications
        }

    def _cancelling_refusal(self, application):
        if not gates.may(self.by, gates.INSTRUCTING, application):
            return "votre rôle ne permet pas d’annuler cette demande d’avis."
        if application.state not in OPEN_STATES:
            return (
                f"il est à l’état « {application.get_state_display()} » : la demande d’avis ne "
                "s’annule que sur un dossier recevable dont l’instruction n’est pas close."
            )
        return ""

    def undo_one(self, application, before):
        instruction.cancel_opinion(self._reviews[application.pk], by=self.by, reason=self.comment)
