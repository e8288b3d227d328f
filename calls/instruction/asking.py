"""Asking institutions for their opinions, and giving up asking."""

from collections.abc import Iterable
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from calls import gates, history, letters, notifications
from calls.gates import INSTRUCTING
from calls.instruction.asked import (
    closed_to_opinions,
    hold_review,
    named,
    refusals,
    refuse_closed_review,
)
from calls.models import Application, Bearer, Letter, Review
from calls.permissions import Refusal, recused_from
from ftap.templatetags.ftap import french_date
from laureates.models import Organisation


def ask_opinion(
    application: Application,
    institution: Organisation,
    *,
    by,
    reviewer=None,
    due_on: date | None = None,
    question: str = "",
    reason: str = "",
) -> Review:
    """Ask an institution for its opinion, of one of its people or of any.

    `reason` is why, where the institution carries the dossier, itself or by one of the bodies it
    supervises; it is kept in the history.
    """
    with transaction.atomic():
        held = gates.hold(application, by=by, permissions=INSTRUCTING)
        reason = gates.plain(reason)
        facts = _Asking([held], by, institution, reviewer, due_on, reason)
        if why := facts.refused(held):
            raise Refusal(named(held, why))
        review = Review(
            application=held,
            institution=institution,
            reviewer=reviewer,
            question=gates.plain(question),
            asked_at=timezone.now(),
            asked_by=by,
            due_on=due_on,
        )
        with history.acting(by, "ask_opinion", reason):
            gates.save(review)
        notifications.opinion_asked(review, by=by)
    return review


def ask_opinion_refusals(
    applications: Iterable[Application],
    institution: Organisation,
    *,
    by,
    reviewer=None,
    due_on: date | None = None,
    reason: str = "",
) -> dict[int, str]:
    """Why `ask_opinion` would be refused, by primary key, empty where it would not be; constant
    queries."""
    applications = list(applications)
    facts = _Asking(applications, by, institution, reviewer, due_on, gates.plain(reason))
    return refusals(
        applications, by, INSTRUCTING, lambda application, known: facts.refused(application)
    )


class _Asking:
    """What is known of a request for an opinion on several dossiers, each thing read once."""

    def __init__(self, applications, by, institution, reviewer, due_on, reason):
        self.institution, self.reviewer = institution, reviewer
        self.due_on, self.reason = due_on, reason
        pks = [application.pk for application in applications]
        self.asked = set(
            Review.objects.live()
            .filter(application__in=pks, institution=institution)
            .values_list("application", flat=True)
        )
        self.carriers = {}
        bearers = Bearer.objects.filter(application__in=pks).select_related("organisation")
        for bearer in bearers:
            if institution.pk in (
                bearer.organisation_id,
                bearer.organisation.supervising_ministry_id,
            ):
                self.carriers.setdefault(bearer.application_id, bearer)
        self.recused = recused_from(reviewer, applications) if reviewer else set()
        self.unfit = _reviewer_unfit(reviewer, institution) if reviewer else ""

    def refused(self, application):
        if why := closed_to_opinions(application):
            return why
        if self.due_on and self.due_on < timezone.localdate():
            return f"la date attendue, le {french_date(self.due_on)}, est passée."
        if application.pk in self.asked:
            return f"l’avis de « {self.institution} » est déjà demandé."
        if (bearer := self.carriers.get(application.pk)) and not self.reason:
            link = (
                "porte ce dossier"
                if bearer.organisation_id == self.institution.pk
                else f"est le ministère de rattachement d’un porteur, « {bearer} »"
            )
            return f"« {self.institution} » {link} : lui demander un avis demande un motif."
        if self.unfit:
            return self.unfit
        if application.pk in self.recused:
            return f"{gates.person(self.reviewer)} est en déport sur ce dossier."
        return ""


def _reviewer_unfit(reviewer, institution):
    name = gates.person(reviewer)
    affiliation = getattr(reviewer, "affiliation", None)
    if not reviewer.is_active:
        return f"le compte de {name} est désactivé."
    if affiliation is None or affiliation.organisation_id != institution.pk:
        return f"{name} n’est pas rattaché à « {institution} »."
    if not reviewer.has_perm("calls.give_opinion"):
        return f"{name} n’a pas le rôle qui permet de rendre un avis."
    return ""


def cancel_opinion(review: Review, *, by, reason: str) -> Review:
    """Give up an opinion, rendered or not, with a reason; reminders not sent yet are dropped."""
    with transaction.atomic():
        application, review = hold_review(review, by)
        if not gates.may(by, INSTRUCTING, application):
            raise PermissionDenied
        refuse_closed_review(application, review)
        reason = gates.plain(reason)
        if not reason:
            raise Refusal(named(application, "donnez le motif de l’annulation de l’avis."))
        review.cancelled_at = timezone.now()
        review.cancel_reason = reason
        review.version += 1
        with history.acting(by, "cancel_opinion", reason):
            gates.save(review)
            letters.supersede(
                Letter.objects.filter(review=review), "l’avis n’est plus demandé", by=by
            )
        notifications.opinion_cancelled(review, by=by)
    return review
