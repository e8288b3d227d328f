"""A project retained and announced, and the organisations that carry it."""

import secrets

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Case, Prefetch, Q, Value, When

from ftap.audit import FieldVersions
from ftap.fast import address
from laureates import markdown, typography
from laureates.models.announcement import Announcement, LaureateGroup
from laureates.models.natural import NaturalKeyModel, NaturalKeyQuerySet
from laureates.models.public import laureate_published_q, laureate_withdrawn_q
from laureates.models.reference import (
    CarryingOrganisation,
    Organisation,
    Territory,
    Theme,
    validate_siret,
)

PUBLIC_ID_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_public_id() -> str:
    """A fresh public identifier, random: it tells nothing of the rank or number of laureates."""
    base, letters = len(PUBLIC_ID_ALPHABET), []
    drawn = secrets.randbelow(base**10)
    for _ in range(10):
        drawn, rank = divmod(drawn, base)
        letters.append(PUBLIC_ID_ALPHABET[rank])
    return "".join(letters)


class LaureateQuerySet(NaturalKeyQuerySet):
    def published(self):
        return self.filter(laureate_published_q())

    def withdrawn(self):
        """Those that visitors saw, and that were withdrawn since from a public announcement."""
        return self.filter(laureate_withdrawn_q())

    def visible_to(self, user):
        """Those of the announcements that exist for `user`, of the staff."""
        return self.filter(announcement__in=Announcement.objects.visible_to(user).values("pk"))

    def with_is_published(self):
        return self.annotate(
            is_published=Case(When(laureate_published_q(), then=Value(True)), default=Value(False))
        )

    def in_public_order(self):
        """Latest announcement first, then the announcement's own order."""
        return self.order_by("-announcement__published_at", "announcement_id", "position", "pk")

    def for_list(self):
        """What a card of the list reads: announcement, group, carriers with their organisations,
        themes, territories."""
        return self.select_related("announcement", "group").prefetch_related(
            Prefetch("carriers", Carrier.objects.select_related("organisation")),
            "themes",
            "territories",
        )


