"""A dossier received."""

from functools import reduce
from operator import or_

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connections, models
from django.db.models import F, Q

from calls.models.call import CallSession
from ftap.audit import FieldVersions
from laureates import typography
from laureates.models import (
    NaturalKeyModel,
    NaturalKeyQuerySet,
    Organisation,
    Territory,
    Theme,
)

# Dossiers whose dates do not follow one another.
DISORDERED = (
    Q(completed_on__lt=F("received_on"))
    | Q(review_started_at__lt=F("admissibility_decided_at"))
    | Q(reviewed_at__lt=F("review_started_at"))
)


class ApplicationQuerySet(NaturalKeyQuerySet):
    def disclosed(self):
        return self.filter(is_undisclosed=False)

    def visible_to(self, user):
        """Rows that exist for `user`: every list, detail, autocomplete and count asks this.

        Those read in full, those that `user` was asked an opinion on, and, for a publisher, those
        retained; never one that `user` is recused from, superusers included.
        """
        if not user.has_perm("calls.view_application"):
            return self.none()
        rows = self._without_recusals(user)
        if user.has_perm("calls.read_every_application"):
            return rows
        reaches = [*self._reaches_in_full(user), *self._reaches_of_opinions(user)]
        if user.has_perm("calls.read_retained_application"):
            retained = self._related("selections").retained()
            reaches.append(retained.order_by().values("application"))
        return rows.filter(self._any(reaches))

    def read_in_full_by(self, user):
        """Rows that `user` reads whole: opinions of everyone, synthesis, decisions, history.

        A reviewer of another institution and a publisher see less of theirs.
        """
        if not user.has_perm("calls.view_application"):
            return self.none()
        rows = self._without_recusals(user)
        if user.has_perm("calls.read_every_application"):
            return rows
        return rows.filter(self._any(self._reaches_in_full(user)))

    def on_those_read_in_full_by(self, user) -> Q:
        """What to ask of a model whose every row has an `application`: to be of one that `user`
        reads whole. Where they read all but a few, it is those few that are listed."""
        if self.reads_every(user):
            return ~Q(application__in=self._recused(user))
        return Q(application__in=self.model.objects.read_in_full_by(user))

    def on_those_not_hidden_from(self, user) -> Q:
        """What to ask of a model whose every row has an `application`: to be of none that `user`
        is recused from. Nothing is known to who reads no dossier."""
        if not user.has_perm("calls.view_application"):
            return Q(pk__in=())
        return ~Q(application__in=self._recused(user))

    @staticmethod
    def reads_every(user) -> bool:
        """Whether `user` reads whole every row but those that they are recused from."""
        return user.has_perm("calls.view_application") and user.has_perm(
            "calls.read_every_application"
        )

    def asked_of(self, user):
        """Rows that `user` was asked an opinion on, alone or with their institution."""
        if not user.has_perm("calls.view_application"):
            return self.none()
        return self._without_recusals(user).filter(self._any(self._reaches_of_opinions(user)))

    def _without_recusals(self, user):
        return self.exclude(pk__in=self._recused(user))

    def _recused(self, user):
        return self._related("recusals").in_force().of(user).values("application")

    def _reaches_in_full(self, user) -> list[models.QuerySet]:
        every = self.model.objects.order_by()
        members = self.model.selections.rel.related_model.committee.field.related_model
        sittings = self._related("selections").filter(
            committee__in=members.objects.with_member(user).values("pk")
        )
        reaches = [
            every.filter(session__in=self._session_grants(user)).values("pk"),
            sittings.order_by().values("application"),
        ]
        if user.has_perm("calls.instruct_application"):
            reaches.append(every.filter(case_officer=user.pk).values("pk"))
        return reaches

    def _reaches_of_opinions(self, user) -> list[models.QuerySet]:
        if not user.has_perm("calls.give_opinion"):
            return []
        return [self._related("reviews").asked_of(user).order_by().values("application")]

    def _any(self, reaches: list[models.QuerySet]) -> Q:
        """What to ask of rows whose key one of these gives, as the engine answers it soonest:
        SQLite key by key, PostgreSQL once it has gathered them."""
        if not reaches:
            return Q(pk__in=())
        if connections[self.db].vendor == "sqlite":
            return reduce(or_, (Q(pk__in=keys) for keys in reaches))
        first, *others = reaches
        return Q(pk__in=first.union(*others) if others else first)

    def _session_grants(self, user):
        return CallSession.access_grants.rel.related_model.objects.filter(user=user.pk).values(
            "session"
        )

    def _related(self, name):
        return getattr(self.model, name).rel.related_model.objects

    def for_list(self):
        return self.select_related("session__call", "case_officer").prefetch_related(
            "bearers__organisation"
        )


