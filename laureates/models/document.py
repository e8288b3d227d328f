"""What every document listed on a public page has in common, whatever lists it."""

from decimal import Decimal
from pathlib import PurePath

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import FileExtensionValidator
from django.db import models
from django.db.models import Q

from laureates import typography
from laureates.models.natural import NaturalKeyModel


def document_path(document, filename):
    """Where a document's file is kept, below MEDIA_ROOT, which no address serves."""
    return f"{document.folder}/{PurePath(filename).name}"


def validate_size(file):
    if file.size > settings.DOCUMENT_MAX_BYTES:
        raise ValidationError(
            "Ce fichier pèse %(size)d Mo ; la limite est de %(limit)d Mo.",
            code="size",
            params={
                "size": file.size // 1024**2,
                "limit": settings.DOCUMENT_MAX_BYTES // 1024**2,
            },
        )


class ListedDocument(NaturalKeyModel):
    """A document that a page lists; without a file it is shown as not available here.

    A model that derives from it says in `folder` where its files are kept.
    """

    position = models.PositiveSmallIntegerField("ordre", default=1)
    title = models.CharField("titre", max_length=250)
    format = models.CharField("format", max_length=10, help_text="Par exemple PDF.")
    size_kb = models.DecimalField(
        "taille (Ko)",
        max_digits=12,
        decimal_places=1,
        null=True,
        blank=True,
        help_text="Telle qu’affichée par la source ; calculée quand un fichier est déposé.",
    )
    updated_on = models.DateField("dernière mise à jour", null=True, blank=True)
    file = models.FileField(
        "fichier",
        upload_to=document_path,
        blank=True,
        validators=[FileExtensionValidator(settings.DOCUMENT_EXTENSIONS), validate_size],
    )

    class Meta:
        abstract = True
        constraints = (
            models.CheckConstraint(
                condition=Q(size_kb__isnull=True) | Q(size_kb__gt=0),
                name="%(class)s_size_positive",
                violation_error_message=(
                    "La taille d’un document est positive, ou inconnue (vide)."
                ),
            ),
        )

    def __str__(self):
        return self.title

    @property
    def folder(self) -> str:
        raise NotImplementedError

    def clean(self):
        self.title = typography.normalise(self.title)
        if self.file and not self.file._committed:
            self.size_kb = max(round(Decimal(self.file.size) / 1024, 1), Decimal("0.1"))
            self.format = PurePath(self.file.name).suffix.lstrip(".").upper()
