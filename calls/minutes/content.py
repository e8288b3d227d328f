"""What the minutes of a sitting say, made from the records alone.

JSON with sorted keys: the same records give the same text, hence the same SHA-256, on every engine.
What another sitting decides later, or a recusal declared later, changes nothing in it.
"""

import hashlib
import json
from itertools import groupby

from django.db.models import Q

from calls import envelope, gates
from calls.envelope import Total
from calls.models import Committee, Recusal, Selection

FORMAT = 1


def content(committee: Committee, number: str | None = None) -> dict:
    """What the minutes say: texts, ISO dates, amounts in euros as text with two decimals.

    None is unknown; `number` is None until one is given. Motives are those of the committee;
    opinions and notes are not in it. Whoever asks, it is the same: `may_read` says who may.
    """
    selections = list(envelope.agenda(committee))
    return {
        "format": FORMAT,
        "number": number,
        "fund": committee.fund.name,
        "session": str(committee.session) if committee.session else None,
        "fictional": bool(committee.session and committee.session.call.is_fictional),
        "committee": committee.name,
        "held_on": _date(committee.held_on),
        "chair": committee.chair or None,
        "quorum": committee.quorum,
        "source": committee.source or None,
        "members": [_member(member) for member in _members(committee)],
        "recusals": _recusals(committee, selections),
        "decisions": [_decision(rank, row) for rank, row in enumerate(selections, 1)],
        "envelope": _envelope(committee, selections),
        "overrun_reason": committee.overrun_reason or None,
    }


def canonical(minutes: dict) -> str:
    """The one text of this content: sorted keys, no spaces, accents as they are."""
    return json.dumps(minutes, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def seal_of(text: str) -> str:
    """The SHA-256 of a canonical text, in 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


# Who sat ----------------------------------------------------------------------


def _members(committee):
    return committee.members.select_related("institution").order_by("position", "pk")


def _member(member):
    return {
        "name": member.name,
        "title": member.title or None,
        "institution": str(member.institution) if member.institution else None,
        "voting": member.is_voting,
        "attendance": member.attendance or None,
    }


def _recusals(committee, selections):
    """Those in force when the sitting closed, in agenda order; today's until then."""
    rows = Recusal.objects.filter(
        Q(member__isnull=True) | Q(member__committee=committee),
        application__in=[row.application_id for row in selections],
    )
    if closed_at := committee.closed_at:
        rows = rows.filter(
            Q(lifted_at__isnull=True) | Q(lifted_at__gt=closed_at), declared_at__lte=closed_at
        )
    else:
        rows = rows.in_force()
    order = {row.application_id: rank for rank, row in enumerate(selections)}
    found = sorted(
        {
            (order[row.application_id], row.application.reference, _person(row))
            for row in rows.select_related("application", "member", "user")
        }
    )
    return [{"reference": reference, "person": person} for _, reference, person in found]


def _person(recusal):
    if recusal.member:
        return recusal.member.name
    return gates.person(recusal.user)


# What was decided ---------------------------------------------------------------


def _decision(rank, row):
    return {
        "order": rank,
        "reference": row.application.reference,
        "title": row.application.title,
        "bearers": [str(bearer) for bearer in row.application.bearers.all()],
        "asked_amount": _amount(row.application.asked_amount),
        "outcome": row.outcome or None,
        "granted_amount": _amount(row.granted_amount),
        "amount_not_disclosed": row.amount_not_disclosed,
        "rank": row.rank,
        "motive": row.motive or None,
        "decided_on": _date(row.decided_on),
        "source": row.record_source or None,
    }


def _envelope(committee, selections):
    """The envelope as `calls.envelope` counts it, other sittings as they stood at the closing."""
    amount, basis = envelope.amount_of(committee)
    before = _granted_before(committee) if basis == "session" else Total()
    here = envelope.total(envelope.row_of(row) for row in selections)
    return {
        "amount": _amount(amount),
        "basis": basis or None,
        "before": _total(before),
        "granted": _total(here),
        "remaining": _amount(envelope.remaining(amount, before, here)),
    }


def _granted_before(committee) -> Total:
    """What the other sittings of the session had granted when this one closed.

    Those closed earlier count, with the decisions then in force: one rectified since counts for
    what it was. Without the time of a closing, days are compared, and today's decisions count.
    """
    closed_at = committee.closed_at
    if closed_at is None and committee.state != Committee.State.CLOSED:
        return Total.of(envelope.granted_before(committee).values_list("granted_amount", flat=True))
    others = Committee.objects.filter(
        session=committee.session_id, state=Committee.State.CLOSED
    ).exclude(pk=committee.pk)
    by_day = Q(held_on__lt=committee.held_on) | Q(held_on=committee.held_on, pk__lt=committee.pk)
    if closed_at is None:
        earlier = by_day
    else:
        earlier = Q(closed_at__lt=closed_at) | by_day & Q(closed_at__isnull=True)
    rows = Selection.objects.filter(
        committee__in=others.filter(earlier).values("pk"), state=Selection.State.VALIDATED
    )
    if closed_at is None:
        rows = rows.live()
    else:
        rows = rows.filter(Q(superseded_at__isnull=True) | Q(superseded_at__gt=closed_at))
    # Of the successive decisions on one dossier, the first that was replaced after the closing.
    rows = sorted(
        rows,
        key=lambda row: (
            row.committee_id,
            row.application_id,
            row.superseded_at is None,
            row.superseded_at,
        ),
    )
    in_force = [
        next(group)
        for _, group in groupby(rows, key=lambda row: (row.committee_id, row.application_id))
    ]
    return Total.of(
        row.granted_amount for row in in_force if row.outcome == Selection.Outcome.RETAINED
    )


# Formats --------------------------------------------------------------------------


def _total(total):
    return {"amount": _amount(total.amount), "known": total.known, "count": total.count}


def _amount(value):
    return None if value is None else f"{value:.2f}"


def _date(value):
    return None if value is None else value.isoformat()
