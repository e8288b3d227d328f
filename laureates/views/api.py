"""The page that describes the interface, made from its description in OpenAPI."""

from dataclasses import dataclass, field

from django.conf import settings
from django.urls import reverse
from django.views.generic import TemplateView

from ftap.context_processors import site
from laureates import facets
from laureates.api import openapi
from laureates.api.envelopes import Envelope
from laureates.models import Announcement, Claim, Laureate, Organisation
from laureates.views.public import PublicPageMixin

PREFIX = "/api/v1/"
_ENVELOPE = set(Envelope().fields)
_FORMATS = {
    "uri": "adresse",
    "date": "jour (AAAA-MM-JJ)",
    "date-time": "date et heure (ISO 8601)",
}
_TYPES = {
    "string": "texte",
    "integer": "nombre entier",
    "number": "nombre",
    "boolean": "oui ou non",
}


@dataclass(frozen=True)
class Row:
    """A parameter, or a field of an answer: its name, its type in French, what it means."""

    name: str
    type: str
    description: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """An address of the interface. `example` answers today; "" where nothing is public."""

    path: str
    summary: str
    description: str
    example: str
    path_parameters: list[Row]


@dataclass
class Resource:
    """The addresses of one kind of rows, what filters them, and what each says."""

    anchor: str
    operations: list[Operation] = field(default_factory=list)
    parameters: list[Row] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.operations[0].summary


class ApiPageView(PublicPageMixin, TemplateView):
    """How programs read the library: addresses, parameters, answers, limits."""

    template_name = "laureates/api/index.html"
    page_title = "Interface de programmation (API)"
    page_description = (
        "Lire les lauréats, les annonces, les organismes, les thèmes, les territoires et les "
        "chiffres annoncés depuis un programme\u00a0: adresses, paramètres, réponses et limites."
    )

    def get_context_data(self, **kwargs):
        reader = Reader(openapi.document(site(self.request)["SITE_URL"]), examples())
        return super().get_context_data(
            base=f"{site(self.request)['SITE_URL']}{PREFIX}",
            description=reader.document["info"]["description"],
            resources=reader.resources(),
            listing=[
                row
                for row in reader.rows_of("ThemeListing")
                if not row.name.startswith("resultats[]")
            ],
            problem=reader.rows_of("Problem"),
            answers=reader.answers(),
            rate=settings.API_RATE,
            **kwargs,
        )


def examples() -> dict[str, str]:
    """{operation: address} of one public row of each kind, where there is one."""
    laureate = Laureate.objects.published().in_public_order().first()
    announcement = Announcement.objects.published().latest_first().first()
    organisation = Organisation.objects.public().order_by("slug").first()
    theme = facets.public_themes().first()
    territory = facets.public_territories().order_by("kind", "code").first()
    claim = Claim.objects.published().order_by("slug").first()
    found = {
        "laureat": laureate and reverse("laureates:api_laureate", args=[laureate.public_id]),
        "annonce": announcement and reverse("laureates:api_announcement", args=[announcement.slug]),
        "organisation": organisation
        and reverse("laureates:api_organisation", args=[organisation.slug]),
        "theme": theme and reverse("laureates:api_theme", args=[theme.slug]),
        "territoire": territory
        and reverse("laureates:api_territory", args=[territory.kind, territory.code]),
        "chiffre_annonce": claim and reverse("laureates:api_claim", args=[claim.slug]),
        "laureats": f"{reverse('laureates:api_laureates')}?tri=titre&par_page=5",
    }
    return {name: address or "" for name, address in found.items()}


class Reader:
    """What a person reads of an OpenAPI document."""

    def __init__(self, document: dict, examples: dict[str, str]):
        self.document, self.examples = document, examples
        self.schemas = document["components"]["schemas"]

    def resources(self) -> list[Resource]:
        """One for each kind of rows, in the order of the addresses; not the root, which lists
        them."""
        found = {}
        for path, methods in self.document["paths"].items():
            anchor = path.removeprefix(PREFIX).split("/")[0]
            if not anchor:
                continue
            resource = found.setdefault(anchor, Resource(anchor))
            operation, parameters = methods["get"], methods["get"].get("parameters", [])
            by_place = {
                place: [self._parameter(each) for each in parameters if each["in"] == place]
                for place in ("path", "query")
            }
            resource.operations.append(self._operation(path, operation, by_place["path"]))
            if by_place["path"]:
                answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
                resource.rows = [
                    row for row in self._rows(self._resolved(answer)) if row.name not in _ENVELOPE
                ]
            else:
                resource.parameters = by_place["query"]
        return list(found.values())

    def _operation(self, path: str, operation: dict, path_parameters: list[Row]) -> Operation:
        summary, description = operation["summary"], operation["description"]
        return Operation(
            path=path,
            summary=summary,
            description="" if description == f"{summary}." else description,
            example=self.examples.get(operation["operationId"], "" if path_parameters else path),
            path_parameters=path_parameters,
        )

    def answers(self) -> list[tuple[str, str]]:
        """(status, meaning) of every answer, whatever the address."""
        found = {}
        for methods in self.document["paths"].values():
            for status, answer in methods["get"]["responses"].items():
                found[status] = answer["description"]
        return sorted(found.items())

    def rows_of(self, name: str) -> list[Row]:
        return self._rows(self.schemas[name])

    def _parameter(self, parameter) -> Row:
        schema = parameter["schema"]
        values = schema.get("enum") or schema.get("items", {}).get("enum") or ()
        return Row(
            parameter["name"], self._type(schema), parameter.get("description", ""), tuple(values)
        )

    def _rows(self, schema: dict, prefix: str = "") -> list[Row]:
        """A row for each field, then one for each field of what it holds."""
        rows = []
        for name, inner in schema.get("properties", {}).items():
            values = inner.get("enum") or inner.get("items", {}).get("enum") or ()
            rows.append(
                Row(
                    f"{prefix}{name}",
                    self._type(inner),
                    self._meaning(inner),
                    tuple(value for value in values if value is not None),
                )
            )
            held = self._held(inner)
            if held and prefix.count(".") < 2:
                marker = "[]" if inner.get("type") == "array" else ""
                rows += self._rows(held, f"{prefix}{name}{marker}.")
        return rows

    def _resolved(self, schema: dict) -> dict:
        if "$ref" in schema:
            return self.schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def _held(self, schema: dict) -> dict | None:
        """The object that a field holds, or a list of which it holds; None for plain values."""
        if "items" in schema:
            schema = schema["items"]
        for part in (schema, *schema.get("allOf", ()), *schema.get("oneOf", ())):
            if "$ref" in part:
                return self._resolved(part)
        return None

    def _meaning(self, schema: dict) -> str:
        held = self._held(schema) or {}
        return schema.get("description") or held.get("description", "")

    def _type(self, schema: dict) -> str:
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else list(kinds)
        nullable = "null" in kinds or {"type": "null"} in schema.get("oneOf", [])
        if "array" in kinds:
            return (
                "liste d’objets"
                if self._held(schema)
                else f"liste de {self._type(schema['items'])}s"
            )
        if self._held(schema):
            name = "objet"
        else:
            kind = next((kind for kind in kinds if kind != "null"), "string")
            name = _FORMATS.get(schema.get("format")) or _TYPES.get(kind, kind)
        return f"{name} ou null" if nullable else name
