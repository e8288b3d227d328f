"""Bulk acts on the agenda of a sitting: put dossiers on it, propose, clear proposals."""

from decimal import Decimal

from calls import deliberation
from calls.bulk import words
from calls.bulk.act import Act
from calls.bulk.parameters import OUTCOMES
from calls.deliberation.closing import snapshot
from calls.models import BulkAct, Selection
from calls.permissions import Refusal
from ftap.templatetags.ftap import euros

_DECISION = ("outcome", "granted_amount", "amount_not_disclosed", "motive", "rank", "public_text")


class SittingAct(Act):
    """An act on the live items that a sitting's agenda has for the dossiers."""

    situation_heading = "Proposition actuelle"
    SEEN = LEFT = ("selection", "version")

    def __init__(self, *, by, committee, comment="", **params):
        super().__init__(by=by, comment=comment, committee=committee, **params)
        self.committee = committee
        self.items = {}

    def load(self, applications):
        loaded = {application.pk: application for application in applications}
        rows = Selection.objects.live().filter(committee=self.committee, application__in=loaded)
        self.items = {}
        for item in rows:
            item.committee, item.application = self.committee, loaded[item.application_id]
            self.items[item.application_id] = item

    def values(self, application):
        item = self.items.get(application.pk)
        if item is None:
            return {"selection": None, "version": None, "state": None}
        return {"selection": item.pk, "version": item.version, **snapshot(item)}

    def versioned(self, application):
        return self.items.get(application.pk, application)

    def situation(self, application):
        return _told(self.items.get(application.pk))

    def _absent(self):
        return f"il n’est pas à l’ordre du jour de la séance « {self.committee} »."

    def _refusals(self, applications, refusal):
        """What `refusal` says of each item; of a dossier that is not on the agenda, that."""
        return {
            application.pk: refusal(self.items[application.pk])
            if application.pk in self.items
            else self._absent()
            for application in applications
        }


class PutOnAgenda(SittingAct):
    """Put dossiers at the end of an agenda, by reference. Undone by taking them off."""

    kind = BulkAct.Kind.PUT_ON_AGENDA
    permissions = ("calls.manage_agenda",)
    situation_heading = ""
    SEEN = ("selection",)
    LEFT = ("selection", "state")
    label = "Inscription à l’ordre du jour"

    def effect(self, application):
        return "à l’ordre du jour"

    def refusals(self, applications):
        return deliberation.agenda_refusals(self.committee, applications, self.by)

    def do(self, applications):
        deliberation.put_on_agenda(self.committee, applications, by=self.by)

    def undo_refusals(self, applications, before):
        return self._refusals(
            applications, lambda item: deliberation.removal_refusal(item, self.by)
        )

    def undo(self, applications, before):
        # The last first: no item left has to move up twice.
        items = sorted(
            (self.items[application.pk] for application in applications),
            key=lambda item: item.agenda_position or 0,
            reverse=True,
        )
        for item in items:
            deliberation.remove_from_agenda(item, by=self.by, comment=self.comment)


class Propose(SittingAct):
    """Write one proposal on items that have none. Undone by clearing it.

    A proposal that stands is never written over in bulk: it is cleared first, knowingly.
    """

    kind = BulkAct.Kind.PROPOSE
    permissions = ("calls.propose_decision",)

    def __init__(self, *, by, committee, outcome, motive="", comment=""):
        super().__init__(
            by=by, committee=committee, outcome=outcome, motive=motive, comment=comment
        )
        if outcome not in OUTCOMES:
            raise Refusal("Choisissez dans la liste ce qui est proposé.")
        self.outcome, self.motive = outcome, motive
        self.label = f"Proposition : {OUTCOMES[outcome]}"

    def effect(self, application):
        if self.outcome == "retained_asked" and application.asked_amount is not None:
            return f"retenu, {euros(application.asked_amount)}"
        return OUTCOMES[self.outcome]

    def refusals(self, applications):
        return self._refusals(applications, self._refusal)

    def _refusal(self, item):
        if item.state == Selection.State.PROPOSED:
            return (
                f"une décision est déjà proposée, « {_told(item)} » : effacez-la d’abord, ou "
                "modifiez-la dans l’espace de séance."
            )
        if self.outcome == "retained_asked" and item.application.asked_amount is None:
            return (
                "son montant demandé n’est pas connu : proposez-en un dans l’espace de séance, ou "
                "la mention « montant non communiqué »."
            )
        return deliberation.proposal_refusal(item, self.by, **self._proposal(item.application))

    def _proposal(self, application):
        values = {"motive": self.motive}
        if self.outcome == "retained_asked":
            return {
                **values,
                "outcome": Selection.Outcome.RETAINED,
                "granted_amount": application.asked_amount,
            }
        if self.outcome == "retained_undisclosed":
            return {
                **values,
                "outcome": Selection.Outcome.RETAINED,
                "amount_not_disclosed": True,
            }
        return {**values, "outcome": self.outcome}

    def do_one(self, application):
        item = self.items[application.pk]
        deliberation.propose(item, by=self.by, version=item.version, **self._proposal(application))

    def undo_refusals(self, applications, before):
        return self._refusals(
            applications, lambda item: deliberation.clearing_refusal(item, self.by)
        )

    def undo_one(self, application, before):
        item = self.items[application.pk]
        deliberation.clear_proposal(item, by=self.by, version=item.version)


class ClearProposals(SittingAct):
    """Take proposals back. Undone by proposing again what each dossier had."""

    kind = BulkAct.Kind.CLEAR_PROPOSALS
    permissions = ("calls.propose_decision",)
    label = "Effacement des propositions"

    def effect(self, application):
        return "à examiner"

    def refusals(self, applications):
        return self._refusals(
            applications, lambda item: deliberation.clearing_refusal(item, self.by)
        )

    def do_one(self, application):
        item = self.items[application.pk]
        deliberation.clear_proposal(item, by=self.by, version=item.version)

    def undo_refusals(self, applications, before):
        return self._refusals(
            applications,
            lambda item: deliberation.proposal_refusal(
                item, self.by, **_decision(before[item.application_id])
            ),
        )

    def undo_one(self, application, before):
        item = self.items[application.pk]
        deliberation.propose(item, by=self.by, version=item.version, **_decision(before))


def _decision(values):
    """What `propose` takes, from the values that a receipt keeps."""
    found = {name: values[name] for name in _DECISION}
    if found["granted_amount"] is not None:
        found["granted_amount"] = Decimal(found["granted_amount"])
    return found


def _told(item):
    """A proposal in a few words."""
    if item is None:
        return words.EMPTY
    outcome = item.get_outcome_display() or item.get_state_display()
    if item.outcome == Selection.Outcome.RETAINED:
        return f"{outcome}, {euros(item.granted_amount)}"
    return outcome if item.rank is None else f"{outcome}, rang {item.rank}"
