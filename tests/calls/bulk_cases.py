"""One case of each bulk act: two dossiers that accept it, and how to see it done."""

import datetime
import re
from decimal import Decimal

import pytest

from calls import bulk
from calls.models import Application, BulkAct, BulkActItem, Selection
from calls.models.event import Event
from tests.calls.dossiers import in_state, officer, secretary
from tests.calls.sittings import dossier, item, sitting
from tests.factories import OrganisationFactory

State, Kind = Application.State, BulkAct.Kind


def states(rows):
    return [Application.objects.values_list("state", flat=True).get(pk=row.pk) for row in rows]


def image():
    """Everything that an act may write, as the database has it."""
    return {
        model: list(model.objects.order_by("pk").values())
        for model in (Application, Selection, BulkAct, BulkActItem, Event)
    }


def sentence(error):
    return " ".join(error.value.messages)


class Case:
    """One kind of act on two dossiers that accept it, and how to see it done and undone."""

    comment = ""

    def __init__(self):
        self.by = secretary()


class AssignCase(Case):
    kind = Kind.ASSIGN

    def __init__(self):
        super().__init__()
        self.former = officer()
        self.rows = [
            in_state(State.RECEIVED, case_officer=None),
            in_state(State.UNDER_REVIEW, case_officer=self.former),
        ]
        self.params = {"officer": officer()}

    def facts(self):
        return [Application.objects.get(pk=row.pk).case_officer_id for row in self.rows]

    def expected(self):
        return [self.params["officer"].pk] * 2


class MoveCase(Case):
    kind = Kind.TRANSITION
    comment = "Vérifié ensemble."

    def __init__(self, action, source, target):
        super().__init__()
        self.rows = [in_state(source), in_state(source)]
        self.params, self.target = {"action": action}, target

    def facts(self):
        return states(self.rows)

    def expected(self):
        return [self.target] * 2


class AskOpinionCase(Case):
    kind = Kind.ASK_OPINION

    def __init__(self):
        super().__init__()
        self.rows = [in_state(State.ADMISSIBLE), in_state(State.UNDER_REVIEW)]
        self.params = {
            "institution": OrganisationFactory(),
            "due_on": datetime.date.today() + datetime.timedelta(days=10),
            "question": "Qu’en pensez-vous\u202f?",
        }

    def facts(self):
        return [
            list(row.reviews.live().values_list("institution", "question")) for row in self.rows
        ]

    def expected(self):
        return [[(self.params["institution"].pk, self.params["question"])]] * 2


class AgendaCase(Case):
    kind = Kind.PUT_ON_AGENDA

    def __init__(self):
        super().__init__()
        committee = sitting("planned")
        item(committee)
        self.rows = [dossier(committee), dossier(committee)]
        self.params = {"committee": committee}

    def facts(self):
        return [list(row.selections.live().values_list("committee", "state")) for row in self.rows]

    def expected(self):
        return [[(self.params["committee"].pk, "to_examine")]] * 2


class ProposeCase(Case):
    kind = Kind.PROPOSE
    outcome, motive = "retained_asked", ""

    def __init__(self):
        super().__init__()
        committee = sitting("open")
        self.rows = [
            item(
                committee, application=dossier(committee, asked_amount=Decimal(amount))
            ).application
            for amount in ("250000.50", "1000000")
        ]
        self.params = {"committee": committee, "outcome": self.outcome, "motive": self.motive}

    def facts(self):
        return [
            Selection.objects.values_list(
                "state", "outcome", "granted_amount", "amount_not_disclosed", "motive"
            ).get(application=row)
            for row in self.rows
        ]

    def expected(self):
        return [
            ("proposed", "retained", Decimal("250000.50"), False, ""),
            ("proposed", "retained", Decimal("1000000.00"), False, ""),
        ]


class UndisclosedCase(ProposeCase):
    outcome = "retained_undisclosed"

    def expected(self):
        return [("proposed", "retained", None, True, "")] * 2


class RefuseCase(ProposeCase):
    outcome, motive = "not_retained", "Hors du champ."

    def expected(self):
        return [("proposed", "not_retained", None, False, "Hors du champ.")] * 2


class DeferCase(ProposeCase):
    outcome = "deferred"

    def expected(self):
        return [("proposed", "deferred", None, False, "")] * 2


class ClearCase(Case):
    kind = Kind.CLEAR_PROPOSALS

    def __init__(self):
        super().__init__()
        committee = sitting("open")
        self.rows = [
            item(committee, "retained", public_text="Un beau projet.").application,
            item(committee, "waiting_list", motive="À revoir.").application,
        ]
        self.params = {"committee": committee}

    facts = ProposeCase.facts

    def expected(self):
        return [("to_examine", "", None, False, "")] * 2


CASES = {
    "assign": AssignCase,
    "declare_admissible": lambda: MoveCase("declare_admissible", "received", "admissible"),
    "declare_inadmissible": lambda: MoveCase("declare_inadmissible", "received", "inadmissible"),
    "reconsider": lambda: MoveCase("reconsider", "admissible", "received"),
    "start_review": lambda: MoveCase("start_review", "admissible", "under_review"),
    "cancel_review": lambda: MoveCase("cancel_review", "under_review", "admissible"),
    "ask_opinion": AskOpinionCase,
    "put_on_agenda": AgendaCase,
    "propose_asked": ProposeCase,
    "propose_undisclosed": UndisclosedCase,
    "propose_not_retained": RefuseCase,
    "propose_deferred": DeferCase,
    "clear": ClearCase,
}
UNDONE = sorted(CASES.keys() - {"reconsider"})


# For a fixture `case` that makes the one named.
every_case = pytest.mark.parametrize("case", sorted(CASES), indirect=True)
undone_cases = pytest.mark.parametrize("case", UNDONE, indirect=True)


def run(case, **values):
    values = {"by": case.by, "comment": case.comment, **values}
    return bulk.run(case.kind, case.rows, **values, **case.params)


def text(response):
    """What the page says, without its tags, its spaces all alike."""
    plain = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", plain.replace("&nbsp;", " "))


def said(response):
    return " ".join(str(message) for message in response.context["messages"])
