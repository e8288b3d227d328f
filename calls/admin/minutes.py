"""The minutes of a sitting: read, printed, checked against their seal, sealed anew."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.text import slugify

from calls import history, minutes
from calls.models import Committee, Minutes
from calls.permissions import Refusal
from ftap.formfields import LongText, say
from ftap.pdf import PdfError

CONTENT_TYPES = {"pdf": "application/pdf", "json": "application/json; charset=utf-8"}


class SealForm(forms.Form):
    """A first version needs no reason."""

    reason = LongText(
        label="Motif de la nouvelle version",
        rows=3,
        help_text="Imprimé sur le relevé.",
        error_messages={"required": "Indiquez pourquoi le relevé change."},
    )

    def __init__(self, *args, is_first, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        if is_first:
            del self.fields["reason"]


class MinutesViews:
    """Pages of CommitteeAdmin."""

    def minutes_urls(self):
        wrap = self.admin_site.admin_view
        root = "<int:pk>/releve/"
        return [
            path(root, wrap(self.minutes_view), name="calls_committee_minutes"),
            path(
                f"{root}projet/",
                wrap(self.draft_minutes_view),
                name="calls_committee_minutes_draft",
            ),
            path(
                f"{root}sceller/",
                wrap(self.seal_minutes_view),
                name="calls_committee_minutes_seal",
            ),
            path(
                f"{root}<int:version>/",
                wrap(self.minutes_view),
                name="calls_committee_minutes_version",
            ),
        ]

    def minutes_view(self, request, pk, version=None):
        """A sealed version, the last one unless told; the draft of a sitting that has none."""
        committee = self._readable_sitting(request, pk)
        versions = list(
            Minutes.objects.visible_to(request.user)
            .filter(committee=committee)
            .select_related("sealed_by", "committee")
        )
        if not versions and version is None:
            return self._draft(request, committee)
        found = next((row for row in versions if version in (None, row.version)), None)
        if found is None:
            raise Http404(f"calls.Minutes {pk}/{version}")
        if (format := request.GET.get("format")) in CONTENT_TYPES:
            return self._download(request, found, format)
        return self._render_minutes(
            request,
            committee,
            minutes=found,
            paper=minutes.read(found),
            sealing=minutes.sealing_of(found),
            is_intact=minutes.is_intact(found),
            is_latest=found == versions[0],
            versions=versions,
            file_name=f"{_file_name(found)}.json",
        )

    def draft_minutes_view(self, request, pk):
        return self._draft(request, self._readable_sitting(request, pk))

    def seal_minutes_view(self, request, pk):
        committee = self._readable_sitting(request, pk)
        if not request.user.has_perm("calls.decide", committee):
            raise PermissionDenied
        url = reverse("admin:calls_committee_minutes", args=[pk])
        former = minutes.latest(committee)
        form = SealForm(request.POST if request.method == "POST" else None, is_first=former is None)
        if refusal := minutes.sealing_refusal(committee, request.user):
            # A second click, or somebody else's.
            messages.info(request, refusal)
            return HttpResponseRedirect(url)
        if request.method == "POST" and form.is_valid():
            try:
                sealed = minutes.seal_again(
                    committee, by=request.user, reason=form.cleaned_data.get("reason", "")
                )
            except Refusal as error:
                say(form, error)
            else:
                messages.success(request, f"{sealed}\u00a0: scellé.")
                return HttpResponseRedirect(url)
        return self.render_sitting(
            request,
            "minutes_seal",
            committee,
            title="Sceller le relevé de décisions",
            form=form,
            former=former,
            minutes_url=url,
        )

    # What is shown ------------------------------------------------------------------

    def _readable_sitting(self, request, pk):
        committee = self.get_sitting(request, pk)
        if not minutes.may_read(committee, request.user):
            raise Http404(f"calls.Minutes {pk}")
        return committee

    def _draft(self, request, committee):
        content = minutes.content(committee)
        if request.GET.get("format") == "pdf":
            try:
                document = minutes.draft_pdf(content)
            except PdfError as error:
                return self._refused_document(request, committee, error)
            return attached(document, "pdf", f"projet-de-releve-{committee.slug}")
        return self._render_minutes(request, committee, paper=minutes.words(content))

    def _download(self, request, found, format):
        try:
            document = minutes.pdf(found) if format == "pdf" else found.content.encode()
        except PdfError as error:
            return self._refused_document(request, found.committee, error)
        history.record(
            "download_minutes",
            found.committee,
            by=request.user,
            details={"number": found.number, "version": found.version, "format": format},
        )
        return attached(document, format, _file_name(found))

    def _refused_document(self, request, committee, error):
        messages.error(request, str(error))
        url = reverse("admin:calls_committee_minutes", args=[committee.pk])
        return HttpResponseRedirect(url)

    def _render_minutes(self, request, committee, **context):
        is_closed = committee.state == Committee.State.CLOSED
        sealed = context.get("minutes")
        is_current = None
        if sealed and is_closed and context["is_latest"]:
            is_current = minutes.is_current(sealed)
        title = "Projet de relevé de décisions"
        if sealed:
            title = f"Relevé de décisions nᵒ\u00a0{sealed.number}"
        return self.render_sitting(
            request,
            "minutes",
            committee,
            title=title,
            is_closed=is_closed,
            is_current=is_current,
            has_versions=bool(sealed) or minutes.latest(committee) is not None,
            may_seal=not minutes.sealing_refusal(committee, request.user),
            minutes_url=reverse("admin:calls_committee_minutes", args=[committee.pk]),
            **context,
        )


def _file_name(found):
    return slugify(f"releve-de-decisions-{found.number}-v{found.version}")


def attached(document: bytes, format: str, name: str, content_type: str = "") -> HttpResponse:
    """A file to keep, never shown in place; `name` has no extension."""
    response = HttpResponse(document, content_type=content_type or CONTENT_TYPES[format])
    response["Content-Disposition"] = f'attachment; filename="{slugify(name)}.{format}"'
    return response
