"""Recusals ("déports"): declared by the person, or recorded for them; lifted, never erased.

From then on the dossier does not exist for the person: `visible_to` and every gate ask the rows
written here. Nobody lifts their own, nor declares one while a sitting that examines the dossier is
open: the secretariat records it.
"""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from calls import gates, history
from calls.models import Application, Committee, CommitteeMember, Recusal, Selection
from calls.permissions import Hidden, Refusal
from laureates.models import Organisation

OFFICER = "{person} instruit le dossier {reference} : affectez-le d’abord à un autre instructeur."
OPEN = (
    "La séance « {committee} » est ouverte : un déport y est consigné par le secrétariat, à la "
    "demande de la personne."
)
CLOSED = "La séance « {committee} » est close : ses déports ne changent plus."


@dataclass(frozen=True)
class Suggestion:
    """A recusal that the records call for: the member, the dossier and why, in French."""

    member: CommitteeMember
    application: Application
    why: str


def declare(application, *, by, member=None, user=None, reason="") -> Recusal:
    """Record that a member of a sitting, or the holder of an account, stands aside.

    One of `member` and `user`. Raises Hidden where the dossier does not exist for `by`,
    PermissionDenied, or Refusal: already recorded, the person instructs the dossier, the sitting
    is open (for one's own) or closed.
    """
    if (member is None) == (user is None):
        raise ValueError("a recusal is of a member or of a user")
    person = user or member.user
    with transaction.atomic():
        application = gates.hold(application, by=by)
        is_own = person is not None and person.pk == by.pk
        if not by.has_perm("calls.add_recusal") and not is_own:
            raise PermissionDenied
        if not Application.objects.visible_to(by).filter(pk=application.pk).exists():
            raise Hidden
        _refuse_by_sitting(application, member, is_own=is_own)
        if person is not None and application.case_officer_id == person.pk:
            raise Refusal(
                OFFICER.format(person=gates.person(person), reference=application.reference)
            )
        if _is_recorded(application, member, person):
            name = member.name if member else gates.person(person)
            raise Refusal(f"{name} est déjà en déport sur le dossier {application.reference}.")
        recusal = Recusal(
            application=application,
            member=member,
            user=user,
            reason=gates.plain(reason),
            declared_at=timezone.now(),
            declared_by=by,
        )
        with history.acting(by, "recusal_declared", recusal.reason):
            gates.save(recusal)
        return recusal


def lift(recusal, *, by, reason) -> Recusal:
    """Give the dossier back to the person, with a reason; the row stays.

    Raises Hidden, PermissionDenied (one's own included) or Refusal.
    """
    with transaction.atomic():
        gates.hold(recusal.application, by=by)
        recusal = (
            Recusal.objects.select_for_update(of=("self",))
            .select_related("application", "member__committee", "user")
            .get(pk=recusal.pk)
        )
        if not by.has_perm("calls.change_recusal") or _is_of(recusal, by):
            raise PermissionDenied
        if recusal.lifted_at:
            raise Refusal("Ce déport est déjà levé.")
        if not (reason := gates.plain(reason)):
            raise Refusal("Indiquez pourquoi ce déport est levé.")
        _refuse_by_sitting(recusal.application, recusal.member, is_own=False)
        recusal.lifted_at = timezone.now()
        recusal.lifted_by = by
        recusal.lift_reason = reason
        with history.acting(by, "recusal_lifted", reason):
            gates.save(recusal)
        return recusal


def suggestions(committee: Committee, user) -> list[Suggestion]:
    """Members whose institution bears a dossier of the agenda, or supervises who bears it.

    Those that `user` may see, and that are not recorded yet; in three queries.
    """
    members = list(
        committee.members.select_related("institution", "user__affiliation__organisation")
    )
    rows = (
        Selection.objects.live()
        .visible_to(user)
        .filter(committee=committee)
        .select_related("application")
        .prefetch_related("application__bearers__organisation", "application__recusals")
        .in_agenda_order()
    )
    return [
        Suggestion(member, row.application, why)
        for row in rows
        for member in members
        if (why := _interest(member, row.application))
        and not _concerned(member, row.application.recusals.all())
    ]


def _interest(member, application) -> str:
    institution = member.institution
    affiliation = getattr(member.user, "affiliation", None) if member.user else None
    if institution is None and affiliation:
        institution = affiliation.organisation
    if institution is None:
        return ""
    for bearer in application.bearers.all():
        organisation = bearer.organisation
        if organisation.pk == institution.pk:
            return f"{institution} porte le dossier."
        if organisation.supervising_ministry_id == institution.pk:
            return f"{institution} est le ministère de rattachement de {organisation}."
        if (
            institution.supervising_ministry_id == organisation.pk
            and organisation.kind == Organisation.Kind.MINISTRY
        ):
            return f"{organisation}, ministère de rattachement de {institution}, porte le dossier."
    return ""


def _concerned(member, recusals) -> bool:
    return any(
        recusal.lifted_at is None
        and (
            recusal.member_id == member.pk
            or (member.user_id is not None and recusal.user_id == member.user_id)
        )
        for recusal in recusals
    )


def _is_recorded(application, member, person) -> bool:
    rows = Recusal.objects.in_force().filter(application=application)
    if person is not None:
        return rows.of(person).exists()
    return rows.filter(member=member).exists()


def _is_of(recusal, person) -> bool:
    return person.pk in (recusal.user_id, recusal.member.user_id if recusal.member else None)


def _refuse_by_sitting(application, member, *, is_own):
    """Refusal where the member's sitting is closed, or open and the person acts for themselves."""
    if member is not None and member.committee.state == Committee.State.CLOSED:
        raise Refusal(CLOSED.format(committee=member.committee))
    if not is_own:
        return
    held = Committee.objects.filter(
        state=Committee.State.OPEN,
        selections__application=application,
        selections__superseded_at__isnull=True,
    ).first()
    if held is None and member is not None and member.committee.state == Committee.State.OPEN:
        held = member.committee
    if held:
        raise Refusal(OPEN.format(committee=held))
