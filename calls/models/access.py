"""What ties a person to dossiers besides their role: their institution, the sessions granted."""

from django.conf import settings
from django.db import models

from calls.models.call import CallSession
from ftap.audit import FieldVersions
from laureates.models import Organisation


class Affiliation(models.Model):
    """The institution for which a person gives opinions, and whose dossiers they may not judge."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="affiliation",
        verbose_name="personne",
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="affiliations", verbose_name="institution"
    )

    history = FieldVersions()

    class Meta:
        verbose_name = "rattachement"
        ordering = ("organisation", "user")
        permissions = (("export_affiliation", "exporter les rattachements"),)

    def __str__(self):
        return f"{self.user} — {self.organisation}"


class SessionAccess(models.Model):
    """A session whose dossiers a person may read, though no role gives them every dossier."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="session_grants",
        verbose_name="personne",
    )
    session = models.ForeignKey(
        CallSession, models.CASCADE, related_name="access_grants", verbose_name="session"
    )

    history = FieldVersions()

    class Meta:
        verbose_name = "accès à une session"
        verbose_name_plural = "accès aux sessions"
        ordering = ("session", "user")
        permissions = (("export_sessionaccess", "exporter les accès aux sessions"),)
        constraints = (
            models.UniqueConstraint(
                fields=("user", "session"),
                name="session_access_unique",
                violation_error_message="Cette personne a déjà accès à cette session.",
            ),
        )

    def __str__(self):
        return f"{self.user} — {self.session}"
