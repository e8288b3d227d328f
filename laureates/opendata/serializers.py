"""What each resource says. Scalar fields of a laureate are those of the open data."""

from rest_framework import serializers

from laureates.models import Carrier, Claim, Organisation, Release, Territory
from laureates.opendata.fields import FIELDS
from laureates.opendata.serializer_fields import (
    Amount,
    ApiAddress,
    Day,
    Moment,
    PageAddress,
    Sure,
    Text,
    from_open_data,
    one_of,
)

# Said here by objects that name each organisation, theme and territory, and by the envelope.
SAID_BY_OBJECTS = {
    "annonce",
    "porteurs",
    "porteurs_annonces",
    "porteurs_siret",
    "chef_de_file",
    "chef_de_file_siret",
    "co_porteurs",
    "themes",
    "territoire",
    "territoire_code",
    "licence",
    "donnees_au",
}


class AnnouncementReference(serializers.Serializer):
    """L’annonce dont il est question."""

    id = Sure("Identifiant de l’annonce.", source="slug")
    titre = Sure("Titre de l’annonce.", source="title")
    url = PageAddress()
    api = ApiAddress("api_announcement", "Adresse dans l’interface.", read=lambda row: (row.slug,))


class OrganisationReference(serializers.Serializer):
    """Un organisme, sous son nom stable."""

    id = Sure("Identifiant de l’organisme.", source="slug")
    nom = Sure("Nom stable de l’organisme.", source="name")
    type = one_of(Organisation.Kind.values, "Nature de l’organisme.", source="kind")
    siret = Text("SIRET, quand il est connu.")
    url = PageAddress()
    api = ApiAddress("api_organisation", "Adresse dans l’interface.", read=lambda row: (row.slug,))


class ThemeReference(serializers.Serializer):
    """Un thème du classement éditorial."""

    id = Sure("Identifiant du thème, celui du filtre « theme ».", source="slug")
    nom = Sure("Nom du thème.", source="name")


class TerritoryReference(serializers.Serializer):
    """Un territoire du code officiel géographique."""

    nature = one_of(Territory.Kind.values, "Nature du territoire.", unknown=False, source="kind")
    nature_libelle = Sure("Nature du territoire, en français.", source="get_kind_display")
    code = Sure("Code officiel (Insee) ; une région et un département peuvent avoir le même.")
    nom = Sure("Nom du territoire.", source="name")
    filtre = Sure("Valeur du filtre « territoire ».", source="slug")


class CarrierSerializer(serializers.Serializer):
    """Un organisme porteur d’un projet, à son rang dans l’annonce."""

    rang = serializers.IntegerField(source="position", help_text="Rang dans l’annonce.")
    nom_annonce = Sure("Nom tel qu’annoncé.", source="announced_name")
    role = one_of(Carrier.Role.values, "Rôle, quand une source le dit.")
    organisation = OrganisationReference()


class LaureateSerializer(serializers.Serializer):
    """Un projet lauréat, tel que l’État l’a annoncé."""

    api = ApiAddress("api_laureate", "Adresse dans l’interface.", read=lambda row: (row.public_id,))
    annonce = AnnouncementReference(source="announcement")
    porteurs = CarrierSerializer(source="carriers.all", many=True)
    themes = ThemeReference(source="themes.all", many=True)
    territoires = TerritoryReference(source="territories.all", many=True)

    def get_fields(self):
        named = {
            field.name: from_open_data(field)
            for field in FIELDS
            if field.name not in SAID_BY_OBJECTS
        }
        return named | super().get_fields()


class CommitteeSerializer(serializers.Serializer):
    """Le comité qui a retenu les projets."""

    nom = Text("Nom du comité.", source="committee_name")
    presidence = Text("Qui l’a présidé.", source="committee_chair")
    date = Day("Jour de la séance.", source="committee_on")


