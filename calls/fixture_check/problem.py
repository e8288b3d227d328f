"""What is wrong in a fixture: where, what, and what to do."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """A finding, in French. A warning is worth a look and does not fail the check."""

    path: Path
    line: int | None
    message: str
    subject: str = ""
    field: str = ""
    is_warning: bool = False

    def __str__(self):
        place = f"{self.path}, ligne {self.line}" if self.line else str(self.path)
        named = f"champ « {self.field} »" if self.field else ""
        subject = ", ".join(filter(None, (self.subject, named)))
        kind = "avertissement" if self.is_warning else "erreur"
        return "\n    ".join(filter(None, (f"{place} : {kind}", subject, self.message)))

    @property
    def rank(self):
        """The order of reading: file by file, from top to bottom."""
        return (str(self.path), self.line or 0, self.field, self.message)
