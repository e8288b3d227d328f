"""Bulk acts: one act on several dossiers, seen beforehand, done whole or not at all, and kept.

`preview` says what would be done and what would be refused; `run` does it, each dossier through
its gate, in one transaction, and leaves a receipt; `undo` takes it back by the moves of the same
gates, as long as nothing was done since. `Draft` carries a preview from one page to the next.
"""

from calls.bulk.acts import RECEIPTS, permitted
from calls.bulk.dossier_acts import MOVES
from calls.bulk.draft import Draft, DraftError
from calls.bulk.parameters import OUTCOMES, described
from calls.bulk.previews import Preview, Row, preview
from calls.bulk.receipts import MASKED, Receipt, receipt, with_counts
from calls.bulk.running import LIMIT, Changed, run, too_many
from calls.bulk.undoing import Undoing, preview_undo, undo, undo_refusal

__all__ = [
    "LIMIT",
    "MASKED",
    "MOVES",
    "OUTCOMES",
    "RECEIPTS",
    "Changed",
    "Draft",
    "DraftError",
    "Preview",
    "Receipt",
    "Row",
    "Undoing",
    "described",
    "permitted",
    "preview",
    "preview_undo",
    "receipt",
    "run",
    "too_many",
    "undo",
    "undo_refusal",
    "with_counts",
]
