"""Which organisation a name or a SIRET written somewhere means, among those of the reference list.

A SIRET, a name, a former name or an acronym that one organisation alone bears is a match. Anything
less is only near: proposed to a person, never chosen.
"""

from laureates.matching.matcher import Match, Matcher
from laureates.matching.names import key

__all__ = ["Match", "Matcher", "key"]
