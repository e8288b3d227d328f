"""Figures as announced beside what the records hold, for the staff: every gap, never a correction.

Visitors are told the same of what is public by `laureates.figures`. Here claims of an announcement
in preparation meet its own laureates, and claims on dossiers received or retained meet those of the
sittings that the announcement was prepared from. Whoever may not read every dossier of a session,
one they are recused from included, is told that nothing is compared, never a number; nor are
decisions of a sitting counted for whoever is recused from one of its dossiers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from calls.models import Application, Publication, Selection
from calls.permissions import recused_from
from ftap.templatetags.ftap import number
from laureates import figures
from laureates.models import Announcement, Claim, Laureate

EVERY_DOSSIER = "calls.read_every_application"
UNLINKED = "Aucune séance n’est liée à l’annonce\u00a0: les dossiers reçus ne se comptent pas ici."
CONTINUOUS = "Les séances de l’annonce sont au fil de l’eau, sans session à compter."
NOT_SHOWN = "Le nombre de dossiers enregistrés ne vous est pas montré."


@dataclass(frozen=True)
class Comparison:
    """One claim beside what is recorded.

    `recorded` is in plain French, "" where nothing can be compared; `why` says the gap, or why
    there is none to look for. The records counted are the list of `model` at `filters`.
    """

    claim: Claim
    recorded: str = ""
    differs: bool = False
    why: str = ""
    model: type = Laureate
    filters: dict = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """What the figure speaks of: the announcement and the subject."""
        where = self.claim.announcement.label if self.claim.announcement else "le fonds"
        if self.claim.scope == Claim.Scope.FUND and self.claim.announcement:
            where = f"{where}, {self.claim.get_scope_display()}"
        return f"{where}, {self.claim.get_subject_display()}"

    @property
    def line(self) -> str:
        """« Annoncé : 63 lauréats — recensés ici : 16 »"""
        said = f"Annoncé\u00a0: {self.claim.label}"
        if not self.recorded:
            return said
        return f"{said} — {self.recorded}"


def comparisons(user=None) -> list[Comparison]:
    """Every claim, in order, as `user` may compare it; with None, as the system does.

    Claims of announcements that are kept from `user` do not exist.
    """
    claims = Claim.objects.select_related("announcement").order_by(
        "announcement__call_year", "announcement", "position", "slug"
    )
    if user is not None:
        claims = claims.visible_to(user)
    claims = list(claims)
    known = _Known(claims, user)
    return [comparison for claim in claims for comparison in known.compare(claim)]


def gaps(user=None) -> list[Comparison]:
    """The claims that the records contradict or do not reach."""
    return [comparison for comparison in comparisons(user) if comparison.differs]


class _Known:
    """What the claims are compared with, each thing read once."""

    def __init__(self, claims: Iterable[Claim], user):
        self.user = user
        self.tallies = {}
        pks = {claim.announcement_id for claim in claims} - {None}
        rows = Publication.objects.filter(announcement__in=pks).prefetch_related("committees")
        self.publications = {row.announcement_id: row for row in rows}
        withheld = Publication.objects.none()
        if user is not None:
            withheld = Publication.objects.withheld_from(user).filter(announcement__in=pks)
        self.withheld = set(withheld.values_list("pk", flat=True))
        public = Announcement.objects.published().filter(pk__in=pks)
        self.public = set(public.values_list("pk", flat=True))

    def compare(self, claim):
        """The comparisons of a claim: with laureates, and with dossiers where it counts them."""
        if claim.subject == Claim.Subject.ENDOWMENT:
            return [Comparison(claim, why="Une dotation ne se calcule pas.")]
        if claim.scope == Claim.Scope.SESSION and claim.announcement is None:
            return [Comparison(claim, why="Ce chiffre ne dit pas de quelle annonce il parle.")]
        if claim.subject == Claim.Subject.APPLICATIONS:
            return [self._received(claim)]
        found = [self._laureates(claim)]
        publication = self._publication(claim)
        is_counted = claim.subject == Claim.Subject.LAUREATES and publication is not None
        if is_counted and publication.pk not in self.withheld:
            found.append(self._retained(claim))
        return found

    def _publication(self, claim):
        if claim.scope != Claim.Scope.SESSION:
            return None
        return self.publications.get(claim.announcement_id)

    def _laureates(self, claim):
        """With what visitors see; with its own laureates where the announcement is not public."""
        key = claim.announcement_id if claim.scope == Claim.Scope.SESSION else None
        is_public = key is None or key in self.public
        rows = Laureate.objects.published()
        if not is_public:
            rows = Laureate.objects.filter(withdrawn_at__isnull=True)
        if key is not None:
            rows = rows.filter(announcement=key)
        if key not in self.tallies:
            self.tallies[key] = figures.tally(rows)
        figure = figures.compare(claim, self.tallies[key])
        return Comparison(
            claim,
            figure.here if is_public else f"{figure.here} (annonce non publique)",
            figure.differs,
            _sentence(figure.gap),
            filters={"announcement__id__exact": key} if key else {"publication": "publie"},
        )

    def _received(self, claim):
        publication = self._publication(claim)
        if publication is None:
            return Comparison(claim, why=UNLINKED, model=Application)
        sessions = {committee.session_id for committee in publication.committees.all()} - {None}
        if not sessions:
            return Comparison(claim, why=CONTINUOUS, model=Application)
        dossiers = Application.objects.filter(session__in=sessions)
        if not self._may_count(dossiers):
            return Comparison(claim, why=NOT_SHOWN, model=Application)
        count = dossiers.count()
        noun = "dossiers enregistrés" if count > 1 else "dossier enregistré"
        filters = {"session__id__exact": sessions.pop()} if len(sessions) == 1 else {}
        recorded = f"{noun} ici\u00a0: {number(count)}"
        return _counted(claim, count, recorded, model=Application, filters=filters)

    def _may_count(self, dossiers):
        if self.user is None:
            return True
        return self.user.has_perm(EVERY_DOSSIER) and not recused_from(self.user, dossiers)

    def _retained(self, claim):
        """With the retained decisions in force of the announcement's sittings."""
        committees = list(self._publication(claim).committees.all())
        count = Selection.objects.retained().filter(committee__in=committees).count()
        noun = "décisions «\u00a0retenu\u00a0»" if count > 1 else "décision «\u00a0retenu\u00a0»"
        filters = {"outcome__exact": Selection.Outcome.RETAINED.value, "en_vigueur": "oui"}
        if len(committees) == 1:
            filters["committee__id__exact"] = committees[0].pk
        recorded = f"{noun} en vigueur\u00a0: {number(count)}"
        return _counted(claim, count, recorded, model=Selection, filters=filters)


def _counted(claim, count, recorded, **rows):
    least = claim.value if claim.value is not None else claim.lower
    most = claim.value if claim.value is not None else claim.upper
    if least <= count <= most:
        return Comparison(claim, recorded, **rows)
    n = least - count if count < least else count - most
    way = "de moins" if count < least else "de plus"
    return Comparison(claim, recorded, True, f"{number(n)} {way} que l’annonce.", **rows)


def _sentence(text):
    return f"{text[:1].upper()}{text[1:]}." if text else ""
