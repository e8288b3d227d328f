"""What happens to the fictional dossiers: each act goes through its gate, by whoever may do it."""

import datetime
import random
from decimal import Decimal

from calls import (
    attachments,
    deliberation,
    gates,
    history,
    instruction,
    letters,
    recusals,
    workflow,
)
from calls.demo import files
from calls.demo.frame import make_criteria, make_members, make_rules
from calls.demo.projects import DECIDED, EXAMINED, PREFIX, PROJECTS, Fate
from calls.models import (
    Application,
    Bearer,
    Call,
    CallSession,
    Committee,
    CommitteeMember,
    Fund,
    Letter,
    Review,
    Selection,
    SessionAccess,
)
from laureates.models import Theme

FUND, CALL, SESSION = "fonds-fictif", "appel-fictif", "session-fictive"
REFERENCE = "FICTIF-"
ENVELOPE = 9_000_000
# The same dossiers get the same scores at each run.
SEED = 2019
Outcome, Attendance = Selection.Outcome, CommitteeMember.Attendance


def euros(thousands: int | None) -> Decimal | None:
    return None if thousands is None else Decimal(thousands * 1000)


class Story:
    """The fictional session, told from deposit to sittings; `today` is its last day."""

    def __init__(self, accounts, organisations, today: datetime.date):
        self.accounts, self.organisations, self.today = accounts, organisations, today
        self.secretariat, self.decision = accounts["secretariat"], accounts["decision"]
        self.random = random.Random(SEED)  # noqa: S311 - scores of invented dossiers
        self.dossiers = []

    def tell(self) -> None:
        with history.acting(self.secretariat, "demo"):
            self._frame()
            self._deposit()
        for project, dossier in self.dossiers:
            self._examine(project, dossier)
        self.past_sitting = self._sitting(
            1, held_on=self.day(21), name="Comité d’essai, première séance"
        )
        self._hold_past_sitting()
        self.open_sitting = self._sitting(
            2, held_on=self.today, name="Comité d’essai, seconde séance"
        )
        self._prepare_open_sitting()

    def attach_files(self) -> None:
        """Files of some dossiers, once their rows are safely written."""
        for project, dossier in self.dossiers[::3]:
            attachments.add(
                dossier,
                files.budget_table(project),
                by=self.secretariat,
                title="Budget prévisionnel (fictif)",
            )
        for _, dossier in self.dossiers[::6]:
            attachments.add(
                dossier,
                files.letter_page(dossier.reference),
                by=self.secretariat,
                title="Lettre de candidature (fictive)",
                is_internal=True,
            )

    def day(self, ago: int) -> datetime.date:
        return self.today - datetime.timedelta(days=ago)

    # Frame and deposit -------------------------------------------------------

    def _frame(self):
        fund = Fund(
            slug=FUND,
            name=f"{PREFIX}Fonds d’essai",
            description="Un fonds inventé, pour essayer l’application.",
        )
        gates.save(fund)
        call = Call(
            fund=fund,
            slug=CALL,
            title=f"{PREFIX}Appel à projets d’essai",
            year=self.today.year,
            is_fictional=True,
            staff_note="Inventé de bout en bout\u00a0: rien n’en sera jamais publié.",
        )
        gates.save(call)
        self.session = CallSession(
            call=call,
            slug=SESSION,
            number=1,
            label="session fictive",
            opens_on=self.day(90),
            deadline_on=self.day(30),
            envelope=ENVELOPE,
        )
        gates.save(self.session)
        institutions = [self.organisations[key] for key in ("budget", "numerique")]
        self.session.expected_institutions.set(institutions)
        make_rules(self.session)
        self.criteria = make_criteria(call)
        gates.save(SessionAccess(user=self.accounts["reader"], session=self.session))

    def _deposit(self):
        themes = list(Theme.objects.order_by("position", "pk"))
        for number, project in enumerate(PROJECTS, 1):
            dossier = Application(
                reference=f"{REFERENCE}{number:02}",
                session=self.session,
                title=f"{PREFIX}{project.title}",
                summary=project.summary,
                asked_amount=euros(project.asked),
                total_cost=euros(project.cost),
                received_on=self.day(project.received),
                completed_on=self.day(project.received - 5),
                contact_name="Contact fictif",
                contact_email=f"contact-{number:02}@example.org",
                source="Dossier inventé pour la session fictive",
            )
            gates.save(dossier)
            for position, key in enumerate(project.bearers, 1):
                organisation = self.organisations[key]
                gates.save(
                    Bearer(
                        application=dossier,
                        organisation=organisation,
                        position=position,
                        declared_name=organisation.name,
                        role=Bearer.Role.LEAD if position == 1 else Bearer.Role.CO,
                    )
                )
            if themes:
                dossier.themes.set([themes[number % len(themes)]])
            self.dossiers.append((project, dossier))

    # Instruction -------------------------------------------------------------

    def _examine(self, project, dossier):
        fate = project.fate
        if fate in (Fate.RECEIVED, Fate.LATE_DEPOSIT):
            return
        if fate == Fate.INADMISSIBLE:
            self._move(
                dossier,
                "declare_inadmissible",
                comment="Le projet ne répond pas à l’objet de l’appel.",
            )
            return
        # The reason is kept only where a rule does not hold.
        self._move(
            dossier, "declare_admissible", comment="Admis malgré l’écart, vu l’intérêt du projet."
        )
        if fate == Fate.ADMISSIBLE:
            return
        number = int(dossier.reference.removeprefix(REFERENCE))
        officer = self.accounts["officer" if number % 2 else "second"]
        instruction.assign(dossier, officer, by=self.secretariat)
        if fate == Fate.ASSIGNED:
            return
        self._move(dossier, "start_review", by=officer)
        reviews = self._ask_opinions(dossier, officer)
        if fate in (Fate.UNDER_REVIEW, Fate.OVERDUE_OPINION):
            self._opine(reviews[0])
            instruction.add_note(dossier, "Le porteur rappelle jeudi (note fictive).", by=officer)
            if fate == Fate.OVERDUE_OPINION:
                self._date_back(reviews[1])
        elif fate in (Fate.INFORMATION_ASKED, Fate.OVERDUE_INFORMATION):
            self._ask_information(dossier, officer, is_late=fate == Fate.OVERDUE_INFORMATION)
        elif fate == Fate.WITHDRAWN:
            self._move(
                dossier, "withdraw", comment="Le porteur renonce\u00a0: projet financé ailleurs."
            )
        else:
            self._complete(project, dossier, officer, reviews)

    def _complete(self, project, dossier, officer, reviews):
        missing = ""
        self._opine(reviews[0])
        if project.fate == Fate.PROPOSED_DEFERRED:
            missing = "L’institution n’a pas pu répondre à temps."
        else:
            self._opine(reviews[1])
        self._move(
            dossier,
            "complete_review",
            by=officer,
            comment=missing,
            synthesis=(
                f"{project.summary} Synthèse fictive\u00a0: besoin établi, calendrier tenable, "
                "économies à confirmer."
            ),
        )

    def _move(self, dossier, action, *, by=None, **given):
        workflow.apply(dossier, action, by=by or self.secretariat, **given)

    def _ask_opinions(self, dossier, officer):
        return [
            instruction.ask_opinion(
                dossier,
                self.organisations[key],
                by=officer,
                reviewer=self.accounts[key],
                due_on=self.day(-15),
                question="Le coût et le calendrier vous paraissent-ils tenables\u202f?",
            )
            for key in ("budget", "numerique")
        ]

    def _opine(self, review):
        verdict = self.random.choices(Review.Verdict.values, weights=(6, 3, 1))[0]
        best = {Review.Verdict.FAVOURABLE: 5, Review.Verdict.RESERVED: 3}.get(verdict, 2)
        scores = {
            criterion.pk: Decimal(self.random.randint(2 * best - 3, 2 * best)) / 2
            for criterion in self.criteria
            if criterion.scale_max
        }
        instruction.render_opinion(
            review,
            by=review.reviewer,
            verdict=verdict,
            comment=f"Avis fictif\u00a0: {Review.Verdict(verdict).label}, voir les notes.",
            confidential_comment="Fictif et confidentiel\u00a0: une marge de négociation existe.",
            scores=scores,
            version=review.version,
        )

    def _ask_information(self, dossier, officer, *, is_late):
        self._move(
            dossier,
            "request_information",
            by=officer,
            comment="Merci de préciser le plan de financement.",
            due_on=self.day(-10),
        )
        if is_late:
            request = dossier.information_requests.get()
            self._date_back(request)
            letters.draft_information_reminder(request, by=officer)

    def _date_back(self, row):
        """Make an opinion or a request late: no gate dates one in the past."""
        row.refresh_from_db()
        row.due_on = self.day(6)
        with history.acting(self.secretariat, "demo", "Échéance antidatée pour l’essai."):
            gates.save(row)

    # Sittings ----------------------------------------------------------------

    def _sitting(self, number, *, held_on, name):
        committee = Committee(
            fund=self.session.call.fund,
            session=self.session,
            slug=f"seance-fictive-{number}",
            name=f"{PREFIX}{name}",
            held_on=held_on,
        )
        with history.acting(self.secretariat, "demo"):
            gates.save(committee)
            make_members(committee, self.organisations, self.accounts["member"])
        return committee

    def _put_on_agenda(self, committee, fates):
        found = [dossier for project, dossier in self.dossiers if project.fate in fates]
        return deliberation.put_on_agenda(committee, found, by=self.secretariat)

    def _propose(self, selection, project, *, by):
        """What the fate of the dossier says; nothing where it is still to examine."""
        values = {
            Fate.RETAINED: {"outcome": Outcome.RETAINED},
            Fate.PROPOSED_RETAINED: {"outcome": Outcome.RETAINED},
            Fate.NOT_DISCLOSED: {"outcome": Outcome.RETAINED, "amount_not_disclosed": True},
            Fate.PROPOSED_NOT_DISCLOSED: {
                "outcome": Outcome.RETAINED,
                "amount_not_disclosed": True,
            },
            Fate.NOT_RETAINED: {"outcome": Outcome.NOT_RETAINED},
            Fate.PROPOSED_NOT_RETAINED: {"outcome": Outcome.NOT_RETAINED},
            Fate.WAITING_LIST: {"outcome": Outcome.WAITING_LIST, "rank": 1},
            Fate.PROPOSED_WAITING: {"outcome": Outcome.WAITING_LIST, "rank": 1},
            Fate.DEFERRED: {"outcome": Outcome.DEFERRED},
            Fate.PROPOSED_DEFERRED: {"outcome": Outcome.DEFERRED},
        }.get(project.fate)
        if values is None:
            return
        retained = values["outcome"] == Outcome.RETAINED
        deliberation.propose(
            selection,
            by=by,
            version=selection.version,
            granted_amount=euros(project.granted) if retained else None,
            motive="" if retained else "Motif fictif\u00a0: le besoin reste à démontrer.",
            public_text=project.summary if retained else "",
            **values,
        )

    def _open(self, committee, *, absent: int):
        """Record who attends, the last `absent` excused, and open."""
        members = list(committee.members.all())
        marks = {member.pk: Attendance.PRESENT for member in members}
        marks |= {member.pk: Attendance.EXCUSED for member in members[len(members) - absent :]}
        committee.refresh_from_db()
        deliberation.record_attendance(
            committee, marks, by=self.secretariat, version=committee.version
        )
        deliberation.open_committee(
            committee,
            by=self.decision,
            chair="Dominique Présidence, personne fictive",
            quorum=3,
            held_on=committee.held_on,
        )
        committee.refresh_from_db()

    def _hold_past_sitting(self):
        committee = self.past_sitting
        projects = {dossier.pk: project for project, dossier in self.dossiers}
        for selection in self._put_on_agenda(committee, DECIDED):
            self._propose(selection, projects[selection.application_id], by=self.secretariat)
        self._open(committee, absent=1)
        deliberation.close(committee, by=self.decision, version=committee.version)
        self._review_letters()

    def _review_letters(self):
        """Read over the letters that can go as they are, and record that one left by post."""
        drafts = Letter.objects.pending().filter(application__session=self.session)
        fit = [
            letter
            for letter in drafts.order_by("pk")
            if not letters.refusal(letter, self.secretariat, "review")
        ]
        for letter in fit[:2]:
            letters.mark_reviewed(letter, by=self.secretariat)
        for letter in fit[:1]:
            letters.send(letter, by=self.secretariat, channel=Letter.Channel.POST)

    def _prepare_open_sitting(self):
        committee = self.open_sitting
        projects = {dossier.pk: project for project, dossier in self.dossiers}
        selections = self._put_on_agenda(committee, EXAMINED)
        member = committee.members.get(user=self.accounts["member"])
        concerned = next(
            row.application
            for row in selections
            if member.institution in row.application.organisations.all()
        )
        recusals.declare(
            concerned,
            by=self.secretariat,
            member=member,
            reason="Son institution porte le dossier.",
        )
        self._open(committee, absent=2)
        for selection in selections:
            project = projects[selection.application_id]
            if project.fate != Fate.DEFERRED:
                self._propose(selection, project, by=selection.application.case_officer)
