"""What was done, by whom and why: a chain of events to which rows are only ever added."""

from functools import cache

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_permission_codename
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalChanges

from calls.models.application import Application
from calls.models.committee import Committee

GENESIS = "0" * 64


@cache
def path_to(model, owner) -> tuple[tuple[str, ...], bool] | None:
    """How `model` leads to the row of `owner` it belongs to, and whether it always does.

    Names of foreign keys, the shortest way first, through the models of this application; empty
    for `owner` itself; None where nothing leads there. True where no foreign key of the way may
    be empty.
    """
    if model is owner:
        return (), True
    found = []
    for field in model._meta.concrete_fields:
        target = field.related_model if field.many_to_one or field.one_to_one else None
        if target is None or target is model or target._meta.app_label != "calls":
            continue
        if (rest := path_to(target, owner)) is not None:
            names, certain = rest
            found.append(((field.name, *names), certain and not field.null))
    return min(found, key=lambda way: (len(way[0]), not way[1]), default=None)


class EventQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Events that exist for `user`.

        Of a dossier: where it is read in full. Of a sitting: where the sitting is visible. Of any
        other row: with the permission to view its model.
        """
        certain = [
            model._meta.label_lower
            for model in apps.get_app_config("calls").get_models()
            if not issubclass(model, HistoricalChanges)
            and any(
                (way := path_to(model, owner)) and way[1] and way[0]
                for owner in (Application, Committee)
            )
        ]
        viewed = [
            model._meta.label_lower
            for label in ("calls", "laureates")
            for model in apps.get_app_config(label).get_models()
            if not issubclass(model, HistoricalChanges)
            and user.has_perm(f"{label}.{get_permission_codename('view', model._meta)}")
        ]
        return self.filter(
            Q(application__in=Application.objects.read_in_full_by(user))
            | Q(application=None, committee__in=Committee.objects.visible_to(user))
            # Whose dossier or sitting could not be told stays hidden.
            | Q(application=None, committee=None, object_type__in=sorted({*viewed} - {*certain}))
        )

    def of(self, obj):
        """Those of `obj` and of the rows that hang on it."""
        label, pk = obj._meta.label_lower, str(obj.pk)
        found = Q(object_type=label, object_pk=pk) | Q(parent_type=label, parent_pk=pk)
        if isinstance(obj, Application):
            found |= Q(application=obj.pk)
        elif isinstance(obj, Committee):
            found |= Q(committee=obj.pk)
        return self.filter(found)

    def newest_first(self):
        return self.order_by("-number")


class Event(models.Model):
    """One act on one row. `canonical` is the exact text that `hash` seals with what precedes.

    hash = SHA-256 of previous_hash, a line end, canonical. `number` has no gap. The other columns
    repeat what `canonical` says, for queries. The row may be gone: nothing here depends on it.
    """

    class Kind(models.TextChoices):
        CREATED = "+", "ajout"
        CHANGED = "~", "modification"
        DELETED = "-", "suppression"

    number = models.PositiveBigIntegerField("numéro", primary_key=True)
    occurred_at = models.DateTimeField("fait le")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="events",
        verbose_name="fait par",
    )
    action = models.CharField("acte", max_length=60)
    kind = models.CharField("effet", max_length=1, choices=Kind, blank=True)
    object_type = models.CharField("modèle", max_length=100)
    object_pk = models.CharField("identifiant interne", max_length=40)
    object_key = models.CharField("identifiant", max_length=300, blank=True)
    parent_type = models.CharField("modèle de rattachement", max_length=100, blank=True)
    parent_pk = models.CharField("identifiant du rattachement", max_length=40, blank=True)
    application = models.ForeignKey(
        Application,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="events",
        verbose_name="candidature",
    )
    committee = models.ForeignKey(
        Committee,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="events",
        verbose_name="comité",
    )
    canonical = models.TextField("texte scellé")
    previous_hash = models.CharField("empreinte précédente", max_length=64)
    hash = models.CharField("empreinte", max_length=64)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = "événement"
        ordering = ("number",)
        default_permissions = ()
        indexes = (
            models.Index(fields=("object_type", "object_pk"), name="event_object"),
            models.Index(fields=("parent_type", "parent_pk"), name="event_parent"),
        )

    def __str__(self):
        return f"Événement nᵒ {self.number}"


class EventText(models.Model):
    """A text of an event, which may be personal: the chain holds only its digest.

    digest = SHA-256 of salt then text. Erasing it takes the salt along: the digest left in the
    chain can then no longer be matched with any text.
    """

    event = models.ForeignKey(Event, models.PROTECT, related_name="texts", verbose_name="événement")
    name = models.CharField("nom", max_length=120)
    salt = models.CharField("sel", max_length=32)
    text = models.TextField("texte")
    digest = models.CharField("empreinte", max_length=64)

    class Meta:
        verbose_name = "texte d’un événement"
        verbose_name_plural = "textes des événements"
        ordering = ("event", "name")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("event", "name"),
                name="event_text_unique_name",
                violation_error_message="Cet événement a déjà un texte de ce nom.",
            ),
        )

    def __str__(self):
        return self.name


class EventHead(models.Model):
    """The end of the chain, in one row: whoever adds an event locks it first."""

    number = models.PositiveBigIntegerField("numéro du dernier événement")
    hash = models.CharField("empreinte du dernier événement", max_length=64)

    class Meta:
        verbose_name = "fin de l’historique"
        verbose_name_plural = "fin de l’historique"
        default_permissions = ()

    def __str__(self):
        return f"Événement nᵒ {self.number}"
