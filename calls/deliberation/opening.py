"""Opening a sitting, and who attends it."""

from django.db import transaction
from django.utils import timezone

from calls import history
from calls.deliberation import locks, states
from calls.models import Committee, CommitteeMember
from calls.permissions import Refusal, Stale

_SAID = {**dict(CommitteeMember.Attendance.choices), "": "non relevée"}


def record_attendance(
    committee: Committee, marks: dict[int, str], *, by, version: int
) -> Committee:
    """Write who is present, absent or excused, by primary key of member; "" is not recorded.

    Before the sitting, for excuses that are known, and while it is open. Members that `marks` does
    not name stay as they are. A page opened before a change of the sitting is `Stale` where it
    would undo what somebody else recorded.
    """
    with transaction.atomic():
        committee = locks.hold_committee(committee.pk)
        locks.require(by, "calls.manage_agenda", committee)
        if committee.state == Committee.State.CLOSED:
            raise Refusal(f"La séance « {committee} » est close : ses présences ne changent plus.")
        members = {
            member.pk: member
            for member in committee.members.select_for_update(of=("self",)).order_by("pk")
        }
        if marks.keys() - members.keys():
            raise Refusal("Un de ces membres n’est plus de la séance : rechargez la page.")
        if unknown := set(marks.values()) - _SAID.keys():
            raise Refusal(
                f"Présence inconnue, « {sorted(map(str, unknown))[0]} » : choisissez présent, "
                "absent, excusé, ou laissez non relevée."
            )
        changed = [members[pk] for pk, mark in marks.items() if members[pk].attendance != mark]
        if committee.version != version and (others := _of_others(changed, by)):
            raise Stale(
                "Les présences ont changé depuis l’affichage de la page. Rien n’a été enregistré : "
                "comparez-les, puis recommencez.",
                stored={member.name: _SAID[member.attendance] for member in others},
                typed={member.name: _SAID[marks[member.pk]] for member in others},
            )
        with history.acting(by, "record_attendance"):
            for member in changed:
                member.attendance = marks[member.pk]
                locks.check(member)
                member.save()
        if changed:
            locks.touch(committee)
    return committee


def _of_others(members, by):
    """Those of `members` whose attendance somebody else than `by` recorded last."""
    recorded = [member for member in members if member.attendance]
    return [member for member in recorded if _recorder(member) != by.pk]


def _recorder(member):
    """The account that gave a member the attendance they have."""
    recorder = None
    for version in member.history.order_by("-history_date", "-history_id"):
        if version.attendance != member.attendance:
            break
        recorder = version.history_user_id
    return recorder


def opening_refusal(committee: Committee, user) -> str:
    """Why `user` cannot open the sitting, in French; empty if chair, quorum and date are enough."""
    if not user.has_perm("calls.open_committee", committee):
        return "Vous n’avez pas le droit d’ouvrir une séance."
    if reason := states.refusal_of(committee, "open"):
        return reason
    if not committee.members.exists():
        return "La séance n’a pas de membre : inscrivez-les sur sa fiche avant de l’ouvrir."
    return ""


def open_committee(committee: Committee, *, by, chair: str, quorum: int, held_on) -> Committee:
    """Open a planned sitting; `quorum` is the number of voting members who must be present.

    0 means that none is required. A refusal about a value is keyed by its name.
    """
    with transaction.atomic():
        committee = locks.hold_committee(committee.pk)
        locks.require(by, "calls.open_committee", committee)
        if reason := opening_refusal(committee, by):
            raise Refusal(reason)
        if problems := _opening_problems(committee, chair, quorum, held_on):
            raise Refusal(problems)
        committee.chair, committee.quorum, committee.held_on = chair.strip(), quorum, held_on
        with history.acting(by, "open"):
            states.open_sitting(committee, by)
            locks.save(committee)
    return committee


def _opening_problems(committee, chair, quorum, held_on):
    found = {}
    if not (chair or "").strip():
        found["chair"] = "Une séance ouverte a une présidence : indiquez qui préside."
    voting = committee.members.filter(is_voting=True).count()
    if quorum is None or quorum < 0:
        found["quorum"] = "Une séance ouverte a un quorum : indiquez-le, 0 si aucun n’est exigé."
    elif quorum > voting:
        found["quorum"] = (
            f"Le quorum de {quorum} ne peut pas être atteint : la séance compte {voting} "
            "membre(s) comptant pour le quorum."
        )
    if held_on is None:
        found["held_on"] = "Une séance ouverte a une date : indiquez-la."
    elif held_on > timezone.localdate():
        found["held_on"] = (
            f"La séance est datée du {held_on:%d/%m/%Y}, à venir : ouvrez-la le jour venu, ou "
            "corrigez la date."
        )
    return found
