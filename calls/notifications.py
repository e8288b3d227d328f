"""E-mails that tell agents, once an act is committed, that a dossier awaits them.

They hold the reference of the dossier and its address, and nothing that the dossier says: mail is
read outside this application. Rows are read again, by primary key, when the message leaves; nobody
hears of a dossier that they may not see, nor of their own act. Nothing leaves for a fictional call.
A failure is logged; it never undoes nor stops an act. Letters to bearers are not sent from here.

Templates: `templates/calls/notifications/<event>_subject.txt` and `<event>_body.txt`.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.template import Context
from django.template.loader import get_template
from django.urls import reverse

from calls.models import Application, Review

logger = logging.getLogger(__name__)

# Seconds: an act does not wait longer for a mail server.
TIMEOUT = 10
_outbox: ContextVar[list | None] = ContextVar("calls_notifications", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Tell each person once, in one message, of all the acts made inside, when they are committed.

    Nothing is told if the block fails.
    """
    if _outbox.get() is not None:
        yield
        return
    notices = []
    token = _outbox.set(notices)
    try:
        yield
    finally:
        _outbox.reset(token)
    if notices:
        transaction.on_commit(lambda: _send(notices), robust=True)


def assigned(application: Application, *, by) -> None:
    """Tell the case officer that the dossier is theirs."""
    _tell("assigned", application.pk, None, by)


def moved(application: Application, *, by) -> None:
    """Tell the case officer that somebody else moved their dossier."""
    _tell("moved", application.pk, None, by)


def opinion_asked(review: Review, *, by) -> None:
    """Tell those who may give the opinion that it is asked."""
    _tell("opinion_asked", review.application_id, review.pk, by)


def opinion_cancelled(review: Review, *, by) -> None:
    """Tell the person named, while the dossier may still be seen, that it no longer is."""
    _tell("opinion_cancelled", review.application_id, review.pk, by)


def opinion_rendered(review: Review, *, by) -> None:
    """Tell the case officer that an opinion was given or amended."""
    _tell("opinion_rendered", review.application_id, review.pk, by)


def decided(application: Application, *, by) -> None:
    """Tell the case officer that the committee decided on their dossier, or rectified it."""
    _tell("decided", application.pk, None, by)


def undecided(application: Application, *, by) -> None:
    """Tell the case officer that the sitting that decided on their dossier is open again."""
    _tell("undecided", application.pk, None, by)


def _tell(event, application, review, by):
    notice = (event, application, review, by.pk)
    if (notices := _outbox.get()) is not None:
        notices.append(notice)
    else:
        transaction.on_commit(lambda: _send([notice]), robust=True)


def _send(notices):
    messages = {}
    for notice in notices:
        for person, application in _readers(*notice):
            dossiers = messages.setdefault((notice[0], person), [])
            if application not in dossiers:
                dossiers.append(application)
    if not messages:
        return
    connection = get_connection(timeout=TIMEOUT)
    for (event, person), dossiers in messages.items():
        try:
            _message(event, person, dossiers, connection).send()
        except (SMTPException, OSError, ValueError):
            logger.exception("Notification %s to account %s was not sent", event, person.pk)


def _readers(event, application_pk, review_pk, by_pk):
    """(account, dossier) for each person who is to hear of a notice, as things are now."""
    application = (
        Application.objects.select_related("session__call", "case_officer")
        .filter(pk=application_pk, session__call__is_fictional=False)
        .first()
    )
    if application is None:
        return
    if event in {"opinion_asked", "opinion_cancelled"}:
        people = _asked(Review.objects.select_related("reviewer").filter(pk=review_pk).first())
    else:
        people = [application.case_officer] if application.case_officer else []
    for person in people:
        if not (person.is_active and person.email) or person.pk == by_pk:
            continue
        if event == "opinion_cancelled":
            hidden = application.recusals.in_force().of(person).exists()
        else:
            hidden = not Application.objects.visible_to(person).filter(pk=application_pk).exists()
        if not hidden:
            yield person, application


def _asked(review):
    """The accounts that an opinion is asked of: the one named, else those of the institution."""
    if review is None:
        return []
    if review.reviewer:
        return [review.reviewer]
    accounts = get_user_model().objects.filter(affiliation__organisation=review.institution_id)
    return [account for account in accounts if account.has_perm("calls.give_opinion")]


def _message(event, person, dossiers, connection):
    context = Context(
        {
            "person": person,
            "dossiers": [
                {"reference": dossier.reference, "address": _address(dossier)}
                for dossier in dossiers
            ],
        },
        autoescape=False,
    )
    subject, body = (
        get_template(f"calls/notifications/{event}_{part}.txt").template.render(context).strip()
        for part in ("subject", "body")
    )
    return EmailMessage(subject, body, to=[person.email], connection=connection)


def _address(application):
    """The dossier's page; empty where the address of the site is not configured."""
    path = reverse("admin:calls_application_change", args=[application.pk])
    return f"{settings.SITE_URL}{path}" if settings.SITE_URL else ""
