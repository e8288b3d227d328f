"""Every failure of the interface, as problem details in French."""

import logging

from django.core.signals import got_request_exception
from django.http import Http404
from rest_framework import exceptions

from ftap.problems import problem
from ftap.templatetags.ftap import french_date

logger = logging.getLogger("django.request")


class BadParameter(exceptions.APIException):
    """A parameter whose value cannot be read: 400."""

    status_code = 400

    def __init__(self, parameter: str, detail: str):
        super().__init__(detail)
        self.parameter = parameter


class MissingPage(exceptions.APIException):
    """A page beyond the last: 404."""

    status_code = 404


class Gone(exceptions.APIException):
    """A row that visitors saw and that was withdrawn since: 410, with the public reason."""

    status_code = 410

    def __init__(self, row):
        super().__init__(
            f"Cette ressource a été retirée le {french_date(row.withdrawn_at)}. Motif\u00a0: "
            f"{row.withdrawal_reason}"
        )
        self.row = row


def as_problem(exception, context):
    """The answer to an exception raised while the interface was answering."""
    view = context["view"]
    if isinstance(exception, BadParameter):
        return problem(400, str(exception.detail), parametre=exception.parameter)
    if isinstance(exception, MissingPage):
        return problem(404, str(exception.detail), parametre="page")
    if isinstance(exception, Gone):
        row = exception.row
        return problem(
            410,
            str(exception.detail),
            motif=row.withdrawal_reason,
            retire_le=row.withdrawn_at.isoformat(),
        )
    if isinstance(exception, Http404):
        return problem(
            404,
            "Rien de public ne répond à cette adresse\u00a0: vérifiez l’identifiant. La "
            "description de l’interface est à l’adresse /api/v1/openapi.json.",
        )
    if isinstance(exception, exceptions.MethodNotAllowed):
        return problem(
            405,
            "L’interface se lit seulement\u00a0: demandez cette adresse avec la méthode GET.",
        )
    if isinstance(exception, exceptions.NotAcceptable):
        kinds = " ou ".join(renderer.media_type for renderer in view.renderer_classes)
        return problem(
            406,
            f"Cette adresse répond en {kinds}\u00a0: acceptez ce format dans l’en-tête Accept.",
        )
    if isinstance(exception, exceptions.Throttled):
        wait = int(exception.wait)
        response = problem(
            429,
            "Votre réseau a dépassé le nombre de demandes permis par minute. Réessayez dans "
            f"{wait}\u00a0seconde{'s' if wait > 1 else ''}.",
        )
        response["Retry-After"] = str(wait)
        response["Cache-Control"] = "no-store"
        return response
    request = context["request"]
    return _unexpected(exception, getattr(request, "_request", request))


def _unexpected(exception, request):
    """What Django does of an exception that nobody foresaw, but for the page."""
    got_request_exception.send(sender=None, request=request)
    logger.error(
        "Internal Server Error: %s",
        request.path,
        exc_info=exception,
        extra={"status_code": 500, "request": request},
    )
    return problem(
        500,
        "Le service a rencontré une erreur, qui est enregistrée. Réessayez plus tard\u202f; si "
        "elle se répète, signalez-la à l’adresse /signaler-une-erreur/.",
    )
