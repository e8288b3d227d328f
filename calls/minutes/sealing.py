"""Versions of the minutes of a sitting: numbered, sealed with the SHA-256 of what they say."""

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from calls import history
from calls.minutes.content import canonical, content, seal_of
from calls.models import Committee, Fund, Minutes
from calls.permissions import Refusal

# Sittings of other funds that may take the same number at the same moment.
_ATTEMPTS = 5


def latest(committee: Committee) -> Minutes | None:
    return Minutes.objects.filter(committee=committee).order_by("-version").first()


def may_read(committee: Committee, user) -> bool:
    """Whether `user` may read the minutes of a sitting, sealed or not yet."""
    return Minutes.objects.sittings_told_to(user).filter(pk=committee.pk).exists()


def seal(committee: Committee, *, by, reason: str = "") -> Minutes:
    """Seal what the records say now; unchanged content keeps its version and its seal.

    A new version has a `reason`. Only a closed sitting has minutes: Refusal otherwise. Called by
    the gates of a sitting, which ask who may.
    """
    with transaction.atomic():
        # Sittings that close together take their numbers one after the other.
        Fund.objects.select_for_update().get(pk=committee.fund_id)
        committee = Committee.objects.select_related("fund", "session__call").get(pk=committee.pk)
        if committee.state != Committee.State.CLOSED:
            raise Refusal("La séance n’est pas close : le relevé ne peut pas être scellé.")
        former = latest(committee)
        if former and former.content == canonical(content(committee, former.number)):
            return former
        if former and not reason.strip():
            raise Refusal("Indiquez pourquoi le relevé change : la nouvelle version le dira.")
        minutes = _save(committee, former, by, reason.strip())
        history.record(
            "seal_minutes",
            minutes,
            by=by,
            details={"number": minutes.number, "version": minutes.version, "seal": minutes.seal},
        )
        return minutes


def _save(committee, former, by, reason):
    for attempt in range(1, _ATTEMPTS + 1):
        number = former.number if former else _next_number(committee)
        text = canonical(content(committee, number))
        minutes = Minutes(
            committee=committee,
            number=number,
            version=former.version + 1 if former else 1,
            content=text,
            seal=seal_of(text),
            sealed_at=timezone.now(),
            sealed_by=by,
            reason=reason if former else "",
        )
        try:
            with transaction.atomic():
                minutes.full_clean(validate_constraints=False)
                minutes.save()
        except IntegrityError:
            if former or attempt == _ATTEMPTS:
                raise
        else:
            return minutes
    raise AssertionError


def _next_number(committee):
    """« 2026-001 » and so on, over all funds; « F2026-001 » where the call is fictional."""
    is_fictional = bool(committee.session and committee.session.call.is_fictional)
    prefix = f"{'F' if is_fictional else ''}{committee.held_on.year}-"
    numbers = Minutes.objects.filter(number__startswith=prefix).values_list("number", flat=True)
    last = max((int(number.removeprefix(prefix)) for number in numbers), default=0)
    return f"{prefix}{last + 1:03d}"


def sealing_refusal(committee: Committee, user) -> str:
    """Why `user` cannot seal the minutes of this sitting now, in French; empty if they can."""
    if not user.has_perm("calls.decide", committee) or not may_read(committee, user):
        return "Vous n’avez pas le droit de sceller ce relevé."
    if committee.state != Committee.State.CLOSED:
        return "Le relevé est scellé quand la séance est close."
    former = latest(committee)
    if former and is_current(former):
        return "Le relevé dit déjà ce que disent les enregistrements : rien n’est à sceller."
    return ""


def seal_again(committee: Committee, *, by, reason: str) -> Minutes:
    """Seal the minutes of a sitting closed before, outside any other act.

    Raises PermissionDenied, or Refusal where there is nothing to seal.
    """
    with transaction.atomic():
        committee = Committee.objects.select_for_update(of=("self",)).get(pk=committee.pk)
        if not by.has_perm("calls.decide", committee) or not may_read(committee, by):
            raise PermissionDenied
        if refusal := sealing_refusal(committee, by):
            raise Refusal(refusal)
        return seal(committee, by=by, reason=reason)


def is_current(minutes: Minutes) -> bool:
    """Whether the records still say what this version sealed."""
    committee = Committee.objects.select_related("fund", "session__call").get(
        pk=minutes.committee_id
    )
    return minutes.content == canonical(content(committee, minutes.number))


def is_intact(minutes: Minutes) -> bool:
    """Whether the stored text still has its seal."""
    return minutes.seal == seal_of(minutes.content)
