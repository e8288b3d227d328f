"""Drafts, from the templates `templates/calls/letters/<kind>_subject.txt` and `<kind>_body.txt`."""

from django.template import Context
from django.template.loader import get_template
from django.utils import timezone

from calls import history
from calls.letters import subjects
from calls.models import Letter, Selection
from calls.permissions import Refusal

KIND_OF_OUTCOME = {
    Selection.Outcome.RETAINED: Letter.Kind.RETAINED,
    Selection.Outcome.NOT_RETAINED: Letter.Kind.NOT_RETAINED,
    Selection.Outcome.DEFERRED: Letter.Kind.DEFERRED,
    Selection.Outcome.WAITING_LIST: Letter.Kind.WAITING_LIST,
}
REDRAFTED = "un nouveau projet de courrier le remplace"


def draft_for_selection(selection, *, by) -> Letter:
    """The draft that tells the bearers of a validated decision; former drafts are superseded.

    Neither the private motive nor the opinions are in the text: the person who reviews it writes
    what the bearers are told.
    """
    application = selection.application
    supersede(Letter.objects.filter(selection=selection), REDRAFTED, by=by)
    return _draft(
        KIND_OF_OUTCOME[selection.outcome],
        application,
        by=by,
        selection=selection,
        context={"selection": selection, "committee": selection.committee},
    )


def draft_inadmissible(application, *, by) -> Letter:
    """The draft that tells the bearers why their dossier is not admissible."""
    former = Letter.objects.filter(application=application, kind=Letter.Kind.INADMISSIBLE)
    supersede(former, REDRAFTED, by=by)
    return _draft(Letter.Kind.INADMISSIBLE, application, by=by)


def draft_information(request, *, by) -> Letter:
    """The draft that asks the bearers for what an `InformationRequest` says."""
    former = Letter.objects.filter(information_request=request, kind=Letter.Kind.INFORMATION)
    supersede(former, REDRAFTED, by=by)
    return _draft(
        Letter.Kind.INFORMATION,
        request.application,
        by=by,
        information_request=request,
        context={"request": request},
    )


def draft_information_reminder(request, *, by) -> Letter:
    """The draft that reminds the bearers of an overdue request: the one not sent yet, if any.

    Refusal where nothing is expected.
    """
    if reason := subjects.information_outdated(request):
        raise Refusal(reason)
    if former := _pending(Letter.Kind.INFORMATION_REMINDER, information_request=request):
        return former
    return _draft(
        Letter.Kind.INFORMATION_REMINDER,
        request.application,
        by=by,
        information_request=request,
        context={"request": request},
    )


def draft_opinion_reminder(review, *, by) -> Letter:
    """The draft that reminds an institution of an expected opinion: the one not sent yet, if any.

    Refusal where it is given, given up, or where the dossier takes no opinion any more.
    """
    if reason := subjects.opinion_outdated(review):
        raise Refusal(reason)
    if former := _pending(Letter.Kind.OPINION_REMINDER, review=review):
        return former
    reviewer = review.reviewer
    return _draft(
        Letter.Kind.OPINION_REMINDER,
        review.application,
        by=by,
        review=review,
        context={"review": review},
        recipient_name=(reviewer.get_full_name() if reviewer else "") or str(review.institution),
        recipient_email=reviewer.email if reviewer else "",
    )


def _pending(kind, **subject):
    """The draft not sent yet: what somebody wrote in it is not lost."""
    return Letter.objects.pending().filter(kind=kind, **subject).order_by("pk").last()


def _draft(kind, application, *, by, context=None, recipient_name=None, **values):
    lead = next(iter(application.bearers.select_related("organisation")), None)
    if recipient_name is None:
        recipient_name = application.contact_name or (str(lead) if lead else "")
        values["recipient_email"] = application.contact_email
    context = Context(
        {
            "application": application,
            "session": application.session,
            "fund": application.session.call.fund,
            "is_fictional": application.session.call.is_fictional,
            **(context or {}),
        },
        autoescape=False,
    )
    letter = Letter(
        kind=kind,
        application=application,
        recipient_name=recipient_name,
        subject=_text(kind, "subject", context)[:250],
        body=_text(kind, "body", context),
        drafted_at=timezone.now(),
        drafted_by=by,
        **values,
    )
    letter.full_clean()
    with history.acting(by, "letter_drafted"):
        letter.save()
    return letter


def _text(kind, part, context):
    template = get_template(f"calls/letters/{kind}_{part}.txt").template
    return template.render(context).strip()


def supersede(letters, reason: str, *, by=None) -> int:
    """Mark those of `letters` not sent yet, and say how many; `reason` completes « caduc : »."""
    pending = list(letters.pending().select_for_update(of=("self",)).order_by("pk"))
    for letter in pending:
        letter.superseded_at = timezone.now()
        letter.superseded_reason = reason
        letter.full_clean()
        with history.acting(by, "letter_superseded", reason):
            letter.save()
    return len(pending)
