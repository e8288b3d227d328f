"""What a row of a file says, and why some of it cannot be imported; for imports of any kind."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Problem(NamedTuple):
    """Why a row cannot be imported: the label of a column, its index among the cells (None where
    it is another sheet's), and a French sentence."""

    column: str
    rank: int | None
    message: str


@dataclass
class Reading:
    """What a row says, field by field, and what is to be asked or corrected.

    `questions` are those of `ftap.imports.kinds`. A column has a `label` and an `index`.
    """

    fields: dict[str, object] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    questions: list[dict] = field(default_factory=list)

    def refuse(self, column, message: str) -> None:
        """Say why the row cannot be imported, at a column or, for None, as a whole."""
        label, index = (column.label, column.index) if column else ("", None)
        self.problems.append(Problem(label, index, message))

    def ask(self, column, name, label, choices, decisions) -> str:
        """The answer to a question; where there is none yet, a problem says what to do."""
        self.questions.append({"name": name, "label": label, "choices": choices})
        answer = decisions.get(name, "")
        if answer in {value for value, _ in choices}:
            return answer
        self.refuse(column, f"{label} Répondez à la question, ou écartez la ligne.")
        return ""