class DocumentSerializer(serializers.Serializer):
    """Un document que l’annonce cite."""

    titre = Sure("Titre du document.", source="title")
    format = Sure("Format, par exemple PDF.")
    taille_ko = Amount("Taille en kilo-octets.", source="size_kb")
    mis_a_jour_le = Day("Dernière mise à jour.", source="updated_on")
    url = serializers.SerializerMethodField(
        help_text="Adresse du fichier ; null quand il n’est pas disponible ici."
    )

    def get_url(self, document) -> str | None:
        return self.context["site_url"] + document.get_absolute_url() if document.file else None


class ReleaseFileSerializer(serializers.Serializer):
    """Un fichier figé avec une version, qui ne change plus."""

    nom = Sure("Nom du fichier.", source="name")
    intitule = Sure("Ce que le fichier contient.", source="label")
    format = Sure("Format.")
    taille_octets = serializers.IntegerField(source="size", help_text="Taille en octets.")
    sha256 = Sure("Empreinte SHA-256 du fichier.")
    url = PageAddress("Adresse du fichier.")


class ReleaseSerializer(serializers.Serializer):
    """Une version publiée d’une annonce."""

    numero = serializers.IntegerField(source="number", help_text="Numéro de la version.")
    nature = one_of(Release.Kind.values, "Nature de la version.", unknown=False, source="kind")
    nature_libelle = Sure("Nature de la version, en français.", source="get_kind_display")
    publiee_le = Moment("Moment de la publication.", source="published_at")
    changements = Sure("Ce qui change dans cette version.", source="changelog")
    sha256 = Text("Empreinte SHA-256 de son contenu figé.", source="content_sha256")
    url = PageAddress()


class ReleaseWithFilesSerializer(ReleaseSerializer):
    """Une version publiée d’une annonce, avec ses fichiers."""

    fichiers = ReleaseFileSerializer(
        source="public_files", many=True, help_text="Fichiers figés de toute l’annonce."
    )
    fichiers_retires = Text(
        "Motif du retrait des fichiers, quand ils ne sont plus disponibles.",
        source="withheld_reason",
    )


class AnnouncementSerializer(serializers.Serializer):
    """Une annonce de lauréats."""

    id = Sure("Identifiant de l’annonce, celui du filtre « annonce ».", source="slug")
    url = PageAddress()
    api = ApiAddress("api_announcement", "Adresse dans l’interface.", read=lambda row: (row.slug,))
    titre = Sure("Titre de l’annonce.", source="title")
    appel = Sure("Appel à projets.", source="call_title")
    annee = serializers.IntegerField(source="call_year", help_text="Année de l’appel.")
    session = Text("Session de l’appel ; null pour un appel sans session.", source="session_label")
    comite = CommitteeSerializer(source="*")
    texte = Text("Texte public, en Markdown.", source="public_text")
    publiee_le = Moment("Moment où l’annonce est devenue publique.", source="published_at")
    nombre_laureats = serializers.IntegerField(
        source="laureate_count", help_text="Lauréats recensés ici, ce qui peut être incomplet."
    )
    laureats = ApiAddress(
        "api_laureates",
        "Ses lauréats, dans l’interface.",
        query=lambda row: f"annonce={row.slug}",
    )
    source = Text("D’où vient l’annonce.")
    source_url = Text("Adresse de cette source.")
    source_date = Day("Date de cette source.", source="source_on")
    versions = ReleaseSerializer(
        source="public_releases", many=True, help_text="Versions publiées, la première d’abord."
    )
    documents = DocumentSerializer(source="documents.all", many=True)


