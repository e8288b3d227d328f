"""How values are written in JSON: unknown is null, an amount a number, an address whole.

The context of every serializer is {"site_url": str, "export": laureates.opendata.fields.Context};
`site_url` has no trailing slash.
"""

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from laureates.opendata import fields as opendata_fields
from laureates.opendata import native

# JSON Schema of each type of the open data.
_TYPES = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}


def _schema_of(field: opendata_fields.Field) -> dict:
    schema = dict(_TYPES[field.type])
    if field.name == "url" or field.name.endswith("_url"):
        schema["format"] = "uri"
    if field.enum:
        schema["enum"] = list(field.enum)
    if field.is_list:
        schema = {"type": "array", "items": schema}
    elif not field.required:
        schema["type"] = [schema["type"], "null"]
        if field.enum:
            schema["enum"].append(None)
    return schema | {"description": field.description}


def from_open_data(field: opendata_fields.Field) -> serializers.Field:
    """The field of the open data, as it is in every file but for the writing of lists."""

    @extend_schema_field(_schema_of(field))
    class FromOpenData(serializers.Field):
        def __init__(self):
            super().__init__(source="*")

        def to_representation(self, laureate):
            value = field.value(laureate, self.context["export"])
            if field.is_list:
                return native.plain(value)
            return None if value == "" else native.plain(value)

    return FromOpenData()


class Text(serializers.CharField):
    """A text, null when it is unknown."""

    def __init__(self, help_text, **kwargs):
        kwargs.setdefault("allow_null", True)
        super().__init__(help_text=help_text, **kwargs)

    def to_representation(self, value):
        return str(value) if value not in (None, "") else None


class Sure(Text):
    """A text that is always known."""

    def __init__(self, help_text, **kwargs):
        super().__init__(help_text, allow_null=False, **kwargs)


@extend_schema_field({"type": "number"})
class Amount(serializers.Field):
    """An amount or a count, null when it is unknown."""

    def __init__(self, help_text, **kwargs):
        super().__init__(help_text=help_text, allow_null=True, **kwargs)

    def to_representation(self, value):
        return native.plain(value)


class Moment(serializers.DateTimeField):
    """A moment as a clock in Paris tells it, with its offset: 2019-09-25T10:00:00+02:00."""

    def __init__(self, help_text, **kwargs):
        super().__init__(help_text=help_text, **kwargs)

    def to_representation(self, value):
        return value and native.moment(value)


class Day(serializers.DateField):
    """A day, null when it is unknown."""

    def __init__(self, help_text, **kwargs):
        super().__init__(allow_null=True, help_text=help_text, **kwargs)


def one_of(choices, help_text: str, *, unknown: bool = True, **kwargs) -> Text:
    """A text of a closed list, null when it is unknown."""
    values = [value for value in choices if value]
    # The type itself becomes nullable by `allow_null`.
    schema = {"type": "string", "enum": [*values, None] if unknown else values}

    @extend_schema_field(schema)
    class OneOf(Text):
        pass

    return OneOf(help_text, allow_null=unknown, **kwargs)


@extend_schema_field({"type": "string", "format": "uri"})
class PageAddress(serializers.Field):
    """The address of the page of a row."""

    def __init__(self, help_text="Adresse de sa page publique."):
        super().__init__(source="*", help_text=help_text)

    def to_representation(self, row):
        return self.context["site_url"] + row.get_absolute_url()


@extend_schema_field({"type": "string", "format": "uri"})
class ApiAddress(serializers.Field):
    """An address of the interface: of the view `name`, with what `read(row)` gives.

    `read` gives the parts of the path, as a tuple, and `query(row)` a query string.
    """

    def __init__(self, name, help_text, *, read=lambda row: (), query=lambda row: ""):
        super().__init__(source="*", help_text=help_text)
        self.name, self.read, self.query = name, read, query

    def to_representation(self, row):
        address = reverse(f"laureates:{self.name}", args=self.read(row))
        query = self.query(row)
        return f"{self.context['site_url']}{address}{f'?{query}' if query else ''}"
