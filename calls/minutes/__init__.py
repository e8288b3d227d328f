"""The minutes of a sitting ("relevé de décisions"): what was decided, as one sealed text.

`content` says it from the records, `seal` keeps it with its SHA-256, `paper` words it for readers
and `pdf` sets it for print.
"""

from calls.minutes.content import canonical, content, seal_of
from calls.minutes.paper import draft_pdf, pdf, read, sealing_of, words
from calls.minutes.sealing import (
    is_current,
    is_intact,
    latest,
    may_read,
    seal,
    seal_again,
    sealing_refusal,
)

__all__ = [
    "canonical",
    "content",
    "draft_pdf",
    "is_current",
    "is_intact",
    "latest",
    "may_read",
    "pdf",
    "read",
    "seal",
    "seal_again",
    "seal_of",
    "sealing_of",
    "sealing_refusal",
    "words",
]
