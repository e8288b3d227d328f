"""What an announcement may be prepared from: closed sittings and their retained decisions."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.text import Truncator

from calls.models import Application, Committee, Minutes, Selection
from calls.permissions import recused_from
from ftap.subqueries import count_of
from ftap.templatetags.ftap import euros, french_date
from laureates import typography
from laureates.models import Announcement, Carrier, Claim, Laureate

PUBLISH = "laureates.publish_announcement"
# What is published of a dossier only where somebody ticked it.
PUBLISHABLE = {
    "amount": "montant accordé",
    "decision_reference": "référence de la décision",
    "funder": "attribuant",
    "programme_code": "identifiant du dispositif",
    "classification": "thèmes et territoires",
}
CLASSIFICATION_SOURCE = "Dossier de candidature"
NO_DECISION = "Ces séances n’ont pas, ou plus, de décision à annoncer."


@dataclass(frozen=True)
class Choice:
    """One thing that may be published of a dossier: what it is, and the laureate's values.

    Empty `values`: there is nothing to publish, and `shown` says why.
    """

    name: str
    label: str
    shown: str
    values: dict


@dataclass(frozen=True)
class Dossier:
    """A retained decision as it would be announced: texts proposed, carriers as declared."""

    selection: Selection
    title: str
    summary: str
    is_summary_cut: bool
    description: str
    carriers: list[Carrier]
    choices: dict[str, Choice]

    @property
    def reference(self) -> str:
        return self.selection.application.reference

    def values(self, ticked: Iterable[str]) -> dict:
        """The laureate's columns for what is ticked, themes and territories as lists of rows."""
        found = {}
        for name in ticked:
            if choice := self.choices.get(name):
                found |= choice.values
        return found


@dataclass(frozen=True)
class Offer:
    """What may be announced together, in the order of the agendas.

    `announcement` are proposed values of its columns. `claims` gives, by subject, the number that
    may be stated; a subject is absent where `user` may not know it.
    """

    committees: list[Committee]
    dossiers: list[Dossier]
    announcement: dict
    claims: dict[str, int]
    refusals: list[str]


def waiting(user):
    """Closed sittings that `user` may announce, the latest first, with their `retained_count`.

    Those with retained decisions that no announcement has yet; never one with a dossier that
    `user` is recused from, whatever became of it.
    """
    if not user.has_perm(PUBLISH):
        return Committee.objects.none()
    # A retained decision that is still free: in force, and of a dossier that is known. The others
    # are few, and stay as they were received.
    unknown = Application.objects.filter(
        is_undisclosed=True, state=Application.State.RECEIVED
    ).order_by()
    free = Selection.objects.retained().filter(laureate__isnull=True)
    free = free.exclude(application__in=unknown.values("pk"))
    return (
        Committee.objects.filter(state=Committee.State.CLOSED, publications__isnull=True)
        .exclude(pk__in=Committee.objects.masked_for(user).values("pk"))
        .annotate(retained_count=count_of(free, "committee"))
        .filter(pk__in=free.order_by().values("committee"))
        .select_related("session__call", "fund")
        .order_by("-held_on", "slug")
    )


def offer(committees: Iterable[Committee], user) -> Offer:
    """What these sittings, which exist for `user`, give to announce, and what forbids it."""
    committees = sorted(committees, key=lambda row: (row.held_on is None, row.held_on, row.slug))
    dossiers = [
        _dossier(selection, committee, numbers)
        for committee in committees
        for numbers in [_minutes_number(committee)]
        for selection in free_decisions([committee])
    ]
    return Offer(
        committees=committees,
        dossiers=dossiers,
        announcement=_announcement(committees, dossiers),
        claims=_claims(committees, dossiers, user),
        refusals=list(_refusals(committees, dossiers)),
    )


def free_decisions(committees):
    """Retained decisions in force of these sittings that no laureate stands for, in order."""
    return (
        Selection.objects.retained()
        .filter(committee__in=[committee.pk for committee in committees], laureate__isnull=True)
        .select_related("application__session__call__fund", "committee__fund")
        .prefetch_related(
            "application__bearers__organisation",
            "application__themes",
            "application__territories",
        )
        .in_agenda_order()
    )


def offered(selection: Selection) -> Dossier:
    """One retained decision as it would be announced."""
    return _dossier(selection, selection.committee, _minutes_number(selection.committee))


# What forbids it -----------------------------------------------------------------


def _refusals(committees, dossiers):
    if not committees or not dossiers:
        yield NO_DECISION
        return
    if len({(committee.fund_id, committee.session_id) for committee in committees}) > 1:
        yield (
            "Une annonce réunit les séances d’une même session, ou des séances au fil de l’eau "
            "d’un même fonds\u00a0: préparez une annonce pour chacune."
        )
    for committee in committees:
        if committee.state != Committee.State.CLOSED:
            yield f"La séance «\u00a0{committee}\u00a0» n’est pas close\u00a0: rien n’y est décidé."
    for dossier in dossiers:
        application = dossier.selection.application
        if application.session.call.is_fictional:
            yield (
                f"{dossier.reference}\u00a0: dossier d’un appel fictif, il ne peut pas être "
                "annoncé."
            )
        if application.is_undisclosed:
            yield f"{dossier.reference}\u00a0: candidature non détaillée, rien n’en est public."
        elif not dossier.carriers:
            yield (
                f"{dossier.reference}\u00a0: aucun porteur n’est saisi\u202f; demandez au "
                "secrétariat de compléter le dossier."
            )


