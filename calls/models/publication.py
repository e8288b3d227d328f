"""Which sittings an announcement of the public library was prepared from."""

from django.conf import settings
from django.db import models

from calls.models.committee import Committee
from ftap.audit import FieldVersions
from laureates.models import Announcement, NaturalKeyModel, NaturalKeyQuerySet


class PublicationQuerySet(NaturalKeyQuerySet):
    def visible_to(self, user):
        """Those of no sitting with a dossier that `user` is recused from."""
        if not user.has_perm("calls.view_publication"):
            return self.none()
        return self.exclude(pk__in=self.withheld_from(user).values("pk"))

    def withheld_from(self, user):
        """Those of a sitting with a dossier, whatever its outcome, that `user` is recused from."""
        masked = Committee.objects.masked_for(user)
        return self.filter(
            pk__in=self.model.objects.filter(committees__in=masked.values("pk")).values("pk")
        )


class Publication(NaturalKeyModel):
    """The link between the decisions of sittings and the announcement that makes them public.

    `pending` gives, by public identifier, the dossier (its primary key) of each laureate that a
    draft of the next version adds: the row that the link needs exists once that is published.
    """

    NATURAL_KEY = ("announcement__slug",)

    announcement = models.OneToOneField(
        Announcement, models.CASCADE, related_name="publication", verbose_name="annonce"
    )
    committees = models.ManyToManyField(
        Committee, related_name="publications", verbose_name="séances"
    )
    prepared_at = models.DateTimeField("préparée le", null=True, blank=True)
    prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="préparée par",
    )

    pending = models.JSONField("lauréats à venir", default=dict, blank=True, editable=False)

    objects = PublicationQuerySet.as_manager()
    history = FieldVersions(m2m_fields=[committees], excluded_fields=["pending"])

    class Meta:
        verbose_name = "publication"
        ordering = ("announcement",)
        permissions = (("export_publication", "exporter les publications"),)

    def __str__(self):
        return str(self.announcement)

    def reserved_for(self, application) -> str:
        """The public identifier that a draft gave to this dossier last, "" where none did."""
        return next((key for key, pk in self.pending.items() if pk == application.pk), "")
