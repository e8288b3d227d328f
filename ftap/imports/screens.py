"""The screens of imports: deposit, reading, verification, confirmation, receipt.

Each step can be left and found again in the list. Acts are posted, then answered by a redirect;
what is refused shows on the same page, with what was typed.
"""

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import OperationalError
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from ftap.imports import running, showing
from ftap.imports.forms import ConfirmForm, UploadForm
from ftap.imports.kinds import ImportKind
from ftap.imports.models import ImportJob, ImportRow
from ftap.modeladmin import ModelAdmin
from ftap.refusals import Refusal, Stale
from ftap.templatetags.ftap import number

Stage = ImportJob.Stage
Outcome = ImportRow.Outcome
MASKED = "masqué\u00a0: déport"
JSON = "application/json"
_TROUBLES_PER_PAGE = 200


class ImportJobAdmin(ModelAdmin):
    """Imports of one kind. `kind` and `upload_form` are those of a subclass."""

    kind: ImportKind
    upload_form = UploadForm
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
                    form.add_error(None, _busy(error))
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
            Outcome.HELD: "lignes retenues, non écrites",
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
            message = _busy(error)
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
            messages.error(request, _busy(error))
        return HttpResponseRedirect(self._next_url(job))

    # Verification ---------------------------------------------------------------------------

    def row_view(self, request, object_id, row_pk):
        """One row, with all its cells; what is answered about it is posted here."""
        job = self.get_job(request, object_id)
        choice = showing.RowChoice(request.GET)
        back = f"{self.url('change', job.pk)}{choice.address()}"
        if job.stage != Stage.READY:
            messages.info(request, "Cet import n’est plus à cette étape.")
            return HttpResponseRedirect(self._next_url(job))
        row = running.primary_rows(job, self.kind, request.user).filter(pk=row_pk).first()
        if row is None:
            raise Http404(f"{self.opts.label} {object_id} {row_pk}")
        row.job = job
        if request.method != "POST":
            return self._row_page(request, job, row, choice)
        typed = _typed(request.POST)
        try:
            answered = self._answer(request, row, typed)
        except Refusal as error:
            row = running.primary_rows(job, self.kind, request.user).filter(pk=row_pk).first()
            if row is None:
                raise Http404(f"{self.opts.label} {object_id} {row_pk}") from error
            return self._row_page(request, job, row, choice, typed=typed, error=error, status=409)
        except OperationalError as error:
            refusal = Refusal(_busy(error))
            return self._row_page(request, job, row, choice, typed=typed, error=refusal, status=409)
        shown = showing.ShownRow(answered, job, self.kind)
        messages.success(request, f"{str(answered).capitalize()}\u00a0: {shown.outcome_label}.")
        return HttpResponseRedirect(f"{back}#ligne-{row_pk}")

    def _answer(self, request, row, typed):
        asked, seen = request.POST, request.POST.get("seen", "")
        given = {"by": request.user, "seen": seen}
        if "_aside" in asked or "_back" in asked:
            return running.answer(row, self.kind, is_set_aside="_aside" in asked, **given)
        decisions = dict(typed["answers"])
        if "_overwrite" in asked:
            decisions[running.OVERWRITE] = typed["reason"]
            if not typed["reason"]:
                raise Refusal("Indiquez le motif\u00a0: il reste dans l’historique.")
        elif "_keep" in asked:
            decisions[running.OVERWRITE] = ""
        return running.answer(row, self.kind, texts=typed["cells"], decisions=decisions, **given)

    def _row_page(self, request, job, row, choice, *, typed=None, error=None, status=200):
        row.job = job
        shown = showing.ShownRow(row, job, self.kind, typed or {}, self.link_of(row))
        stale = error if isinstance(error, Stale) else None
        compared = (
            [(label, stale.stored.get(label, ""), text) for label, text in stale.typed.items()]
            if stale
            else []
        )
        return self._page(
            request,
            "row",
            job,
            status=status,
            title=f"{self._title(job)} – {row}",
            shown=shown,
            errors=error.messages if error else [],
            compared=compared,
            query=choice.address(),
            back=f"{self.url('change', job.pk)}{choice.address()}#ligne-{row.pk}",
        )

    def problems_view(self, request, object_id):
        """Every problem of the file, with its sheet, row and column."""
        job = self.get_job(request, object_id)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if job.stage != Stage.READY:
            return HttpResponseRedirect(self._next_url(job))
        rows = running.primary_rows(job, self.kind, request.user).exclude(problems=[])
        rows = rows.filter(is_set_aside=False)
        page = Paginator(rows, _TROUBLES_PER_PAGE).get_page(request.GET.get("page", "1")[:12])
        return self._page(
            request,
            "problems",
            job,
            title=f"{self._title(job)} – problèmes",
            page=page,
            troubles=[trouble for row in page for trouble in showing.troubles_of(row)],
            file_problems=job.problems if self.sees_totals(request, job) else [],
            back=self.url("change", job.pk),
        )

    # Ending ---------------------------------------------------------------------------------

    def confirm_view(self, request, object_id):
        """What will be written, then the act: all or nothing, once."""
        job = self.get_job(request, object_id)
        if job.stage != Stage.READY:
            if job.stage == Stage.DONE:
                messages.info(request, "Cet import est déjà terminé\u00a0: voici son reçu.")
            return HttpResponseRedirect(self._next_url(job))
        form, errors, status = ConfirmForm(label_suffix=""), [], 200
        if request.method == "POST":
            form, status = ConfirmForm(request.POST, label_suffix=""), 409
            if form.is_valid():
                given = form.cleaned_data
                try:
                    job = running.apply(
                        job,
                        self.kind,
                        by=request.user,
                        comment=given["comment"],
                        seen=given["seen"],
                    )
                except Refusal as error:
                    errors = error.messages
                except OperationalError as error:
                    errors = [_busy(error)]
                else:
                    messages.success(request, "L’import est terminé\u00a0: voici son reçu.")
                    return HttpResponseRedirect(self.url("change", job.pk))
            else:
                errors = form.errors.get("seen", [])
        counts = running.outcomes(job, self.kind, request.user)
        return self._page(
            request,
            "confirm",
            job,
            status=status,
            title=f"{self._title(job)} – confirmation",
            form=form,
            seal=running.seal(job, self.kind, request.user),
            errors=errors,
            counts=counts,
            written=counts[Outcome.CREATED] + counts[Outcome.CHANGED],
            back=self.url("change", job.pk),
        )

    def abandon_view(self, request, object_id):
        """Give the import up."""
        job = self.get_job(request, object_id)
        if not job.is_open:
            messages.info(request, "Cet import est déjà terminé\u00a0: voici son reçu.")
            return HttpResponseRedirect(self.url("change", job.pk))
        if request.method == "POST":
            try:
                running.abandon(job, self.kind, by=request.user)
            except Refusal as error:
                messages.error(request, " ".join(error.messages))
            except OperationalError as error:
                messages.error(request, _busy(error))
            else:
                messages.success(request, "L’import est abandonné\u00a0: rien n’a été écrit.")
            return HttpResponseRedirect(self.url("change", job.pk))
        return self._page(
            request,
            "abandon",
            job,
            title=f"{self._title(job)} – abandon",
            back=self._next_url(job),
        )

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
                **context,
            },
            status=status,
        )

    def _page(self, request, name, job, **context):
        return self.page(request, f"admin/imports/{name}.html", job, **context)


def _person(user):
    return user.get_full_name() or user.get_username()


def _busy(error):
    if not running.is_contention(error):
        raise error
    return running.BUSY


def _typed(posted):
    """What was typed about a row: {"cells": {index: text}, "answers": {name: value}, "reason"}."""
    cells, answers = {}, {}
    for name, value in posted.items():
        part, _, rest = name.partition("-")
        if part == "cell" and rest.isdecimal() and len(rest) < 5:
            cells[int(rest)] = value
        elif part == "answer" and rest:
            answers[rest] = value
    return {"cells": cells, "answers": answers, "reason": posted.get("reason", "").strip()}
