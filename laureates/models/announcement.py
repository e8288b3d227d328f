"""An announcement of laureates, its documents, and the figures it states."""

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse
from django.utils.module_loading import import_string

from ftap.audit import FieldVersions
from ftap.fast import address
from ftap.subqueries import count_of
from laureates import typography
from laureates.models.document import ListedDocument
from laureates.models.natural import NaturalKeyModel, NaturalKeyQuerySet
from laureates.models.public import (
    embargoed_q,
    laureate_published_q,
    published_q,
    withdrawn_q,
)


class AnnouncementQuerySet(NaturalKeyQuerySet):
    def published(self):
        return self.filter(published_q())

    def embargoed(self):
        return self.filter(embargoed_q())

    def withdrawn(self):
        """Those that visitors saw, and that were withdrawn since."""
        return self.filter(withdrawn_q())

    def visible_to(self, user):
        """Announcements that exist for `user`, of the staff: not those in preparation that
        settings.ANNOUNCEMENTS_WITHHELD keeps from them."""
        return self.exclude(pk__in=self.model.objects.hidden_from(user).values("pk"))

    def hidden_from(self, user):
        """Those, few, that do not exist for `user`."""
        return (
            self.filter(pk__in=import_string(settings.ANNOUNCEMENTS_WITHHELD)(user))
            .exclude(pk__in=self.model.objects.published().values("pk"))
            .exclude(pk__in=self.model.objects.withdrawn().values("pk"))
        )

    def preparable_by(self, user):
        """Those that nothing keeps from `user`: acts on the others are somebody else's."""
        return self.exclude(pk__in=import_string(settings.ANNOUNCEMENTS_WITHHELD)(user))

    def latest_first(self):
        """In public order, which must be asked for: a count drops the order of the model."""
        return self.order_by("-published_at", "slug")

    def with_is_published(self):
        return self.annotate(
            is_published=Case(When(published_q(), then=Value(True)), default=Value(False))
        )

    def with_laureate_count(self):
        """`laureate_count`: laureates entered here, whether public or not (for staff)."""
        laureates = self.model.laureates.rel.related_model.objects.all()
        return self.annotate(laureate_count=count_of(laureates, "announcement"))

    def with_public_laureate_count(self):
        return self.annotate(
            laureate_count=models.Count("laureates", filter=laureate_published_q("laureates__"))
        )


class Announcement(NaturalKeyModel):
    """The laureates of a session, or of a committee, made public together."""

    slug = models.SlugField("identifiant d’adresse", max_length=120, unique=True)
    title = models.CharField("titre", max_length=250)
    call_title = models.CharField("appel à projets", max_length=250)
    call_year = models.PositiveSmallIntegerField("année de l’appel")
    session_label = models.CharField(
        "session",
        max_length=100,
        blank=True,
        help_text="Par exemple « 2de session ». Vide pour un appel sans session.",
    )
    committee_name = models.CharField("comité", max_length=200, blank=True)
    committee_chair = models.CharField("présidence du comité", max_length=300, blank=True)
    committee_on = models.DateField("date du comité", null=True, blank=True)
    public_text = models.TextField(
        "texte public", blank=True, help_text="Markdown : paragraphes, listes, liens."
    )
    published_at = models.DateTimeField(
        "publication",
        null=True,
        blank=True,
        db_index=True,
        help_text="Vide : brouillon. À venir : sous embargo jusqu’à cette minute. Passée : public.",
    )
    withdrawn_at = models.DateTimeField("retrait", null=True, blank=True)
    withdrawal_reason = models.TextField("motif public du retrait", blank=True)
    source = models.CharField("source", max_length=300, blank=True)
    source_url = models.URLField("adresse de la source", max_length=500, blank=True)
    source_on = models.DateField("date de la source", null=True, blank=True)
    staff_note = models.TextField(
        "note interne", blank=True, help_text="Jamais publiée : ce que les agents doivent savoir."
    )
    updated_at = models.DateTimeField("modification", null=True, editable=False, auto_now=True)

    objects = AnnouncementQuerySet.as_manager()
    history = FieldVersions()

    class Meta:
        verbose_name = "annonce"
        ordering = ("-published_at", "slug")
        permissions = (
            ("publish_announcement", "programmer, publier, rectifier et retirer une annonce"),
            ("export_announcement", "exporter les annonces"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(call_year__gte=2017, call_year__lte=2100),
                name="announcement_call_year",
                violation_error_message="L’année de l’appel est comprise entre 2017 et 2100.",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawal_reason="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawal_reason="")),
                name="announcement_withdrawn_with_reason",
                violation_error_message="Un retrait a une date et un motif, ou ni l’un ni l’autre.",
            ),
        )

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return address("laureates:announcement", self.slug)

    @property
    def label(self):
        """The call and its session in one line, as filters name it."""
        return self.label_of(self.call_title, self.session_label)

    @staticmethod
    def label_of(call_title: str, session_label: str) -> str:
        return ", ".join(filter(None, (call_title, session_label)))

    def clean(self):
        self.title = typography.normalise(self.title)
        self.call_title = typography.normalise(self.call_title)


