"""The database as a folder of readable files, and back: the same bytes go out again.

export(folder, is_private=False)      # what visitors see; is_private: everything that goes out
check(folder)                         # what a load would refuse, without any database
load(folder)                          # into a database that holds none of it yet
"""

from calls.fixture_files.exporting import Exported, export
from calls.fixture_files.loading import BadFilesError, Loaded, check, is_export, load

__all__ = ["BadFilesError", "Exported", "Loaded", "check", "export", "is_export", "load"]
