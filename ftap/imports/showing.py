"""Staged rows as a page shows them: which ones, what they would change, what is asked of them."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from ftap.imports import running
from ftap.imports.kinds import ImportKind
from ftap.imports.models import ImportJob, ImportRow

PER_PAGE = 50
SEARCH_MAX = 120
ASIDE = "set_aside"
_LONG = 80
_POSITION_MAX = 2**31 - 1

Outcome = ImportRow.Outcome

# Outcomes as an address names them, with their French for one row and for several.
CHOICES = {
    Outcome.UNREADABLE: ("illisibles", "illisible", "illisibles"),
    Outcome.HELD: ("bloquees", "bloquée", "bloquées"),
    Outcome.CREATED: ("a-creer", "à créer", "à créer"),
    Outcome.CHANGED: ("a-modifier", "à modifier", "à modifier"),
    Outcome.UNCHANGED: ("inchangees", "inchangée", "inchangées"),
    ASIDE: ("ecartees", "écartée", "écartées"),
}


class RowChoice:
    """Which rows a page shows: an outcome, words of their key or their number, a page."""

    def __init__(self, asked):
        slugs = {slug: outcome for outcome, (slug, _, _) in CHOICES.items()}
        self.outcome = slugs.get(asked.get("sort", ""), "")
        self.words = asked.get("q", "").replace("\0", "").strip()[:SEARCH_MAX]
        self.page = asked.get("page", "1")[:12]

    @property
    def slug(self):
        return CHOICES[self.outcome][0] if self.outcome else ""

    def address(self, **changed) -> str:
        """The query of an address for the same choice, with some of it changed."""
        kept = {"sort": self.slug, "q": self.words, "page": self.page} | changed
        kept = {name: value for name, value in kept.items() if value and (name, value) != _FIRST}
        return f"?{urlencode(kept)}" if kept else ""

    def of(self, rows: QuerySet) -> QuerySet:
        if self.outcome == ASIDE:
            rows = rows.filter(is_set_aside=True)
        elif self.outcome:
            rows = rows.filter(outcome=self.outcome, is_set_aside=False)
        if self.words:
            found = Q(key__icontains=self.words)
            if self.words.isdecimal() and int(self.words) <= _POSITION_MAX:
                found |= Q(number=int(self.words))
            rows = rows.filter(found)
        return rows


_FIRST = ("page", "1")


@dataclass(frozen=True)
class Tab:
    """One outcome, how many rows have it, and the address that shows them alone."""

    outcome: str
    label: str
    count: int
    address: str
    is_current: bool


def tabs(counts: dict[str, int], choice: RowChoice) -> list[Tab]:
    """All rows, then those of each outcome; without rows, an outcome is not shown."""
    total = sum(counts.values())
    every = Tab("", "toutes", total, choice.address(sort="", page="") or "?", not choice.outcome)
    return [every] + [
        Tab(
            outcome,
            several if counts[outcome] > 1 else one,
            counts[outcome],
            choice.address(sort=slug, page=""),
            choice.outcome == outcome,
        )
        for outcome, (slug, one, several) in CHOICES.items()
        if counts[outcome] or choice.outcome == outcome
    ]


@dataclass(frozen=True)
class Cell:
    """A cell that a person may correct; `original` is what the file says."""

    index: int
    label: str
    value: str
    original: str
    is_corrected: bool
    problems: list[str]

    @property
    def name(self):
        return f"cell-{self.index}"

    @property
    def is_long(self):
        return len(self.value) > _LONG or "\n" in self.value


@dataclass(frozen=True)
class Question:
    """What is asked about a row: `choices` are [(value, label)], `answer` the one given."""

    name: str
    label: str
    choices: list
    answer: str


@dataclass
class ShownRow:
    """A staged row with all that a page says of it. `typed` stands for what is stored, after a
    refusal: {"cells": {index: text}, "answers": {name: value}, "reason": text}."""

    row: ImportRow
    job: ImportJob
    kind: ImportKind
    typed: dict = field(default_factory=dict)
    link: str = ""

    def __post_init__(self):
        by_index, self.problems = {}, []
        for problem in self.row.problems:
            rank = problem.get("rank")
            if isinstance(rank, int) and 0 <= rank < len(self.row.cells):
                by_index.setdefault(rank, []).append(problem["message"])
            else:
                self.problems.append(problem)
        cells = self.typed.get("cells", {})
        self.every = [
            Cell(
                index,
                running.label_of(self.job, self.row, index),
                cells.get(index, self.row.read(index)),
                self.row.cells[index],
                str(index) in self.row.corrections,
                by_index.get(index, []),
            )
            for index in range(len(self.row.cells))
        ]
        self.faulty = [cell for cell in self.every if cell.problems or cell.is_corrected]
        answers = self.row.decisions | self.typed.get("answers", {})
        self.questions = [
            Question(one["name"], one["label"], one["choices"], answers.get(one["name"], ""))
            for one in running.questions(self.row)
        ]
        self.reason = self.typed.get("reason", self.row.decisions.get(running.OVERWRITE, ""))

    @property
    def name(self):
        return self.kind.name_of(self.job, self.row)

    @property
    def outcome(self):
        return ASIDE if self.row.is_set_aside else self.row.outcome

    @property
    def outcome_label(self):
        return CHOICES[self.outcome][1]

    @property
    def is_held(self):
        """Whether a reason is due, or was given, for changing what is kept."""
        held = self.row.outcome == Outcome.HELD or running.OVERWRITE in self.row.decisions
        return held and self.kind.may_overwrite(self.row)

    @property
    def is_unreadable(self):
        return self.outcome == Outcome.UNREADABLE

    @property
    def is_open(self):
        """Whether what it changes is to be read before it is imported."""
        return self.outcome in (Outcome.CHANGED, Outcome.HELD)

    @property
    def has_form(self):
        return not self.row.is_set_aside and bool(self.faulty or self.questions)

    @property
    def is_creation(self):
        return self.row.outcome == Outcome.CREATED


def shown_page(job, kind, user, choice: RowChoice, link_of) -> Page:
    """The rows of one page, as ShownRow; `link_of` gives the address of what a row is about."""
    rows = choice.of(running.primary_rows(job, kind, user))
    page = Paginator(rows, PER_PAGE).get_page(choice.page)
    page.object_list = [ShownRow(row, job, kind, link=link_of(row)) for row in page.object_list]
    return page


@dataclass(frozen=True)
class Trouble:
    """A problem of the file, and where: `row` is the staged row, if one page may mend it."""

    sheet: str
    number: int | None
    column: str
    message: str
    row: ImportRow | None = None


def troubles_of(row: ImportRow) -> list[Trouble]:
    return [
        Trouble(row.sheet, row.number, problem.get("column", ""), problem["message"], row)
        for problem in row.problems
    ]
