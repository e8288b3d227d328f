"""What comes from the online-forms service: imports, how its columns are read, what it said."""

from django.db import models
from django.db.models import Q

from calls.models.application import Application
from calls.models.call import Call, CallSession
from ftap.audit import FieldVersions
from ftap.imports.models import ImportJob, ImportRow
from laureates.models import NaturalKeyModel


class ColumnMapping(NaturalKeyModel):
    """Which field of a dossier a column of a call's export fills.

    A column is known by its sheet, its label and its rank among those of the same label (from 1):
    forms repeat labels. Without `target`, its values are kept with the dossier as they are.
    """

    NATURAL_KEY = ("call__slug", "sheet", "label", "rank")

    call = models.ForeignKey(
        Call, models.CASCADE, related_name="column_mappings", verbose_name="appel à projets"
    )
    sheet = models.CharField(
        "feuille", max_length=120, blank=True, help_text="Vide : la feuille des dossiers."
    )
    label = models.CharField("libellé de la colonne", max_length=500)
    rank = models.PositiveSmallIntegerField("rang parmi les mêmes libellés", default=1)
    target = models.CharField(
        "champ",
        max_length=40,
        blank=True,
        help_text="Vide : valeur gardée avec le dossier, sans champ.",
    )

    history = FieldVersions()

    class Meta:
        verbose_name = "correspondance de colonne"
        verbose_name_plural = "correspondances de colonnes"
        ordering = ("call", "sheet", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("call", "sheet", "label", "rank"),
                name="column_mapping_unique_column",
                violation_error_message="Cette colonne a déjà une correspondance.",
            ),
            models.CheckConstraint(
                condition=Q(rank__gte=1) & ~Q(label=""),
                name="column_mapping_known_column",
                violation_error_message="Une colonne a un libellé et un rang, à partir de 1.",
            ),
        )

    def __str__(self):
        return f"{self.label} ({self.rank})" if self.rank > 1 else self.label


class DossierImportQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of anyone, for whoever may import dossiers."""
        return self if user.has_perm("calls.import_application") else self.none()


class DossierImport(ImportJob):
    """An export of the online-forms service, brought into a session."""

    session = models.ForeignKey(
        CallSession, models.PROTECT, related_name="imports", verbose_name="session"
    )

    objects = DossierImportQuerySet.as_manager()

    class Meta(ImportJob.Meta):
        verbose_name = "import de dossiers"
        verbose_name_plural = "imports de dossiers"
        permissions = (("export_dossierimport", "exporter les imports de dossiers"),)


class DossierImportRowQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of new dossiers, and of the dossiers that exist for `user`."""
        if not user.has_perm("calls.import_application"):
            return self.none()
        return self.filter(
            Q(application__isnull=True)
            | Q(application__in=Application.objects.visible_to(user).values("pk"))
        )


class DossierImportRow(ImportRow):
    """A row of the export; `application` is the dossier it is about, where it exists here."""

    job = models.ForeignKey(
        DossierImport, models.CASCADE, related_name="rows", verbose_name="import"
    )
    application = models.ForeignKey(
        Application,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="candidature",
    )

    objects = DossierImportRowQuerySet.as_manager()

    class Meta(ImportRow.Meta):
        verbose_name = "ligne d’un import de dossiers"
        verbose_name_plural = "lignes d’un import de dossiers"


class FormRecord(NaturalKeyModel):
    """What the online form said of a dossier and that no field holds, as last imported.

    `values` is a list of sheets, the dossier's own first: [{"sheet", "rows": [[[label, rank,
    text], …], …]}]. Texts may be personal.
    """

    NATURAL_KEY = ("application__reference",)

    application = models.OneToOneField(
        Application, models.CASCADE, related_name="form_record", verbose_name="candidature"
    )
    values = models.JSONField("réponses au formulaire", default=list)
    imported_at = models.DateTimeField("importées le")

    history = FieldVersions(excluded_fields=["imported_at"])

    class Meta:
        verbose_name = "réponses au formulaire en ligne"
        verbose_name_plural = "réponses au formulaire en ligne"
        ordering = ("application",)

    def __str__(self):
        return f"Réponses de {self.application.reference}"
