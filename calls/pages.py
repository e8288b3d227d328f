"""What the public pages of calls show, read from calls, their rules and public announcements.

Nothing of a dossier, a decision, a sitting or a note of the staff is read here; an envelope is,
only where it is public. The same content serves the staff's previews.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from urllib.parse import urlsplit

from django.db.models import Case, F, Prefetch, Q, QuerySet, When
from django.urls import reverse

from calls.models import Call, CallSession, Criterion
from calls.status import (
    Status,
    deadline_words,
    public_publications,
    with_call_status,
    with_session_status,
)
from ftap.templatetags.ftap import french_date
from laureates import figures, markdown
from laureates.models import Announcement, Claim
from laureates.models.public import withdrawn_q

HOME_MAX = 3
_ON_HOME = {Status.OPEN, Status.CONTINUOUS, Status.ANNOUNCED}
_ANNOUNCED_FIGURES = (Claim.Subject.APPLICATIONS, Claim.Subject.LAUREATES, Claim.Subject.AMOUNT)


# Rows ------------------------------------------------------------------------


def public_calls() -> QuerySet:
    """The calls that visitors may see, with their status, without the notes of the staff."""
    return readable_calls(Call.objects.published())


def readable_calls(calls: QuerySet) -> QuerySet:
    return with_call_status(calls).defer("staff_note")


def withdrawn_calls() -> QuerySet:
    """Those that visitors saw and that were withdrawn since."""
    return Call.objects.filter(withdrawn_q()).defer("staff_note")


def sessions_of(calls: Iterable[Call]) -> QuerySet:
    """The sessions of these calls, first to last, with their status and their public envelope."""
    rows = CallSession.objects.filter(call__in=calls)
    return (
        with_session_status(rows)
        .annotate(public_envelope=Case(When(envelope_is_public=True, then=F("envelope"))))
        .defer("envelope", "staff_note")
        .order_by(F("number").asc(nulls_last=True), "deadline_on", "pk")
    )


# Sessions --------------------------------------------------------------------


@dataclass(frozen=True)
class ShownSession:
    """A session as pages show it; `url` is where its own page is, "" where none is linked."""

    row: CallSession
    url: str = ""

    @property
    def name(self) -> str:
        return session_name(self.row)

    @property
    def status(self) -> Status:
        return Status(self.row.status)

    @property
    def opening(self) -> str:
        return french_date(self.row.opens_on) if self.row.opens_on else "non communiquée"

    @property
    def deadline(self) -> str:
        if self.row.deadline_on is None:
            return "non communiquée"
        return deadline_words(self.row.deadline_on, self.row.deadline_time)

    @property
    def former_deadlines(self) -> list[str]:
        """Each in words, oldest first."""
        return [former_deadline_words(former) for former in self.row.former_deadlines.all()]

    @property
    def envelope(self) -> Decimal | None:
        """In euros; None where it is unknown or not public: pages do not tell which."""
        return self.row.public_envelope

    @property
    def calendar_url(self) -> str:
        """ "" where the session has no known date."""
        if not has_dates(self.row):
            return ""
        return reverse("calls:session_calendar", args=[self.row.call.slug, self.row.slug])


def session_name(session: CallSession) -> str:
    return session.label or (f"session {session.number}" if session.number else "session unique")


def former_deadline_words(former) -> str:
    """« 28 juin 2019 (heure non communiquée), remplacée le 3 juillet 2019 »."""
    words = deadline_words(former.deadline_on, former.deadline_time)
    when = f"le {french_date(former.replaced_on)}" if former.replaced_on else "à une date inconnue"
    return f"{words}, remplacée {when}"


def has_dates(session: CallSession) -> bool:
    return bool(session.opens_on or session.deadline_on)


def any_date(sessions: QuerySet) -> bool:
    """Whether one of these rows has a known date, without reading them."""
    return sessions.filter(Q(opens_on__isnull=False) | Q(deadline_on__isnull=False)).exists()


# Deposit ---------------------------------------------------------------------


@dataclass(frozen=True)
class Deposit:
    """How and when to apply, in sentences.

    `how` is HTML, "" once deposit is over; `form_url` is given only while dossiers are taken, and
    `form_host` names the service that it leads to.
    """

    sentences: list[str]
    how: str = ""
    form_url: str = ""
    form_host: str = ""


def deposit_of(call: Call, status: Status, sessions: list[ShownSession]) -> Deposit:
    how = markdown.render(call.how_to_apply) if call.how_to_apply else ""
    if status.takes_dossiers:
        sentences = _open_sentences(status, sessions)
        if not call.form_url:
            sentences.append("L’adresse du formulaire de dépôt n’est pas communiquée ici.")
            return Deposit(sentences, how)
        return Deposit(sentences, how, call.form_url, urlsplit(call.form_url).hostname or "")
    if status == Status.ANNOUNCED:
        return Deposit([_opening_sentence(sessions)], how)
    return Deposit([_closing_sentence(sessions)])


def _open_sentences(status: Status, sessions: list[ShownSession]) -> list[str]:
    opened = [session for session in sessions if session.status == Status.OPEN]
    if status == Status.CONTINUOUS or not opened:
        return ["Les dossiers se déposent au fil de l’eau."]
    several = len(sessions) > 1
    return [
        f"Le dépôt des dossiers est ouvert{f' ({session.name})' if several else ''}"
        + (
            f" jusqu’au {session.deadline}."
            if session.row.deadline_on
            else "\u202f; la date limite n’est pas communiquée."
        )
        for session in opened
    ]


def _opening_sentence(sessions: list[ShownSession]) -> str:
    waiting = [
        session.row.opens_on
        for session in sessions
        if session.status == Status.ANNOUNCED and session.row.opens_on
    ]
    if waiting:
        return f"Le dépôt des dossiers ouvrira le {french_date(min(waiting))}."
    return "La date d’ouverture du dépôt n’est pas communiquée."


def _closing_sentence(sessions: list[ShownSession]) -> str:
    deadlines = [session for session in sessions if session.row.deadline_on]
    if not deadlines:
        return "Le dépôt des dossiers est clos\u202f; sa date limite n’est pas communiquée."
    last = max(deadlines, key=lambda session: session.row.deadline_on)
    return f"Le dépôt des dossiers est clos depuis le {french_date(last.row.deadline_on)}."


# Results ---------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """A public announcement, the figures that it states of its session, and what is held here."""

    announcement: Announcement
    claims: list[Claim]


def results_of(sessions: Iterable[CallSession]) -> list[Result]:
    """The public announcements of sittings of these sessions, latest first: five queries.

    Each says how much of it is recorded here.
    """
    links = public_publications().filter(
        committees__session__in=[session.pk for session in sessions]
    )
    claims = Claim.objects.filter(scope=Claim.Scope.SESSION, subject__in=_ANNOUNCED_FIGURES)
    announcements = (
        Announcement.objects.published()
        .filter(pk__in=links.values("announcement"))
        .with_public_laureate_count()
        .defer("staff_note")
        .prefetch_related(Prefetch("claims", claims.order_by("position", "slug")))
        .latest_first()
    )
    rows = figures.with_completeness(announcements)
    return [Result(row, list(row.claims.all())) for row in rows]


# Pages -----------------------------------------------------------------------


@dataclass(frozen=True)
class ShownCall:
    """A call in a list, with its sessions."""

    row: Call
    sessions: list[ShownSession]

    @property
    def status(self) -> Status:
        return Status(self.row.status)


@dataclass(frozen=True)
class Group:
    """Calls under one heading of the list; `anchor` is its identifier in the page."""

    title: str
    anchor: str
    calls: list[ShownCall]


def list_page() -> dict:
    """The context of the list: those to apply to, those to come, then the others by year."""
    calls = shown_calls(public_calls())
    current = [call for call in calls if call.status.takes_dossiers]
    announced = [call for call in calls if call.status == Status.ANNOUNCED]
    others = [call for call in calls if call not in current and call not in announced]
    groups = [
        Group("Appels ouverts", "ouverts", current),
        Group("Appels annoncés", "annonces", announced),
        *(
            Group(f"Appels de {year}", f"annee-{year}", list(rows))
            for year, rows in groupby(others, key=lambda call: call.row.year)
        ),
    ]
    return {"groups": [group for group in groups if group.calls]}


def shown_calls(calls: QuerySet) -> list[ShownCall]:
    """Latest year first: two queries."""
    rows = list(calls.order_by("-year", "slug"))
    by_call = {row.pk: [] for row in rows}
    for session in sessions_of(rows):
        by_call[session.call_id].append(ShownSession(session))
    return [ShownCall(row, by_call[row.pk]) for row in rows]


def home_panel() -> dict | None:
    """The block of the home page: calls that take dossiers, then those announced, a few of them."""
    # Public calls are few; to ask for a status would have its query written twice as long.
    calls = [call for call in shown_calls(public_calls()) if call.status in _ON_HOME]
    shown = sorted(calls, key=lambda call: call.status == Status.ANNOUNCED)[:HOME_MAX]
    if not shown:
        return None
    return {"template": "calls/public/_home.html", "context": {"calls": shown}}


def call_page(call: Call, address: Callable[[CallSession], str] | None = None) -> dict:
    """The context of the page of a call that has its status: at most eleven queries.

    `address` says where the page of a session is; its public address by default.
    """
    rows = _with_rules(sessions_of([call]))
    sessions = [_shown(row, call, address or CallSession.get_absolute_url) for row in rows]
    status = Status(call.status)
    has_calendar = any(has_dates(session.row) for session in sessions)
    return {
        "call": call,
        "status": status,
        "sessions": sessions,
        "public_text": markdown.render(call.public_text),
        "criteria": criteria_of(call),
        "deposit": deposit_of(call, status, sessions),
        "documents": list(call.documents.order_by("position")),
        "results": results_of(session.row for session in sessions),
        "calendar_url": reverse("calls:call_calendar", args=[call.slug]) if has_calendar else "",
        "page_title": call.title,
        "page_description": markdown.plain(call.public_text)
        or f"{call.title}\u00a0: {status.label}. Dates, critères, règles et résultats.",
    }


def session_page(call: Call, session: CallSession) -> dict:
    """The context of the page of a session, one of `sessions_of([call])`."""
    session.call = call
    shown = ShownSession(session)
    documents = call.documents.filter(Q(session=session) | Q(session=None)).order_by("position")
    return {
        "call": call,
        "call_url": call.get_absolute_url(),
        "session": shown,
        "status": shown.status,
        "rules": session.eligibility_rules.all(),
        "criteria": criteria_of(call),
        "deposit": deposit_of(call, shown.status, [shown]),
        "documents": list(documents),
        "results": results_of([session]),
        "page_title": f"{call.title}, {shown.name}",
        "page_description": (
            f"{call.title}, {shown.name}\u00a0: {shown.status.label}. "
            f"Date limite de dépôt\u00a0: {shown.deadline}."
        ),
    }


def find_session(call: Call, slug: str) -> CallSession | None:
    """The session of `call` at this address, with what its page reads."""
    return _with_rules(sessions_of([call])).filter(slug=slug).first()


def criteria_of(call: Call) -> list[Criterion]:
    return list(call.criteria.order_by("position"))


def _with_rules(sessions: QuerySet) -> QuerySet:
    return sessions.prefetch_related("former_deadlines", "eligibility_rules")


def _shown(session: CallSession, call: Call, address) -> ShownSession:
    session.call = call
    return ShownSession(session, address(session))
