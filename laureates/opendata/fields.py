"""The one mapping of the open data: what each field is, and how it is read from a laureate.

Every format, the dictionary and the schema come from FIELDS. A value is None, a str, an int, a
Decimal (euros), a date, an aware datetime, or, for a field that `is_list`, a list of str in which
None is an unknown one. What is not known is None, never 0 and never guessed.
"""

from collections.abc import Iterator
from hashlib import sha256

from django.db.models import QuerySet

from laureates.models import Carrier, Laureate, Organisation
from laureates.opendata.field import LEVELS, LOCAL, NATIONAL, TERRITORIES, Field
from laureates.opendata.reading import (
    LICENCE,
    Context,
    changed_at,
    keys_of,
    laureates_of,
    lead_of,
    organisations_of,
    sirets_of,
    with_role,
)

# What « get_…_display » gives, ten times as fast.
_KINDS = {"": "", **dict(Organisation.Kind.choices)}
_STATES = {"": "", **dict(Laureate.ProjectState.choices)}
AMOUNT_KNOWN, AMOUNT_UNKNOWN = "communiqué", "non communiqué"


def row(laureate: Laureate, context: Context) -> dict[str, object]:
    """The values of a laureate read with `laureates_for_export`, by name of field."""
    return {
        field.name: None if (value := field.value(laureate, context)) in ("", []) else value
        for field in FIELDS
    }


def rows(queryset: QuerySet, context: Context) -> Iterator[dict[str, object]]:
    """The rows of a list of laureates, in its order. The caller has chosen who may be seen."""
    return (row(laureate, context) for laureate in laureates_of(keys_of(queryset)))


def _once(values):
    return list(dict.fromkeys(filter(None, values)))


def _lead(attribute):
    def read(laureate, context):
        lead = lead_of(laureate)
        return lead and getattr(lead, attribute)

    return read


