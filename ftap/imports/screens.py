"""The screens of imports: deposit, reading, verification, confirmation, receipt.

Each step can be left and found again in the list. Acts are posted, then answered by a redirect;
what is refused shows on the same page, with what was typed.
"""

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from ftap.exports import ExportableAdmin
from ftap.imports import running, showing
from ftap.imports.forms import UploadForm
from ftap.imports.kinds import ImportKind
from ftap.imports.models import ImportJob, ImportRow
from ftap.imports.verification import VerificationPages, busy
from ftap.modeladmin import ModelAdmin
from ftap.refusals import Refusal
from ftap.resources import ImportJobResource
from ftap.templatetags.ftap import number

Stage = ImportJob.Stage
Outcome = ImportRow.Outcome
MASKED = "masqué\u00a0: déport"
JSON = "application/json"


class ImportJobAdmin(VerificationPages, ExportableAdmin, ModelAdmin):
    """Imports of one kind. `kind` and `upload_form` are those of a subclass."""

    kind: ImportKind
    upload_form = UploadForm
    resource_classes = [ImportJobResource]
    index_order = 28
    change_list_template = "admin/imports/change_list.html"
    list_display = ("number", "filename", "stage_badge", "author", "created_at", "ended_at")
    list_display_links = ("number",)
    list_filter = ("stage",)
    list_select_related = ("created_by",)
    search_fields = ("filename",)
    date_hierarchy = "created_at"
    # Sentences about what may be brought in, and links to what helps: [(label, address)].
    upload_help: tuple[str, ...] = ()

    def upload_links(self, request) -> list[tuple[str, str]]:
        return []

    def job_links(self, request, job) -> list[tuple[str, str]]:
        """Documents made of the staged rows, as (label, address)."""
        return []

    def facts(self, request, job) -> list[tuple[str, str]]:
        """What is said of an import besides its file: (label, text)."""
        return []

    def link_of(self, row) -> str:
        """The address of what a row is about, where it exists for the reader; else ""."""
        return ""

    def sees_totals(self, request, job) -> bool:
        """Whether numbers about the whole file may be shown to the reader."""
        return self.kind.sees_everything(job, request.user)

    def mapping_url(self, job) -> str:
        """Where the columns of the file are told apart, for a kind that asks; else ""."""
        return ""

    # Rights ---------------------------------------------------------------------------------

    def has_add_permission(self, request):
        return request.user.has_perm(self.kind.permission)

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    # Addresses ------------------------------------------------------------------------------

    def get_urls(self):
        pages = [
            ("lecture/", self.advance_view, "advance"),
            ("relecture/", self.reread_view, "reread"),
            ("lignes/<int:row_pk>/", self.row_view, "row"),
            ("problemes/", self.problems_view, "problems"),
            ("confirmation/", self.confirm_view, "confirm"),
            ("abandon/", self.abandon_view, "abandon"),
            *self.more_pages(),
        ]
        wrap = self.admin_site.admin_view
        return [
            path(f"<path:object_id>/{address}", wrap(view), name=f"{self.prefix}_{name}")
            for address, view, name in pages
        ] + super().get_urls()

    def more_pages(self) -> list:
        """Further pages of an import: (address below its own, view, name)."""
        return []

    @property
    def prefix(self):
        return f"{self.opts.app_label}_{self.opts.model_name}"

    def url(self, page, *args):
        return reverse(f"admin:{self.prefix}_{page}", args=args)

    # Columns --------------------------------------------------------------------------------

    @admin.display(description="import", ordering="pk")
    def number(self, obj):
        return f"nᵒ\u00a0{obj.pk}"

    @admin.display(description="étape", ordering="stage")
    def stage_badge(self, obj):
        return format_html(
            '<span class="ftap-badge ftap-import--{}">{}</span>', obj.stage, obj.get_stage_display()
        )

    @admin.display(description="déposé par", ordering="created_by__last_name")
    def author(self, obj):
        return _person(obj.created_by)

    # Deposit --------------------------------------------------------------------------------

    def add_view(self, request, form_url="", extra_context=None):
        """Deposit a file."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        still_open, status = None, 200
        if request.method == "POST":
            form = self.upload_form(request.POST, request.FILES, user=request.user)
            if form.is_valid():
                try:
                    job = self._receive(request, form)
                except Refusal as error:
                    still_open, status = getattr(error, "job", None), 409
                    form.add_error("file", error)
                except OperationalError as error:
                    form.add_error(None, busy(error))
                    status = 409
                else:
                    return HttpResponseRedirect(self._next_url(job))
        else:
            form = self.upload_form(user=request.user, asked=request.GET)
        return self._page(
            request,
            "upload",
            None,
            status=status,
            title=self.upload_title,
            form=form,
            still_open=still_open,
            still_open_url=still_open and self.url("change", still_open.pk),
            help_sentences=self.upload_help,
            help_links=self.upload_links(request),
        )

    upload_title = "Importer un fichier"

    def _receive(self, request, form):
        fields = {
            name: value for name, value in form.cleaned_data.items() if name in form.job_fields
        }
        job = running.receive(self.kind, form.cleaned_data["file"], by=request.user, **fields)
        if not self.kind.is_mapped:
            job = running.start(job, self.kind, by=request.user)
        return job

    def _next_url(self, job):
        if job.stage == Stage.RECEIVED and self.mapping_url(job):
            return self.mapping_url(job)
        return self.url("change", job.pk)

    # The import itself ----------------------------------------------------------------------

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The page of an import, at whichever step it stands."""
        job = self.get_job(request, object_id)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        if job.stage == Stage.RECEIVED and self.mapping_url(job):
            return HttpResponseRedirect(self.mapping_url(job))
        if not job.is_open:
            return self._receipt(request, job)
        if job.stage == Stage.READY:
            return self._review(request, job)
        return self._page(request, "reading", job, progress=self._progress(request, job))

    def _review(self, request, job):
        choice = showing.RowChoice(request.GET)
        counts = running.outcomes(job, self.kind, request.user)
        page = showing.shown_page(job, self.kind, request.user, choice, self.link_of)
        paginator = page.paginator
        return self._page(
            request,
            "review",
            job,
            choice=choice,
            counts=counts,
            tabs=showing.tabs(counts, choice),
            page=page,
            pages=[
                (name, name if isinstance(name, str) else choice.address(page=str(name)) or "?")
                for name in paginator.get_elided_page_range(page.number)
            ],
            query=choice.address(),
            file_problems=job.problems if self.sees_totals(request, job) else [],
            has_problems=bool(counts[Outcome.UNREADABLE] or counts[Outcome.HELD]),
            job_links=self.job_links(request, job),
            mapping_url=self.mapping_url(job),
        )

    def _receipt(self, request, job):
        may_see = job.ended_by_id == request.user.pk or self.sees_totals(request, job)
        labels = {name: several for name, (_, _, several) in showing.CHOICES.items()}
        done = {
            Outcome.CREATED: "lignes créées",
            Outcome.CHANGED: "lignes modifiées",
            Outcome.UNCHANGED: "lignes inchangées",
            Outcome.HELD: "lignes bloquées, non écrites",
            showing.ASIDE: "lignes écartées, non écrites",
        }
        labels = labels | done | self.kind.count_labels
        counts = [(labels.get(name, name), count) for name, count in job.counts.items()]
        return self._page(request, "receipt", job, receipt=counts if may_see else None)

    # Reading --------------------------------------------------------------------------------

    def advance_view(self, request, object_id):
        """Read a little more of the file; JSON for the script of the page."""
        job = self.get_job(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        wants_json = JSON in request.headers.get("Accept", "")
        try:
            job = running.advance(job, self.kind, by=request.user)
        except Refusal as error:
            message = " ".join(error.messages)
        except OperationalError as error:
            message = busy(error)
        else:
            if wants_json:
                return JsonResponse(self._progress(request, job))
            return HttpResponseRedirect(self._next_url(job))
        if wants_json:
            return JsonResponse({"message": message}, status=409)
        messages.error(request, message)
        return HttpResponseRedirect(self._next_url(job))

    def _progress(self, request, job):
        """Where the reading stands; without numbers where totals would tell of a hidden row."""
        shown = self.sees_totals(request, job)
        text = f"{number(job.rows_read)} lignes lues sur {number(job.rows_total)}"
        return {
            "stage": job.stage,
            "read": job.rows_read if shown else None,
            "total": job.rows_total if shown else None,
            "text": text if shown else "Lecture en cours",
            "url": self._next_url(job),
        }

    def reread_view(self, request, object_id):
        """Compare every row again, with what is stored now."""
        job = self.get_job(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            job = running.restart(job, self.kind, by=request.user)
            job = running.start(job, self.kind, by=request.user)
        except Refusal as error:
            messages.error(request, " ".join(error.messages))
        except OperationalError as error:
            messages.error(request, busy(error))
        return HttpResponseRedirect(self._next_url(job))

    # Pages ----------------------------------------------------------------------------------

    def get_job(self, request, object_id):
        """The import, if it exists for the reader: 403 without the right to import, else 404."""
        job = self.get_object(request, unquote(str(object_id)))
        if not (self.has_view_permission(request, job) and self.has_add_permission(request)):
            raise PermissionDenied
        if job is None:
            raise Http404(f"{self.opts.label} {object_id}")
        return job

    def _title(self, job):
        return f"Import nᵒ\u00a0{job.pk}\u00a0: {job.filename}"

    def page(self, request, template, job, *, status=200, **context):
        request.current_app = self.admin_site.name
        urls = {}
        if job is not None:
            names = ("advance", "reread", "problems", "confirm", "abandon", "change")
            urls = {name: self.url(name, job.pk) for name in names}
            context = {
                "title": self._title(job),
                "facts": self.facts(request, job),
                "shows_totals": self.sees_totals(request, job),
                "author": _person(job.created_by),
                "ended_by": job.ended_by and _person(job.ended_by),
                **context,
            }
        return TemplateResponse(
            request,
            template,
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "job": job,
                "urls": urls,
                "masked": MASKED,
                "row_page": f"admin:{self.prefix}_row",
                "is_mapped": self.kind.is_mapped,
                "search_label": self.kind.search_label,
                **context,
            },
            status=status,
        )

    def _page(self, request, name, job, **context):
        return self.page(request, f"admin/imports/{name}.html", job, **context)


def _person(user):
    return user.get_full_name() or user.get_username()
