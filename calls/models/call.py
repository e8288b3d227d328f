"""The fund, its calls for projects, their sessions and rules."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, F, Q
from django.urls import reverse
from django.utils import timezone

from ftap.audit import FieldVersions
from laureates import typography
from laureates.models import (
    ListedDocument,
    NaturalKeyModel,
    NaturalKeyQuerySet,
    Organisation,
    published_q,
)
from laureates.models.reference import validate_siret


class Fund(NaturalKeyModel):
    """A fund that finances projects through calls. Figures about it are claims, with a source."""

    slug = models.SlugField("identifiant", max_length=60, unique=True)
    name = models.CharField("nom", max_length=200)
    short_name = models.CharField("sigle", max_length=30, blank=True)
    description = models.TextField("présentation", blank=True, help_text="Markdown.")
    announced_on = models.DateField("date d’annonce", null=True, blank=True)
    siret = models.CharField(
        "SIRET de l’attribuant",
        max_length=14,
        blank=True,
        validators=[validate_siret],
        help_text="De l’administration qui accorde les financements. Vide : non connu.",
    )
    source = models.CharField("source", max_length=300, blank=True)

    history = FieldVersions()

    class Meta:
        verbose_name = "fonds"
        verbose_name_plural = "fonds"
        ordering = ("slug",)
        permissions = (("export_fund", "exporter les fonds"),)

    def __str__(self):
        return self.short_name or self.name

    def clean(self):
        self.name = typography.normalise(self.name)


class FundAim(NaturalKeyModel):
    """One of the aims a fund pursues."""

    NATURAL_KEY = ("fund__slug", "position")

    fund = models.ForeignKey(Fund, models.CASCADE, related_name="aims", verbose_name="fonds")
    position = models.PositiveSmallIntegerField("ordre")
    text = models.CharField("objectif", max_length=300)

    class Meta:
        verbose_name = "objectif du fonds"
        verbose_name_plural = "objectifs du fonds"
        ordering = ("fund", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("fund", "position"),
                name="fund_aim_unique_position",
                violation_error_message="Deux objectifs du fonds ont le même ordre.",
            ),
        )

    def __str__(self):
        return self.text


class CallQuerySet(NaturalKeyQuerySet):
    def published(self):
        """Calls that visitors may see: the single definition, never derived from a deadline."""
        return self.filter(published_q())

    def with_session_count(self):
        return self.annotate(session_count=Count("sessions"))


class Call(NaturalKeyModel):
    """A call for projects: a year's, or a thematic window; with sessions, or continuous."""

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="calls", verbose_name="fonds")
    slug = models.SlugField("identifiant d’adresse", max_length=120, unique=True)
    title = models.CharField("titre", max_length=250)
    year = models.PositiveSmallIntegerField("année")
    is_continuous = models.BooleanField(
        "au fil de l’eau", default=False, help_text="Sans session : des dates de comité seulement."
    )
    announced_on = models.DateField("date d’annonce", null=True, blank=True)
    public_text = models.TextField("texte public", blank=True, help_text="Markdown.")
    how_to_apply = models.TextField(
        "comment candidater", blank=True, help_text="Markdown. Publié avec l’appel."
    )
    form_url = models.URLField("adresse du formulaire de dépôt", max_length=500, blank=True)
    published_at = models.DateTimeField(
        "publication", null=True, blank=True, help_text="Vide : brouillon. À venir : sous embargo."
    )
    withdrawn_at = models.DateTimeField("retrait", null=True, blank=True)
    source = models.CharField("source", max_length=300, blank=True)
    is_fictional = models.BooleanField(
        "fictif",
        default=False,
        editable=False,
        help_text="Un appel d’essai : il ne peut pas être publié, ni aucun de ses dossiers.",
    )
    staff_note = models.TextField("note interne", blank=True, help_text="Jamais publiée.")

    objects = CallQuerySet.as_manager()
    history = FieldVersions()

    class Meta:
        verbose_name = "appel à projets"
        verbose_name_plural = "appels à projets"
        ordering = ("-year", "slug")
        permissions = (
            ("publish_call", "publier les appels à projets"),
            ("export_call", "exporter les appels à projets"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(year__gte=2017, year__lte=2100),
                name="call_year",
                violation_error_message="L’année de l’appel est comprise entre 2017 et 2100.",
            ),
            models.CheckConstraint(
                condition=Q(is_fictional=False) | Q(published_at__isnull=True),
                name="call_fictional_is_never_public",
                violation_error_message="Un appel fictif ne peut pas être publié.",
            ),
        )

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("calls:call", args=[self.slug])

    def clean(self):
        self.title = typography.normalise(self.title)


class CallSessionQuerySet(NaturalKeyQuerySet):
    def open(self):
        """Sessions whose deposit window holds today; the deadline's day is still open."""
        today = timezone.localdate()
        return self.filter(opens_on__lte=today, deadline_on__gte=today)

    def with_counts(self):
        """`application_count`, `retained_count`: dossiers received and retained (for staff)."""
        return self.annotate(
            application_count=Count("applications", distinct=True),
            retained_count=Count(
                "applications",
                filter=Q(
                    applications__selections__outcome="retained",
                    applications__selections__state="validated",
                    applications__selections__superseded_at__isnull=True,
                ),
                distinct=True,
            ),
        )


