"""The only bridge to the public library: announcements prepared from the decisions of sittings.

`waiting` and `offer` say what can be announced, `prepare` makes the draft announcement and links
each retained decision to its laureate. From then on neither side corrects the other: `differences`
says where they part, `refusals` what forbids to publish, `synchronise` mends the links, and
`discard` abandons what is still a draft. Gates raise what `calls.permissions` holds: Refusal,
Stale, Hidden.
"""

from calls.publication.comparing import (
    Difference,
    differences,
    differences_of,
    refusals,
    withheld_from,
)
from calls.publication.discarding import discard, discarding_refusal
from calls.publication.offering import PUBLISHABLE, Dossier, Offer, offer, waiting
from calls.publication.preparing import Preparation, Prepared, prepare
from calls.publication.synchronising import Plan, plan, synchronise, synchronising_refusal

__all__ = [
    "PUBLISHABLE",
    "Difference",
    "Dossier",
    "Offer",
    "Plan",
    "Preparation",
    "Prepared",
    "differences",
    "differences_of",
    "discard",
    "discarding_refusal",
    "offer",
    "plan",
    "prepare",
    "refusals",
    "synchronise",
    "synchronising_refusal",
    "waiting",
    "withheld_from",
]
