"""A committee's sitting. Its name and chair are data of the sitting: they change over time."""

from django.db import models
from django.db.models import Q

from calls.models.call import CallSession, Fund
from laureates import typography
from laureates.models import NaturalKeyModel


class Committee(NaturalKeyModel):
    """A sitting of the fund's committee, of one session or, for a continuous call, of none."""

    class State(models.TextChoices):
        PLANNED = "planned", "prévue"
        OPEN = "open", "ouverte"
        CLOSED = "closed", "close"

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="committees", verbose_name="fonds")
    session = models.ForeignKey(
        CallSession,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="committees",
        verbose_name="session",
        help_text="Vide pour une séance « au fil de l’eau ».",
    )
    slug = models.SlugField("identifiant", max_length=120, unique=True)
    name = models.CharField("nom du comité", max_length=200)
    chair = models.CharField("présidence", max_length=300, blank=True)
    held_on = models.DateField("date de la séance", null=True, blank=True)
    quorum = models.PositiveSmallIntegerField(
        "quorum", null=True, blank=True, help_text="Membres présents requis ; vide : non connu."
    )
    state = models.CharField("état", max_length=10, choices=State, default=State.PLANNED)
    source = models.CharField("source", max_length=300, blank=True)

    class Meta:
        verbose_name = "comité (séance)"
        verbose_name_plural = "comités (séances)"
        ordering = ("-held_on", "slug")
        constraints = (
            models.CheckConstraint(
                condition=Q(state="planned") | Q(held_on__isnull=False),
                name="committee_held_has_date",
                violation_error_message="Une séance ouverte ou close a une date.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("planned", "open", "closed")),
                name="committee_known_state",
                violation_error_message="État inconnu.",
            ),
        )

    def __str__(self):
        if self.held_on:
            return f"{self.name} du {self.held_on:%d/%m/%Y}"
        return self.name

    def clean(self):
        self.name = typography.normalise(self.name)
        self.chair = typography.normalise(self.chair)
