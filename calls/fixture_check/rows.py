"""From entries to model instances that know each other, without any database."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core import serializers
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models

from calls.fixture_check import values
from calls.fixture_check.problem import Problem
from calls.fixture_check.reading import Entry

APP_LABELS = ("laureates", "calls")
# Fields that a database may hold empty, whatever a form asks for; bytes stand in their own file.
_MAY_BE_EMPTY = {"CharField", "TextField", "SlugField", "FileField", "BinaryField"}


def loadable_models() -> dict[str, type[models.Model]]:
    """Models a fixture may hold, by label: those with a natural key, in the order in which their
    keys depend on each other. Accounts, reports and derived rows have none."""
    chosen = [
        (
            apps.get_app_config(label),
            [m for m in apps.get_app_config(label).get_models() if hasattr(m, "natural_key")],
        )
        for label in APP_LABELS
    ]
    ordered = serializers.sort_dependencies(chosen, allow_cycles=True)
    return {m._meta.label_lower: m for m in ordered if hasattr(m, "natural_key")}


@dataclass(eq=False)
class Row:
    """An object of a fixture: its instance, never saved, and what could be understood of it.

    By name of field: the rows that it refers to (`related`, and `linked` where they are several),
    and the user names of the accounts (`accounts`), which no file describes.
    """

    entry: Entry
    instance: models.Model
    is_reference: bool
    key: tuple | None = None
    invalid: set[str] = field(default_factory=set)
    related: dict[str, "Row"] = field(default_factory=dict)
    linked: dict[str, list["Row"]] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)

    @property
    def model(self):
        return type(self.instance)

    @property
    def name(self):
        label = self.model._meta.label_lower
        if self.key is None:
            return f"{label} (objet nᵒ {self.entry.rank})"
        return f"{label} {written(self.key)}"


def written(key: Iterable) -> str:
    """A natural key as fixtures write it."""
    return f"[{', '.join(str(part) for part in key)}]"


class Rows:
    """Every row of the files under check and of those they lean on, by model and natural key.

    `as_stored`: the files hold what a database held. Accounts may be referred to, values are taken
    as they are, and bytes stand outside the files.
    """

    def __init__(self, *, as_stored: bool = False):
        self.as_stored = as_stored
        self.accounts: dict[str, int] = {}
        self._unplaced: list[Problem] = []
        self._findings: list[tuple[Row, str, str, bool]] = []
        self.models = loadable_models()
        self.by_model: dict[type[models.Model], list[Row]] = {m: [] for m in self.models.values()}
        self.by_key: dict[tuple, Row] = {}

    def __getitem__(self, model) -> list[Row]:
        return self.by_model[model]

    def __iter__(self):
        for rows in self.by_model.values():
            yield from rows

    def report(self, row: Row, message: str, name: str = "", *, is_warning=False):
        """A finding on a row; what is wrong in a file not under check is not this run's matter."""
        if not row.is_reference:
            self._findings.append((row, message, name, is_warning))

    @property
    def problems(self) -> list[Problem]:
        """All findings; read once everything is linked, when each row knows its key."""
        return self._unplaced + [
            Problem(
                row.entry.path,
                row.entry.lines.get(name, row.entry.line),
                message,
                row.name,
                name,
                is_warning,
            )
            for row, message, name, is_warning in self._findings
        ]

    def add(self, entry: Entry, *, is_reference: bool) -> None:
        """Build the instance of an entry; relations are resolved later, by `link`."""
        model = self.models.get(entry.model.lower())
        if model is None:
            if not is_reference:
                message = self._unknown_model(entry.model)
                subject = f"objet nᵒ {entry.rank}"
                self._unplaced.append(Problem(entry.path, entry.line, message, subject, "model"))
            return
        row = Row(entry, model(), is_reference)
        row.instance.pk = sum(map(len, self.by_model.values())) + 1
        self.by_model[model].append(row)
        self._fill(row)

    def link(self) -> None:
        """Resolve relations and natural keys, report what refers to nothing or is there twice."""
        for model, rows in self.by_model.items():
            relations = [f for f in model._meta.concrete_fields if f.many_to_one or f.one_to_one]
            outer = [f for f in relations if f.related_model is not model]
            for row in rows:
                for relation in outer:
                    self._link_one(row, relation)
                self._register(row)
            for row in rows:
                for relation in relations:
                    if relation not in outer:
                        self._link_one(row, relation)
                for relation in model._meta.many_to_many:
                    self._link_many(row, relation)

    def _fill(self, row: Row) -> None:
        options = row.model._meta
        known = {
            f.name: f
            for f in (*options.concrete_fields, *options.many_to_many)
            if not f.primary_key
            and not (f.many_to_many and not f.remote_field.through._meta.auto_created)
        }
        for name, value in row.entry.values.items():
            if name not in known:
                self.report(row, f"champ inconnu.{values.nearest(name, known)}", name)
            elif not known[name].is_relation:
                try:
                    cleaned = values.clean(known[name], value, as_stored=self.as_stored)
                    setattr(row.instance, name, cleaned)
                except ValidationError as error:
                    self._refuse(row, name, " ".join(error.messages))
        for name, definition in known.items():
            if name in row.entry.lines:
                if name not in row.entry.values:
                    row.invalid.add(name)  # unreadable, and already said
            elif name in key_parameters(row.model):
                self._refuse(row, name, "champ obligatoire absent : il sert de clé à l’objet.")
            elif not (definition.blank or definition.null or definition.has_default()):
                if self.as_stored and definition.get_internal_type() in _MAY_BE_EMPTY:
                    continue
                self._refuse(row, name, f"champ obligatoire absent ({definition.verbose_name}).")

    def _refuse(self, row: Row, name: str, message: str) -> None:
        row.invalid.add(name)
        self.report(row, message, name)

    def _unknown_model(self, label: str) -> str:
        if label.lower() in {m._meta.label_lower for m in apps.get_models()}:
            return f"« {label} » ne se charge pas par fichier (comptes, signalements, index)."
        return f"modèle inconnu « {label} ».{values.nearest(label.lower(), self.models)}"

    def _register(self, row: Row) -> None:
        try:
            row.key = tuple(row.instance.natural_key())
        except (ObjectDoesNotExist, AttributeError):
            return  # a part of it refers to nothing, which has been reported
        if row.invalid.intersection(key_parameters(row.model)):
            row.key = None
            return
        if getattr(row.instance, "superseded_at", None):
            return  # the key is that of the decision in force
        first = self.by_key.setdefault((row.model, row.key), row)
        if first is not row:
            self.by_model[row.model] = [r for r in self.by_model[row.model] if r is not row]
            late, early = (first, row) if row.is_reference else (row, first)
            self.report(
                late,
                f"cet objet est déjà dans {early.entry.path}, ligne {early.entry.line} : "
                "retirez l’un des deux, ou changez sa clé.",
            )

    def _link_one(self, row: Row, relation) -> None:
        value = row.entry.values.get(relation.name)
        if value is None:
            if relation.name in row.entry.values and not relation.null:
                self._refuse(row, relation.name, "aucune valeur n’est donnée : écrivez la clé.")
            return
        if self.as_stored and relation.related_model is get_user_model():
            self._link_account(row, relation, value)
            return
        target = self._target(row, relation, value)
        if target is None:
            row.invalid.add(relation.name)
            return
        row.related[relation.name] = target
        setattr(row.instance, relation.name, target.instance)
        same_file = target.entry.path == row.entry.path
        if same_file and target.entry.rank > row.entry.rank and not relation.null:
            self.report(
                row,
                f"{target.name} est plus bas dans le fichier (ligne {target.entry.line}) : "
                "déplacez-le au-dessus, il doit être chargé avant.",
                relation.name,
            )

    def _link_account(self, row: Row, relation, value) -> None:
        if not (isinstance(value, list) and len(value) == 1 and isinstance(value[0], str)):
            message = "un compte s’écrit entre crochets, par son identifiant : [identifiant]."
            self._refuse(row, relation.name, message)
            return
        row.accounts[relation.name] = value[0]
        number = self.accounts.setdefault(value[0], len(self.accounts) + 1)
        setattr(row.instance, relation.attname, number)

    def _link_many(self, row: Row, relation) -> None:
        value = row.entry.values.get(relation.name)
        if value is None:
            return
        if not isinstance(value, list):
            self._refuse(row, relation.name, "une liste de clés est attendue : [[…], […]].")
            return
        targets = [self._target(row, relation, key) for key in value]
        row.linked[relation.name] = [target for target in targets if target]
        keys = Counter(written(key) for key in value if isinstance(key, list))
        for key in (key for key, count in keys.items() if count > 1):
            self.report(row, f"{key} est écrit plusieurs fois : gardez-en un.", relation.name)

    def _target(self, row: Row, relation, value) -> Row | None:
        model = relation.related_model
        label = model._meta.label_lower
        if model not in self.by_model:
            message = f"{label} ne se charge pas par fichier : retirez la ligne."
            self.report(row, message, relation.name)
            return None
        parts = key_parameters(model)
        if not isinstance(value, list) or len(value) != len(parts):
            expected = written(parts)
            many = " Les clés d’une liste sont elles-mêmes entre crochets." * relation.many_to_many
            message = f"la clé de {label} s’écrit entre crochets : {expected}.{many}"
            self.report(row, message, relation.name)
            return None
        target = self.by_key.get((model, tuple(map(_hashable, value))))
        if target is None:
            known = [written(key) for kind, key in self.by_key if kind is model]
            advice = (
                f"{values.nearest(written(value), known)} Corrigez la clé, ou ajoutez cet objet."
            )
            if written(value) in known:
                advice = " Mettez entre guillemets la partie que YAML lit comme nombre ou date."
            message = f"{label} {written(value)} n’existe dans aucun fichier.{advice}"
            self.report(row, message, relation.name)
        return target


def key_parameters(model) -> list[str]:
    """What a natural key is made of, in order."""
    return [lookup.replace("__", ".") for lookup in model.NATURAL_KEY]


def _hashable(part):
    return str(part) if isinstance(part, list | dict) else part
