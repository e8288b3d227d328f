"""What stays of an act: the minutes of a sitting, letters, receipts of bulk acts."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from calls.models.application import Application
from calls.models.call import CallSession
from calls.models.committee import Committee
from calls.models.recusal import Recusal
from calls.models.review import InformationRequest, Review
from calls.models.selection import Selection
from ftap.audit import FieldVersions


class MinutesQuerySet(models.QuerySet):
    def sittings_told_to(self, user):
        """The sittings whose minutes, sealed or to come, `user` may read: those of which they read
        every dossier in full.

        Whoever is recused from one of them, or from one that another sitting of the session
        retained out of the same envelope, waits for the laureates' publication.
        """
        if not user.has_perm("calls.view_minutes"):
            return Committee.objects.none()
        recused = Recusal.objects.in_force().of(user).values("application")
        masked = Committee.objects.filter(selections__application__in=recused).exclude(
            pk__in=Selection.objects.published().values("committee")
        )
        granted = Selection.objects.retained().filter(application__in=recused)
        drawn_on = granted.exclude(pk__in=Selection.objects.published().values("pk"))
        totals = Committee.objects.filter(
            envelope__isnull=True, session__in=drawn_on.order_by().values("committee__session")
        )
        unread = (
            Selection.objects.live()
            .exclude(application__in=Application.objects.read_in_full_by(user))
            .exclude(application__in=recused)
        )
        return (
            Committee.objects.visible_to(user)
            .exclude(pk__in=masked.values("pk"))
            .exclude(pk__in=totals.values("pk"))
            .exclude(pk__in=unread.values("committee"))
        )

    def visible_to(self, user):
        return self.filter(committee__in=self.sittings_told_to(user).values("pk"))


class Minutes(models.Model):
    """A sealed version of a sitting's minutes ("relevé de décisions"). Rows are never changed.

    `content` is the canonical JSON text of what was decided; `seal` is its SHA-256. The same
    content has the same seal; a correction is a new version.
    """

    committee = models.ForeignKey(
        Committee, models.PROTECT, related_name="minutes", verbose_name="comité"
    )
    number = models.CharField("numéro", max_length=20)
    version = models.PositiveSmallIntegerField("version")
    content = models.TextField("contenu")
    seal = models.CharField("empreinte SHA-256", max_length=64)
    sealed_at = models.DateTimeField("scellé le")
    sealed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="scellé par"
    )
    reason = models.TextField("motif de la version", blank=True)

    objects = MinutesQuerySet.as_manager()

    class Meta:
        verbose_name = "relevé de décisions"
        verbose_name_plural = "relevés de décisions"
        ordering = ("committee", "-version")
        constraints = (
            models.UniqueConstraint(
                fields=("committee", "version"),
                name="minutes_unique_version",
                violation_error_message="Cette version du relevé existe déjà.",
            ),
            models.UniqueConstraint(
                fields=("number", "version"),
                name="minutes_unique_number",
                violation_error_message="Ce numéro de relevé existe déjà.",
            ),
            models.CheckConstraint(
                condition=Q(version=1) | ~Q(reason=""),
                name="minutes_new_version_has_reason",
                violation_error_message="Une nouvelle version du relevé a un motif.",
            ),
        )

    def __str__(self):
        return f"Relevé nᵒ {self.number}, version {self.version}"


class LetterQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Letters about dossiers read in full."""
        if not user.has_perm("calls.view_letter"):
            return self.none()
        return self.filter(Application.objects.on_those_read_in_full_by(user))

    def pending(self):
        """Neither sent nor superseded."""
        return self.filter(sent_at__isnull=True, superseded_at__isnull=True)


