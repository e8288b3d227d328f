"""Reminders: what is late, and the drafts asked for it."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from calls import letters
from calls.admin.act_pages import typed
from calls.models import Letter
from calls.permissions import Refusal


class RemindersForm(forms.Form):
    """The rows that are ticked, among what is late."""

    reviews = forms.MultipleChoiceField(required=False)
    requests = forms.MultipleChoiceField(required=False)

    def __init__(self, *args, late, **kwargs):
        super().__init__(*args, **kwargs)
        self.late = late
        for name, rows in late.items():
            self.fields[name].choices = [(str(row.pk), str(row)) for row in rows]

    def clean(self):
        found = super().clean()
        if not self.errors and not found["reviews"] and not found["requests"]:
            raise forms.ValidationError("Cochez au moins une relance à préparer.")
        return found

    def ticked(self, name):
        chosen = {*self.cleaned_data[name]}
        return [row for row in self.late[name] if str(row.pk) in chosen]


class ReminderViews:
    """A page of LetterAdmin."""

    def reminder_urls(self):
        view = self.admin_site.admin_view(self.reminders_view)
        return [path("relances/", view, name="calls_letter_reminders")]

    def reminders_view(self, request):
        """What is late, and the drafts asked for the rows that are ticked."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        pending = Prefetch("letters", Letter.objects.order_by("-drafted_at"), to_attr="all_letters")
        late = {
            "reviews": list(letters.overdue_opinions(request.user).prefetch_related(pending)),
            "requests": list(letters.overdue_information(request.user).prefetch_related(pending)),
        }
        form = RemindersForm(typed(request), late=late)
        if request.method == "POST":
            if not request.user.has_perm("calls.add_letter"):
                raise PermissionDenied
            if form.is_valid() and self._draft_reminders(request, form):
                return HttpResponseRedirect(reverse("admin:calls_letter_reminders"))
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            "admin/calls/letter/reminders.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": "Relances",
                "form": form,
                "reviews": _lines(late["reviews"], Letter.Kind.OPINION_REMINDER),
                "requests": _lines(late["requests"], Letter.Kind.INFORMATION_REMINDER),
                "may_draft": request.user.has_perm("calls.add_letter"),
            },
        )

    def _draft_reminders(self, request, form):
        try:
            made = letters.draft_reminders(
                reviews=form.ticked("reviews"),
                requests=form.ticked("requests"),
                by=request.user,
            )
        except Refusal as error:
            form.add_error(None, error)
            return False
        count = len(made)
        messages.success(
            request,
            "1 projet de relance est prêt\u00a0: relisez-le, puis envoyez-le."
            if count == 1
            else f"{count} projets de relance sont prêts\u00a0: relisez-les, puis envoyez-les.",
        )
        return True


def _lines(rows, kind):
    """What is late, with the reminder that waits to be sent and the day of the last one sent."""
    found = []
    for row in rows:
        reminders = [letter for letter in row.all_letters if letter.kind == kind]
        waiting = next((one for one in reminders if not (one.sent_at or one.superseded_at)), None)
        sent = [one.sent_at for one in reminders if one.sent_at]
        found.append(
            {
                "row": row,
                "waiting": waiting and letter_url(waiting),
                "last_sent": max(sent, default=None),
            }
        )
    return found


def letter_url(letter):
    return reverse("admin:calls_letter_change", args=[letter.pk])