class Laureate(NaturalKeyModel):
    """A project retained by the committee, as announced.

    `amount` is what was granted, in euros; empty is « montant non communiqué », never 0.
    `public_id` stands in addresses, fixtures and exports, and never changes.
    """

    NATURAL_KEY = ("public_id",)

    class ProjectState(models.TextChoices):
        NOT_STARTED = "non-demarre", "non démarré"
        IN_PROGRESS = "en-cours", "en cours"
        COMPLETED = "termine", "terminé"
        ABANDONED = "abandonne", "abandonné"

    announcement = models.ForeignKey(
        Announcement, models.PROTECT, related_name="laureates", verbose_name="annonce"
    )
    position = models.PositiveIntegerField("rang dans l’annonce")
    group = models.ForeignKey(
        LaureateGroup,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="laureates",
        verbose_name="groupe",
        help_text="Volet de l’annonce, ou projets financés ensemble. Vide : aucun.",
    )
    public_id = models.CharField(
        "identifiant public",
        max_length=32,
        unique=True,
        default=new_public_id,
        validators=[
            RegexValidator(
                r"\A[a-z0-9]{4,32}\Z",
                "De 4 à 32 lettres minuscules sans accent ou chiffres, sans autre signe.",
            )
        ],
        help_text="Figure dans les adresses et les exports ; ne change jamais.",
    )
    slug = models.SlugField("titre dans l’adresse", max_length=200)
    title = models.CharField("titre", max_length=300)
    has_own_title = models.BooleanField(
        "titre propre",
        default=True,
        help_text="Décochez si l’annonce ne nomme que les porteurs : le titre les reprend.",
    )
    former_titles = models.TextField(
        "anciens titres", blank=True, help_text="Un par ligne ; la recherche les trouve."
    )
    summary = models.CharField(
        "résumé", max_length=400, blank=True, help_text="Une ou deux phrases, sans mise en forme."
    )
    description = models.TextField(
        "description", blank=True, help_text="Markdown : paragraphes, listes, liens."
    )
    organisations = models.ManyToManyField(
        Organisation, through="Carrier", related_name="laureates", verbose_name="organismes"
    )
    themes = models.ManyToManyField(
        Theme, blank=True, related_name="laureates", verbose_name="thèmes"
    )
    territories = models.ManyToManyField(
        Territory,
        blank=True,
        related_name="laureates",
        verbose_name="territoires",
        help_text="« National » est une valeur. Vide : non renseigné.",
    )
    amount = models.DecimalField(
        "montant accordé (€)",
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Vide : « montant non communiqué ».",
    )
    project_state = models.CharField(
        "état du projet",
        max_length=20,
        choices=ProjectState,
        blank=True,
        help_text="Vide : non renseigné.",
    )
    # What public formats ask for and that is known elsewhere: copies, empty where not published.
    funder_name = models.CharField(
        "nom de l’attribuant",
        max_length=250,
        blank=True,
        help_text="Qui accorde le financement, tel que les données ouvertes le nomment.",
    )
    funder_siret = models.CharField(
        "SIRET de l’attribuant",
        max_length=14,
        blank=True,
        validators=[validate_siret],
        help_text="14 chiffres, sans espace. Vide : non communiqué.",
    )
    decision_reference = models.CharField(
        "référence de la décision", max_length=100, blank=True, help_text="Vide : non communiquée."
    )
    agreement_signed_on = models.DateField(
        "signature de la convention",
        null=True,
        blank=True,
        help_text="Date de signature du contrat de transformation. Vide : non communiquée.",
    )
    payment_terms = models.CharField(
        "conditions de versement",
        max_length=256,
        blank=True,
        help_text="« unique », « échelonné », « autre » ou une phrase.",
    )
    payment_period = models.CharField(
        "période de versement",
        max_length=21,
        blank=True,
        validators=[
            RegexValidator(
                r"\A\d{4}-\d{2}-\d{2}(/\d{4}-\d{2}-\d{2})?\Z",
                "Un jour (2026-01-31), ou deux séparés par une barre (2026-01-31/2027-12-31).",
            )
        ],
        help_text="Un jour, ou le premier et le dernier : 2026-01-31/2027-12-31.",
    )
    programme_code = models.CharField(
        "identifiant du dispositif",
        max_length=100,
        blank=True,
        help_text="Celui de l’appel à projets dans les données ouvertes.",
    )
    source = models.CharField("source", max_length=300, blank=True)
    source_url = models.URLField("adresse de la source", max_length=500, blank=True)
    source_on = models.DateField("date de la source", null=True, blank=True)
    classification_source = models.CharField(
        "provenance des thèmes et territoires", max_length=300, blank=True
    )
    withdrawn_at = models.DateTimeField("retrait", null=True, blank=True)
    withdrawal_reason = models.TextField("motif public du retrait", blank=True)
    updated_at = models.DateTimeField("modification", null=True, editable=False, auto_now=True)

    objects = LaureateQuerySet.as_manager()
    history = FieldVersions(m2m_fields=[themes, territories])

    class Meta:
        verbose_name = "lauréat"
        ordering = ("announcement", "position")
        permissions = (
            ("import_laureate", "importer des lauréats et des annonces"),
            ("export_laureate", "exporter les lauréats"),
        )
        indexes = (
            # The staff's list of those withdrawn, which are few.
            models.Index(
                fields=("withdrawn_at",),
                condition=Q(withdrawn_at__isnull=False),
                name="laureate_withdrawn",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("announcement", "position"),
                name="laureate_unique_position",
                violation_error_message="Un autre lauréat de l’annonce occupe ce rang.",
            ),
            models.CheckConstraint(
                condition=Q(position__gte=1),
                name="laureate_position_from_one",
                violation_error_message="Le rang dans l’annonce commence à 1.",
            ),
            models.CheckConstraint(
                condition=Q(
                    project_state__in=("", "non-demarre", "en-cours", "termine", "abandonne")
                ),
                name="laureate_known_project_state",
                violation_error_message=(
                    "État de projet inconnu : choisissez dans la liste, ou laissez vide."
                ),
            ),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gt=0),
                name="laureate_amount_positive",
                violation_error_message=(
                    "Le montant accordé est supérieur à 0 ; laissez vide s’il n’est pas communiqué."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(title="") & ~Q(slug=""),
                name="laureate_has_title",
                violation_error_message="Un lauréat a un titre et un titre d’adresse.",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawal_reason="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawal_reason="")),
                name="laureate_withdrawn_with_reason",
                violation_error_message="Un retrait a une date et un motif, ou ni l’un ni l’autre.",
            ),
        )

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return address("laureates:laureate", self.public_id, self.slug)

    @property
    def former_title_list(self):
        return typography.lines(self.former_titles)

    @property
    def description_html(self):
        return markdown.render(self.description)

    def clean(self):
        if (
            self.group_id
            and self.announcement_id
            and (self.group.announcement_id != self.announcement_id)
        ):
            raise ValidationError({"group": "Ce groupe est celui d’une autre annonce."})
        self.title = typography.normalise(self.title)
        self.summary = typography.normalise(self.summary)


class CarrierQuerySet(NaturalKeyQuerySet):
    def visible_to(self, user):
        """Those of the laureates that exist for `user`, of the staff."""
        return self.filter(laureate__in=Laureate.objects.visible_to(user).values("pk"))


class Carrier(CarryingOrganisation):
    """An organisation carrying a project, in the announced order, under the announced name."""

    NATURAL_KEY = ("laureate__public_id", "position")

    laureate = models.ForeignKey(
        Laureate, models.CASCADE, related_name="carriers", verbose_name="lauréat"
    )
    announced_name = models.CharField("nom tel qu’annoncé", max_length=300)

    objects = CarrierQuerySet.as_manager()
    history = FieldVersions()

    class Meta(CarryingOrganisation.Meta):
        verbose_name = "porteur"
        ordering = ("laureate", "position")
        constraints = (
            *CarryingOrganisation.Meta.constraints,
            models.UniqueConstraint(
                fields=("laureate", "position"),
                name="carrier_unique_position",
                violation_error_message="Deux porteurs du projet ont le même ordre.",
            ),
            models.UniqueConstraint(
                fields=("laureate", "organisation"),
                name="carrier_unique_organisation",
                violation_error_message="Cet organisme porte déjà le projet.",
            ),
            models.UniqueConstraint(
                fields=("laureate",),
                # Without the second test, an unknown role would pass for a lead when validated.
                condition=Q(role="chef-de-file", role__isnull=False),
                name="carrier_one_lead",
                violation_error_message="Un projet n’a qu’un chef de file.",
            ),
            models.CheckConstraint(
                condition=~Q(announced_name=""),
                name="carrier_has_announced_name",
                violation_error_message="Indiquez le nom du porteur tel qu’annoncé.",
            ),
        )

    def __str__(self):
        return self.announced_name

    def clean(self):
        self.announced_name = typography.normalise(self.announced_name)
