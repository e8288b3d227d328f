"""Loads an exported folder into a new database: everything, or nothing."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, models, transaction

from calls import fixture_check
from calls.fixture_check import Problem, Report, Row
from calls.fixture_files import sidecars
from calls.fixture_files.content import BYTES
from calls.models import Application, Publication
from ftap import audit
from ftap.refusals import Refusal
from laureates import freshness, index


class BadFilesError(Exception):
    """Files that cannot be loaded: `problems` say what, where and what to do."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


@dataclass
class Loaded:
    """What was loaded: numbers of rows by name, documents put back, accounts made."""

    rows: Counter = field(default_factory=Counter)
    documents: int = 0
    accounts: list[str] = field(default_factory=list)


def load(folder: Path, *, create_accounts: bool = False) -> Loaded:
    """Load an export into a database that holds nothing of its kinds.

    `create_accounts`: accounts that rows name and that are not there are made, inactive and without
    a password. Refusal or BadFilesError, in French; nothing is loaded then.
    """
    folder = Path(folder)
    digests = _digests(folder)
    report, rows = _understood(folder)
    if report.errors:
        raise BadFilesError(report.errors)
    documents = [path for path in digests if path.startswith(f"{sidecars.DOCUMENTS}/")]
    _check_documents(folder, documents, digests)
    put = []
    try:
        with transaction.atomic(), audit.paused():
            _require_empty(rows.models.values())
            loaded = Loaded(accounts=_accounts(rows, create_accounts))
            _Loading(folder).save(rows)
            _check_constraints()
            index.rebuild()
            freshness.touch()
            put += _put_documents(folder, documents)
    except BaseException:
        for name in put:
            default_storage.delete(name)
        raise
    for row in rows:
        loaded.rows[str(row.model._meta.verbose_name_plural)] += 1
    loaded.documents = len(documents)
    return loaded


def is_export(folder: Path) -> bool:
    """Whether a folder is one that `export` wrote."""
    return (folder / sidecars.SUMS).is_file()


def check(folder: Path) -> Report:
    """What `load` would refuse of an export, without any database. Refusal where its bytes or its
    digests are not those that went out."""
    _digests(folder)
    report, _ = _understood(folder)
    return report


def _understood(folder):
    return fixture_check.understand(sorted(folder.rglob("*.yaml")), as_stored=True)


def _digests(folder):
    if not folder.is_dir():
        raise Refusal(f"« {folder} » n’est pas un dossier : donnez celui d’un export.")
    if not is_export(folder):
        raise Refusal(
            f"« {folder} » n’est pas un export : il n’a pas de fichier {sidecars.SUMS}. Des "
            "fichiers écrits à la main se chargent par « manage.py loaddata »."
        )
    try:
        digests = sidecars.read_sums(folder)
    except (ValueError, UnicodeDecodeError) as error:
        raise Refusal(str(error)) from error
    problems = []
    for path, expected in digests.items():
        try:
            found = sidecars.digest(folder / path)
        except OSError:
            problems.append(f"{path} : le fichier manque. Refaites l’export, ou retrouvez-le.")
            continue
        if found != expected:
            problems.append(
                f"{path} : son contenu n’est plus celui de l’export. Reprenez-le de l’export."
            )
    if problems:
        raise Refusal(problems)
    return digests


def _require_empty(chosen: Iterable[type[models.Model]]):
    held = [
        f"{count} {model._meta.verbose_name_plural}"
        for model in chosen
        if (count := model._base_manager.count())
    ]
    if held:
        raise Refusal(
            f"Cette base contient déjà des données ({', '.join(held[:6])}) : un export se charge "
            "dans une base neuve, que « manage.py migrate » vient de créer. Rien n’a été chargé."
        )


def _accounts(rows, create) -> list[str]:
    users = get_user_model()
    named = sorted({name for row in rows for name in row.accounts.values()})
    known = set(
        users._base_manager.filter(**{f"{users.USERNAME_FIELD}__in": named}).values_list(
            users.USERNAME_FIELD, flat=True
        )
    )
    missing = [name for name in named if name not in known]
    if missing and not create:
        raise Refusal(
            f"Des lignes nomment des comptes qui n’existent pas ici : {', '.join(missing)}. "
            "Créez-les, ou ajoutez --create-accounts : ils seront inactifs et sans mot de passe. "
            "Rien n’a été chargé."
        )
    for name in missing:
        account = users(**{users.USERNAME_FIELD: name}, is_active=False)
        account.set_unusable_password()
        account.full_clean(exclude=["password"])
        account.save()
    return missing