class CallSession(NaturalKeyModel):
    """A deposit window of a call. What the clock decides (open, closed) is not stored.

    Amounts are in euros; empty is unknown.
    """

    call = models.ForeignKey(
        Call, models.PROTECT, related_name="sessions", verbose_name="appel à projets"
    )
    slug = models.SlugField("identifiant d’adresse", max_length=140, unique=True)
    number = models.PositiveSmallIntegerField(
        "numéro", null=True, blank=True, help_text="Vide pour une session sans numéro."
    )
    label = models.CharField("intitulé", max_length=100, blank=True)
    opens_on = models.DateField("ouverture du dépôt", null=True, blank=True)
    deadline_on = models.DateField("date limite de dépôt", null=True, blank=True)
    deadline_time = models.TimeField(
        "heure limite", null=True, blank=True, help_text="Vide : heure inconnue."
    )
    deadline_source = models.CharField("source de la date limite", max_length=300, blank=True)
    envelope = models.DecimalField(
        "enveloppe (€)",
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Vide : non connue.",
    )
    envelope_is_public = models.BooleanField(
        "enveloppe publique",
        default=False,
        help_text="Cochée, l’enveloppe est affichée sur la page publique de l’appel.",
    )
    expected_institutions = models.ManyToManyField(
        Organisation,
        blank=True,
        related_name="expected_in_sessions",
        verbose_name="institutions dont l’avis est attendu",
    )
    staff_note = models.TextField("note interne", blank=True, help_text="Jamais publiée.")

    objects = CallSessionQuerySet.as_manager()
    history = FieldVersions()

    class Meta:
        verbose_name = "session"
        ordering = ("-call__year", "call", "-number")
        permissions = (("export_callsession", "exporter les sessions"),)
        constraints = (
            models.UniqueConstraint(
                fields=("call", "number"),
                name="call_session_unique_number",
                violation_error_message="Cet appel a déjà une session de ce numéro.",
            ),
            models.CheckConstraint(
                condition=Q(number__isnull=True) | Q(number__gte=1),
                name="call_session_number_from_one",
                violation_error_message="Le numéro de session commence à 1.",
            ),
            models.CheckConstraint(
                condition=Q(opens_on__isnull=True)
                | Q(deadline_on__isnull=True)
                | Q(opens_on__lte=F("deadline_on")),
                name="call_session_window_in_order",
                violation_error_message="La date limite ne précède pas l’ouverture du dépôt.",
            ),
            models.CheckConstraint(
                condition=Q(deadline_time__isnull=True) | Q(deadline_on__isnull=False),
                name="call_session_time_with_day",
                violation_error_message="Une heure limite va avec une date limite.",
            ),
            models.CheckConstraint(
                condition=Q(envelope__isnull=True) | Q(envelope__gt=0),
                name="call_session_envelope_positive",
                violation_error_message=(
                    "L’enveloppe est supérieure à 0 ; laissez vide si elle n’est pas connue."
                ),
            ),
        )

    def __str__(self):
        label = self.label or (f"session {self.number}" if self.number else "session unique")
        return f"{self.call.title}, {label}"

    def get_absolute_url(self):
        return reverse("calls:session", args=[self.call.slug, self.slug])


class CallDocument(ListedDocument):
    """A document that the public page of a call lists: its notice, its rules, a form to fill in."""

    NATURAL_KEY = ("call__slug", "position")

    call = models.ForeignKey(
        Call, models.CASCADE, related_name="documents", verbose_name="appel à projets"
    )
    session = models.ForeignKey(
        CallSession,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="documents",
        verbose_name="session",
        help_text="Vide : le document vaut pour tout l’appel.",
    )

    history = FieldVersions()

    class Meta(ListedDocument.Meta):
        verbose_name = "document de l’appel"
        verbose_name_plural = "documents de l’appel"
        ordering = ("call", "position")
        constraints = (
            *ListedDocument.Meta.constraints,
            models.UniqueConstraint(
                fields=("call", "position"),
                name="call_document_unique_position",
                violation_error_message="Un autre document de l’appel occupe ce rang.",
            ),
        )

    def get_absolute_url(self):
        return reverse("calls:document", args=[self.call.slug, self.position])

    @property
    def folder(self):
        return f"appels/{self.call.slug}"

    def clean(self):
        super().clean()
        if self.session_id and self.call_id and self.session.call_id != self.call_id:
            raise ValidationError({"session": "Cette session est celle d’un autre appel."})


class FormerDeadline(NaturalKeyModel):
    """A deadline that a session had before it was moved, oldest first."""

    NATURAL_KEY = ("session__slug", "position")

    session = models.ForeignKey(
        CallSession, models.CASCADE, related_name="former_deadlines", verbose_name="session"
    )
    position = models.PositiveSmallIntegerField("ordre")
    deadline_on = models.DateField("date limite")
    deadline_time = models.TimeField("heure limite", null=True, blank=True)
    replaced_on = models.DateField("remplacée le", null=True, blank=True)
    source = models.CharField("source ou motif", max_length=300, blank=True)

    history = FieldVersions()

    class Meta:
        verbose_name = "ancienne date limite"
        verbose_name_plural = "anciennes dates limites"
        ordering = ("session", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("session", "position"),
                name="former_deadline_unique_position",
                violation_error_message="Deux anciennes dates limites ont le même ordre.",
            ),
        )

    def __str__(self):
        return f"{self.deadline_on:%d/%m/%Y}"
