"""What a session asks of a dossier to be admissible, told rule by rule.

The rules are rows of `EligibilityRule`. A rule that cannot be judged, for want of an amount or of a
bearer's kind, does not hold: what is unknown is never taken for good.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from django.db.models import prefetch_related_objects

from calls.models import Application, Bearer, EligibilityRule
from ftap.templatetags.ftap import euros, number

_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True)
class Check:
    """One rule against one dossier.

    `holds` is None where it cannot be judged; `explanation` says why, with figures, in French.
    A rule made for another kind of bearer does not apply, and so holds.
    """

    rule: EligibilityRule
    holds: bool | None
    explanation: str
    applies: bool = True


def check(application: Application) -> list[Check]:
    """Every rule of the dossier's session, in their order."""
    return check_many([application])[application.pk]


def check_many(applications: Iterable[Application]) -> dict[int, list[Check]]:
    """The checks of several dossiers by primary key, in a constant number of queries."""
    applications = list(applications)
    prefetch_related_objects(applications, "session__eligibility_rules", "bearers__organisation")
    return {
        application.pk: [
            _judge(rule, application) for rule in application.session.eligibility_rules.all()
        ]
        for application in applications
    }


def failed(application: Application) -> list[Check]:
    """The rules that do not hold or cannot be judged: an admission needs a reason then."""
    return failures(check(application))


def failures(checks: Iterable[Check]) -> list[Check]:
    return [one for one in checks if not one.holds]


def principal_bearer(application: Application) -> Bearer | None:
    """The bearer whose kind tells which rules apply: the lead, else the first in order.

    The bounds of an amount follow the body that answers for the project. Where the source gives an
    order and no role, the first named stands for the lead; one that only supports never does.
    """
    bearers = sorted(application.bearers.all(), key=lambda bearer: bearer.position)
    leads = [bearer for bearer in bearers if bearer.role == Bearer.Role.LEAD]
    others = [bearer for bearer in bearers if bearer.role != Bearer.Role.SUPPORT]
    return next(iter(leads or others), None)


def _judge(rule, application):
    if rule.carrier_kind:
        principal = principal_bearer(application)
        kind = principal.organisation.kind if principal else ""
        wanted = rule.get_carrier_kind_display()
        if not kind:
            who = f"type de « {principal} » non précisé" if principal else "porteur inconnu"
            return Check(rule, None, f"Règle pour « {wanted} » : {who}, à apprécier.")
        if kind != rule.carrier_kind:
            own = principal.organisation.get_kind_display()
            return Check(
                rule, True, f"Sans objet : règle pour « {wanted} », porteur « {own} ».", False
            )
    return _JUDGES[rule.kind](rule, application)


def _judge_minimum(rule, application):
    asked = application.asked_amount
    holds = None if asked is None else asked >= rule.value
    return Check(rule, holds, f"{_asked(asked)} ; minimum : {euros(rule.value)}.")


def _judge_maximum(rule, application):
    asked = application.asked_amount
    holds = None if asked is None else asked <= rule.value
    return Check(rule, holds, f"{_asked(asked)} ; maximum : {euros(rule.value)}.")


def _judge_rate(rule, application):
    asked, cost = application.asked_amount, application.total_cost
    limit = f"maximum : {number(rule.value)} %."
    if asked is None or cost is None:
        unknown = [
            name
            for name, value in (("montant demandé", asked), ("coût total", cost))
            if value is None
        ]
        return Check(
            rule,
            None,
            f"Taux de cofinancement incalculable, non communiqué : {', '.join(unknown)} ; {limit}",
        )
    if not cost:
        return Check(rule, None, f"Taux de cofinancement incalculable, coût total : 0 € ; {limit}")
    holds = asked * 100 <= rule.value * cost
    # Rounded away from the limit's other side: the figure shown never contradicts the judgement.
    rate = (asked * 100 / cost).quantize(_HUNDREDTH, ROUND_DOWN if holds else ROUND_UP)
    return Check(
        rule,
        holds,
        f"Taux de cofinancement : {number(rate)} % ({euros(asked)} sur {euros(cost)}) ; {limit}",
    )


def _judge_required(rule, application):
    if rule.field == EligibilityRule.Field.BEARERS:
        value = list(application.bearers.all())
    else:
        value = getattr(application, rule.field)
    holds = bool(value.strip()) if isinstance(value, str) else value not in (None, [])
    name = rule.get_field_display().capitalize()
    if not holds:
        return Check(rule, False, f"{name} : information manquante.")
    if isinstance(value, Decimal):
        return Check(rule, True, f"{name} : {euros(value)}.")
    return Check(rule, True, f"{name} : information présente.")


def _asked(amount):
    return f"Montant demandé : {'non communiqué' if amount is None else euros(amount)}"


_JUDGES = {
    EligibilityRule.Kind.AMOUNT_MIN: _judge_minimum,
    EligibilityRule.Kind.AMOUNT_MAX: _judge_maximum,
    EligibilityRule.Kind.RATE_MAX: _judge_rate,
    EligibilityRule.Kind.REQUIRED: _judge_required,
}