FIELDS = (
    Field(
        "id",
        "Identifiant public",
        "string",
        "Suite de lettres et de chiffres qui désigne le projet dans les adresses et les fichiers. "
        "Elle ne change jamais.",
        lambda laureate, context: laureate.public_id,
        required=True,
        example="k7m2p9x4qz",
    ),
    Field(
        "url",
        "Page du projet",
        "string",
        "Adresse de la page publique du projet.",
        lambda laureate, context: f"{context.site_url}{laureate.get_absolute_url()}",
        required=True,
        example="https://ftap.example.org/laureats/k7m2p9x4qz-guichet-unique/",
    ),
    Field(
        "appel",
        "Appel à projets",
        "string",
        "Appel à projets auquel le projet a répondu.",
        lambda laureate, context: laureate.announcement.call_title,
        required=True,
        example="Appel à projets 2019",
    ),
    Field(
        "annee",
        "Année de l’appel",
        "integer",
        "Année de l’appel à projets, qui peut différer de celle de l’annonce.",
        lambda laureate, context: laureate.announcement.call_year,
        unit="année",
        required=True,
        example="2019",
        is_year=True,
    ),
    Field(
        "session",
        "Session",
        "string",
        "Session de l’appel, telle que l’annonce la nomme ; vide pour un appel sans session.",
        lambda laureate, context: laureate.announcement.session_label,
        example="2de session",
    ),
    Field(
        "annonce",
        "Annonce",
        "string",
        "Identifiant de l’annonce dans les adresses du site.",
        lambda laureate, context: laureate.announcement.slug,
        required=True,
        example="ftap-2019-session-2",
    ),
    Field(
        "rang",
        "Rang dans l’annonce",
        "integer",
        "Place du projet dans la liste d’origine ; ce n’est pas un classement par mérite.",
        lambda laureate, context: laureate.position,
        required=True,
        example="1",
    ),
    Field(
        "groupe",
        "Groupe",
        "string",
        "Volet de l’annonce sous lequel le projet est rangé, ou groupe de projets financés "
        "ensemble ; vide quand l’annonce n’en a pas.",
        lambda laureate, context: laureate.group and laureate.group.name,
        example="Tiers-lieux",
    ),
    Field(
        "date_copil",
        "Date du comité",
        "date",
        "Jour où s’est réuni le comité qui a retenu le projet.",
        lambda laureate, context: laureate.announcement.committee_on,
        example="2019-09-23",
    ),
    Field(
        "date_publication",
        "Publication",
        "datetime",
        "Moment où le projet a été rendu public, à l’heure de Paris, avec son décalage.",
        lambda laureate, context: laureate.announcement.published_at,
        required=True,
        example="2019-09-25T10:00:00+02:00",
    ),
    Field(
        "titre",
        "Titre",
        "string",
        "Nom du projet.",
        lambda laureate, context: laureate.title,
        required=True,
        example="Guichet unique des démarches",
    ),
    Field(
        "titre_propre",
        "Titre propre",
        "string",
        "Dit si l’annonce donne un titre au projet ; sinon, le titre reprend ses porteurs.",
        lambda laureate, context: "oui" if laureate.has_own_title else "non",
        required=True,
        enum=("oui", "non"),
        example="oui",
    ),
    Field(
        "anciens_titres",
        "Anciens titres",
        "string",
        "Noms que le projet a portés auparavant.",
        lambda laureate, context: laureate.former_title_list,
        is_list=True,
        example="Guichet des démarches",
    ),
    Field(
        "resume",
        "Résumé",
        "string",
        "Le projet en une ou deux phrases.",
        lambda laureate, context: laureate.summary,
        example="Un seul guichet pour les démarches des usagers.",
    ),
    Field(
        "description",
        "Description",
        "string",
        "Ce que le projet veut faire, pour qui et comment, en Markdown.",
        lambda laureate, context: laureate.description,
        example="Le projet réunit **trois services** en un seul guichet.",
    ),
    Field(
        "porteurs",
        "Porteurs",
        "string",
        "Organismes qui portent le projet, dans l’ordre de l’annonce, sous leur nom stable.",
        lambda laureate, context: [
            organisation.name for organisation in organisations_of(laureate)
        ],
        is_list=True,
        example="Agence publique; Ministère de l’Essai",
    ),
    Field(
        "porteurs_annonces",
        "Porteurs tels qu’annoncés",
        "string",
        "Les mêmes organismes, dans le même ordre, sous le nom que l’annonce leur donne.",
        lambda laureate, context: [row.announced_name for row in laureate.carriers.all()],
        is_list=True,
        example="Agence publique; ministère de l’Essai (MdE)",
    ),
    Field(
        "porteurs_siret",
        "SIRET des porteurs",
        "string",
        "SIRET des mêmes organismes, dans le même ordre ; une place vide est un SIRET inconnu.",
        lambda laureate, context: sirets_of(laureate),
        is_list=True,
        example="12345678200010; ",
    ),
    Field(
        "chef_de_file",
        "Chef de file",
        "string",
        "Organisme qui conduit le projet, quand une source le dit.",
        _lead("name"),
        example="Agence publique",
    ),
    Field(
        "chef_de_file_siret",
        "SIRET du chef de file",
        "string",
        "SIRET de cet organisme, quand il est connu.",
        _lead("siret"),
        example="12345678200010",
    ),
    Field(
        "co_porteurs",
        "Co-porteurs",
        "string",
        "Organismes qu’une source donne pour co-porteurs.",
        lambda laureate, context: [
            carrier.organisation.name for carrier in with_role(laureate, Carrier.Role.CO)
        ],
        is_list=True,
        example="Ministère de l’Essai",
    ),
    Field(
        "nb_porteurs",
        "Nombre de porteurs",
        "integer",
        "Nombre d’organismes que l’annonce nomme pour ce projet, quel que soit leur rôle.",
        lambda laureate, context: len(laureate.carriers.all()),
        unit="organismes",
        required=True,
        example="2",
    ),
    Field(
        "type_porteur",
        "Types des porteurs",
        "string",
        "Natures des organismes porteurs, chacune une fois, quand elles sont connues.",
        lambda laureate, context: _once(
            _KINDS[organisation.kind] for organisation in organisations_of(laureate)
        ),
        enum=tuple(Organisation.Kind.labels),
        is_list=True,
        example="opérateur ou établissement public; ministère",
    ),
    Field(
        "echelon",
        "Échelon des porteurs",
        "string",
        "Échelon des services de l’État qui portent le projet : ministères, administrations "
        "centrales et services à compétence nationale, ou services déconcentrés. Celui des autres "
        "organismes n’est pas connu.",
        lambda laureate, context: _once(
            LEVELS.get(organisation.kind) for organisation in organisations_of(laureate)
        ),
        enum=(NATIONAL, LOCAL),
        is_list=True,
        example="national",
    ),
    Field(
        "themes",
        "Thèmes",
        "string",
        "Sujets sous lesquels la rédaction du site classe le projet.",
        lambda laureate, context: [theme.name for theme in laureate.themes.all()],
        is_list=True,
        example="Relation aux usagers; Télémédecine",
    ),
    Field(
        "territoire",
        "Territoires",
        "string",
        "Régions, départements ou collectivités où le projet se déroule, ou « National ».",
        lambda laureate, context: [str(territory) for territory in laureate.territories.all()],
        is_list=True,
        example="Grand Est; Vosges (88)",
    ),
    Field(
        "territoire_code",
        "Codes des territoires",
        "string",
        "Les mêmes territoires, dans le même ordre : leur nature et leur code officiel "
        "géographique (Insee), car une région et un département peuvent avoir le même code.",
        lambda laureate, context: [
            f"{TERRITORIES[territory.kind]}:{territory.code}"
            for territory in laureate.territories.all()
        ],
        is_list=True,
        example="région:44; département:88",
    ),
    Field(
        "montant_retenu_eur",
        "Montant accordé",
        "number",
        "Somme que le fonds accorde au projet ; vide quand aucune source ne la donne, jamais 0.",
        lambda laureate, context: laureate.amount,
        unit="euros",
        example="1200000",
    ),
    Field(
        "montant_statut",
        "Statut du montant",
        "string",
        "Dit si le montant accordé est public.",
        lambda laureate, context: AMOUNT_UNKNOWN if laureate.amount is None else AMOUNT_KNOWN,
        required=True,
        enum=(AMOUNT_KNOWN, AMOUNT_UNKNOWN),
        example=AMOUNT_UNKNOWN,
    ),
    Field(
        "montant_groupe_eur",
        "Montant accordé au groupe",
        "number",
        "Somme que le fonds accorde à l’ensemble du groupe, répétée sur chacun de ses projets : "
        "elle ne s’additionne pas ; vide sans groupe, ou sans montant de groupe annoncé.",
        lambda laureate, context: laureate.group and laureate.group.amount,
        unit="euros",
        example="1500000",
    ),
    Field(
        "statut_projet",
        "État du projet",
        "string",
        "Avancement du projet à la date de la source ; vide quand aucune source ne le donne.",
        lambda laureate, context: _STATES[laureate.project_state],
        enum=tuple(Laureate.ProjectState.labels),
        example="en cours",
    ),
    Field(
        "attribuant",
        "Attribuant",
        "string",
        "Organisme qui accorde le financement.",
        lambda laureate, context: laureate.funder_name,
        example="Direction interministérielle de l’essai",
    ),
    Field(
        "attribuant_siret",
        "SIRET de l’attribuant",
        "string",
        "SIRET de cet organisme.",
        lambda laureate, context: laureate.funder_siret,
        example="12345678200010",
    ),
    Field(
        "reference_decision",
        "Référence de la décision",
        "string",
        "Référence de la décision qui accorde le financement.",
        lambda laureate, context: laureate.decision_reference,
        example="2019-FTAP-012",
    ),
    Field(
        "date_convention",
        "Signature de la convention",
        "date",
        "Jour où la convention a été signée.",
        lambda laureate, context: laureate.agreement_signed_on,
        example="2020-01-31",
    ),
    Field(
        "source_url",
        "Adresse de la source",
        "string",
        "Document d’où vient la fiche : la source du projet, sinon celle de l’annonce.",
        lambda laureate, context: laureate.source_url or laureate.announcement.source_url,
        example="https://www.modernisation.gouv.fr/",
    ),
    Field(
        "source_date",
        "Date de la source",
        "date",
        "Date de ce document.",
        lambda laureate, context: laureate.source_on or laureate.announcement.source_on,
        example="2019-09-25",
    ),
    Field(
        "version_publication",
        "Version de l’annonce",
        "integer",
        "Numéro de la dernière version publiée de l’annonce : 1, puis un de plus à chaque "
        "rectificatif ou retrait.",
        lambda laureate, context: context.release_number(laureate),
        example="1",
    ),
    Field(
        "modifie_le",
        "Modification",
        "datetime",
        "Dernière modification de la fiche depuis qu’elle est publique, à l’heure de Paris, avec "
        "son décalage.",
        changed_at,
        required=True,
        example="2019-09-25T10:00:00+02:00",
    ),
    Field(
        "licence",
        "Licence",
        "string",
        "Licence sous laquelle la ligne est réutilisable.",
        lambda laureate, context: LICENCE,
        required=True,
        enum=(LICENCE,),
        example=LICENCE,
    ),
    Field(
        "donnees_au",
        "Données au",
        "date",
        "Jour du dernier changement de l’ensemble des données publiques, à Paris.",
        lambda laureate, context: context.as_of,
        required=True,
        example="2019-09-25",
    ),
)

# Moves by itself when a field comes, goes or changes; `native.FORMAT` when only its writing does.
FINGERPRINT = sha256(
    repr([(item.name, item.type, item.enum, item.is_list) for item in FIELDS]).encode()
).hexdigest()[:12]
