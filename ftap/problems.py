"""What a program reads when its request fails: problem details, as RFC 9457 describes them."""

from django.http import JsonResponse

MEDIA_TYPE = "application/problem+json"

TITLES = {
    400: "Demande incorrecte",
    404: "Ressource introuvable",
    405: "Méthode non autorisée",
    406: "Format non disponible",
    410: "Ressource retirée",
    415: "Format d’envoi non accepté",
    429: "Trop de demandes",
    500: "Erreur du service",
}


def problem(status: int, detail: str, **members) -> JsonResponse:
    """A problem in French: `detail` says what went wrong and what to do.

    `members` are added to the object, as the RFC allows. The type is « about:blank »: the status
    says what kind of problem it is, and the title only words it.
    """
    content = {"type": "about:blank", "title": TITLES[status], "status": status, "detail": detail}
    return JsonResponse(
        content | members,
        status=status,
        content_type=MEDIA_TYPE,
        json_dumps_params={"ensure_ascii": False},
    )
