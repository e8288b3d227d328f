"""What is being brought into the library: spreadsheets of laureates, texts of announcements."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from ftap.imports.models import ImportJob, ImportRow
from laureates import typography
from laureates.models.announcement import Announcement
from laureates.models.laureate import Laureate


class LibraryImportQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of anyone, for whoever may import laureates."""
        return self if user.has_perm("laureates.import_laureate") else self.none()


class LibraryImport(ImportJob):
    """A spreadsheet of laureates, made after the documented template."""

    objects = LibraryImportQuerySet.as_manager()

    class Meta(ImportJob.Meta):
        verbose_name = "import de lauréats"
        verbose_name_plural = "imports de lauréats"
        permissions = (("export_libraryimport", "exporter les imports de lauréats"),)


class LibraryImportRowQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of announcements that nothing keeps from `user`, and of those to be created."""
        preparable = Announcement.objects.preparable_by(user).values("pk")
        return self.filter(Q(announcement__isnull=True) | Q(announcement__in=preparable))


class LibraryImportRow(ImportRow):
    """A row of the spreadsheet: one laureate; `laureate` is the one it changes, if it exists, and
    `announcement` the one it goes to, if it exists."""

    job = models.ForeignKey(
        LibraryImport, models.CASCADE, related_name="rows", verbose_name="import"
    )
    announcement = models.ForeignKey(
        Announcement,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="annonce",
    )
    laureate = models.ForeignKey(
        Laureate,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="lauréat",
    )

    objects = LibraryImportRowQuerySet.as_manager()

    class Meta(ImportRow.Meta):
        verbose_name = "ligne d’un import de lauréats"
        verbose_name_plural = "lignes d’un import de lauréats"


class AnnouncementTextQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Those of anyone, for whoever may import laureates."""
        return self if user.has_perm("laureates.import_laureate") else self.none()


class AnnouncementText(models.Model):
    """The text of an announcement published elsewhere, and the draft drawn from it.

    `content` is the structured draft; each of its fields keeps the sentence it comes from. It
    becomes one unpublished announcement, and stays as the provenance of what was read.
    `version` counts its changes: a page opened before one of them is refused.
    """

    title = models.CharField("intitulé", max_length=250)
    text = models.TextField("texte de l’annonce")
    filename = models.CharField("nom du fichier", max_length=250, blank=True)
    source = models.CharField("source", max_length=300)
    source_url = models.URLField("adresse de la source", max_length=500, blank=True)
    source_on = models.DateField("date de la source", null=True, blank=True)
    content = models.JSONField("brouillon", default=dict)
    version = models.PositiveIntegerField("version", default=1, editable=False)
    announcement = models.OneToOneField(
        Announcement,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="text",
        verbose_name="annonce",
    )
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

    objects = AnnouncementTextQuerySet.as_manager()

    class Meta:
        verbose_name = "texte d’annonce à reprendre"
        verbose_name_plural = "textes d’annonces à reprendre"
        ordering = ("-created_at", "-pk")
        permissions = (("export_announcementtext", "exporter les textes d’annonces à reprendre"),)
        constraints = (
            models.CheckConstraint(
                condition=~Q(text="") & ~Q(source=""),
                name="announcement_text_has_source",
                violation_error_message="Un texte à reprendre n’est pas vide et dit sa source.",
            ),
            models.CheckConstraint(
                condition=Q(announcement__isnull=True) | Q(ended_at__isnull=False),
                name="announcement_text_done_has_date",
                violation_error_message="Un texte repris a une date de fin.",
            ),
        )

    def __str__(self):
        return self.title

    @property
    def is_open(self):
        return self.ended_at is None

    def clean(self):
        self.title = typography.normalise(self.title)
        self.source = typography.normalise(self.source)
