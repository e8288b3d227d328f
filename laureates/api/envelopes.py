"""What every answer holds beside the data: licence, date, pages, and what was not understood."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from laureates.opendata import native
from laureates.opendata import serializers as resources
from laureates.opendata.reading import LICENCE, LICENCE_URL
from laureates.opendata.serializer_fields import Sure


@extend_schema_field({"type": "string", "enum": [LICENCE]})
class Licence(serializers.Field):
    def to_representation(self, row):
        return LICENCE


@extend_schema_field({"type": "string", "format": "uri"})
class LicenceAddress(serializers.Field):
    def to_representation(self, row):
        return LICENCE_URL


@extend_schema_field({"type": ["string", "null"], "format": "date"})
class AsOf(serializers.Field):
    def to_representation(self, row):
        return native.plain(self.context["export"].as_of)


class Envelope(serializers.Serializer):
    """Licence et date des données."""

    licence = Licence(source="*", help_text="Licence sous laquelle la réponse est réutilisable.")
    licence_url = LicenceAddress(source="*", help_text="Texte de cette licence.")
    donnees_au = AsOf(
        source="*", help_text="Jour du dernier changement des données publiques, à Paris."
    )


class Links(serializers.Serializer):
    """Adresses des autres pages de la liste, avec les mêmes filtres."""

    premiere = serializers.URLField(help_text="Première page.")
    precedente = serializers.URLField(allow_null=True, help_text="Page précédente, s’il y en a.")
    suivante = serializers.URLField(allow_null=True, help_text="Page suivante, s’il y en a.")
    derniere = serializers.URLField(help_text="Dernière page.")


class Listing(Envelope):
    """Une page d’une liste."""

    total = serializers.IntegerField(help_text="Nombre de résultats, toutes pages réunies.")
    page = serializers.IntegerField(help_text="Numéro de cette page, à partir de 1.")
    pages = serializers.IntegerField(help_text="Nombre de pages.")
    par_page = serializers.IntegerField(help_text="Nombre de résultats par page.")
    liens = Links()
    avertissements = serializers.ListField(
        child=serializers.CharField(),
        help_text="Ce qui n’a pas été compris dans la demande, et qui est ignoré.",
    )


class LaureateListing(Listing):
    """Une page de lauréats, sous les filtres de la demande."""

    intitule = Sure("Ce que la liste montre, en clair.")
    url = serializers.URLField(help_text="La même liste, sur le site.")
    resultats = resources.LaureateSerializer(many=True)


class AnnouncementListing(Listing):
    """Une page d’annonces, la plus récente d’abord."""

    resultats = resources.AnnouncementSerializer(many=True)


class OrganisationListing(Listing):
    """Une page d’organismes, dans l’ordre de leurs identifiants."""

    resultats = resources.OrganisationSerializer(many=True)


class ThemeListing(Listing):
    """Une page de thèmes, dans l’ordre du site."""

    resultats = resources.ThemeSerializer(many=True)


class TerritoryListing(Listing):
    """Une page de territoires, dans l’ordre de leur nature puis de leur code."""

    resultats = resources.TerritorySerializer(many=True)


class ClaimListing(Listing):
    """Une page de chiffres annoncés."""

    resultats = resources.ClaimSerializer(many=True)


class LaureateAnswer(Envelope, resources.LaureateSerializer):
    """Un projet lauréat, avec la licence et la date des données."""


class AnnouncementAnswer(Envelope, resources.AnnouncementSerializer):
    """Une annonce, avec la licence et la date des données, et les fichiers de chaque version."""

    versions = resources.ReleaseWithFilesSerializer(
        source="public_releases", many=True, help_text="Versions publiées, la première d’abord."
    )


class OrganisationAnswer(Envelope, resources.OrganisationSerializer):
    """Un organisme, avec la licence et la date des données."""


class ThemeAnswer(Envelope, resources.ThemeSerializer):
    """Un thème, avec la licence et la date des données."""


class TerritoryAnswer(Envelope, resources.TerritorySerializer):
    """Un territoire, avec la licence et la date des données."""


class ClaimAnswer(Envelope, resources.ClaimSerializer):
    """Un chiffre annoncé, avec la licence et la date des données."""


class Resources(serializers.Serializer):
    """Adresses des listes."""

    laureats = serializers.URLField(help_text="Projets lauréats.")
    annonces = serializers.URLField(help_text="Annonces.")
    organisations = serializers.URLField(help_text="Organismes porteurs et ministères.")
    themes = serializers.URLField(help_text="Thèmes.")
    territoires = serializers.URLField(help_text="Territoires.")
    chiffres_annonces = serializers.URLField(help_text="Chiffres annoncés.")


class Root(Envelope):
    """Ce que l’interface contient."""

    documentation = serializers.URLField(help_text="Page qui décrit l’interface.")
    openapi = serializers.URLField(help_text="Description de l’interface, en OpenAPI.")
    ressources = Resources()


class Problem(serializers.Serializer):
    """Ce qui a empêché de répondre, selon la RFC 9457."""

    type = serializers.CharField(
        help_text="« about:blank » : le code de réponse dit la nature du problème."
    )
    title = serializers.CharField(help_text="Nature du problème.")
    status = serializers.IntegerField(help_text="Code de réponse.")
    detail = serializers.CharField(help_text="Ce qui s’est passé, et que faire.")
    parametre = serializers.CharField(required=False, help_text="Paramètre en cause.")
    motif = serializers.CharField(required=False, help_text="Motif public d’un retrait.")
    retire_le = serializers.DateTimeField(required=False, help_text="Date d’un retrait.")
