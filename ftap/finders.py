"""Where static files come from."""

import hashlib
import os
import tempfile
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder
from django.core.files.storage import FileSystemStorage

from ftap import design_system

# Applications whose files are collected only where a source names them.
LEFT_OUT = ("dsfr/", "django-dsfr/", "rest_framework/")
# The trimmed style sheet, made again when what it comes from has changed.
MADE = settings.BASE_DIR / ".design-system"


class Finder(AppDirectoriesFinder):
    """Files of the applications, with the design system cut down to what the pages use.

    Any file of an application is found by its name, but of the design system, only those that a
    source or its style sheet names are collected.
    """

    def find(self, path, find_all=False, **kwargs):
        if path != design_system.NAME:
            return super().find(path, find_all=find_all, **kwargs)
        made = str(make())
        return [made] if find_all else made

    def list(self, ignore_patterns):
        named = design_system.named(make().read_text())
        for path, storage in super().list(ignore_patterns):
            if not path.startswith(LEFT_OUT) or path in named:
                yield path, storage
        yield design_system.NAME, FileSystemStorage(location=MADE)


def make() -> Path:
    """The style sheet, made anew unless nothing it comes from has changed since."""
    sheet, stamp = MADE / design_system.NAME, MADE / "stamp"
    now = _stamp()
    if not (sheet.exists() and stamp.exists() and stamp.read_text() == now):
        _write(sheet, design_system.trim(design_system.used()))
        _write(stamp, now)
    return sheet


def _stamp() -> str:
    """Changes with any file that the style sheet comes from."""
    digest = hashlib.sha256()
    for path in design_system.sources():
        kept = path.stat()
        digest.update(f"{path} {kept.st_size} {kept.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _write(path: Path, text: str):
    """The whole file at once: another process may be reading it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    os.replace(file.name, path)