# What is offered -----------------------------------------------------------------


def _dossier(selection, committee, number):
    application = selection.application
    summary = typography.normalise(application.summary)
    short = Truncator(summary).chars(Laureate._meta.get_field("summary").max_length)
    return Dossier(
        selection=selection,
        title=typography.normalise(application.title),
        summary=short,
        is_summary_cut=short != summary,
        description=selection.public_text,
        carriers=[
            Carrier(
                organisation=bearer.organisation,
                position=position,
                role=bearer.role,
                announced_name=bearer.declared_name or bearer.organisation.name,
            )
            for position, bearer in enumerate(
                sorted(application.bearers.all(), key=lambda row: row.position), 1
            )
        ],
        choices={choice.name: choice for choice in _choices(selection, committee, number)},
    )


def _choices(selection, committee, number):
    application, fund = selection.application, committee.fund
    amount = selection.granted_amount
    # A public amount is above 0: nothing granted in money is not an amount to show.
    known = amount is not None and amount > Decimal(0)
    yield _choice(
        "amount", euros(amount) if amount is not None else "", known and {"amount": amount}
    )
    yield _choice("decision_reference", number, number and {"decision_reference": number})
    siret = f"SIRET {fund.siret}" if fund.siret else "SIRET non connu"
    yield _choice(
        "funder", f"{fund.name}, {siret}", {"funder_name": fund.name, "funder_siret": fund.siret}
    )
    code = application.session.call.slug
    yield _choice("programme_code", code, {"programme_code": code})
    themes, territories = [*application.themes.all()], [*application.territories.all()]
    yield _choice(
        "classification",
        ", ".join(map(str, (*themes, *territories))),
        (themes or territories)
        and {
            "themes": themes,
            "territories": territories,
            "classification_source": CLASSIFICATION_SOURCE,
        },
    )


def _choice(name, shown, values):
    unknown = {
        "amount": "montant non communiqué",
        "decision_reference": "aucun relevé de décisions scellé",
        "classification": "dossier non classé",
    }
    return Choice(name, PUBLISHABLE[name], shown or unknown.get(name, ""), values or {})


def _minutes_number(committee):
    """The number of the sitting's minutes, "" where none are sealed."""
    row = Minutes.objects.filter(committee=committee).order_by("-version").first()
    return row.number if row else ""


def _announcement(committees, dossiers):
    if not committees or not dossiers:
        return {}
    last = committees[-1]
    session = last.session
    call = session.call if session else dossiers[0].selection.application.session.call
    label = ""
    if session:
        label = session.label or (f"session {session.number}" if session.number else "")
    title = f"Lauréats de l’appel à projets «\u00a0{call.title}\u00a0»"
    if label:
        title = f"{title}, {label}"
    names = list(dict.fromkeys(committee.name for committee in committees))
    chairs = list(dict.fromkeys(filter(None, (committee.chair for committee in committees))))
    days = " et ".join(
        french_date(committee.held_on) for committee in committees if committee.held_on
    )
    return {
        "title": _fit("title", title),
        "slug": free_slug(title),
        "call_title": call.title,
        "call_year": call.year,
        "session_label": label,
        "committee_name": _fit("committee_name", ", ".join(names)),
        "committee_chair": _fit("committee_chair", "\u202f; ".join(chairs)),
        "committee_on": last.held_on,
        "source": _fit("source", f"{', '.join(names)}, décisions du {days}" if days else names[0]),
        "source_on": last.held_on,
    }


def _fit(name, text):
    return Truncator(text).chars(Announcement._meta.get_field(name).max_length)


def free_slug(title: str) -> str:
    """An address made of the words of `title` that no announcement has yet."""
    length = Announcement._meta.get_field("slug").max_length
    base = typography.slugify(title)[: length - 4].strip("-") or "annonce"
    taken = set(Announcement.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    if base not in taken:
        return base
    return next(f"{base}-{n}" for n in range(2, len(taken) + 3) if f"{base}-{n}" not in taken)


def _claims(committees, dossiers, user):
    found = {}
    sessions = {committee.session_id for committee in committees}
    if len(sessions) == 1 and None not in sessions:
        received = Application.objects.filter(session__in=sessions)
        # Their number would tell of a dossier of the session that no sitting examined.
        if not recused_from(user, received):
            found[Claim.Subject.APPLICATIONS.value] = received.count()
    if dossiers:
        found[Claim.Subject.LAUREATES.value] = len(dossiers)
    return found
