"""The life of a letter once drafted: amended, read over, sent; each by a person, one at a time."""

import hashlib
import json
import logging
from smtplib import SMTPException

from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone

from calls import gates, history
from calls.letters import drafting
from calls.letters.subjects import outdated
from calls.models import Letter
from calls.permissions import Hidden, Refusal

logger = logging.getLogger(__name__)
history.name_acts({"letter_amended": "Courrier modifié"})

# Seconds: an act does not wait longer for a mail server.
TIMEOUT = 10
# What a template leaves to the person who reviews the letter.
TO_COMPLETE = "[À compléter"
# What a person may write of a letter, and what reading it over covers.
WRITTEN = ("recipient_name", "recipient_email", "subject", "body")


def refusal(letter, user, action: str) -> str:
    """Why `user` cannot « amend », « review », « send » or « redraft » this letter now, in French.

    Empty if they can, given the right to.
    """
    if letter.sent_at:
        return f"Ce courrier a été envoyé le {timezone.localtime(letter.sent_at):%d/%m/%Y}."
    if action == "redraft":
        return outdated(letter) or _unfounded(letter)
    if letter.superseded_at:
        return f"Ce courrier est caduc : {letter.superseded_reason}."
    if action == "amend":
        return ""
    if reason := outdated(letter):
        return f"{reason} Ce courrier ne s’envoie plus."
    if TO_COMPLETE in letter.body or TO_COMPLETE in letter.subject:
        return f"Le texte contient encore « {TO_COMPLETE}… » : complétez-le d’abord."
    if action == "review" and letter.reviewed_at:
        return f"Ce courrier a déjà été relu par {gates.person(letter.reviewed_by)}."
    if action == "send" and not letter.reviewed_at:
        return "Ce courrier n’a pas été relu : relisez-le avant de l’envoyer."
    return ""


def _unfounded(letter):
    about = (letter.selection_id, letter.review_id, letter.information_request_id)
    if letter.kind == Letter.Kind.INADMISSIBLE or any(about):
        return ""
    return "Ce courrier n’est rattaché à aucun acte : il ne peut pas être refait."


def sending_refusal(letter, user, channel: str) -> str:
    """Why `user` cannot send this letter by « email » or « post » now, in French; or empty."""
    if reason := refusal(letter, user, "send"):
        return reason
    if channel == Letter.Channel.POST and not letter.recipient_name:
        return "Ce courrier n’a pas de destinataire : indiquez-le d’abord."
    if channel == Letter.Channel.EMAIL:
        if letter.application.session.call.is_fictional:
            return "Session fictive : aucun courriel ne part. Consignez un envoi par courrier."
        if not letter.recipient_email:
            return "Ce courrier n’a pas d’adresse électronique : complétez-la d’abord."
    return ""


def fingerprint(letter) -> str:
    """The SHA-256 of what is written of a letter: what a page showed, told to the gates."""
    texts = [getattr(letter, name).replace("\r\n", "\n") for name in WRITTEN]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def amend(letter, *, by, **written) -> Letter:
    """Write the recipient, the subject or the text of a letter not sent yet.

    A change undoes the reading over: somebody reads it again.
    """
    with transaction.atomic():
        letter = _hold(letter, by, "calls.change_letter", "amend")
        changed = {name: value for name, value in written.items() if getattr(letter, name) != value}
        if changed:
            for name in changed.keys() & {*WRITTEN}:
                setattr(letter, name, changed[name])
            letter.reviewed_at = letter.reviewed_by = None
            with history.acting(by, "letter_amended"):
                gates.save(letter)
        return letter


def mark_reviewed(letter, *, by, known: str | None = None) -> Letter:
    """Say that `by` read the letter as it stands and holds it fit to be sent.

    `known` is the `fingerprint` of what they read: Refusal where it changed since.
    """
    with transaction.atomic():
        letter = _hold(letter, by, "calls.send_letter", "review", known)
        letter.reviewed_at = timezone.now()
        letter.reviewed_by = by
        with history.acting(by, "letter_reviewed"):
            gates.save(letter)
        return letter


def redraft(letter, *, by) -> Letter:
    """A new draft on the same subject, from the records as they are now; the former is superseded.

    Refusal where the letter was sent, or where its subject no longer holds.
    """
    with transaction.atomic():
        letter = _hold(letter, by, "calls.add_letter", "redraft")
        drafting.supersede(Letter.objects.filter(pk=letter.pk), drafting.REDRAFTED, by=by)
        if letter.selection:
            return drafting.draft_for_selection(letter.selection, by=by)
        if letter.kind == Letter.Kind.OPINION_REMINDER:
            return drafting.draft_opinion_reminder(letter.review, by=by)
        if letter.kind == Letter.Kind.INFORMATION_REMINDER:
            return drafting.draft_information_reminder(letter.information_request, by=by)
        if letter.kind == Letter.Kind.INFORMATION:
            return drafting.draft_information(letter.information_request, by=by)
        return drafting.draft_inadmissible(letter.application, by=by)


def send(letter, *, by, channel: str, known: str | None = None) -> Letter:
    """Send a reviewed letter by e-mail, or record that it left by post.

    The e-mail leaves inside the transaction, last: if the server refuses it, the letter is not
    marked as sent. Nothing leaves for a fictional call. `known` is as for `mark_reviewed`.
    """
    with transaction.atomic():
        letter = _hold(letter, by, "calls.send_letter", "send", known)
        if channel not in Letter.Channel.values:
            raise Refusal("Choisissez la voie d’envoi : courriel ou courrier.")
        if reason := sending_refusal(letter, by, channel):
            raise Refusal(reason)
        letter.sent_at = timezone.now()
        letter.sent_by = by
        letter.channel = channel
        with history.acting(by, "letter_sent"):
            gates.save(letter)
        if channel == Letter.Channel.EMAIL:
            _send_by_email(letter)
        return letter


def _send_by_email(letter):
    message = EmailMessage(
        letter.subject,
        letter.body,
        to=[letter.recipient_email],
        connection=get_connection(timeout=TIMEOUT),
    )
    try:
        if not message.send():
            raise OSError("the backend sent nothing")
    except (SMTPException, OSError, ValueError) as error:
        logger.exception("Letter %s could not be sent", letter.pk)
        raise Refusal(
            "Le courriel n’est pas parti : le serveur de messagerie l’a refusé ou ne répond pas. "
            "Le courrier reste à envoyer ; réessayez, ou prévenez l’exploitant."
        ) from error


def _hold(letter, by, permission, action, known=None):
    """The fresh row, locked, once `by` may act on it."""
    if not by.has_perm(permission):
        raise PermissionDenied
    held = (
        Letter.objects.select_for_update(of=("self",))
        .select_related(
            "application__session__call",
            "selection__committee",
            "selection__application__session__call__fund",
            "review__application",
            "review__institution",
            "review__reviewer",
            "information_request__application",
            "reviewed_by",
        )
        .get(pk=letter.pk)
    )
    if not Letter.objects.visible_to(by).filter(pk=held.pk).exists():
        raise Hidden
    if reason := refusal(held, by, action):
        raise Refusal(reason)
    if known is not None and known != fingerprint(held):
        raise Refusal(
            "Ce courrier a été modifié depuis que vous avez ouvert cette page : relisez-le."
        )
    return held
