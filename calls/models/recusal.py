"""Recusals ("déports"): the dossiers that a person may neither judge nor see."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from calls.models.application import Application
from calls.models.committee import CommitteeMember
from ftap.audit import FieldVersions


class RecusalQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(lifted_at__isnull=True)

    def of(self, user):
        """Those of `user`, recorded for their account or for a member that has it."""
        return self.filter(Q(user=user.pk) | Q(member__user=user.pk))

    def visible_to(self, user):
        """Recusals of others, on dossiers read in full; one's own show on one's own page only."""
        if not user.has_perm("calls.view_recusal"):
            return self.none()
        return self.filter(Application.objects.on_those_read_in_full_by(user))


class Recusal(models.Model):
    """That a person stands aside from a dossier: a member of a sitting, or any account.

    Lifting one keeps it, with who lifted it and why.
    """

    application = models.ForeignKey(
        Application, models.PROTECT, related_name="recusals", verbose_name="candidature"
    )
    member = models.ForeignKey(
        CommitteeMember,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="recusals",
        verbose_name="membre du comité",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="recusals",
        verbose_name="compte",
    )
    reason = models.TextField("motif", blank=True)
    declared_at = models.DateTimeField("consigné le")
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="consigné par"
    )
    lifted_at = models.DateTimeField("levé le", null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="levé par",
    )
    lift_reason = models.TextField("motif de la levée", blank=True)

    objects = RecusalQuerySet.as_manager()
    history = FieldVersions()

    class Meta:
        verbose_name = "déport"
        ordering = ("application", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(member__isnull=False, user__isnull=True)
                | Q(member__isnull=True, user__isnull=False),
                name="recusal_of_one_person",
                violation_error_message="Un déport est celui d’un membre ou d’un compte.",
            ),
            models.UniqueConstraint(
                fields=("application", "member"),
                condition=Q(lifted_at__isnull=True, member__isnull=False),
                name="recusal_unique_member",
                violation_error_message="Ce membre est déjà déporté de ce dossier.",
            ),
            models.UniqueConstraint(
                fields=("application", "user"),
                condition=Q(lifted_at__isnull=True, user__isnull=False),
                name="recusal_unique_user",
                violation_error_message="Cette personne est déjà déportée de ce dossier.",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True, lift_reason="")
                | Q(
                    lifted_at__isnull=False,
                    lifted_at__gte=F("declared_at"),
                    lifted_by__isnull=False,
                )
                & ~Q(lift_reason=""),
                name="recusal_lifted_has_reason",
                violation_error_message="Un déport levé a une date, un auteur et un motif.",
            ),
        )

    def __str__(self):
        return f"{self.member or self.user} — {self.application.reference}"
