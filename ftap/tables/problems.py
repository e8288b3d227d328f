"""What is wrong with a file, where, and what to do: sentences in French."""

from dataclasses import asdict, dataclass

from openpyxl.utils import get_column_letter

# More of them would not be read: the first ones tell what to do.
SHOWN = 20


@dataclass(frozen=True)
class Problem:
    """A sentence and its place: sheet ("" for a CSV), row as a spreadsheet numbers it, column."""

    message: str
    sheet: str = ""
    row: int | None = None
    column: str = ""

    def __str__(self):
        places = [
            f"feuille {self.sheet}" if self.sheet else "",
            f"ligne {self.row}" if self.row else "",
            f"colonne {self.column}" if self.column else "",
        ]
        place = ", ".join(filter(None, places))
        if not place:
            return self.message
        return f"{place[0].upper()}{place[1:]}\u00a0: {_inside(self.message)}"

    def as_dict(self) -> dict:
        """{"message", "sheet", "row", "column"}, ready for JSON."""
        return asdict(self)


class Unreadable(Exception):
    """A file that cannot be read: `problems` say why, at most SHOWN of them and one that says so.

    Never an empty list.
    """

    def __init__(self, *problems: Problem | str):
        self.problems = [
            problem if isinstance(problem, Problem) else Problem(problem) for problem in problems
        ]
        super().__init__(*map(str, self.problems))

    def __str__(self):
        return "\n".join(map(str, self.problems))


class Report:
    """The problems of a file as they are found: it raises Unreadable when it is full."""

    def __init__(self):
        self.problems = []

    def add(self, message: str, sheet: str = "", row: int | None = None, column: str = ""):
        self.problems.append(Problem(message, sheet, row, column))
        if len(self.problems) > SHOWN:
            self.problems[SHOWN:] = [
                Problem(
                    f"Le fichier a d’autres problèmes\u00a0: les {SHOWN} premiers sont montrés. "
                    "Corrigez-les, puis déposez-le de nouveau."
                )
            ]
            self.close()

    def close(self):
        """Raise what was found, if anything."""
        if self.problems:
            raise Unreadable(*self.problems)


def letter(index: int) -> str:
    """The letters of the column of this index, from 0: 0 → A, 27 → AB."""
    return get_column_letter(index + 1)


def column(index: int, label: str = "") -> str:
    """How a column is named to a person: « F (Montant) »."""
    label = " ".join(label.split())
    if len(label) > 60:
        label = f"{label[:59]}…"
    return f"{letter(index)} ({label})" if label else letter(index)


def excerpt(text: str, limit: int = 40) -> str:
    """The beginning of a value, on one line, as a message quotes it."""
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return f"{text[: limit - 1]}…" if len(text) > limit else text


def _inside(sentence):
    """A sentence as it follows a colon: its first letter is small, unless it opens an acronym."""
    if sentence[1:2].islower() or sentence[1:2] in ("’", " "):
        return sentence[0].lower() + sentence[1:]
    return sentence
