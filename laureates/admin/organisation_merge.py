"""The pages on which organisations that may be one are proposed, then merged by a person."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from ftap.formfields import LongText, say
from ftap.refusals import Refusal
from laureates import merging
from laureates.matching import Matcher
from laureates.models import Carrier, Organisation

PAIRS_MAX = 200


class ChoiceForm(forms.Form):
    """Which organisation is to disappear into the one of the page."""

    avec = forms.ModelChoiceField(
        label="Organisme à fusionner, qui disparaîtra",
        queryset=Organisation.objects.none(),
        error_messages={
            "required": "Choisissez un organisme.",
            "invalid_choice": "Cet organisme n’existe plus\u00a0: choisissez-en un autre.",
        },
    )

    def __init__(self, *args, kept, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["avec"].queryset = Organisation.objects.exclude(pk=kept.pk).order_by("name")


class MergeForm(forms.Form):
    """The reason, and for each field that differs, whose value stays."""

    def __init__(self, *args, preview, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        for name, label, mine, other in preview.differences:
            self.fields[name] = forms.ChoiceField(
                label=label[:1].upper() + label[1:],
                choices=[("kept", str(mine or "vide")), ("merged", str(other))],
                initial="kept" if mine else "merged",
                widget=forms.RadioSelect,
                error_messages={
                    "required": "Choisissez la valeur à garder.",
                    "invalid_choice": "Choisissez la valeur à garder.",
                },
            )
        self.fields["seen"] = forms.CharField(
            initial=preview.state,
            widget=forms.HiddenInput,
            error_messages={"required": merging.STALE},
        )
        self.fields["reason"] = LongText(
            label="Motif",
            rows=3,
            error_messages={"required": "Indiquez le motif\u00a0: il reste dans l’historique."},
        )

    @property
    def taken(self):
        return tuple(
            name
            for name in merging.CHOSEN
            if name in self.fields and self.cleaned_data[name] == "merged"
        )


class MergePages:
    """For the screen of organisations."""

    def merge_urls(self):
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/fusionner/", wrap(self.merge_view), name="laureates_organisation_merge"),
            path("doublons/", wrap(self.duplicates_view), name="laureates_organisation_duplicates"),
        ]

    def duplicates_view(self, request):
        """The organisations that may be the same, two by two, the nearest first; nothing is done
        here."""
        if not request.user.has_perm(merging.PERMISSION):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(("GET", "HEAD"))
        request.current_app = self.admin_site.name
        pairs = sorted(Matcher().pairs(), key=lambda pair: (-pair[0], pair[1].slug, pair[2].slug))
        shown = pairs[:PAIRS_MAX]
        counts = dict(
            Carrier.objects.visible_to(request.user)
            .filter(organisation__in={row.pk for _, *two in shown for row in two})
            .values_list("organisation")
            .annotate(count=Count("pk"))
            .order_by()
        )
        for _, *two in shown:
            for row in two:
                row.known_projects = counts.get(row.pk, 0)
        return TemplateResponse(
            request,
            "admin/laureates/organisation/duplicates.html",
            {
                **self.admin_site.each_context(request),
                "title": "Organismes peut-être en double",
                "opts": self.opts,
                "pairs": [two for _, *two in shown],
                "left": len(pairs) - len(shown),
            },
        )

    def changelist_view(self, request, extra_context=None):
        extra = dict(extra_context or {})
        if request.user.has_perm(merging.PERMISSION):
            extra["duplicates_url"] = reverse("admin:laureates_organisation_duplicates")
        return super().changelist_view(request, extra)

    def merge_view(self, request, pk):
        """GET: choose the other organisation, then see what would move. POST: merge."""
        if not request.user.has_perm(merging.PERMISSION):
            raise PermissionDenied
        kept = Organisation.objects.filter(pk=pk).first()
        if kept is None:
            raise Http404(f"organisation {pk}")
        asked = request.GET if "avec" in request.GET else None
        choice = ChoiceForm(asked, kept=kept)
        merged = choice.cleaned_data["avec"] if asked and choice.is_valid() else None
        preview, form, status = None, None, 200
        if merged is not None:
            preview = merging.preview(kept, merged, request.user)
            form = MergeForm(preview=preview)
            if request.method == "POST":
                form = MergeForm(request.POST, preview=preview)
                status = 409
                if form.is_valid():
                    try:
                        merging.merge(
                            kept,
                            merged,
                            by=request.user,
                            reason=form.cleaned_data["reason"],
                            taken=form.taken,
                            seen=form.cleaned_data["seen"],
                        )
                    except Refusal as error:
                        say(form, error)
                        # What the page shows now is what is confirmed next.
                        form.data = {**form.data.dict(), "seen": preview.state}
                    else:
                        messages.success(
                            request,
                            f"«\u00a0{merged.name}\u00a0» est fusionné\u00a0: tout ce qui le "
                            "nommait nomme maintenant cet organisme.",
                        )
                        return HttpResponseRedirect(_change_url(kept))
        elif request.method == "POST":
            status = 409
        return self._merge_page(
            request, kept, merged, choice=choice, preview=preview, form=form, status=status
        )

    def _merge_page(self, request, kept, merged, *, status, **context):
        request.current_app = self.admin_site.name
        near = () if merged else [row for _, row in Matcher().near(kept) if row.pk != kept.pk]
        return TemplateResponse(
            request,
            "admin/laureates/organisation/merge.html",
            {
                **self.admin_site.each_context(request),
                "title": f"Fusionner dans «\u00a0{kept}\u00a0»",
                "opts": self.opts,
                "kept": kept,
                "merged": merged,
                "near": near,
                "back": _change_url(kept),
                **context,
            },
            status=status,
        )

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None and request.user.has_perm(merging.PERMISSION):
            context["merge_url"] = reverse("admin:laureates_organisation_merge", args=[obj.pk])
        return super().render_change_form(request, context, add, change, form_url, obj)


def _change_url(organisation):
    return reverse("admin:laureates_organisation_change", args=[organisation.pk])
