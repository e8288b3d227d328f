from django.conf import settings


def site(request):
    """What every page knows of the site: {"SITE_NAME": str, "SITE_URL": str, "CONTACT_EMAIL": str}.

    SITE_URL has no trailing slash; without the setting it is the request's own address.
    """
    return {
        "SITE_NAME": "Fonds pour la transformation de l’action publique",
        "SITE_URL": settings.SITE_URL or f"{request.scheme}://{request.get_host()}",
        "CONTACT_EMAIL": settings.CONTACT_EMAIL,
    }
