"""Writes the database as a folder that people can read: all of it, or nothing."""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import SuspiciousFileOperation
from django.db import connection, models, transaction

from calls.fixture_files import sidecars, writing
from calls.fixture_files.content import BYTES, Content, Part
from calls.models import Application, Publication
from ftap.refusals import Refusal

# A file heavier than this is cut in several: any editor opens them.
PART_BYTES = 2 * 1024 * 1024
_EMPTY = (None, "", [], {}, ())
# Rows made again from the others, which nobody misses.
_DERIVED = {"indexentry", "facetvalue", "publicstate", "eventhead"}
_APPS = ("laureates", "calls", "ftap", "sessions")
_HISTORY = "versions de l’historique"


@dataclass
class Exported:
    """What an export holds and what it left: numbers of rows, by name, and documents not found."""

    rows: Counter = field(default_factory=Counter)
    left_out: Counter = field(default_factory=Counter)
    files: int = 0
    missing: list[str] = field(default_factory=list)


def export(folder: Path, *, is_private: bool, replace: bool = False) -> Exported:
    """Write the database into `folder`, which takes its place only once it is whole.

    `is_private`: with what visitors do not see. `replace`: a former export there goes. Refusal, in
    French, where the folder cannot be taken; nothing is left of an export that failed.
    """
    folder = Path(os.path.abspath(folder))
    refuse_folder(folder, replace=replace)
    with _beside(folder) as whole, _still():
        exported = _Writer(whole, is_private=is_private).write()
        if not is_private:
            whole.chmod(0o755)
        _put(whole, folder)
    return exported


def refuse_folder(folder: Path, *, replace: bool) -> None:
    """Refusal where an export cannot be written there."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise Refusal(f"« {folder} » n’est pas un dossier : donnez-en un nouveau, ou un vide.")
    if not folder.parent.is_dir():
        raise Refusal(f"Le dossier « {folder.parent} » n’existe pas : créez-le d’abord.")
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not replace:
        raise Refusal(
            f"« {folder} » n’est pas vide : donnez un autre dossier, ou ajoutez --force pour "
            "remplacer l’export qu’il contient."
        )
    if not (folder / sidecars.SUMS).is_file():
        raise Refusal(
            f"« {folder} » contient autre chose qu’un export (pas de fichier {sidecars.SUMS}) : "
            "rien n’y est effacé. Donnez un autre dossier, ou videz celui-ci."
        )


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A new folder beside, on the same disk, closed to others; gone at the end."""
    whole = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield whole
    finally:
        shutil.rmtree(whole, ignore_errors=True)


@contextmanager
def _still() -> Iterator[None]:
    """The database as it stands at one moment, whatever others write meanwhile."""
    was_outside = not connection.in_atomic_block
    with transaction.atomic():
        if was_outside and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _put(whole: Path, folder: Path) -> None:
    if not folder.exists():
        whole.rename(folder)
        return
    with _beside(folder) as former:
        folder.rename(former / "former")
        try:
            whole.rename(folder)
        except OSError:
            (former / "former").rename(folder)
            raise


