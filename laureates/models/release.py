"""Versions of an announcement: what was public, frozen, and the draft of the next one."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from ftap.audit import FieldVersions
from laureates.models.announcement import Announcement
from laureates.models.natural import NaturalKeyModel, NaturalKeyQuerySet
from laureates.models.public import release_published_q


class ReleaseQuerySet(NaturalKeyQuerySet):
    def published(self):
        """Those that visitors may see now: their minute has come, their announcement is public."""
        return self.filter(release_published_q())

    def visible_to(self, user):
        """Those of the announcements that exist for `user`, of the staff."""
        return self.filter(announcement__in=Announcement.objects.visible_to(user).values("pk"))

    def latest_first(self):
        return self.order_by("announcement", "-number")

    def listed(self):
        """Without what makes rows heavy: the frozen content."""
        return self.defer("content")


class Release(NaturalKeyModel):
    """A version of an announcement as it became public: its number, its minute, what changed.

    `content` is the canonical JSON text of the announcement and its laureates, `content_sha256`
    its digest; its files are in `ReleaseFile`. The first has the minute of its announcement,
    perhaps to come; nothing is ever changed in one that is public. Files of a release may be
    withheld, with a public reason, when what was withdrawn must not be downloaded any more.
    """

    NATURAL_KEY = ("announcement__slug", "number")

    class Kind(models.TextChoices):
        FIRST = "first", "première publication"
        CORRECTION = "correction", "rectificatif"
        WITHDRAWAL = "withdrawal", "retrait"

    announcement = models.ForeignKey(
        Announcement, models.PROTECT, related_name="releases", verbose_name="annonce"
    )
    number = models.PositiveSmallIntegerField("numéro")
    kind = models.CharField("nature", max_length=12, choices=Kind)
    published_at = models.DateTimeField("publication", db_index=True)
    changelog = models.TextField("ce qui change", help_text="Publié avec la version.")
    content = models.TextField("contenu figé", blank=True, editable=False)
    content_sha256 = models.CharField(
        "empreinte SHA-256 du contenu", max_length=64, blank=True, editable=False
    )
    created_at = models.DateTimeField("établie le", null=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="établie par",
    )
    withheld_at = models.DateTimeField("fichiers retirés le", null=True, blank=True)
    withheld_reason = models.TextField("motif public du retrait des fichiers", blank=True)

    objects = ReleaseQuerySet.as_manager()
    history = FieldVersions(excluded_fields=["content"])

    class Meta:
        verbose_name = "version publiée"
        verbose_name_plural = "versions publiées"
        ordering = ("announcement", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("announcement", "number"),
                name="release_unique_number",
                violation_error_message="Cette annonce a déjà une version de ce numéro.",
            ),
            models.CheckConstraint(
                condition=Q(number=1, kind="first")
                | Q(number__gt=1, kind__in=("correction", "withdrawal")),
                name="release_first_is_number_one",
                violation_error_message=(
                    "La version 1 est la première publication ; les suivantes sont des "
                    "rectificatifs ou des retraits."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(changelog=""),
                name="release_has_changelog",
                violation_error_message="Une version dit ce qui change.",
            ),
            models.CheckConstraint(
                condition=Q(withheld_at__isnull=True, withheld_reason="")
                | (Q(withheld_at__isnull=False) & ~Q(withheld_reason="")),
                name="release_withheld_with_reason",
                violation_error_message=(
                    "Le retrait des fichiers d’une version a une date et un motif."
                ),
            ),
        )

    def __str__(self):
        return f"{self.announcement.title}, version {self.number}"

    def get_absolute_url(self):
        return reverse("laureates:release", args=[self.announcement.slug, self.number])


class ReleaseFile(NaturalKeyModel):
    """A file of a release: bytes written once and served as they are, never made again.

    `size` is in bytes. `laureate_id` of a project's own sheet is its public identifier, else "".
    """

    NATURAL_KEY = ("release__announcement__slug", "release__number", "name")

    release = models.ForeignKey(
        Release, models.CASCADE, related_name="files", verbose_name="version publiée"
    )
    position = models.PositiveSmallIntegerField("ordre")
    name = models.CharField("nom du fichier", max_length=150)
    label = models.CharField("intitulé", max_length=250)
    format = models.CharField("format", max_length=10)
    media_type = models.CharField("type", max_length=100)
    public_id = models.CharField("lauréat", max_length=32, blank=True)
    size = models.PositiveIntegerField("taille (octets)")
    sha256 = models.CharField("empreinte SHA-256", max_length=64)
    content = models.BinaryField("contenu")

    class Meta:
        verbose_name = "fichier d’une version"
        verbose_name_plural = "fichiers d’une version"
        ordering = ("release", "position", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("release", "name"),
                name="release_file_unique_name",
                violation_error_message="Cette version a déjà un fichier de ce nom.",
            ),
        )

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        release = self.release
        return reverse(
            "laureates:release_file", args=[release.announcement.slug, release.number, self.name]
        )


class ReleaseDraftQuerySet(NaturalKeyQuerySet):
    def visible_to(self, user):
        """Drafts of announcements that exist for `user` and that nothing keeps from them."""
        return self.filter(
            announcement__in=Announcement.objects.visible_to(user).preparable_by(user).values("pk")
        )


class ReleaseDraft(NaturalKeyModel):
    """The next version of a public announcement, being written; nothing of it is public.

    `content` is the canonical JSON text of the announcement as it will be; `base_sha256` is the
    digest of what was public when the draft was begun. `version` counts its changes.
    """

    NATURAL_KEY = ("announcement__slug",)

    announcement = models.OneToOneField(
        Announcement, models.CASCADE, related_name="draft", verbose_name="annonce"
    )
    content = models.TextField("contenu")
    base_sha256 = models.CharField("empreinte de départ", max_length=64)
    changelog = models.TextField("ce qui change", blank=True)
    version = models.PositiveIntegerField("version", default=1, editable=False)
    updated_at = models.DateTimeField("modification", auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="modifié par"
    )

    objects = ReleaseDraftQuerySet.as_manager()
    history = FieldVersions(excluded_fields=["content", "version"])

    class Meta:
        verbose_name = "rectificatif en préparation"
        verbose_name_plural = "rectificatifs en préparation"

    def __str__(self):
        return f"Rectificatif de {self.announcement}"


class PublicState(models.Model):
    """One row: how many times what visitors may see has changed, and when it last did.

    The only writer is `laureates.freshness`.
    """

    number = models.PositiveBigIntegerField("numéro", default=0)
    changed_at = models.DateTimeField("dernier changement", null=True)

    class Meta:
        verbose_name = "état public"
        verbose_name_plural = "état public"

    def __str__(self):
        return str(self.number)
