"""Laureates of other years, brought from a spreadsheet made after one documented template.

`KIND` is given to `ftap.imports.running`; `columns` says what the template holds. A row is a
laureate of an announcement, known or created as a draft; nothing that is imported is public.
"""

from laureates.importers.library.kind import KIND

__all__ = ["KIND"]
