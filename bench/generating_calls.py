"""Made-up dossiers, the same at each run, behind made-up laureates: calls, sessions, sittings,
opinions, decisions. Written in bulk through the models, without history, as the laureates are.

One session a year and more when dossiers are many, some 600 dossiers each; older ones are decided,
the last ones are in every state. One retained dossier in three is linked to a laureate.
"""

import datetime
import random
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from bench import generating, people
from calls.models import (
    Affiliation,
    Application,
    Bearer,
    Call,
    CallSession,
    Committee,
    Fund,
    InformationRequest,
    Review,
    Selection,
    SessionAccess,
)
from laureates.models import Laureate, Organisation

SEED = 20210301
# Dossiers of the largest measure: the staff's pages have a target at 100,000.
MOST = 100_000
PER_SESSION = 600
SESSIONS_OF_A_CALL = 4
SITTINGS_OF_A_SESSION = 2
OFFICERS = 30
INSTITUTIONS = 8
YEARS = 8
State, Outcome = Application.State, Selection.Outcome
# Of the dossiers of a session that is still examined.
STATES = (
    (State.RECEIVED, 15),
    (State.ADMISSIBLE, 15),
    (State.INADMISSIBLE, 8),
    (State.UNDER_REVIEW, 30),
    (State.INFO_REQUESTED, 7),
    (State.REVIEWED, 20),
    (State.WITHDRAWN, 5),
)
# Of the reviewed dossiers of a closed sitting.
OUTCOMES = (
    (Outcome.RETAINED, 40),
    (Outcome.NOT_RETAINED, 45),
    (Outcome.DEFERRED, 10),
    (Outcome.WAITING_LIST, 5),
)
FORM_STATES = (
    ("", 10),
    (Application.FormState.REVIEW, 40),
    (Application.FormState.ACCEPTED, 25),
    (Application.FormState.REFUSED, 25),
)


def generate(size: int, say=print) -> None:
    """Fill a database of made-up laureates with `size` dossiers and all that they read."""
    if Application.objects.exists():
        raise ValueError("the database already holds dossiers")
    maker = _Maker(random.Random(SEED), size)
    with transaction.atomic():
        maker.frame()
    for number, session in enumerate(maker.sessions):
        with transaction.atomic():
            maker.write(number, session)
        if number % 50 == 0:
            say(f"  session {number + 1} sur {len(maker.sessions)}")
    generating.analyze()


def _draw(rng, weighted):
    values, weights = zip(*weighted, strict=True)
    return rng.choices(values, weights)[0]


