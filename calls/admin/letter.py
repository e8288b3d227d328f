"""Letters: their list, and the page where one is written, read over and sent."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format

from calls import letters
from calls.admin.act_pages import Act, ActPages, typed
from calls.admin.letter_filters import FILTERS
from calls.admin.letter_reminders import ReminderViews, letter_url
from calls.admin.shared import badge
from calls.gates import person
from calls.models import Letter
from calls.permissions import Refusal
from calls.resources import LetterResource
from ftap.exports import ExportableAdmin
from ftap.listfilters import RelatedFilter
from ftap.modeladmin import ModelAdmin, change_link

ACT_PAGE = "admin/calls/letter/act.html"


class KnownForm(forms.Form):
    """What the page showed of the letter: an act on another text than the one read is refused."""

    known = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def renew(self, letter):
        self.data = {**self.data.dict(), "known": letters.fingerprint(letter)}


@admin.register(Letter)
class LetterAdmin(ActPages, ReminderViews, ExportableAdmin, ModelAdmin):
    """Letters. One is read over and sent from its own page: no act goes over several of them."""

    resource_classes = [LetterResource]
    index_order = 27
    change_form_template = "admin/calls/letter/change_form.html"
    change_list_template = "admin/calls/letter/change_list.html"
    search_fields = ("application__reference", "application__title", "recipient_name", "subject")
    search_help_text = "Référence ou titre du dossier, destinataire, objet."
    list_display = ("about", "application", "recipient_name", "stage", "drafted_at")
    list_filter = (*FILTERS, "kind", ("application__session", RelatedFilter))
    list_select_related = ("application",)
    date_hierarchy = "drafted_at"
    actions = None
    readonly_fields = ("about", "dossier", "stage", "drafted", "reviewed", "sent", "superseded")
    fieldsets = (
        ("Courrier", {"fields": letters.WRITTEN}),
        (
            "Suivi",
            {"fields": ("about", "dossier", "stage", "drafted", "reviewed", "sent", "superseded")},
        ),
    )

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .select_related(
                "application__session__call",
                "selection",
                "review__application",
                "information_request",
                "drafted_by",
                "reviewed_by",
                "sent_by",
            )
        )

    def get_urls(self):
        wrap = self.admin_site.admin_view
        return [
            *self.reminder_urls(),
            path("<int:pk>/relire/", wrap(self.review_view), name="calls_letter_review"),
            path("<int:pk>/refaire/", wrap(self.redraft_view), name="calls_letter_redraft"),
            path(
                "<int:pk>/envoyer/courriel/",
                wrap(self.email_view),
                name="calls_letter_email",
            ),
            path(
                "<int:pk>/envoyer/courrier/",
                wrap(self.post_view),
                name="calls_letter_post",
            ),
            *super().get_urls(),
        ]

    def has_add_permission(self, request):
        # A letter is drafted by an act, or from the reminders.
        return False

    def has_change_permission(self, request, obj=None):
        is_pending = obj is None or not (obj.sent_at or obj.superseded_at)
        return super().has_change_permission(request, obj) and is_pending

    def has_delete_permission(self, request, obj=None):
        return False

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "body":
            field.widget.attrs["rows"] = 24
        return field

    # Columns ------------------------------------------------------------------------

    @admin.display(description="objet", ordering="kind")
    def about(self, obj):
        return obj.get_kind_display()

    @admin.display(description="dossier")
    def dossier(self, obj):
        return change_link(obj.application)

    @admin.display(description="étape")
    def stage(self, obj):
        if obj.sent_at:
            return badge("validated", f"envoyé par {obj.get_channel_display()}")
        if obj.superseded_at:
            return badge("withdrawn", "caduc")
        if obj.reviewed_at:
            return badge("admissible", "relu, à envoyer")
        return badge("draft", "à relire")

    @admin.display(description="préparé")
    def drafted(self, obj):
        return self._moment(obj.drafted_at, obj.drafted_by)

    @admin.display(description="relu")
    def reviewed(self, obj):
        return self._moment(obj.reviewed_at, obj.reviewed_by)

    @admin.display(description="envoyé")
    def sent(self, obj):
        return self._moment(obj.sent_at, obj.sent_by)

    @admin.display(description="caduc")
    def superseded(self, obj):
        if not obj.superseded_at:
            return self.get_empty_value_display()
        return f"{self._moment(obj.superseded_at)}\u00a0: {obj.superseded_reason}"

    def _moment(self, moment, by=None):
        if moment is None:
            return self.get_empty_value_display()
        text = date_format(timezone.localtime(moment), "j F Y à H:i")
        return f"{text} par {person(by)}" if by else text

    # One letter ---------------------------------------------------------------------

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        if request.method == "POST" and object_id is not None:
            letter = self.get_object(request, unquote(object_id))
            may_write = super().has_change_permission(request)
            if letter and may_write and (refusal := letters.refusal(letter, request.user, "amend")):
                messages.error(request, f"Rien n’a été enregistré. {refusal}")
                return HttpResponseRedirect(letter_url(letter))
        return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context |= {
                "title": f"{obj.get_kind_display().capitalize()}, dossier "
                f"{obj.application.reference}",
                "subtitle": None,
                "fictional_call": obj.application.session.call,
                "steps": self._steps(request.user, obj),
                "standing": self._standing(request.user, obj),
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request, obj, form, change):
        was_reviewed = obj.reviewed_at is not None
        letters.amend(
            obj, by=request.user, **{name: getattr(obj, name) for name in form.cleaned_data}
        )
        if was_reviewed and form.changed_data:
            messages.warning(request, "Le courrier a changé\u00a0: il est de nouveau à relire.")

    def _steps(self, user, letter):
        """[(label, address)] of the acts that are possible now."""
        found = []
        if user.has_perm("calls.send_letter"):
            if not letters.refusal(letter, user, "review"):
                found.append(("Marquer comme relu…", "review"))
            if not letters.sending_refusal(letter, user, "email"):
                found.append(("Envoyer par courriel…", "email"))
            if not letters.sending_refusal(letter, user, "post"):
                found.append(("Consigner un envoi par courrier…", "post"))
        if user.has_perm("calls.add_letter") and not letters.refusal(letter, user, "redraft"):
            found.append(("Refaire le projet…", "redraft"))
        return [
            (label, reverse(f"admin:calls_letter_{name}", args=[letter.pk]))
            for label, name in found
        ]

    def _standing(self, user, letter):
        """What prevents the next step, for those who would take it."""
        if not user.has_perm("calls.send_letter") or letter.sent_at:
            return ""
        if not letter.reviewed_at:
            return letters.refusal(letter, user, "review")
        return letters.sending_refusal(letter, user, "email")

    def _get_letter(self, request, pk, permission):
        letter = self.get_queryset(request).filter(pk=pk).first()
        if letter is None:
            raise Http404(f"calls.Letter {pk}")
        if not request.user.has_perm(permission):
            raise PermissionDenied
        return letter

    def review_view(self, request, pk):
        letter = self._get_letter(request, pk, "calls.send_letter")

        def run(form):
            letters.mark_reviewed(letter, by=request.user, known=form.cleaned_data["known"])
            return "Courrier relu\u00a0: il reste à l’envoyer."

        return self._act(
            request,
            letter,
            run,
            title="Marquer comme relu",
            button="Je l’ai relu",
            effects=["Le courrier pourra être envoyé tel qu’il est ; il ne part pas encore."],
            standing=letters.refusal(letter, request.user, "review"),
        )

    def email_view(self, request, pk):
        return self._send_view(
            request,
            pk,
            Letter.Channel.EMAIL,
            title="Envoyer par courriel",
            button="Envoyer le courriel",
            said="Courriel envoyé à {}.",
            effect="Le courriel part aussitôt à {}, et ne peut pas être repris.",
        )

    def post_view(self, request, pk):
        return self._send_view(
            request,
            pk,
            Letter.Channel.POST,
            title="Consigner un envoi par courrier",
            button="Consigner l’envoi",
            said="Envoi par courrier consigné, destinataire\u00a0: {}.",
            effect="Rien ne part d’ici\u00a0: vous dites que le courrier a été posté à {}.",
        )

    def _send_view(self, request, pk, channel, *, title, button, said, effect):
        letter = self._get_letter(request, pk, "calls.send_letter")
        by_email = channel == Letter.Channel.EMAIL
        recipient = letter.recipient_email if by_email else letter.recipient_name

        def run(form):
            letters.send(letter, by=request.user, channel=channel, known=form.cleaned_data["known"])
            return said.format(recipient)

        return self._act(
            request,
            letter,
            run,
            title=title,
            button=button,
            effects=[effect.format(recipient)],
            standing=letters.sending_refusal(letter, request.user, channel),
        )

    def redraft_view(self, request, pk):
        letter = self._get_letter(request, pk, "calls.add_letter")
        made = []

        def run(form):
            made.append(letters.redraft(letter, by=request.user))
            return "Un nouveau projet a été préparé\u00a0: relisez-le."

        response = self._act(
            request,
            letter,
            run,
            title="Refaire le projet",
            button="Refaire le projet",
            effects=[
                "Un nouveau projet est préparé à partir du modèle et des enregistrements actuels.",
                "Ce courrier-ci devient caduc\u00a0: ce qui y a été écrit reste lisible ici.",
            ],
            standing=letters.refusal(letter, request.user, "redraft"),
        )
        return HttpResponseRedirect(letter_url(made[0])) if made else response

    def _act(self, request, letter, run, *, standing, **act):
        if request.method == "POST" and standing:
            # A second click, or somebody else's.
            messages.info(request, standing)
            return HttpResponseRedirect(letter_url(letter))
        form = KnownForm(typed(request), initial={"known": letters.fingerprint(letter)})

        def attempt(form):
            try:
                return run(form)
            except Refusal:
                # The page shows the letter as it is now: confirming again is knowing.
                letter.refresh_from_db(fields=letters.WRITTEN)
                form.renew(letter)
                raise

        return self.act_page(
            request,
            letter.application,
            Act(
                run=attempt,
                form=form,
                standing=standing,
                back=letter_url(letter),
                template=ACT_PAGE,
                context={"letter": letter},
                **act,
            ),
        )
