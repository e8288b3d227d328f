"""How addresses of the interface are described in OpenAPI: parameters, answers, headers."""

from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_view,
)
from rest_framework import serializers

from laureates.api.envelopes import Problem
from laureates.api.pagination import DEFAULT_SIZE, MAX_SIZE
from laureates.facets import AMOUNT_BANDS, AMOUNT_UNKNOWN, FACETS, UNKNOWN
from laureates.filters import MAX_QUERY_LENGTH, SORTS
from laureates.models import Laureate, Organisation, Territory

PROBLEM = "application/problem+json"

# Values of closed lists; those of the other filters are read in the list that is named.
_CLOSED = {
    "type": [*Organisation.Kind.values, UNKNOWN],
    "montant": [*(slug for slug, _, _ in AMOUNT_BANDS), AMOUNT_UNKNOWN],
    "etat": [*Laureate.ProjectState.values, UNKNOWN],
}
_LISTED = {
    "theme": f"identifiants de /api/v1/themes/, ou «\u00a0{UNKNOWN}\u00a0»",
    "ministere": (
        "identifiants des organismes de type «\u00a0ministere\u00a0» de /api/v1/organisations/, "
        f"ou «\u00a0{UNKNOWN}\u00a0»"
    ),
    "organisation": f"identifiants de /api/v1/organisations/, ou «\u00a0{UNKNOWN}\u00a0»",
    "territoire": (
        f"valeurs «\u00a0filtre\u00a0» de /api/v1/territoires/, ou «\u00a0{UNKNOWN}\u00a0»"
    ),
    "annonce": "identifiants de /api/v1/annonces/",
    "annee": "années, sur quatre chiffres",
}


def _facet_parameter(facet) -> OpenApiParameter:
    values = _CLOSED.get(facet.name)
    description = f"{facet.label}. Plusieurs valeurs\u00a0: les lauréats qui ont l’une d’elles."
    if not values:
        description += f" Valeurs\u00a0: {_LISTED[facet.name]}."
    return OpenApiParameter(
        facet.name, str, many=True, explode=True, enum=values, description=description
    )


PAGES = [
    OpenApiParameter(
        "page",
        {"type": "integer", "minimum": 1, "default": 1},
        description="Numéro de la page. Au-delà de la dernière : erreur 404.",
    ),
    OpenApiParameter(
        "par_page",
        {"type": "integer", "minimum": 1, "maximum": MAX_SIZE, "default": DEFAULT_SIZE},
        description=f"Nombre de résultats par page, {MAX_SIZE} au plus.",
    ),
]
FILTERS = [
    OpenApiParameter(
        "q",
        {"type": "string", "maxLength": MAX_QUERY_LENGTH},
        description="Mots cherchés, tous requis : titre, porteurs, résumé, description, thèmes…",
    ),
    *(_facet_parameter(facet) for facet in FACETS.values()),
    OpenApiParameter(
        "tri",
        str,
        enum=list(SORTS),
        description="Ordre. Par défaut : date d’annonce, ou pertinence pour une recherche.",
    ),
]
SLUG = "^[-a-zA-Z0-9_]+$"


def identifier(name: str, pattern: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        {"type": "string", "pattern": pattern},
        location=OpenApiParameter.PATH,
        description=description,
    )


TERRITORY = [
    OpenApiParameter(
        "kind",
        str,
        location=OpenApiParameter.PATH,
        enum=Territory.Kind.values,
        description="Nature du territoire.",
    ),
    identifier("code", "^[0-9A-Za-z]{1,3}$", "Code officiel (Insee)."),
]


def _header(name, schema, description) -> OpenApiParameter:
    return OpenApiParameter(
        name,
        schema,
        location=OpenApiParameter.HEADER,
        response=["200", "404", "410", "429"],
        required=True,
        description=description,
    )


HEADERS = [
    _header(
        "RateLimit-Limit",
        {"type": "integer", "minimum": 1},
        "Demandes permises par minute et par réseau.",
    ),
    _header(
        "RateLimit-Remaining",
        {"type": "integer", "minimum": 0},
        "Demandes encore permises dans la minute en cours.",
    ),
    _header(
        "RateLimit-Reset",
        {"type": "integer", "minimum": 1},
        "Secondes avant que le compte reparte de zéro.",
    ),
    OpenApiParameter(
        "Retry-After",
        {"type": "integer", "minimum": 1},
        location=OpenApiParameter.HEADER,
        response=["429"],
        required=True,
        description="Secondes à attendre.",
    ),
]

_ANSWERS = {
    200: "La réponse.",
    304: "Rien n’a changé depuis la réponse que désigne l’en-tête If-None-Match.",
    400: "L’adresse ou un paramètre ne peut pas être lu.",
    404: "Rien de public n’est à cette adresse, ou la liste n’a pas cette page.",
    406: "Le format demandé par l’en-tête Accept n’est pas servi.",
    410: "La ressource a été retirée ; le motif public est donné.",
    429: "Trop de demandes de ce réseau dans la minute.",
    500: "Erreur du service.",
}


def described(
    operation_id: str,
    summary: str,
    answer: type[serializers.Serializer],
    *,
    description: str = "",
    parameters: tuple | list = (),
    problems: tuple[int, ...] = (),
):
    """Describe the GET of a class: its parameters, what it answers, and how it may fail.

    `problems` are added to those that any address may answer: 400, 406, 429 and 500.
    """
    get = extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description or f"{summary}.",
        parameters=[*parameters, *HEADERS],
        responses={(200, "application/json"): OpenApiResponse(answer, _ANSWERS[200])}
        | {304: OpenApiResponse(description=_ANSWERS[304])}
        | {
            (status, PROBLEM): OpenApiResponse(Problem, _ANSWERS[status])
            for status in sorted({*problems, 400, 406, 429, 500})
        },
        tags=["v1"],
    )
    return extend_schema_view(get=get)