class Application(NaturalKeyModel):
    """A dossier ("candidature") deposited in a session. Amounts are in euros; empty is unknown.

    An undisclosed one is known only by having been received: nothing else is known of it, and it
    can never be linked to a laureate (triggers of the database hold that, see `calls.triggers`).
    `state` moves only through the workflow; it is never typed.
    """

    NATURAL_KEY = ("reference",)

    class State(models.TextChoices):
        RECEIVED = "received", "reçue"
        ADMISSIBLE = "admissible", "recevable"
        INADMISSIBLE = "inadmissible", "irrecevable"
        UNDER_REVIEW = "under_review", "en instruction"
        INFO_REQUESTED = "info_requested", "complément demandé"
        REVIEWED = "reviewed", "instruite"
        WITHDRAWN = "withdrawn", "retirée"

    class FormState(models.TextChoices):
        """States of the online-forms service; they are not the committee's decision."""

        DRAFT = "en_construction", "En construction"
        REVIEW = "en_instruction", "En instruction"
        ACCEPTED = "accepte", "Accepté"
        REFUSED = "refuse", "Refusé"
        CLOSED = "sans_suite", "Classé sans suite"

    reference = models.CharField("référence", max_length=40, unique=True)
    session = models.ForeignKey(
        CallSession, models.PROTECT, related_name="applications", verbose_name="session"
    )
    state = models.CharField("état", max_length=20, choices=State, default=State.RECEIVED)
    is_undisclosed = models.BooleanField(
        "non détaillée",
        default=False,
        help_text="Reçue mais non publique : rien d’autre n’est connu, jamais liée à un lauréat.",
    )
    title = models.CharField("titre", max_length=300, blank=True)
    summary = models.TextField("résumé", blank=True)
    organisations = models.ManyToManyField(
        Organisation, through="Bearer", related_name="applications", verbose_name="organismes"
    )
    asked_amount = models.DecimalField(
        "montant demandé (€)", max_digits=14, decimal_places=2, null=True, blank=True
    )
    total_cost = models.DecimalField(
        "coût total (€)", max_digits=14, decimal_places=2, null=True, blank=True
    )
    form_number = models.PositiveBigIntegerField(
        "numéro du dossier en ligne", null=True, blank=True, unique=True
    )
    form_state = models.CharField(
        "état du dossier en ligne", max_length=20, choices=FormState, blank=True
    )
    received_on = models.DateField("déposée le", null=True, blank=True)
    completed_on = models.DateField(
        "dossier complet le",
        null=True,
        blank=True,
        help_text="Point de départ du délai d’instruction depuis 2022.",
    )
    contact_name = models.CharField("contact", max_length=200, blank=True)
    contact_email = models.EmailField("adresse électronique du contact", blank=True)
    themes = models.ManyToManyField(
        Theme, blank=True, related_name="applications", verbose_name="thèmes"
    )
    territories = models.ManyToManyField(
        Territory, blank=True, related_name="applications", verbose_name="territoires"
    )
    source = models.CharField("source", max_length=300, blank=True)
    case_officer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="assigned_applications",
        verbose_name="instructeur",
    )
    admissibility_decided_at = models.DateTimeField(
        "recevabilité décidée le", null=True, blank=True
    )
    admissibility_reason = models.TextField(
        "motif de la recevabilité",
        blank=True,
        help_text="Pourquoi irrecevable, ou recevable malgré une règle non respectée.",
    )
    review_started_at = models.DateTimeField("mise en instruction le", null=True, blank=True)
    synthesis = models.TextField("synthèse de l’instruction", blank=True)
    missing_opinions_reason = models.TextField("motif des avis manquants", blank=True)
    reviewed_at = models.DateTimeField("instruction close le", null=True, blank=True)
    withdrawn_at = models.DateTimeField("retirée le", null=True, blank=True)
    withdrawal_reason = models.TextField("motif du retrait", blank=True)

    objects = ApplicationQuerySet.as_manager()
    history = FieldVersions(m2m_fields=[themes, territories])

    class Meta:
        verbose_name = "candidature"
        ordering = ("session", "reference")
        indexes = (
            # What a stage of work asks, and dates that lack, are read from it alone: rows are wide.
            models.Index(
                fields=(
                    "state",
                    "is_undisclosed",
                    "case_officer",
                    "session",
                    "received_on",
                    "completed_on",
                    "admissibility_decided_at",
                    "review_started_at",
                    "reviewed_at",
                    "withdrawn_at",
                ),
                name="application_by_state",
            ),
            models.Index(
                fields=("session", "state", "is_undisclosed", "received_on"),
                name="application_by_session",
            ),
            # What decisions are compared with, and added up by.
            models.Index(fields=("id", "session", "asked_amount"), name="application_amounts"),
            # It holds what its condition asks, without which SQLite takes a longer one that does.
            models.Index(
                fields=(
                    "completed_on",
                    "received_on",
                    "review_started_at",
                    "admissibility_decided_at",
                    "reviewed_at",
                ),
                condition=DISORDERED,
                name="application_disordered",
            ),
        )
        permissions = (
            ("import_application", "importer des dossiers"),
            ("read_every_application", "lire tous les dossiers"),
            ("read_retained_application", "lire ce qui sera public des dossiers retenus"),
            ("instruct_application", "instruire ses dossiers"),
            ("give_opinion", "rendre l’avis demandé à son institution"),
            ("decide_admissibility", "décider de la recevabilité et affecter les dossiers"),
            ("manage_review", "conduire l’instruction de tout dossier"),
            ("export_application", "exporter les dossiers"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(is_undisclosed=False)
                | Q(
                    state="received",
                    title="",
                    summary="",
                    asked_amount__isnull=True,
                    total_cost__isnull=True,
                    form_number__isnull=True,
                    form_state="",
                    received_on__isnull=True,
                    completed_on__isnull=True,
                    contact_name="",
                    contact_email="",
                    case_officer__isnull=True,
                    synthesis="",
                ),
                name="application_undisclosed_is_empty",
                violation_error_message=(
                    "Une candidature non détaillée reste « reçue », sans titre, résumé, montant, "
                    "date ni dossier en ligne : rien de tout cela n’est connu."
                ),
            ),
            models.CheckConstraint(
                condition=Q(is_undisclosed=True) | ~Q(title=""),
                name="application_disclosed_has_title",
                violation_error_message="Une candidature a un titre, sauf non détaillée.",
            ),
            models.CheckConstraint(
                condition=Q(
                    form_state__in=(
                        "",
                        "en_construction",
                        "en_instruction",
                        "accepte",
                        "refuse",
                        "sans_suite",
                    )
                ),
                name="application_known_form_state",
                violation_error_message="État du dossier en ligne inconnu.",
            ),
            models.CheckConstraint(
                condition=Q(asked_amount__isnull=True) | Q(asked_amount__gte=0),
                name="application_asked_amount_not_negative",
                violation_error_message="Le montant demandé n’est pas négatif.",
            ),
            models.CheckConstraint(
                condition=Q(total_cost__isnull=True) | Q(total_cost__gte=0),
                name="application_total_cost_not_negative",
                violation_error_message="Le coût total n’est pas négatif.",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=(
                        "received",
                        "admissible",
                        "inadmissible",
                        "under_review",
                        "info_requested",
                        "reviewed",
                        "withdrawn",
                    )
                ),
                name="application_known_state",
                violation_error_message="État inconnu.",
            ),
            models.CheckConstraint(
                condition=~Q(state="received") | Q(admissibility_decided_at__isnull=True),
                name="application_received_is_undecided",
                violation_error_message="Une candidature reçue n’a pas de date de recevabilité.",
            ),
            models.CheckConstraint(
                condition=~Q(state="inadmissible") | ~Q(admissibility_reason=""),
                name="application_inadmissible_has_reason",
                violation_error_message="Une candidature irrecevable a un motif.",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("under_review", "info_requested"))
                | Q(case_officer__isnull=False),
                name="application_under_review_has_officer",
                violation_error_message="Une candidature en instruction a un instructeur.",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True)
                | Q(state__in=("reviewed", "withdrawn")) & ~Q(synthesis=""),
                name="application_reviewed_has_synthesis",
                violation_error_message=(
                    "Une instruction close a une synthèse ; elle n’est datée que close."
                ),
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawal_reason="") & ~Q(state="withdrawn")
                | Q(state="withdrawn") & ~Q(withdrawal_reason=""),
                name="application_withdrawn_has_reason",
                violation_error_message=(
                    "Une candidature retirée a un motif ; les autres n’ont ni date ni motif de "
                    "retrait."
                ),
            ),
        )

    def __str__(self):
        if self.is_undisclosed:
            return f"{self.reference} (non détaillée)"
        return f"{self.reference} : {self.title}"

    def clean(self):
        self.title = typography.normalise(self.title)
        if self.is_undisclosed and self.pk:
            if self.selections.filter(laureate__isnull=False).exists():
                raise ValidationError(
                    "Cette candidature est liée à un lauréat : elle ne peut pas être déclarée "
                    "non détaillée."
                )
            if self.bearers.exists():
                raise ValidationError(
                    "Cette candidature a des porteurs : elle ne peut pas être déclarée "
                    "non détaillée."
                )
