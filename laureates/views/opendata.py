"""The open data as a whole: its files, their dictionary, the standards they follow or not."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.views.generic import TemplateView

from ftap.context_processors import site
from laureates import freshness, opendata
from laureates.models import Laureate, ReleaseFile
from laureates.opendata import dcat, jsonld, native, scdl, schema, threesixty
from laureates.opendata.fields import FIELDS, FINGERPRINT
from laureates.views.exports import FileView
from laureates.views.linked_data import linked_data
from laureates.views.public import PublicPageMixin

JSON_LD = "application/ld+json"


@dataclass(frozen=True)
class DataFile:
    """A file of the open data: `size` in bytes, None for one made when it is asked for."""

    label: str
    format: str
    url: str
    dated: datetime | None
    size: int | None = None


def live_files(context: opendata.Context) -> list[DataFile]:
    """Files made on demand from what is public."""
    changed_at = context.version.changed_at
    found = [
        DataFile(
            "Tous les projets lauréats",
            format.upper(),
            reverse("laureates:library_export", args=[format]),
            changed_at,
        )
        for format in native.MEDIA_TYPES
    ]
    for label, format, route in (
        ("Dictionnaire des colonnes", "CSV", "dictionary_csv"),
        ("Schéma des données (Table Schema)", "JSON", "table_schema"),
        (f"Subventions, schéma SCDL {scdl.VERSION}", "CSV", "scdl"),
        (f"Subventions, 360Giving {threesixty.VERSION}", "JSON", "threesixty"),
        ("Catalogue pour les portails (DCAT)", "JSON-LD", "dcat"),
    ):
        found.append(DataFile(label, format, reverse(f"laureates:{route}"), changed_at))
    return found


def frozen_files(context: opendata.Context) -> list[DataFile]:
    """Files of the latest version of each announcement: bytes that never change."""
    releases = [row.pk for row in context.releases.values() if row.withheld_at is None]
    files = (
        ReleaseFile.objects.filter(release__in=releases, public_id="")
        .select_related("release__announcement")
        .defer("content", "release__content")
        .order_by("-release__published_at", "release", "position")
    )
    return [
        DataFile(
            f"{file.release.announcement.title}, version {file.release.number}\u00a0: {file.label}",
            file.format,
            file.get_absolute_url(),
            file.release.published_at,
            file.size,
        )
        for file in files
    ]


def data_page(request) -> dict:
    """What the page on the data shows of its files, and tells search engines."""
    context = opendata.context(site(request)["SITE_URL"])
    period = dcat.coverage(Laureate.objects.published())
    coverage = "/".join(day.isoformat() for day in period) if period else ""
    return {
        "live_files": live_files(context),
        "frozen_files": frozen_files(context),
        "linked_data": linked_data(
            request,
            [("À propos des données", reverse("laureates:about_data"))],
            jsonld.dataset(context, coverage=coverage),
        ),
    }


# Pages -----------------------------------------------------------------------


class DataPageView(PublicPageMixin, TemplateView):
    """A page below the one on the data."""

    def get_context_data(self, **kwargs):
        trail = (
            ("À propos des données", reverse("laureates:about_data")),
            (self.page_title, self.request.path),
        )
        return super().get_context_data(linked_data=linked_data(self.request, trail), **kwargs)


class DictionaryView(DataPageView):
    """What each column of the files means."""

    template_name = "laureates/data/dictionary.html"
    page_title = "Dictionnaire des données"
    page_description = (
        "Le nom, le type et le sens de chaque colonne des fichiers de données ouvertes sur les "
        "projets lauréats du FTAP."
    )

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            fields=[(field, schema.type_label(field)) for field in FIELDS], **kwargs
        )


class ConformityView(DataPageView):
    """How many projects each standard takes, and why it refuses the others."""

    template_name = "laureates/data/conformity.html"
    page_title = "Conformité aux standards"
    page_description = (
        "Combien de projets lauréats chaque standard de données ouvertes accepte, et pour quelles "
        "raisons les autres n’y figurent pas."
    )

    def get_context_data(self, **kwargs):
        as_of = freshness.current().changed_at
        return super().get_context_data(
            report=opendata.conformity.report(), as_of=as_of, field_count=len(FIELDS), **kwargs
        )


# Files -----------------------------------------------------------------------


class DictionaryFileView(FileView):
    """The dictionary, as a table."""

    form = f"dictionary {native.FORMAT} {FINGERPRINT}"

    def respond(self):
        return self.file(
            schema.dictionary_csv(), native.MEDIA_TYPES["csv"], "laureats-dictionnaire.csv"
        )


class JsonFileView(FileView):
    """A JSON document, read in place rather than saved."""

    media_type = native.MEDIA_TYPES["json"]

    def get_document(self, context: opendata.Context) -> dict:
        raise NotImplementedError

    def respond(self):
        document = self.get_document(self.open_data())
        response = self.file(
            (json.dumps(document, ensure_ascii=False, indent=2).encode(),), self.media_type, ""
        )
        del response["Content-Disposition"]
        return response


class TableSchemaView(JsonFileView):
    """The Table Schema of the native CSV."""

    form = f"table schema {native.FORMAT} {FINGERPRINT}"

    def get_document(self, context):
        return schema.table_schema(context.site_url)


class ScdlView(FileView):
    """The agreements that SCDL takes."""

    form = f"scdl {scdl.VERSION} {native.FORMAT}"

    def respond(self):
        return self.file(
            scdl.stream_csv(self.get_queryset().in_public_order()),
            native.MEDIA_TYPES["csv"],
            "subventions-scdl.csv",
        )


class ThreeSixtyView(JsonFileView):
    """The grants that 360Giving takes."""

    form = f"360giving {threesixty.VERSION} {native.FORMAT}"

    def get_document(self, context):
        return threesixty.package(self.get_queryset().in_public_order(), context)


class CatalogView(JsonFileView):
    """The catalogue that data portals harvest."""

    form = f"dcat {native.FORMAT}"
    media_type = JSON_LD

    def get_document(self, context):
        return dcat.catalog(self.get_queryset().in_public_order(), context)
