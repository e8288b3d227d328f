"""Instruction of a dossier: opinions of institutions, notes, requests, files. All private."""

import secrets
from pathlib import PurePath

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from calls.models.access import Affiliation
from calls.models.application import Application
from calls.models.rules import Criterion
from ftap.audit import FieldVersions
from laureates.models import Organisation


class ReviewQuerySet(models.QuerySet):
    def live(self):
        return self.filter(cancelled_at__isnull=True)

    def expected(self):
        """Asked and not given yet."""
        return self.live().filter(rendered_at__isnull=True)

    def rendered(self):
        return self.live().filter(rendered_at__isnull=False)

    def overdue(self):
        return self.expected().filter(due_on__lt=timezone.localdate())

    def asked_of(self, user):
        """Those that `user` may give: named, or of their institution where nobody is."""
        return self.filter(self._asked_of(user))

    def _asked_of(self, user):
        # A person has one at most: an index is read for a value, not for those of a list.
        institution = Affiliation.objects.filter(user=user.pk).order_by().values("organisation")[:1]
        return Q(cancelled_at__isnull=True) & (
            Q(reviewer=user.pk) | Q(reviewer__isnull=True, institution=institution)
        )

    def visible_to(self, user):
        """Opinions on dossiers read in full, and those asked of `user`."""
        if not user.has_perm("calls.view_review"):
            return self.none()
        reach = Application.objects.on_those_read_in_full_by(user)
        if Application.objects.reads_every(user):
            return self.filter(reach)
        if user.has_perm("calls.give_opinion"):
            # Its dossier is one that an opinion is asked on, by the opinion itself.
            reach |= self._asked_of(user) & Application.objects.on_those_not_hidden_from(user)
        return self.filter(reach)


class Review(models.Model):
    """The opinion ("avis") asked of an institution on a dossier.

    Expected until `rendered_at`; cancelled by `cancelled_at`. `confidential_comment` is for those
    who read the dossier in full, and never leaves it: letters and minutes do not quote it.
    """

    class Verdict(models.TextChoices):
        FAVOURABLE = "favourable", "favorable"
        RESERVED = "reserved", "réservé"
        UNFAVOURABLE = "unfavourable", "défavorable"

    application = models.ForeignKey(
        Application, models.PROTECT, related_name="reviews", verbose_name="candidature"
    )
    institution = models.ForeignKey(
        Organisation, models.PROTECT, related_name="reviews", verbose_name="institution"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reviews",
        verbose_name="rapporteur",
        help_text="Vide : toute personne rattachée à l’institution.",
    )
    question = models.TextField("question posée", blank=True)
    asked_at = models.DateTimeField("demandé le")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="demandé par"
    )
    due_on = models.DateField("attendu pour le", null=True, blank=True)
    verdict = models.CharField("sens de l’avis", max_length=15, choices=Verdict, blank=True)
    comment = models.TextField("commentaire", blank=True)
    confidential_comment = models.TextField("partie confidentielle", blank=True)
    rendered_at = models.DateTimeField("rendu le", null=True, blank=True)
    rendered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="rendu par",
    )
    cancelled_at = models.DateTimeField("annulé le", null=True, blank=True)
    cancel_reason = models.TextField("motif de l’annulation", blank=True)
    version = models.PositiveIntegerField("version", default=1, editable=False)

    objects = ReviewQuerySet.as_manager()
    history = FieldVersions(excluded_fields=["version"])

    class Meta:
        verbose_name = "avis"
        verbose_name_plural = "avis"
        ordering = ("application", "institution", "pk")
        permissions = (("export_review", "exporter les avis"),)
        indexes = (
            models.Index(
                fields=("due_on", "application", "institution", "reviewer"),
                condition=Q(cancelled_at__isnull=True, rendered_at__isnull=True),
                name="review_expected",
            ),
            # Those asked of a person or of an institution: which dossiers is read from it alone.
            models.Index(
                fields=("reviewer", "institution", "application", "cancelled_at"),
                condition=Q(cancelled_at__isnull=True),
                name="review_asked",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("application", "institution"),
                condition=Q(cancelled_at__isnull=True),
                name="review_one_per_institution",
                violation_error_message="L’avis de cette institution est déjà demandé.",
            ),
            models.CheckConstraint(
                condition=Q(verdict="", rendered_at__isnull=True, rendered_by__isnull=True)
                | Q(
                    verdict__in=("favourable", "reserved", "unfavourable"),
                    rendered_at__isnull=False,
                    rendered_by__isnull=False,
                ),
                name="review_rendered_has_verdict",
                violation_error_message="Un avis rendu a un sens, une date et un auteur.",
            ),
            models.CheckConstraint(
                condition=Q(verdict="favourable") | Q(verdict="") | ~Q(comment=""),
                name="review_reserve_has_comment",
                violation_error_message="Un avis réservé ou défavorable est commenté.",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, cancel_reason="")
                | Q(cancelled_at__isnull=False) & ~Q(cancel_reason=""),
                name="review_cancelled_has_reason",
                violation_error_message="Un avis annulé a un motif.",
            ),
        )

    def __str__(self):
        return f"{self.institution} sur {self.application.reference}"


