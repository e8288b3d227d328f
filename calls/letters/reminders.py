"""Reminders of opinions and requests that are late: drafted together, sent one by one."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from calls.letters.drafting import draft_information_reminder, draft_opinion_reminder
from calls.models import Application, InformationRequest, Letter, Review
from calls.opinions import awaited
from calls.permissions import Refusal


def overdue_opinions(user):
    """The opinions that can still be given and are late, on dossiers that `user` reads in full."""
    return (
        awaited(Review.objects.overdue())
        .filter(
            application__in=Application.objects.read_in_full_by(user),
            pk__in=Review.objects.visible_to(user).values("pk"),
        )
        .select_related("application__session__call", "institution", "reviewer")
        .order_by("due_on", "application__reference", "pk")
    )


def overdue_information(user):
    """The requests to bearers that are late and not answered, on dossiers read in full."""
    return (
        InformationRequest.objects.visible_to(user)
        .filter(
            closed_at__isnull=True,
            due_on__lt=timezone.localdate(),
            application__state=Application.State.INFO_REQUESTED,
        )
        .select_related("application__session__call")
        .order_by("due_on", "application__reference", "pk")
    )


def draft_reminders(*, reviews=(), requests=(), by) -> list[Letter]:
    """Draft, never send, the reminders of these opinions and requests: all of them or none."""
    if not by.has_perm("calls.add_letter"):
        raise PermissionDenied
    reviews, requests = [row.pk for row in reviews], [row.pk for row in requests]
    with transaction.atomic():
        applications = Application.objects.filter(reviews__in=reviews) | Application.objects.filter(
            information_requests__in=requests
        )
        held = Application.objects.select_for_update(of=("self",)).filter(
            pk__in=applications.values("pk")
        )
        # Two people at once would each draft the same.
        list(held.order_by("pk"))
        late = list(overdue_opinions(by).filter(pk__in=reviews))
        late_requests = list(overdue_information(by).filter(pk__in=requests))
        if len(late) + len(late_requests) != len({*reviews}) + len({*requests}):
            raise Refusal(
                "Un avis ou un complément coché n’est plus en retard : la liste a été mise à jour, "
                "et aucune relance n’a été préparée."
            )
        return [
            *(draft_opinion_reminder(review, by=by) for review in late),
            *(draft_information_reminder(request, by=by) for request in late_requests),
        ]
