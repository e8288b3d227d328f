"""The organisations that bear a dossier."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from calls.models.application import Application
from ftap.audit import FieldVersions
from laureates import typography
from laureates.models import CarryingOrganisation


class Bearer(CarryingOrganisation):
    """An organisation bearing an application, in order, under the name it declared."""

    NATURAL_KEY = ("application__reference", "position")

    application = models.ForeignKey(
        Application, models.CASCADE, related_name="bearers", verbose_name="candidature"
    )
    declared_name = models.CharField("nom tel que déclaré", max_length=300, blank=True)

    history = FieldVersions()

    class Meta(CarryingOrganisation.Meta):
        verbose_name = "porteur"
        ordering = ("application", "position")
        constraints = (
            *CarryingOrganisation.Meta.constraints,
            models.UniqueConstraint(
                fields=("application", "position"),
                name="bearer_unique_position",
                violation_error_message="Deux porteurs du dossier ont le même ordre.",
            ),
            models.UniqueConstraint(
                fields=("application", "organisation"),
                name="bearer_unique_organisation",
                violation_error_message="Cet organisme porte déjà le dossier.",
            ),
            models.UniqueConstraint(
                fields=("application",),
                # Without the second test, an unknown role would pass for a lead when validated.
                condition=Q(role="chef-de-file", role__isnull=False),
                name="bearer_one_lead",
                violation_error_message="Un dossier n’a qu’un chef de file.",
            ),
        )

    def __str__(self):
        return self.declared_name or str(self.organisation)

    def clean(self):
        self.declared_name = typography.normalise(self.declared_name)
        if self.application_id and self.application.is_undisclosed:
            raise ValidationError("Une candidature non détaillée n’a pas de porteur connu.")