class Letter(models.Model):
    """A letter drafted from a template, reviewed then sent by a person; nothing sends by itself.

    Draft until `reviewed_at`; `superseded_at` marks one whose decision or request changed since.
    """

    class Kind(models.TextChoices):
        RETAINED = "retained", "décision : retenu"
        NOT_RETAINED = "not_retained", "décision : non retenu"
        DEFERRED = "deferred", "décision : ajourné"
        WAITING_LIST = "waiting_list", "décision : liste d’attente"
        INADMISSIBLE = "inadmissible", "irrecevabilité"
        INFORMATION = "information", "demande de complément"
        OPINION_REMINDER = "opinion_reminder", "relance d’un avis"
        INFORMATION_REMINDER = "information_reminder", "relance d’un complément"

    class Channel(models.TextChoices):
        EMAIL = "email", "courriel"
        POST = "post", "courrier"

    kind = models.CharField("objet", max_length=25, choices=Kind)
    application = models.ForeignKey(
        Application, models.PROTECT, related_name="letters", verbose_name="candidature"
    )
    selection = models.ForeignKey(
        Selection,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="letters",
        verbose_name="décision",
    )
    review = models.ForeignKey(
        Review,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="letters",
        verbose_name="avis",
    )
    information_request = models.ForeignKey(
        InformationRequest,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="letters",
        verbose_name="demande de complément",
    )
    recipient_name = models.CharField("destinataire", max_length=250, blank=True)
    recipient_email = models.EmailField("adresse électronique", blank=True)
    subject = models.CharField("objet du courrier", max_length=250)
    body = models.TextField("texte")
    drafted_at = models.DateTimeField("préparé le")
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="préparé par",
    )
    reviewed_at = models.DateTimeField("relu le", null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="relu par",
    )
    sent_at = models.DateTimeField("envoyé le", null=True, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="envoyé par",
    )
    channel = models.CharField("voie d’envoi", max_length=10, choices=Channel, blank=True)
    superseded_at = models.DateTimeField("caduc depuis le", null=True, blank=True)
    superseded_reason = models.CharField("caduc parce que", max_length=250, blank=True)

    objects = LetterQuerySet.as_manager()
    history = FieldVersions()

    class Meta:
        verbose_name = "courrier"
        ordering = ("-drafted_at", "-pk")
        permissions = (
            ("send_letter", "relire et envoyer les courriers"),
            ("export_letter", "exporter les courriers"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True, sent_by__isnull=True, channel="")
                | Q(
                    sent_at__isnull=False,
                    sent_by__isnull=False,
                    channel__in=("email", "post"),
                    reviewed_at__isnull=False,
                    reviewed_by__isnull=False,
                ),
                name="letter_sent_was_reviewed",
                violation_error_message=(
                    "Un courrier envoyé a été relu ; il a une date, un auteur et une voie d’envoi."
                ),
            ),
            models.CheckConstraint(
                condition=Q(superseded_at__isnull=True, superseded_reason="")
                | Q(superseded_at__isnull=False) & ~Q(superseded_reason=""),
                name="letter_superseded_has_reason",
                violation_error_message="Un courrier caduc dit pourquoi.",
            ),
            models.CheckConstraint(
                condition=~Q(channel="email") | ~Q(recipient_email=""),
                name="letter_email_has_address",
                violation_error_message="Un courriel a une adresse.",
            ),
        )

    def __str__(self):
        return f"{self.get_kind_display()} — {self.application.reference}"


class BulkActQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Receipts with a dossier that `user` reads in full, or of their own making."""
        if not user.has_perm("calls.view_bulkact"):
            return self.none()
        items = BulkActItem.objects.filter(Application.objects.on_those_read_in_full_by(user))
        return self.filter(pk__in=items.values("act"))


class BulkAct(models.Model):
    """The permanent receipt of one act on several dossiers. `parameters` is what was asked."""

    class Kind(models.TextChoices):
        ASSIGN = "assign", "affectation à un instructeur"
        TRANSITION = "transition", "changement d’état"
        ASK_OPINION = "ask_opinion", "demande d’avis"
        PUT_ON_AGENDA = "put_on_agenda", "inscription à l’ordre du jour"
        PROPOSE = "propose", "proposition de décision"
        CLEAR_PROPOSALS = "clear_proposals", "effacement des propositions"
        CLOSE_COMMITTEE = "close_committee", "clôture de la séance"

    kind = models.CharField("acte", max_length=20, choices=Kind)
    label = models.CharField("intitulé", max_length=250)
    session = models.ForeignKey(
        CallSession,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="bulk_acts",
        verbose_name="session",
    )
    committee = models.ForeignKey(
        Committee,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="bulk_acts",
        verbose_name="comité",
    )
    parameters = models.JSONField("paramètres", default=dict)
    # Of the preview it confirms: a second confirmation finds the first act.
    token = models.CharField(
        "jeton", max_length=64, unique=True, null=True, blank=True, editable=False
    )
    comment = models.TextField("motif", blank=True)
    done_at = models.DateTimeField("fait le")
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="bulk_acts", verbose_name="fait par"
    )
    undone_at = models.DateTimeField("annulé le", null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="annulé par",
    )
    undo_reason = models.TextField("motif de l’annulation", blank=True)

    objects = BulkActQuerySet.as_manager()

    class Meta:
        verbose_name = "acte groupé"
        verbose_name_plural = "actes groupés"
        ordering = ("-done_at", "-pk")
        permissions = (("export_bulkact", "exporter les actes groupés"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True, undo_reason="")
                | Q(
                    undone_at__isnull=False,
                    undone_at__gte=F("done_at"),
                    undone_by__isnull=False,
                )
                & ~Q(undo_reason=""),
                name="bulk_act_undone_has_reason",
                violation_error_message="Un acte annulé a une date, un auteur et un motif.",
            ),
        )

    def __str__(self):
        return f"Acte nᵒ {self.pk} : {self.label}"


class BulkActItem(models.Model):
    """What one bulk act did to one dossier: the values it changed, before and after."""

    act = models.ForeignKey(BulkAct, models.PROTECT, related_name="items", verbose_name="acte")
    application = models.ForeignKey(
        Application, models.PROTECT, related_name="bulk_act_items", verbose_name="candidature"
    )
    position = models.PositiveSmallIntegerField("ordre")
    before = models.JSONField("avant", default=dict)
    after = models.JSONField("après", default=dict)

    class Meta:
        verbose_name = "dossier d’un acte groupé"
        verbose_name_plural = "dossiers d’un acte groupé"
        ordering = ("act", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("act", "application"),
                name="bulk_act_item_unique_application",
                violation_error_message="Ce dossier figure déjà dans cet acte.",
            ),
        )

    def __str__(self):
        return f"{self.act_id} — {self.application.reference}"
