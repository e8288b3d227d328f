"""The database as a folder of readable files, and back: the same bytes go out again.

export(folder, is_private=False)      # what visitors see; is_private: everything that goes out
load(folder)                          # into a database that holds none of it yet
"""

from calls.fixture_files.exporting import Exported, export
from calls.fixture_files.loading import BadFilesError, Loaded, load

__all__ = ["BadFilesError", "Exported", "Loaded", "export", "load"]