class _Writer:
    """Writes one export below `folder`."""

    def __init__(self, folder: Path, *, is_private: bool):
        self.folder = folder
        self.content = Content(is_private=is_private)
        self.exported = Exported()
        self.digests: dict[str, str] = {}
        users = get_user_model()
        self.accounts = (
            dict(users._base_manager.values_list("pk", users.USERNAME_FIELD)) if is_private else {}
        )

    def write(self) -> Exported:
        for part in self.content.parts():
            self._write_part(part)
        notice = _PRIVATE_NOTICE if self.content.is_private else _PUBLIC_NOTICE
        self._write_bytes(sidecars.NOTICE, f"{notice}\n{_HOW_TO_LOAD}".encode())
        self._write_file(sidecars.SUMS, sidecars.sums(self.digests).encode())
        self.exported.files = sum(path.is_file() for path in self.folder.rglob("*"))
        for model, rows in self.content.rows.items():
            self.exported.rows[_plural(model)] += len(rows)
        self.exported.rows = +self.exported.rows
        self.exported.left_out = self._left_out()
        return self.exported

    # Objects -----------------------------------------------------------------

    def _write_part(self, part: Part):
        chunks, weight = [[]], 0
        for row in part.rows:
            text = writing.block(row._meta.label_lower, self._values(row))
            size = len(text.encode())
            if chunks[-1] and weight + size > PART_BYTES:
                chunks.append([])
                weight = 0
            chunks[-1].append(text)
            weight += size
        for number, blocks in enumerate(chunks, 1):
            several = len(chunks) > 1
            suffix = f".{number:03}" if several else ""
            title = f"{part.title} Fichier {number} sur {len(chunks)}." if several else part.title
            text = writing.document(f"{title}\n\n{_WRITTEN_BY}", blocks)
            self._write_file(f"{part.path}{suffix}.yaml", text.encode())

    def _values(self, row) -> Iterator[tuple[str, object]]:
        options, hidden = row._meta, self.content.hidden_fields(row)
        for definition in _in_order(options.model):
            if definition.primary_key or definition.name in hidden:
                continue
            if definition.many_to_many:
                value = self.content.links.get(definition, {}).get(row.pk)
            elif BYTES.get(type(row)) == definition.name:
                self._write_bytes_of(row)
                continue
            elif definition.is_relation:
                value = self._reference(row, definition)
            else:
                value = self._value(row, definition)
                if _goes_without_saying(definition, value):
                    continue
            if value not in _EMPTY or definition.name in options.model.NATURAL_KEY:
                is_json = isinstance(definition, models.JSONField)
                yield definition.name, writing.Structure(value) if is_json else value

    def _reference(self, row, definition):
        pk = getattr(row, definition.attname)
        if pk is None:
            return None
        if definition.related_model is get_user_model():
            username = self.accounts.get(pk)
            return (username,) if username else None
        key = self.content.keys[definition.related_model].get(pk)
        return tuple(key) if key else None

    def _value(self, row, definition):
        value = getattr(row, definition.attname)
        if isinstance(definition, models.FileField):
            return self._document(row, value)
        if isinstance(row, Publication) and definition.name == "pending":
            known = self.content.keys[Application]
            return {name: known[pk][0] for name, pk in value.items() if pk in known}
        return value

    # Bytes -------------------------------------------------------------------

    def _write_bytes_of(self, row):
        name = BYTES[type(row)]
        content = type(row)._base_manager.values_list(name, flat=True).get(pk=row.pk)
        data = content.encode() if isinstance(content, str) else bytes(content)
        if data or not isinstance(content, str):
            self._write_bytes(sidecars.path_of(row, self.content.key(row)), data)

    def _document(self, row, file) -> str:
        """The name of a document whose file goes out; "" where there is none to give."""
        if not file.name:
            return ""
        try:
            path = sidecars.document_path(file.name)
            with file.storage.open(file.name, "rb") as stored:
                data = stored.read()
        except (OSError, SuspiciousFileOperation, ValueError):
            self.exported.missing.append(f"{row._meta.verbose_name} « {row} » : {file.name}")
            return ""
        self._write_bytes(path, data)
        return file.name

    def _write_bytes(self, path: str, data: bytes):
        self._write_file(path, data)
        self.digests[path] = sidecars.digest(self.folder / path)

    def _write_file(self, path: str, data: bytes):
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    # What stays --------------------------------------------------------------

    def _left_out(self) -> Counter:
        found = Counter()
        for model in apps.get_models():
            label, name = model._meta.app_label, model._meta.model_name
            if label not in _APPS or name in _DERIVED or model._meta.proxy:
                continue
            is_version = name.startswith("historical") or "_historical" in model._meta.db_table
            left = model._base_manager.count() - len(self.content.rows.get(model, ()))
            found[_HISTORY if is_version else _plural(model)] += left
        return +found


def _plural(model) -> str:
    return str(model._meta.verbose_name_plural)


def _in_order(model) -> list[models.Field]:
    """The fields of a model as people read them: first what names the row."""
    options = model._meta
    names = [lookup.partition("__")[0] for lookup in model.NATURAL_KEY]
    rank = {name: number for number, name in enumerate(names)}
    fields = (*options.concrete_fields, *options.many_to_many)
    return sorted(fields, key=lambda definition: rank.get(definition.name, len(names)))


def _goes_without_saying(definition, value) -> bool:
    """Whether a value that is not written comes back: one that is empty or that nobody types."""
    if isinstance(definition, models.JSONField):
        return value == definition.get_default()
    if not (value in ("", None) or isinstance(value, bool) or not definition.editable):
        return False
    return definition.has_default() and value == definition.get_default()


_WRITTEN_BY = (
    "Écrit par « manage.py export_fixtures » ; se charge par « manage.py import_fixtures »."
)
_PUBLIC_NOTICE = """\
Export des données publiques : ce que les visiteurs voient, et rien d’autre.
"""
_PRIVATE_NOTICE = """\
CONFIDENTIEL. Export complet : dossiers, séances, décisions, annonces non publiées, notes internes.
Tout ce dossier est à protéger comme la base elle-même, et non le seul dossier « private ».
"""
_HOW_TO_LOAD = """\
Les objets sont dans les fichiers .yaml ; les versions figées des annonces sont dans « versions »,
les documents dans « documents ». SHA256SUMS donne leurs empreintes : « sha256sum -c SHA256SUMS ».

Pour charger le tout dans une base neuve, après « manage.py migrate » :

    manage.py import_fixtures CE_DOSSIER

Les comptes, l’historique et les fichiers joints aux dossiers n’y sont jamais.
"""
