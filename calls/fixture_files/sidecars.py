"""Files that stand beside the objects: frozen versions, documents, and the digests of all.

Bytes are not made again nor read as text: they go out and come back as they are. SHA256SUMS holds
their digests, in the form that `sha256sum -c` reads; its presence tells an export from a folder
of data written by hand.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from django.db import models

from laureates.models import Release, ReleaseDraft, ReleaseFile

SUMS = "SHA256SUMS"
NOTICE = "LISEZ-MOI.txt"
DOCUMENTS = "documents"
_SAFE_NAME = re.compile(r"[\w-][\w.-]*", re.ASCII)
_LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")


def path_of(row: models.Model, key: Iterable) -> str:
    """Where the bytes of a row stand in the export, from its natural key."""
    slug, *rest = map(_name, key)
    if isinstance(row, Release):
        return f"versions/{slug}/{rest[0]}.json"
    if isinstance(row, ReleaseFile):
        return f"versions/{slug}/{rest[0]}/{rest[1]}"
    if isinstance(row, ReleaseDraft):
        return f"private/drafts/{slug}.json"
    raise TypeError(f"{type(row).__name__} has no bytes of its own")


def document_path(name: str) -> str:
    """Where a document stands in the export, from its name below MEDIA_ROOT.

    ValueError for a name that would lead elsewhere.
    """
    path = PurePosixPath(name)
    odd = any(ord(char) < 32 or char == "\\" for char in name)
    if odd or path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(name)
    return f"{DOCUMENTS}/{path}"


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal; OSError where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sums(digests: dict[str, str]) -> str:
    """The text of SHA256SUMS, from {path: digest}."""
    return "".join(f"{digests[path]}  {path}\n" for path in sorted(digests))


def read_sums(folder: Path) -> dict[str, str]:
    """{path: digest} of an export; ValueError, in French, where the file is not one of digests."""
    digests = {}
    for number, line in enumerate((folder / SUMS).read_text(encoding="utf-8").splitlines(), 1):
        found = _LINE.fullmatch(line)
        if found is None or ".." in PurePosixPath(found[2]).parts or found[2].startswith("/"):
            raise ValueError(f"{SUMS}, ligne {number} : une empreinte et un chemin sont attendus.")
        digests[found[2]] = found[1]
    return digests


def _name(part) -> str:
    """A part of a natural key as the name of a file: itself where any system takes it."""
    text = str(part)
    if _SAFE_NAME.fullmatch(text) and len(text) <= 200:
        return text
    return hashlib.sha256(text.encode()).hexdigest()