class _Maker:
    def __init__(self, rng, size):
        self.rng, self.size = rng, size
        self.draws = generating.Draws(rng)
        self.today = timezone.localdate()
        # Laureates that dossiers became, in no order that pages have.
        keys = Laureate.objects.filter(withdrawn_at=None).order_by("public_id")
        # Read at once: PostgreSQL closes a cursor with its transaction, and each session has one.
        self.laureates = iter(list(keys.values_list("pk", flat=True)[:size]))

    def frame(self):
        rng, agents = self.rng, people.agents()
        people.superuser()
        user = get_user_model()
        self.officers = [agents["Instruction"]]
        for number in range(OFFICERS - 1):
            name = f"Instructeur {number + 1}"
            self.officers.append(
                user.objects.create(username=f"banc-{number:02}", last_name=name, is_staff=True)
            )
        organisations = Organisation.objects.filter(kind="administration-centrale").order_by("pk")
        self.institutions = list(organisations[:INSTITUTIONS])
        Affiliation.objects.create(user=agents["Avis"], organisation=self.institutions[0])
        self.secretary = agents["Secrétariat"]
        fund = Fund.objects.create(slug="fonds-mesure", name="Fonds de mesure")
        count = max(YEARS, -(-self.size // PER_SESSION))
        self.sessions, calls = [], []
        for number in range(count):
            if number % SESSIONS_OF_A_CALL == 0:
                ago = (count - 1 - number) * YEARS // count
                year = self.today.year - ago
                rank = len(calls) + 1
                call = Call(
                    fund=fund,
                    slug=f"appel-mesure-{rank}",
                    title=f"Appel à projets mesuré {year}, nᵒ {rank}",
                    year=year,
                )
                calls.append(call)
            self.sessions.append((calls[-1], number % SESSIONS_OF_A_CALL + 1, number))
        Call.objects.bulk_create(calls)
        step = YEARS * 365 / count
        rows = []
        for call, rank, number in self.sessions:
            opened = self.today - datetime.timedelta(days=int((count - number) * step))
            rows.append(
                CallSession(
                    call=call,
                    slug=f"session-mesuree-{number + 1}",
                    number=rank,
                    label=f"session {rank}",
                    opens_on=opened,
                    deadline_on=opened + datetime.timedelta(days=30),
                    envelope=Decimal(50_000_000),
                )
            )
        self.sessions = CallSession.objects.bulk_create(rows)
        for session in self.sessions:
            session.expected_institutions.set(rng.sample(self.institutions, 2))
        for session in self.sessions[-3:]:
            SessionAccess.objects.create(user=agents["Lecture"], session=session)
        sittings = [
            Committee(
                fund=fund,
                session=session,
                slug=f"seance-mesuree-{number + 1}-{rank}",
                name=f"Comité {rank} de la session {number + 1}",
                held_on=session.deadline_on + datetime.timedelta(days=60 + 30 * rank),
            )
            for number, session in enumerate(self.sessions)
            for rank in range(1, SITTINGS_OF_A_SESSION + 1)
        ]
        # Those of the last sessions are to come.
        for sitting in sittings[: -3 * SITTINGS_OF_A_SESSION]:
            sitting.state, sitting.closed_at = "closed", _moment(sitting.held_on)
        self.sittings = Committee.objects.bulk_create(sittings)

    def write(self, number, session):
        is_decided = number < len(self.sessions) - 3
        start, end = (self.size * n // len(self.sessions) for n in (number, number + 1))
        rows = [self._dossier(rank, session, is_decided) for rank in range(start, end)]
        Application.objects.bulk_create(rows)
        disclosed = [row for row in rows if not row.is_undisclosed]
        rng = self.rng
        Bearer.objects.bulk_create(
            Bearer(
                application=row,
                organisation=organisation,
                position=position,
                declared_name=organisation.name,
                role="chef-de-file" if position == 1 else "co-porteur",
            )
            for row in disclosed
            for position, organisation in enumerate(
                self.draws.carriers.several(rng.choice((1, 1, 2, 3))), 1
            )
        )
        for name, drawn in (("theme", self.draws.themes), ("territory", self.draws.places)):
            through = Application._meta.get_field(
                "themes" if name == "theme" else "territories"
            ).remote_field.through
            through.objects.bulk_create(
                through(**{"application_id": row.pk, f"{name}_id": linked.pk})
                for row in disclosed
                for linked in drawn.several(rng.choice((1, 1, 2)))
            )
        Review.objects.bulk_create([review for row in disclosed for review in self._reviews(row)])
        InformationRequest.objects.bulk_create(
            InformationRequest(
                application=row,
                text="Précisez le calendrier.",
                asked_at=row.review_started_at,
                asked_by=row.case_officer,
                due_on=self.today + datetime.timedelta(days=rng.randint(-20, 20)),
            )
            for row in disclosed
            if row.state == State.INFO_REQUESTED
        )
        sittings = self.sittings[number * SITTINGS_OF_A_SESSION :][:SITTINGS_OF_A_SESSION]
        Selection.objects.bulk_create(
            self._selection(row, position, sittings[position % len(sittings)])
            for position, row in enumerate(
                (row for row in disclosed if row.state == State.REVIEWED), 1
            )
        )

    def _dossier(self, rank, session, is_decided):
        rng = self.rng
        row = Application(
            reference=f"DOSSIER-{rank:06}",
            session=session,
            source="Données fictives de mesure",
        )
        if rng.random() < 0.02:
            row.is_undisclosed = True
            return row
        state = _draw(rng, STATES)
        if is_decided and state not in (State.INADMISSIBLE, State.WITHDRAWN):
            state = State.REVIEWED
        received = session.opens_on + datetime.timedelta(days=rng.randint(0, 31))
        row.title, row.summary = self.draws.title(), self.draws.description()[:600]
        row.state = state
        row.asked_amount = self.draws.amount()
        row.form_number, row.form_state = 1_000_000 + rank, _draw(rng, FORM_STATES)
        row.received_on = received
        row.completed_on = received + datetime.timedelta(days=rng.randint(0, 20))
        row.contact_name, row.contact_email = "Contact", f"contact-{rank}@example.org"
        if state == State.RECEIVED:
            return row
        row.admissibility_decided_at = _moment(received + datetime.timedelta(days=25))
        if state == State.INADMISSIBLE:
            row.admissibility_reason = "Hors de l’objet de l’appel."
            return row
        if rng.random() < 0.9 or state != State.ADMISSIBLE:
            row.case_officer = rng.choice(self.officers)
        if state == State.ADMISSIBLE:
            return row
        row.review_started_at = _moment(received + datetime.timedelta(days=30))
        if state == State.WITHDRAWN:
            row.withdrawn_at = _moment(received + datetime.timedelta(days=40))
            row.withdrawal_reason = "Le porteur renonce."
        elif state == State.REVIEWED:
            row.synthesis = "Synthèse de l’instruction, pour la mesure."
            row.reviewed_at = _moment(received + datetime.timedelta(days=70))
        return row

    def _reviews(self, row):
        if row.review_started_at is None:
            return
        for institution in self.rng.sample(self.institutions, self.rng.choice((1, 2, 2, 3))):
            review = Review(
                application=row,
                institution=institution,
                asked_at=row.review_started_at,
                asked_by=self.secretary,
                due_on=row.review_started_at.date() + datetime.timedelta(days=21),
            )
            if row.state == State.REVIEWED or self.rng.random() < 0.4:
                review.verdict = self.rng.choice(("favourable", "reserved", "unfavourable"))
                review.comment = "Un avis, pour la mesure."
                review.rendered_at = row.review_started_at + datetime.timedelta(days=15)
                review.rendered_by = self.secretary
            yield review

    def _selection(self, row, position, sitting):
        found = Selection(application=row, committee=sitting, agenda_position=position % 30_000)
        if sitting.state != "closed":
            return found
        found.state, found.outcome = Selection.State.VALIDATED, _draw(self.rng, OUTCOMES)
        found.decided_on, found.record_source = sitting.held_on, "Relevé de la séance"
        if found.outcome == Outcome.RETAINED:
            found.granted_amount = row.asked_amount
            found.amount_not_disclosed = row.asked_amount is None
            if self.rng.random() < 0.33:
                found.laureate_id = next(self.laureates, None)
        elif found.outcome == Outcome.NOT_RETAINED:
            found.motive = "Effets attendus trop incertains."
        elif found.outcome == Outcome.WAITING_LIST:
            found.rank = position % 100 + 1
        return found


def _moment(day) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(10), datetime.UTC)