class ReviewScore(models.Model):
    """The score that an opinion gives on a criterion, from 0 to the top of its scale."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="scores", verbose_name="avis")
    criterion = models.ForeignKey(
        Criterion, models.PROTECT, related_name="scores", verbose_name="critère"
    )
    score = models.DecimalField("note", max_digits=5, decimal_places=1)

    history = FieldVersions()

    class Meta:
        verbose_name = "note d’un critère"
        verbose_name_plural = "notes des critères"
        ordering = ("review", "criterion__position")
        constraints = (
            models.UniqueConstraint(
                fields=("review", "criterion"),
                name="review_score_unique_criterion",
                violation_error_message="Ce critère est déjà noté dans cet avis.",
            ),
            models.CheckConstraint(
                condition=Q(score__gte=0),
                name="review_score_not_negative",
                violation_error_message="Une note n’est pas négative.",
            ),
        )

    def __str__(self):
        return f"{self.criterion} : {self.score}"

    def clean(self):
        if self.criterion_id and self.review_id:
            if self.criterion.call_id != self.review.application.session.call_id:
                raise ValidationError({"criterion": "Ce critère est celui d’un autre appel."})
            top = self.criterion.scale_max
            if top is None:
                raise ValidationError({"criterion": "Ce critère n’est pas noté."})
            if self.score is not None and self.score > top:
                raise ValidationError({"score": f"La note va de 0 à {top}."})


class _InternalQuerySet(models.QuerySet):
    """Rows that hang on a dossier and that only those who read it in full may read."""

    def visible_to(self, user):
        opts = self.model._meta
        if not user.has_perm(f"{opts.app_label}.view_{opts.model_name}"):
            return self.none()
        return self.filter(Application.objects.on_those_read_in_full_by(user))


class Note(models.Model):
    """A note between agents about a dossier; never published, never quoted."""

    application = models.ForeignKey(
        Application, models.PROTECT, related_name="notes", verbose_name="candidature"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="auteur"
    )
    written_at = models.DateTimeField("écrite le")
    text = models.TextField("note")

    objects = _InternalQuerySet.as_manager()
    history = FieldVersions()

    class Meta:
        verbose_name = "note interne"
        verbose_name_plural = "notes internes"
        ordering = ("application", "-written_at", "-pk")

    def __str__(self):
        return f"Note du {timezone.localtime(self.written_at):%d/%m/%Y}"


class InformationRequest(models.Model):
    """What was asked of the bearers of a dossier ("complément"), and when they answered."""

    application = models.ForeignKey(
        Application,
        models.PROTECT,
        related_name="information_requests",
        verbose_name="candidature",
    )
    text = models.TextField("complément demandé")
    due_on = models.DateField("attendu pour le", null=True, blank=True)
    asked_at = models.DateTimeField("demandé le")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="demandé par"
    )
    closed_at = models.DateTimeField("clos le", null=True, blank=True)
    answer = models.TextField("réponse reçue", blank=True)

    objects = _InternalQuerySet.as_manager()
    history = FieldVersions()

    class Meta:
        verbose_name = "demande de complément"
        verbose_name_plural = "demandes de complément"
        ordering = ("application", "-asked_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("application",),
                condition=Q(closed_at__isnull=True),
                name="information_request_one_open",
                violation_error_message="Un complément est déjà demandé sur ce dossier.",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("asked_at")),
                name="information_request_in_order",
                violation_error_message="La réponse ne précède pas la demande.",
            ),
        )

    def __str__(self):
        return f"Complément demandé le {timezone.localtime(self.asked_at):%d/%m/%Y}"


def attachment_path(attachment, filename):
    """Where a file is stored: a random name, so that an address tells nothing."""
    return f"attachments/{secrets.token_hex(16)}{PurePath(filename).suffix.lower()[:10]}"


class AttachmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Files of dossiers read in full, and, of those `user` is asked an opinion on, what is
        not kept for the instruction."""
        if not user.has_perm("calls.view_attachment"):
            return self.none()
        reach = Q(application__in=Application.objects.read_in_full_by(user))
        if user.has_perm("calls.give_opinion"):
            reach |= Q(application__in=Application.objects.asked_of(user), is_internal=False)
        return self.filter(reach)


class Attachment(models.Model):
    """A file of a dossier, in private storage; `size` in bytes, `sha256` of its content."""

    application = models.ForeignKey(
        Application, models.PROTECT, related_name="attachments", verbose_name="candidature"
    )
    title = models.CharField("intitulé", max_length=250)
    file = models.FileField("fichier", upload_to=attachment_path, max_length=200)
    filename = models.CharField("nom du fichier", max_length=250)
    media_type = models.CharField("type", max_length=100)
    size = models.PositiveBigIntegerField("taille (octets)")
    sha256 = models.CharField("empreinte SHA-256", max_length=64)
    is_internal = models.BooleanField(
        "réservée à l’instruction",
        default=False,
        help_text="Les institutions consultées pour avis ne la voient pas.",
    )
    uploaded_at = models.DateTimeField("ajoutée le")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="ajoutée par"
    )
    removed_at = models.DateTimeField("retirée le", null=True, blank=True)

    objects = AttachmentQuerySet.as_manager()
    history = FieldVersions()

    class Meta:
        verbose_name = "pièce jointe"
        verbose_name_plural = "pièces jointes"
        ordering = ("application", "uploaded_at", "pk")

    def __str__(self):
        return self.title
