"""The description of the interface in OpenAPI: made once, the same for every reader."""

from copy import deepcopy
from functools import cache

from django.http import JsonResponse
from django.utils.translation import override
from drf_spectacular.generators import SchemaGenerator

from laureates import revalidation
from laureates.api.addresses import Address

MEDIA_TYPE = "application/vnd.oai.openapi+json"


@cache
def _generated() -> dict:
    with override("fr"):
        return SchemaGenerator(urlconf="laureates.urls").get_schema(request=None, public=True)


def document(site_url: str) -> dict:
    """The whole description, of the interface that `site_url` serves."""
    return deepcopy(_generated()) | {"servers": [{"url": site_url}]}


class SchemaView(Address):
    """The description, as JSON."""

    schema = None

    def get(self, request):
        return revalidation.allow_every_origin(
            JsonResponse(
                document(self.site_url),
                content_type=MEDIA_TYPE,
                json_dumps_params={"ensure_ascii": False},
            )
        )
