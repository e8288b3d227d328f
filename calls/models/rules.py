"""The rules of a call as data: what makes a dossier admissible, and what it is assessed on."""

from django.db import models
from django.db.models import Q

from calls.models.call import Call, CallSession
from ftap.audit import FieldVersions
from laureates.models import NaturalKeyModel, Organisation


class EligibilityRule(NaturalKeyModel):
    """A condition of admissibility of a session: rules are data, they change with each call.

    `value` is in euros for amounts and in per cent for a rate; `field` names the required field.
    """

    NATURAL_KEY = ("session__slug", "position")

    class Kind(models.TextChoices):
        AMOUNT_MIN = "amount_min", "montant demandé minimal"
        AMOUNT_MAX = "amount_max", "montant demandé maximal"
        RATE_MAX = "rate_max", "taux maximal de cofinancement"
        REQUIRED = "required", "information obligatoire"

    class Field(models.TextChoices):
        TITLE = "title", "titre"
        SUMMARY = "summary", "résumé"
        ASKED_AMOUNT = "asked_amount", "montant demandé"
        TOTAL_COST = "total_cost", "coût total"
        BEARERS = "bearers", "porteur"

    session = models.ForeignKey(
        CallSession, models.CASCADE, related_name="eligibility_rules", verbose_name="session"
    )
    position = models.PositiveSmallIntegerField("ordre")
    kind = models.CharField("règle", max_length=20, choices=Kind)
    carrier_kind = models.CharField(
        "pour ce type de porteur",
        max_length=30,
        choices=Organisation.Kind,
        blank=True,
        help_text="Vide : pour tous.",
    )
    value = models.DecimalField(
        "seuil",
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="En euros pour un montant, en % pour un taux.",
    )
    field = models.CharField("information", max_length=20, choices=Field, blank=True)
    label = models.CharField("énoncé", max_length=300)
    source = models.CharField("source", max_length=300, blank=True)

    history = FieldVersions()

    class Meta:
        verbose_name = "règle de recevabilité"
        verbose_name_plural = "règles de recevabilité"
        ordering = ("session", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("session", "position"),
                name="eligibility_rule_unique_position",
                violation_error_message="Deux règles de la session ont le même ordre.",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("amount_min", "amount_max", "rate_max", "required")),
                name="eligibility_rule_known_kind",
                violation_error_message="Règle de recevabilité inconnue.",
            ),
            models.CheckConstraint(
                condition=Q(kind="required", value__isnull=True) & ~Q(field="")
                | ~Q(kind="required") & Q(value__isnull=False, value__gt=0, field=""),
                name="eligibility_rule_value_or_field",
                violation_error_message=(
                    "Une information obligatoire nomme l’information, sans seuil ; "
                    "les autres règles ont un seuil supérieur à 0, sans information."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(kind="rate_max") | Q(value__lte=100),
                name="eligibility_rule_rate_is_percentage",
                violation_error_message="Un taux maximal est compris entre 0 et 100 %%.",
            ),
        )

    def __str__(self):
        return self.label


class Criterion(NaturalKeyModel):
    """A criterion of assessment of a call, with its weight and the top of its scale."""

    NATURAL_KEY = ("call__slug", "position")

    call = models.ForeignKey(
        Call, models.CASCADE, related_name="criteria", verbose_name="appel à projets"
    )
    position = models.PositiveSmallIntegerField("ordre")
    title = models.CharField("critère", max_length=250)
    description = models.TextField("ce qu’il recouvre", blank=True)
    weight = models.DecimalField(
        "poids",
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Vide : non pondéré.",
    )
    scale_max = models.PositiveSmallIntegerField(
        "note maximale", null=True, blank=True, help_text="Vide : critère sans note."
    )

    history = FieldVersions()

    class Meta:
        verbose_name = "critère"
        ordering = ("call", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("call", "position"),
                name="criterion_unique_position",
                violation_error_message="Deux critères de l’appel ont le même ordre.",
            ),
            models.CheckConstraint(
                condition=Q(weight__isnull=True) | Q(weight__gt=0),
                name="criterion_weight_positive",
                violation_error_message="Le poids d’un critère est supérieur à 0, ou vide.",
            ),
            models.CheckConstraint(
                condition=Q(scale_max__isnull=True) | Q(scale_max__gte=1),
                name="criterion_scale_positive",
                violation_error_message="La note maximale est d’au moins 1, ou vide.",
            ),
        )

    def __str__(self):
        return self.title
