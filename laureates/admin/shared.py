"""What several screens of both houses share."""

from django.contrib.admin.utils import unquote
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.timezone import localtime

from ftap.listfilters import SplitFilter
from ftap.modelforms import StrictModelForm
from ftap.refusals import Refusal
from ftap.templatetags.ftap import french_date
from laureates import releases, typography

SLUG_HELP = "Laissez vide\u00a0: calculé à la création."


class SluggedForm(StrictModelForm):
    """A form whose empty slug is made of the words of `slug_source`, without accents."""

    slug_source = "title"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if field := self.fields.get("slug"):
            field.required = False
            field.help_text = SLUG_HELP

    def clean(self):
        cleaned = super().clean()
        if "slug" in self.fields and not cleaned.get("slug") and "slug" not in self.errors:
            length = self._meta.model._meta.get_field("slug").max_length
            slug = typography.slugify(self.slug_text(cleaned))
            cleaned["slug"] = slug[:length].strip("-")
            if not cleaned["slug"] and self.slug_source not in self.errors:
                self.add_error(
                    "slug", "Indiquez cet identifiant\u00a0: rien ne permet de le calculer."
                )
        return cleaned

    def slug_text(self, cleaned):
        return cleaned.get(self.slug_source) or ""


class HeldDeletion:
    """For a screen of rows of an announcement: none goes while a publication is being decided."""

    def announcement_of(self, obj):
        return obj

    def delete_model(self, request, obj):
        releases.hold_editable(self.announcement_of(obj))
        super().delete_model(request, obj)

    def delete_view(self, request, object_id, extra_context=None):
        try:
            return super().delete_view(request, object_id, extra_context)
        except Refusal as refusal:
            obj = self.get_object(request, unquote(object_id))
            return self._refuse_deletion(request, obj, refusal.messages)


def is_draft(prefix=""):
    return Q(**{f"{prefix}published_at__isnull": True, f"{prefix}withdrawn_at__isnull": True})


def under_embargo(queryset):
    """Rows of a model with `published_at` that are scheduled and not public yet."""
    return queryset.filter(published_at__isnull=False, withdrawn_at__isnull=True).exclude(
        pk__in=queryset.model.objects.published().values("pk")
    )


class PublicationFilter(SplitFilter):
    title = "publication"
    parameter_name = "publication"
    conditions = {
        "publie": ("public", lambda rows: rows.published()),
        "embargo": ("sous embargo", under_embargo),
        "brouillon": ("brouillon", lambda rows: rows.filter(is_draft())),
        "retire": ("retiré", lambda rows: rows.filter(withdrawn_at__isnull=False)),
    }


def in_words(moment) -> str:
    """A moment as one says it: « le jeudi 25 mars 2027 à 10 h 00 (heure de Paris) »."""
    local = localtime(moment)
    day = f"{date_format(local, 'l')} {french_date(local)}"
    return f"le {day} à {local:%-H}\u00a0h\u00a0{local:%M} (heure de Paris)"