class _Loading:
    """Saves rows after those that they refer to, as they are: no date moves, no act is told."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.pks: dict[int, int] = {}
        users = get_user_model()
        self.accounts = dict(users._base_manager.values_list(users.USERNAME_FIELD, "pk"))

    def save(self, rows) -> None:
        for model_rows in rows.by_model.values():
            waiting = list(model_rows)
            while waiting:
                # A row of the same model may be referred to: a ministry, a region.
                ready = [row for row in waiting if self._is_ready(row)]
                if not ready:
                    raise Refusal(
                        f"{waiting[0].name} : cet objet en attend un autre qui l’attend. Corrigez "
                        "leurs clés."
                    )
                for row in ready:
                    self._save(row)
                waiting = [row for row in waiting if id(row) not in self.pks]

    def _is_ready(self, row):
        return all(id(target) in self.pks for target in row.related.values())

    def _save(self, row: Row):
        instance = row.instance
        for name, target in row.related.items():
            setattr(instance, row.model._meta.get_field(name).attname, self.pks[id(target)])
        for name, account in row.accounts.items():
            setattr(instance, row.model._meta.get_field(name).attname, self.accounts[account])
        if row.model in BYTES:
            self._read_bytes(row)
        if row.model is Publication:
            self._resolve_pending(instance)
        instance.pk = None
        try:
            with transaction.atomic():
                instance.save_base(raw=True, force_insert=True)
                for name, targets in row.linked.items():
                    getattr(instance, name).set([self.pks[id(target)] for target in targets])
        except DatabaseError as error:
            raise BadFilesError([_refused(row, error)]) from error
        self.pks[id(row)] = instance.pk

    def _read_bytes(self, row):
        name = BYTES[row.model]
        path = self.folder / sidecars.path_of(row.instance, row.key)
        data = path.read_bytes() if path.is_file() else b""
        is_text = not isinstance(row.model._meta.get_field(name), models.BinaryField)
        setattr(row.instance, name, data.decode() if is_text else data)

    def _resolve_pending(self, publication):
        """Dossiers by their reference, as the export writes them, become their keys here."""
        references = dict(
            Application._base_manager.filter(
                reference__in=list(publication.pending.values())
            ).values_list("reference", "pk")
        )
        publication.pending = {
            name: references[reference]
            for name, reference in publication.pending.items()
            if reference in references
        }


def _refused(row, error):
    broken = [
        constraint.violation_error_message
        for constraint in row.model._meta.constraints
        if constraint.name in str(error)
    ]
    message = " ".join(map(str, broken)) or "la base de données refuse cet objet."
    return Problem(row.entry.path, row.entry.line, message, row.name)


def _check_constraints():
    try:
        connection.check_constraints()
    except DatabaseError as error:
        raise Refusal(
            "Un objet en désigne un autre qui n’existe pas : rien n’a été chargé."
        ) from error


# Documents ---------------------------------------------------------------------


def _check_documents(folder, paths, digests):
    problems = []
    for path in paths:
        name = path.removeprefix(f"{sidecars.DOCUMENTS}/")
        try:
            if default_storage.exists(name) and not _is_same(name, folder / path):
                problems.append(f"{name} : un autre document de ce nom est déjà dans le stockage.")
        except (OSError, SuspiciousFileOperation):
            problems.append(f"{name} : ce nom de document ne peut pas être repris.")
    if problems:
        raise Refusal(problems)


def _is_same(name, path):
    with default_storage.open(name, "rb") as stored:
        return stored.read() == path.read_bytes()


def _put_documents(folder, paths) -> list[str]:
    """Put the documents back under their names; the names of those that were not there."""
    put = []
    for path in paths:
        name = path.removeprefix(f"{sidecars.DOCUMENTS}/")
        if default_storage.exists(name):
            continue
        stored = default_storage.save(name, ContentFile((folder / path).read_bytes()))
        put.append(stored)
        if stored != name:
            for done in put:
                default_storage.delete(done)
            raise Refusal(f"{name} : le document n’a pas pu être remis sous son nom.")
    return put
