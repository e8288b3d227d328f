"""The committee's decision on one dossier."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from calls.models.application import Application
from calls.models.committee import Committee
from ftap.audit import FieldVersions
from laureates.models import Laureate, NaturalKeyModel, NaturalKeyQuerySet


class SelectionQuerySet(NaturalKeyQuerySet):
    def get_by_natural_key(self, *values):
        return super(SelectionQuerySet, self.live()).get_by_natural_key(*values)

    def live(self):
        return self.filter(superseded_at__isnull=True)

    def validated(self):
        return self.live().filter(state="validated")

    def retained(self):
        """Validated and retained, in force."""
        return self.filter(self._retained())

    @staticmethod
    def _retained():
        return Q(superseded_at__isnull=True, state="validated", outcome="retained")

    def published(self):
        """Those whose laureate visitors can see."""
        return self.filter(laureate__in=Laureate.objects.published())

    def in_agenda_order(self):
        return self.order_by("committee", F("agenda_position").asc(nulls_last=True), "pk")

    def visible_to(self, user):
        """Decisions on the dossiers that `user` reads in full and, for a publisher, those validated
        « retenu »."""
        if not user.has_perm("calls.view_selection"):
            return self.none()
        reach = Application.objects.on_those_read_in_full_by(user)
        if Application.objects.reads_every(user):
            return self.filter(reach)
        if user.has_perm("calls.read_retained_application"):
            # Its dossier is a retained one, by the decision itself.
            reach |= self._retained() & Application.objects.on_those_not_hidden_from(user)
        return self.filter(reach)

    def for_list(self):
        return self.select_related("application__session__call", "committee", "laureate")


class Selection(NaturalKeyModel):
    """What a committee decides on an application. Amounts are in euros.

    One live row for each application and committee; a rectification supersedes it with another.
    Until proposed, it is an item of the agenda. `version` counts its changes: a page opened before
    one of them is refused.
    The link to the public library is held here: the library knows nothing of this house.
    """

    NATURAL_KEY = ("application__reference", "committee__slug")

    class State(models.TextChoices):
        TO_EXAMINE = "to_examine", "à examiner"
        PROPOSED = "proposed", "proposée"
        VALIDATED = "validated", "validée"

    class Outcome(models.TextChoices):
        RETAINED = "retained", "retenu"
        NOT_RETAINED = "not_retained", "non retenu"
        DEFERRED = "deferred", "ajourné"
        WAITING_LIST = "waiting_list", "liste d’attente"

    application = models.ForeignKey(
        Application, models.PROTECT, related_name="selections", verbose_name="candidature"
    )
    committee = models.ForeignKey(
        Committee, models.PROTECT, related_name="selections", verbose_name="comité"
    )
    agenda_position = models.PositiveSmallIntegerField(
        "ordre du jour", null=True, blank=True, help_text="Vide : ordre non connu."
    )
    state = models.CharField("état", max_length=12, choices=State, default=State.TO_EXAMINE)
    outcome = models.CharField("sens de la décision", max_length=15, choices=Outcome, blank=True)
    granted_amount = models.DecimalField(
        "montant accordé (€)", max_digits=14, decimal_places=2, null=True, blank=True
    )
    amount_not_disclosed = models.BooleanField("montant non communiqué", default=False)
    motive = models.TextField("motif", blank=True, help_text="Interne, jamais publié.")
    public_text = models.TextField("texte public", blank=True)
    rank = models.PositiveSmallIntegerField("rang sur liste d’attente", null=True, blank=True)
    decided_on = models.DateField("date de la décision", null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="decided_selections",
        verbose_name="validée par",
    )
    record_source = models.CharField(
        "source de la décision",
        max_length=300,
        blank=True,
        help_text="Pour une décision reprise d’un document, sans validation ici.",
    )
    superseded_at = models.DateTimeField("remplacée le", null=True, blank=True)
    laureate = models.OneToOneField(
        Laureate,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="selection",
        verbose_name="lauréat publié",
    )
    version = models.PositiveIntegerField("version", default=1, editable=False)

    objects = SelectionQuerySet.as_manager()
    history = FieldVersions(excluded_fields=["agenda_position", "version"])

    class Meta:
        verbose_name = "décision du comité"
        verbose_name_plural = "décisions du comité"
        ordering = ("committee", "application")
        permissions = (("export_selection", "exporter les décisions"),)
        indexes = (
            # Those in force, by what they say: nothing else is read to count, add up and list them.
            models.Index(
                fields=(
                    "state",
                    "outcome",
                    "application",
                    "laureate",
                    "committee",
                    "granted_amount",
                    "superseded_at",
                ),
                condition=Q(superseded_at__isnull=True),
                name="selection_in_force",
            ),
            # Those of a dossier, by their days: which is the last.
            models.Index(
                fields=("application", "state", "outcome", "decided_on", "superseded_at"),
                condition=Q(superseded_at__isnull=True),
                name="selection_of_application",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("application", "committee"),
                condition=Q(superseded_at__isnull=True),
                name="selection_one_live",
                violation_error_message="Ce comité a déjà une décision en vigueur sur ce dossier.",
            ),
            models.CheckConstraint(
                condition=Q(state="to_examine", outcome="")
                | Q(state__in=("proposed", "validated"))
                & Q(outcome__in=("retained", "not_retained", "deferred", "waiting_list")),
                name="selection_outcome_when_proposed",
                violation_error_message=(
                    "Une décision proposée ou validée a un sens ; à examiner, elle n’en a pas."
                ),
            ),
            models.CheckConstraint(
                condition=Q(state="validated", decided_on__isnull=False)
                & (Q(decided_by__isnull=False) | ~Q(record_source=""))
                | ~Q(state="validated") & Q(decided_on__isnull=True, decided_by__isnull=True),
                name="selection_validated_has_decider",
                violation_error_message=(
                    "Une décision validée a une date, et un décideur ou une source ; "
                    "une décision qui ne l’est pas n’a ni date ni décideur."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(outcome="retained")
                | Q(granted_amount__isnull=False, granted_amount__gte=0, amount_not_disclosed=False)
                | Q(granted_amount__isnull=True, amount_not_disclosed=True),
                name="selection_retained_has_amount",
                violation_error_message=(
                    "Un dossier retenu a un montant, ou la mention « montant non communiqué »."
                ),
            ),
            models.CheckConstraint(
                condition=Q(outcome="retained")
                | Q(granted_amount__isnull=True, amount_not_disclosed=False),
                name="selection_amount_only_when_retained",
                violation_error_message="Seul un dossier retenu a un montant accordé.",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="not_retained") | ~Q(motive=""),
                name="selection_refusal_has_motive",
                violation_error_message="Un dossier non retenu a un motif.",
            ),
            models.CheckConstraint(
                condition=Q(outcome="waiting_list", rank__isnull=False, rank__gte=1)
                | ~Q(outcome="waiting_list") & Q(rank__isnull=True),
                name="selection_rank_on_waiting_list",
                violation_error_message=("Un dossier sur liste d’attente a un rang, et lui seul."),
            ),
            models.CheckConstraint(
                condition=Q(laureate__isnull=True) | Q(outcome="retained", state="validated"),
                name="selection_laureate_is_retained",
                violation_error_message=(
                    "Seule une décision validée « retenu » peut être liée à un lauréat."
                ),
            ),
        )

    def __str__(self):
        return f"{self.application.reference} — {self.get_outcome_display() or 'à examiner'}"

    def clean(self):
        if self.application_id and self.application.is_undisclosed and self.laureate_id:
            raise ValidationError(
                "Une candidature non détaillée ne peut jamais être liée à un lauréat."
            )
        if self.laureate_id and self.application.session.call.is_fictional:
            raise ValidationError("Un dossier fictif ne peut pas être lié à un lauréat.")
