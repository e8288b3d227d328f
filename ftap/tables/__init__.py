"""Spreadsheets that people bring: CSV, XLSX and ODS, checked whole before anything is read.

    contents = inspect(upload, upload.name)         # Unreadable, in French, where it cannot be read
    for sheet in contents.sheets:
        for row in sheet.rows():
            row.number, dict(zip(sheet.labels, row.cells))

Whatever the format, a cell is text, and a file holds no formula, merged cell, macro or cell in
error. Sizes are bounded by the IMPORT_* settings, before and after unpacking.
"""

from ftap.tables.problems import Problem, Unreadable
from ftap.tables.reading import Contents, inspect
from ftap.tables.shape import Row, Sheet

__all__ = ["Contents", "Problem", "Row", "Sheet", "Unreadable", "inspect"]
