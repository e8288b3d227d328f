from django.conf import settings
from django.core.exceptions import DisallowedHost


def site(request):
    """What every page knows of the site: {"SITE_NAME": str, "SITE_URL": str, "CONTACT_EMAIL": str}.

    SITE_URL has no trailing slash; without the setting it is the request's own address, or ""
    on the error page that answers a host the site does not serve.
    """
    return {
        "SITE_NAME": "Fonds pour la transformation de l’action publique",
        "SITE_URL": settings.SITE_URL or _address(request),
        "CONTACT_EMAIL": settings.CONTACT_EMAIL,
    }


def _address(request):
    try:
        return f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return ""
