"""Dossiers of the online-forms service, brought from its exports into a session.

`KIND` is given to `ftap.imports.running`; `mapping` says which column fills which field. A row
fills the declared fields of a dossier, its bearers and what the form said besides; the state of the
dossier, its instruction and the committee's decision are never touched.
"""

from calls.importers.kind import KIND, absent, may_sample

__all__ = ["KIND", "absent", "may_sample"]
