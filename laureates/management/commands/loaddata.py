"""Django's `loaddata`, all or nothing, with the library's index rebuilt and errors in French.

Versions of announcements that a file describes without their content are frozen after the load.
"""

import warnings
from collections.abc import Iterator, Sequence

import yaml
from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist, ValidationError
from django.core.management.base import CommandError
from django.core.management.commands import loaddata
from django.core.serializers.base import DeserializedObject
from django.db import DEFAULT_DB_ALIAS, DatabaseError, transaction

from ftap import audit
from laureates import freshness, index, releases
from laureates.models import Release


class Command(loaddata.Command):
    help = (
        "Charge des fichiers de données (noms sans extension, dans l’ordre). Tout est chargé, ou "
        "rien ; l’index de recherche est ensuite recalculé, et les versions publiées figées."
    )
    label = ""
    read = 0
    has_changed = False
    saving: DeserializedObject | None = None
    waiting: Sequence[DeserializedObject] = ()

    def handle(self, *labels, **options):
        self.labels = labels
        # The stock summary is in English: it is replaced below.
        stock = {**options, "verbosity": options["verbosity"] if options["verbosity"] > 1 else 0}
        with transaction.atomic(using=options["database"]), audit.paused():
            super().handle(*labels, **stock)
            if options["database"] == DEFAULT_DB_ALIAS:
                index.rebuild()
                if releases.freeze_missing() or self.has_changed:
                    freshness.touch()  # rows that are loaded tell nobody that they changed
        if options["verbosity"] == 1:
            self.stdout.write(
                f"Objets chargés : {self.loaded_object_count} ; fichiers : {self.fixture_count}."
            )

    def loaddata(self, fixture_labels):
        try:
            super().loaddata(fixture_labels)
        except CommandError:
            raise
        except Exception as error:  # whatever a file holds, its author gets a sentence
            raise CommandError(self._explain(error)) from error

    def find_fixtures(self, fixture_label):
        try:
            return super().find_fixtures(fixture_label)
        except CommandError as error:
            folders = ", ".join(map(str, self.fixture_dirs))
            raise CommandError(
                f"« {fixture_label} » ne désigne aucun fichier de données, ou en désigne "
                f"plusieurs. Donnez le nom d’un fichier, sans extension, de : {folders}."
            ) from error

    def load_label(self, fixture_label):
        self.label, self.read, self.saving, self.waiting = fixture_label, 0, None, []
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "No fixture data found", RuntimeWarning)
            super().load_label(fixture_label)
        self.saving = None
        self.waiting = self.objs_with_deferred_fields
        if not self.read:
            raise CommandError(
                f"Rien n’a été chargé : « {fixture_label} » ne contient aucun objet."
            )

    def save_obj(self, obj):
        self.saving = obj
        self.read += 1
        required = [f for f in obj.deferred_fields or () if not (f.many_to_many or f.null)]
        if required:  # it cannot be saved first and linked later
            raise ObjectDoesNotExist
        if isinstance(obj.object, Release):
            releases.keep_frozen(obj.object)
        before = _stored(obj.object, self.using)
        saved = super().save_obj(obj)
        self.has_changed = self.has_changed or before != _stored(obj.object, self.using)
        self.saving = None
        return saved

    def _explain(self, error: Exception) -> str:
        names = " ".join(label for label in self.labels if label != loaddata.READ_STDIN)
        return "\n".join(
            [
                f"Rien n’a été chargé : « {self.label} » contient une erreur.",
                *(f"  {line}" for line in self._causes(error)),
                f"Lancez « manage.py check_fixtures {names} » : il dit la ligne, le champ et quoi "
                "faire.",
            ]
        )

    def _causes(self, error: Exception) -> Iterator[str]:
        """What is known of the failure, from what was being done and what was raised."""
        chain = list(_chain(error))
        syntax = next((e for e in chain if isinstance(e, yaml.MarkedYAMLError)), None)
        if syntax:
            mark = syntax.problem_mark or syntax.context_mark
            yield f"YAML invalide, ligne {mark.line + 1}, colonne {mark.column + 1}."
            return
        missing = list(self._missing())
        if self.saving:
            obj = self.saving.object
            yield f"Objet nᵒ {self.read} du fichier : {obj._meta.label_lower}."
            yield from _broken_constraints(obj, error)
        elif not missing:
            yield f"Objet nᵒ {self.read + 1} du fichier : il n’a pas pu être lu."
        yield from missing
        for cause in chain:
            if isinstance(cause, FieldDoesNotExist):
                yield "Un de ses champs est inconnu."
            elif isinstance(cause, ValidationError):
                yield " ".join(cause.messages)
            elif isinstance(cause, ObjectDoesNotExist) and not missing:
                yield (
                    "Une clé ne désigne aucun objet : chargez d’abord le fichier qui le contient, "
                    "ou corrigez la clé."
                )

    def _missing(self) -> Iterator[str]:
        """Keys that refer to nothing: of the object being saved, or of those put off to the end."""
        for obj in [self.saving] if self.saving else self.waiting:
            for field, value in (obj.deferred_fields or {}).items():
                for key in value if field.many_to_many else [value]:
                    if not self._exists(field.related_model, key):
                        yield (
                            f"{obj.object._meta.label_lower}, champ « {field.name} » : la clé "
                            f"{list(key)} ne désigne aucun objet déjà chargé. Chargez d’abord le "
                            "fichier qui le contient, ou corrigez la clé."
                        )

    def _exists(self, model, key) -> bool:
        try:
            model._default_manager.db_manager(self.using).get_by_natural_key(*key)
        except (ObjectDoesNotExist, TypeError, ValueError):
            return False
        except DatabaseError:  # the transaction is broken: nothing can be asked any more
            return True
        return True


def _stored(row, using: str) -> dict | None:
    """What the database holds of a row."""
    rows = type(row)._base_manager.using(using)
    return rows.filter(pk=row.pk).values().first() if row.pk else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _broken_constraints(obj, error: Exception) -> Iterator[str]:
    for constraint in obj._meta.constraints:
        if constraint.name in str(error):
            yield constraint.violation_error_message
