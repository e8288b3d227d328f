"""Checks fixtures without any database: what is wrong, in which file, object and field, and what
to do about it."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from calls.fixture_check import hyphens, rules
from calls.fixture_check.problem import Problem
from calls.fixture_check.reading import MAX_BYTES, Unreadable, read
from calls.fixture_check.rows import Row, Rows, loadable_models

__all__ = [
    "MAX_BYTES",
    "Problem",
    "Report",
    "Row",
    "Rows",
    "check",
    "find",
    "loadable_models",
    "project_files",
    "understand",
]


@dataclass(frozen=True)
class Report:
    """What a check found: its problems in reading order, and how many objects of each kind."""

    files: int
    counts: Counter
    problems: list[Problem]

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if not problem.is_warning]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.is_warning]


def project_files() -> list[Path]:
    """Every YAML file of the fixture folders."""
    return sorted(
        path
        for folder in settings.FIXTURE_DIRS
        for path in Path(folder).iterdir()
        if path.suffix in {".yaml", ".yml"}
    )


def find(name: str) -> Path:
    """The file so named: a path, or the bare name that `loaddata` takes."""
    path = Path(name)
    if not path.exists() and path.name == name:
        stem = path.stem if path.suffix in {".yaml", ".yml"} else name
        return next((file for file in project_files() if file.stem == stem), path)
    return path


def check(paths: Iterable[Path]) -> Report:
    """Check the files; those of the fixture folders that are not given serve as reference.

    A given file stands for the one of the same name in the folders.
    """
    given = list(dict.fromkeys(_displayed(path) for path in paths))
    names = {path.name for path in given}
    others = [path for path in map(_displayed, project_files()) if path.name not in names]
    rows, counts, shapes = Rows(), Counter(), []
    for path, is_reference in _with_role(given, others):
        try:
            entries, problems = read(path)
        except Unreadable as error:
            shapes.append(error.problem)
            continue
        if not is_reference:
            shapes += problems
        for entry in entries:
            rows.add(entry, is_reference=is_reference)
    rows.link()
    rules.check(rows)
    hyphens.check(rows)
    for row in rows:
        counts[row.model] += not row.is_reference
    problems = sorted(shapes + rows.problems, key=lambda problem: problem.rank)
    return Report(len(given), +counts, problems)


def understand(paths: Iterable[Path], *, as_stored: bool) -> tuple[Report, Rows]:
    """The objects of these files, which lean on no other, and what is wrong with them.

    `as_stored`: the files are an export. What a database held is taken as it is: what no engine
    would refuse for its type or its size is not judged here, and the size of a file is free.
    """
    paths = list(paths)
    rows, counts, shapes = Rows(as_stored=as_stored), Counter(), []
    for path in paths:
        try:
            entries, problems = read(path, max_bytes=sys.maxsize if as_stored else MAX_BYTES)
        except Unreadable as error:
            shapes.append(error.problem)
            continue
        shapes += problems
        for entry in entries:
            rows.add(entry, is_reference=False)
    rows.link()
    if not as_stored:
        rules.check(rows)
        hyphens.check(rows)
    for row in rows:
        counts[row.model] += 1
    problems = sorted(shapes + rows.problems, key=lambda problem: problem.rank)
    return Report(len(paths), counts, problems), rows


def _with_role(given: list[Path], others: list[Path]) -> Iterator[tuple[Path, bool]]:
    yield from ((path, False) for path in given)
    yield from ((path, True) for path in others)


def _displayed(path: Path) -> Path:
    """The path from the current folder when it lies below, as one would type it."""
    absolute = path.absolute()
    return absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute
