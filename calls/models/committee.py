"""A committee's sitting. Its name, chair and members are data of the sitting: they change."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from calls.models.application import Application
from calls.models.call import CallSession, Fund
from ftap.audit import FieldVersions
from laureates import typography
from laureates.models import NaturalKeyModel, NaturalKeyQuerySet, Organisation


class CommitteeQuerySet(NaturalKeyQuerySet):
    def visible_to(self, user):
        """Sittings that exist for `user`; those of a dossier they are recused from do too,
        without that dossier."""
        if not user.has_perm("calls.view_committee"):
            return self.none()
        if user.has_perm("calls.read_every_application"):
            return self
        # Each by its own rows: joined, they would multiply one another, and read every decision.
        grants = CallSession.access_grants.rel.related_model.objects.filter(user=user.pk)
        members = self._related("members").filter(user=user.pk)
        reach = Q(session__in=grants.values("session")) | Q(pk__in=members.values("committee"))
        if user.has_perm("calls.instruct_application"):
            instructed = self._related("selections").filter(application__case_officer=user.pk)
            reach |= Q(pk__in=instructed.values("committee"))
        return self.filter(reach)

    def with_member(self, user):
        return self.filter(pk__in=self._related("members").filter(user=user.pk).values("committee"))

    def masked_for(self, user):
        """Sittings with a dossier that `user` is recused from: their totals would tell of it."""
        hidden = Application.recusals.rel.related_model.objects.in_force().of(user)
        touched = self._related("selections").filter(application__in=hidden.values("application"))
        return self.filter(pk__in=touched.values("committee"))

    def _related(self, name):
        """The rows that name a sitting, in no order."""
        return getattr(self.model, name).rel.related_model.objects.order_by()


class Committee(NaturalKeyModel):
    """A sitting of the fund's committee, of one session or, for a continuous call, of none.

    `state` moves only through `calls.deliberation`. `version` counts the changes made there, so
    that a page opened before one of them is refused.
    """

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
    envelope = models.DecimalField(
        "enveloppe de la séance (€)",
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Vide : celle de la session.",
    )
    overrun_reason = models.TextField("motif du dépassement de l’enveloppe", blank=True)
    state = models.CharField("état", max_length=10, choices=State, default=State.PLANNED)
    opened_at = models.DateTimeField("ouverte le", null=True, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="ouverte par",
    )
    closed_at = models.DateTimeField("close le", null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="close par",
    )
    version = models.PositiveIntegerField("version", default=1, editable=False)
    source = models.CharField("source", max_length=300, blank=True)

    objects = CommitteeQuerySet.as_manager()
    history = FieldVersions(excluded_fields=["version"])

    class Meta:
        verbose_name = "comité (séance)"
        verbose_name_plural = "comités (séances)"
        ordering = ("-held_on", "slug")
        permissions = (
            ("export_committee", "exporter les séances"),
            ("manage_agenda", "tenir l’ordre du jour et les présences"),
            ("propose_decision", "proposer une décision"),
            ("open_committee", "ouvrir une séance"),
            ("decide", "clore et rouvrir une séance"),
        )
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
            models.CheckConstraint(
                condition=~Q(state="open")
                | ~Q(chair="") & Q(quorum__isnull=False, opened_at__isnull=False),
                name="committee_open_has_chair_and_quorum",
                violation_error_message=(
                    "Une séance ouverte a une présidence, un quorum et une date d’ouverture."
                ),
            ),
            models.CheckConstraint(
                condition=Q(state="planned", opened_at__isnull=True, opened_by__isnull=True)
                | ~Q(state="planned"),
                name="committee_planned_is_not_opened",
                violation_error_message="Une séance prévue n’a pas de date d’ouverture.",
            ),
            models.CheckConstraint(
                condition=Q(state="closed") | Q(closed_at__isnull=True, closed_by__isnull=True),
                name="committee_closing_date_when_closed",
                violation_error_message="Seule une séance close a une date de clôture.",
            ),
            models.CheckConstraint(
                condition=Q(envelope__isnull=True) | Q(envelope__gt=0),
                name="committee_envelope_positive",
                violation_error_message=(
                    "L’enveloppe est supérieure à 0 ; laissez vide pour celle de la session."
                ),
            ),
        )

    def __str__(self):
        if self.held_on:
            return f"{self.name} du {self.held_on:%d/%m/%Y}"
        return self.name

    def clean(self):
        self.name = typography.normalise(self.name)
        self.chair = typography.normalise(self.chair)
        if self.session_id and self.fund_id and self.session.call.fund_id != self.fund_id:
            raise ValidationError({"session": "Cette session est celle d’un autre fonds."})


class CommitteeMember(NaturalKeyModel):
    """A member of one sitting, and whether they attended. Without an account, `user` is empty."""

    NATURAL_KEY = ("committee__slug", "position")

    class Attendance(models.TextChoices):
        PRESENT = "present", "présent"
        ABSENT = "absent", "absent"
        EXCUSED = "excused", "excusé"

    committee = models.ForeignKey(
        Committee, models.CASCADE, related_name="members", verbose_name="comité"
    )
    position = models.PositiveSmallIntegerField("ordre")
    name = models.CharField("nom", max_length=200)
    title = models.CharField("qualité", max_length=250, blank=True)
    institution = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="committee_members",
        verbose_name="institution",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="memberships",
        verbose_name="compte",
        help_text="Vide : sans compte ; le secrétariat consigne ses déports.",
    )
    is_voting = models.BooleanField("compte pour le quorum", default=True)
    attendance = models.CharField("présence", max_length=10, choices=Attendance, blank=True)

    history = FieldVersions()

    class Meta:
        verbose_name = "membre du comité"
        verbose_name_plural = "membres du comité"
        ordering = ("committee", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("committee", "position"),
                name="committee_member_unique_position",
                violation_error_message="Deux membres de la séance ont le même ordre.",
            ),
            models.UniqueConstraint(
                fields=("committee", "user"),
                name="committee_member_unique_user",
                violation_error_message="Ce compte est déjà celui d’un membre de la séance.",
            ),
            models.CheckConstraint(
                condition=Q(attendance__in=("", "present", "absent", "excused")),
                name="committee_member_known_attendance",
                violation_error_message="Présence inconnue.",
            ),
        )

    def __str__(self):
        return self.name

    def clean(self):
        self.name = typography.normalise(self.name)
        self.title = typography.normalise(self.title)