class LaureateGroupQuerySet(NaturalKeyQuerySet):
    def visible_to(self, user):
        """Those of the announcements that exist for `user`, of the staff."""
        return self.filter(announcement__in=Announcement.objects.visible_to(user).values("pk"))


class LaureateGroup(NaturalKeyModel):
    """A track of an announcement, or projects financed together: laureates under one heading.

    `amount` was granted to the group as a whole, in euros; empty where the announcement gives none
    for the group. It is never the sum of what its laureates received.
    """

    NATURAL_KEY = ("announcement__slug", "position")

    announcement = models.ForeignKey(
        Announcement, models.CASCADE, related_name="groups", verbose_name="annonce"
    )
    position = models.PositiveSmallIntegerField("ordre")
    name = models.CharField("intitulé", max_length=250)
    amount = models.DecimalField(
        "montant accordé au groupe (€)",
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Pour des projets financés ensemble. Vide : aucun montant de groupe annoncé.",
    )

    objects = LaureateGroupQuerySet.as_manager()
    history = FieldVersions()

    class Meta:
        verbose_name = "groupe de lauréats"
        verbose_name_plural = "groupes de lauréats"
        ordering = ("announcement", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("announcement", "position"),
                name="laureate_group_unique_position",
                violation_error_message="Deux groupes de l’annonce ont le même ordre.",
            ),
            models.CheckConstraint(
                condition=Q(position__gte=1),
                name="laureate_group_position_from_one",
                violation_error_message="L’ordre des groupes commence à 1.",
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="laureate_group_has_name",
                violation_error_message="Un groupe de lauréats a un intitulé.",
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0),
                name="laureate_group_amount_positive",
                violation_error_message=(
                    "Le montant du groupe est supérieur à 0 ; laissez vide s’il n’y en a pas."
                ),
            ),
        )

    def __str__(self):
        return self.name

    def clean(self):
        self.name = typography.normalise(self.name)


class DocumentQuerySet(NaturalKeyQuerySet):
    def visible_to(self, user):
        """Those of the announcements that exist for `user`, of the staff."""
        return self.filter(announcement__in=Announcement.objects.visible_to(user).values("pk"))


class Document(ListedDocument):
    """A document that an announcement lists."""

    NATURAL_KEY = ("announcement__slug", "position")

    announcement = models.ForeignKey(
        Announcement, models.CASCADE, related_name="documents", verbose_name="annonce"
    )

    objects = DocumentQuerySet.as_manager()
    history = FieldVersions()

    class Meta(ListedDocument.Meta):
        verbose_name = "document"
        ordering = ("announcement", "position")
        constraints = (
            *ListedDocument.Meta.constraints,
            models.UniqueConstraint(
                fields=("announcement", "position"),
                name="document_unique_position",
                violation_error_message="Un autre document de l’annonce occupe ce rang.",
            ),
        )

    def get_absolute_url(self):
        return reverse("laureates:document", args=[self.announcement.slug, self.position])

    @property
    def folder(self):
        return f"annonces/{self.announcement.slug}"


class ClaimQuerySet(NaturalKeyQuerySet):
    def published(self):
        """Claims visitors may see: of the fund, or of an announcement that is public."""
        return self.filter(Q(announcement__isnull=True) | published_q("announcement__"))

    def visible_to(self, user):
        """Those of the fund, and of the announcements that exist for `user`, of the staff."""
        announcements = Announcement.objects.visible_to(user)
        return self.filter(
            Q(announcement__isnull=True) | Q(announcement__in=announcements.values("pk"))
        )


