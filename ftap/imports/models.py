"""A file being imported and its rows, staged until a person confirms them."""

import hashlib
import json
import uuid
from pathlib import PurePath

from django.conf import settings
from django.db import models
from django.db.models import F, Q

FOLDER = "imports"


def file_path(job, filename: str) -> str:
    """Where the file of an import waits: a private folder, under a name that tells nothing."""
    return f"{FOLDER}/{uuid.uuid4().hex}{PurePath(filename).suffix.lower()}"


class ImportJob(models.Model):
    """One file brought by one person. The file and the staged rows go once it is imported or
    abandoned; the job stays, as a receipt.

    `headers` describes the sheets: [{"sheet", "labels", "rows"}], in the order of the file.
    `problems` are those of the file as a whole: [{"sheet", "row", "column", "message"}].
    `counts` maps outcomes of rows to numbers, as applied.
    """

    class Stage(models.TextChoices):
        RECEIVED = "received", "fichier reçu"
        READING = "reading", "lecture en cours"
        READY = "ready", "à vérifier"
        DONE = "done", "importé"
        ABANDONED = "abandoned", "abandonné"

    filename = models.CharField("nom du fichier", max_length=250)
    format = models.CharField("format", max_length=10)
    size = models.PositiveBigIntegerField("taille en octets")
    sha256 = models.CharField("empreinte SHA-256", max_length=64)
    file = models.FileField("fichier", upload_to=file_path, max_length=300, blank=True)
    stage = models.CharField("étape", max_length=10, choices=Stage, default=Stage.RECEIVED)
    headers = models.JSONField("feuilles et colonnes", default=list)
    problems = models.JSONField("problèmes du fichier", default=list)
    rows_total = models.PositiveIntegerField("lignes à lire", default=0)
    rows_read = models.PositiveIntegerField("lignes lues", default=0)
    counts = models.JSONField("bilan", default=dict)
    comment = models.TextField("motif", blank=True)
    created_at = models.DateTimeField("déposé le")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="déposé par"
    )
    ended_at = models.DateTimeField("terminé le", null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="terminé par",
    )

    class Meta:
        abstract = True
        ordering = ("-created_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(stage__in=("received", "reading", "ready", "done", "abandoned")),
                name="%(class)s_known_stage",
                violation_error_message="Étape d’import inconnue.",
            ),
            models.CheckConstraint(
                condition=Q(stage__in=("done", "abandoned"), ended_at__isnull=False)
                | ~Q(stage__in=("done", "abandoned")) & Q(ended_at__isnull=True),
                name="%(class)s_ended_has_date",
                violation_error_message="Un import terminé a une date, et lui seul.",
            ),
            models.CheckConstraint(
                condition=Q(rows_read__lte=F("rows_total")),
                name="%(class)s_read_within_total",
                violation_error_message="Un import ne lit pas plus de lignes qu’il n’y en a.",
            ),
        )

    def __str__(self):
        return f"Import nᵒ {self.pk} : {self.filename}"

    @property
    def is_open(self):
        return self.stage not in (self.Stage.DONE, self.Stage.ABANDONED)


class ImportRow(models.Model):
    """A row of a sheet, staged. A concrete model has `job`, a foreign key to its ImportJob.

    `cells` are the texts of the row, in the order of the sheet's labels. `corrections` are those
    typed on screen: {"<rank of the column>": text}, which stand for the cells. `changes` are shown
    before anything is written: [[label, before, after]], in French words. `decisions` hold what a
    person answered about the row. `stored` seals what the database held when it was compared.
    """

    class Outcome(models.TextChoices):
        CREATED = "created", "à créer"
        CHANGED = "changed", "à modifier"
        UNCHANGED = "unchanged", "inchangée"
        UNREADABLE = "unreadable", "illisible"
        HELD = "held", "bloquée"

    position = models.PositiveIntegerField("ordre")
    sheet = models.CharField("feuille", max_length=120, blank=True)
    number = models.PositiveIntegerField("ligne")
    key = models.CharField("clé", max_length=120, blank=True, db_index=True)
    cells = models.JSONField("cellules", default=list)
    corrections = models.JSONField("corrections à l’écran", default=dict)
    outcome = models.CharField("sort", max_length=10, choices=Outcome, blank=True)
    values = models.JSONField("valeurs lues", default=dict)
    changes = models.JSONField("modifications", default=list)
    problems = models.JSONField("problèmes", default=list)
    decisions = models.JSONField("réponses", default=dict)
    is_set_aside = models.BooleanField("écartée", default=False)
    stored = models.CharField("empreinte de l’existant", max_length=64, blank=True)

    class Meta:
        abstract = True
        ordering = ("job", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("job", "position"),
                name="%(class)s_unique_position",
                violation_error_message="Deux lignes de l’import ont le même ordre.",
            ),
            models.CheckConstraint(
                condition=Q(
                    outcome__in=("", "created", "changed", "unchanged", "unreadable", "held")
                ),
                name="%(class)s_known_outcome",
                violation_error_message="Sort de la ligne inconnu.",
            ),
        )
        indexes = (models.Index(fields=("job", "outcome"), name="%(class)s_outcome"),)

    def __str__(self):
        return f"{self.sheet}, ligne {self.number}" if self.sheet else f"ligne {self.number}"

    def read(self, index: int) -> str:
        """The text of a cell, by its index in `cells`, as corrected; "" beyond the last one."""
        if (text := self.corrections.get(str(index))) is not None:
            return text
        return self.cells[index] if 0 <= index < len(self.cells) else ""

    def texts(self) -> list[str]:
        """Every cell, as corrected."""
        return [self.read(index) for index in range(len(self.cells))]

    @property
    def answers_seal(self) -> str:
        """Changes with each correction, answer or setting aside: what a page was opened on."""
        answers = [self.corrections, self.decisions, self.is_set_aside, self.outcome]
        text = json.dumps(answers, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
