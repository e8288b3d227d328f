"""The history: who did what, when and why, in a chain that can be proved whole.

Gates write through `acting` and `record`, pages read through `entries`, and two commands prove the
chain (`verify`) and erase a personal text from it (`erase`).
"""

from calls.history.chain import HistoryBrokenError
from calls.history.erasure import ErasureError, erase
from calls.history.labels import name_acts
from calls.history.many import save_many
from calls.history.proof import Verification, verify
from calls.history.reading import entries
from calls.history.writing import acting, record

__all__ = [
    "ErasureError",
    "HistoryBrokenError",
    "Verification",
    "acting",
    "entries",
    "erase",
    "name_acts",
    "record",
    "save_many",
    "verify",
]