class Claim(NaturalKeyModel):
    """A figure as a source announced it; never corrected from what is counted here.

    Without an announcement it speaks of the whole fund. Amounts are in euros.
    """

    class Subject(models.TextChoices):
        APPLICATIONS = "applications_received", "dossiers reçus"
        LAUREATES = "laureates", "lauréats"
        AMOUNT = "amount_total", "montant engagé"
        ENDOWMENT = "endowment", "dotation du fonds"
        PROJECT_AMOUNT = "project_amount", "financement par projet"

    class Exactness(models.TextChoices):
        EXACT = "exact", "exact"
        APPROXIMATE = "approximate", "approché"

    class Unit(models.TextChoices):
        COUNT = "count", "nombre"
        EUR = "eur", "euros"

    class Scope(models.TextChoices):
        SESSION = "session", "la session"
        FUND = "fund", "le fonds depuis son origine"

    slug = models.SlugField("identifiant", max_length=120, unique=True)
    announcement = models.ForeignKey(
        Announcement,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="claims",
        verbose_name="annonce",
        help_text="Vide : le chiffre parle du fonds, hors de toute annonce.",
    )
    position = models.PositiveSmallIntegerField("ordre d’affichage", default=1)
    subject = models.CharField("objet", max_length=30, choices=Subject)
    label = models.CharField(
        "tel qu’annoncé", max_length=200, help_text="Par exemple « près de 350 M€ »."
    )
    value = models.DecimalField("valeur", max_digits=15, decimal_places=2, null=True, blank=True)
    lower = models.DecimalField(
        "borne basse", max_digits=15, decimal_places=2, null=True, blank=True
    )
    upper = models.DecimalField(
        "borne haute", max_digits=15, decimal_places=2, null=True, blank=True
    )
    exactness = models.CharField(
        "précision", max_length=12, choices=Exactness, default=Exactness.EXACT
    )
    unit = models.CharField("unité", max_length=10, choices=Unit)
    scope = models.CharField("périmètre", max_length=10, choices=Scope)
    stated_on = models.DateField("date de l’annonce du chiffre", null=True, blank=True)
    source = models.CharField("source", max_length=300)
    source_url = models.URLField("adresse de la source", max_length=500, blank=True)

    objects = ClaimQuerySet.as_manager()
    history = FieldVersions()

    class Meta:
        verbose_name = "chiffre annoncé"
        verbose_name_plural = "chiffres annoncés"
        permissions = (("export_claim", "exporter les chiffres annoncés"),)
        ordering = ("announcement", "position", "slug")
        constraints = (
            models.CheckConstraint(
                condition=Q(subject__in=("applications_received", "laureates"), unit="count")
                | Q(subject__in=("amount_total", "endowment", "project_amount"), unit="eur"),
                name="claim_unit_of_subject",
                violation_error_message=(
                    "Des dossiers et des lauréats se comptent en nombre, un montant en euros."
                ),
            ),
            models.CheckConstraint(
                condition=Q(scope__in=("session", "fund"), exactness__in=("exact", "approximate")),
                name="claim_known_scope",
                violation_error_message=(
                    "Périmètre ou précision inconnus : choisissez dans les listes."
                ),
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=False, lower__isnull=True, upper__isnull=True)
                | Q(value__isnull=True, lower__isnull=False, upper__isnull=False),
                name="claim_value_or_bounds",
                violation_error_message=(
                    "Un chiffre annoncé a soit une valeur, soit deux bornes, jamais les deux."
                ),
            ),
            models.CheckConstraint(
                condition=Q(lower__isnull=True) | Q(upper__isnull=True) | Q(lower__lte=F("upper")),
                name="claim_bounds_in_order",
                violation_error_message="La borne basse ne dépasse pas la borne haute.",
            ),
            models.CheckConstraint(
                condition=(Q(value__isnull=True) | Q(value__gte=0))
                & (Q(lower__isnull=True) | Q(lower__gte=0)),
                name="claim_not_negative",
                violation_error_message="Un chiffre annoncé n’est pas négatif.",
            ),
            models.CheckConstraint(
                condition=~Q(source=""),
                name="claim_has_source",
                violation_error_message="Un chiffre annoncé a une source.",
            ),
        )

    def __str__(self):
        return f"{self.get_subject_display()} : {self.label}"

    def clean(self):
        self.label = typography.normalise(self.label)