class OrganisationSerializer(serializers.Serializer):
    """Un organisme dont un projet est public, ou qui est le ministère d’un tel organisme."""

    id = Sure("Identifiant de l’organisme, celui du filtre « organisation ».", source="slug")
    url = PageAddress()
    api = ApiAddress("api_organisation", "Adresse dans l’interface.", read=lambda row: (row.slug,))
    nom = Sure("Nom stable de l’organisme.", source="name")
    sigle = Text("Sigle.", source="short_name")
    anciens_noms = serializers.ListField(
        child=serializers.CharField(),
        source="former_name_list",
        help_text="Noms que l’organisme a portés.",
    )
    type = one_of(Organisation.Kind.values, "Nature de l’organisme.", source="kind")
    type_libelle = Text("Nature de l’organisme, en français.", source="get_kind_display")
    siret = Text("SIRET, quand il est connu.")
    ministere = OrganisationReference(
        source="supervising_ministry", allow_null=True, help_text="Ministère de rattachement."
    )
    territoire = TerritoryReference(source="territory", allow_null=True)
    nombre_laureats = serializers.IntegerField(
        source="own_count", help_text="Projets lauréats que l’organisme porte, seul ou non."
    )
    laureats = ApiAddress(
        "api_laureates",
        "Ces projets, dans l’interface.",
        query=lambda row: f"organisation={row.slug}",
    )


class ThemeSerializer(ThemeReference):
    """Un thème sous lequel au moins un projet public est classé."""

    description = Text("Ce que le thème recouvre.")
    nombre_laureats = serializers.IntegerField(
        source="laureate_count", help_text="Projets lauréats classés sous ce thème."
    )
    api = ApiAddress("api_theme", "Adresse dans l’interface.", read=lambda row: (row.slug,))
    laureats = ApiAddress(
        "api_laureates",
        "Ces projets, dans l’interface.",
        query=lambda row: f"theme={row.slug}",
    )


class TerritorySerializer(TerritoryReference):
    """Un territoire où au moins un projet public se déroule, ou la région d’un tel territoire."""

    region = TerritoryReference(allow_null=True, help_text="Région d’un département.")
    nombre_laureats = serializers.IntegerField(
        source="laureate_count",
        help_text="Projets lauréats du territoire, départements d’une région compris.",
    )
    api = ApiAddress(
        "api_territory", "Adresse dans l’interface.", read=lambda row: (row.kind, row.code)
    )
    laureats = ApiAddress(
        "api_laureates",
        "Ces projets, dans l’interface.",
        query=lambda row: f"territoire={row.slug}",
    )


class ClaimSerializer(serializers.Serializer):
    """Un chiffre tel qu’une source l’a annoncé, jamais corrigé d’après ce que le site recense."""

    id = Sure("Identifiant du chiffre.", source="slug")
    api = ApiAddress("api_claim", "Adresse dans l’interface.", read=lambda row: (row.slug,))
    objet = one_of(
        Claim.Subject.values, "Ce dont le chiffre parle.", unknown=False, source="subject"
    )
    objet_libelle = Sure("Ce dont le chiffre parle, en français.", source="get_subject_display")
    tel_quel = Sure("Le chiffre tel qu’annoncé, par exemple « près de 350 M€ ».", source="label")
    valeur = Amount("Valeur ; null quand deux bornes sont annoncées.", source="value")
    borne_basse = Amount("Borne basse.", source="lower")
    borne_haute = Amount("Borne haute.", source="upper")
    precision = one_of(
        Claim.Exactness.values,
        "« exact », ou « approximate » pour un chiffre approché.",
        unknown=False,
        source="exactness",
    )
    unite = one_of(
        Claim.Unit.values, "« count » : nombre ; « eur » : euros.", unknown=False, source="unit"
    )
    perimetre = one_of(
        Claim.Scope.values,
        "« session » : la session ; « fund » : le fonds depuis son origine.",
        unknown=False,
        source="scope",
    )
    annonce = AnnouncementReference(
        source="announcement",
        allow_null=True,
        help_text="Null quand le chiffre parle du fonds hors de toute annonce.",
    )
    annonce_le = Day("Date de l’annonce du chiffre.", source="stated_on")
    source = Sure("D’où vient le chiffre.")
    source_url = Text("Adresse de cette source.")
