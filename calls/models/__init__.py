from calls.models.application import Application, Bearer
from calls.models.call import (
    Call,
    CallSession,
    Criterion,
    EligibilityRule,
    FormerDeadline,
    Fund,
    FundAim,
)
from calls.models.committee import Committee
from calls.models.selection import Selection

__all__ = [
    "Application",
    "Bearer",
    "Call",
    "CallSession",
    "Committee",
    "Criterion",
    "EligibilityRule",
    "FormerDeadline",
    "Fund",
    "FundAim",
    "Selection",
]
