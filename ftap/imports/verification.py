"""The pages on which a person verifies an import, then confirms it or gives it up."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import OperationalError
from django.http import Http404, HttpResponseNotAllowed, HttpResponseRedirect

from ftap.imports import running, showing
from ftap.imports.forms import ConfirmForm
from ftap.imports.models import ImportJob, ImportRow
from ftap.refusals import Refusal, Stale

Stage = ImportJob.Stage
Outcome = ImportRow.Outcome
_TROUBLES_PER_PAGE = 200


class VerificationPages:
    """For ImportJobAdmin, whose `get_job`, `url` and `_page` it uses."""

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
            refusal = Refusal(busy(error))
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
            job_links=self.job_links(request, job),
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
                    errors = [busy(error)]
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
                messages.error(request, busy(error))
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


def busy(error) -> str:
    """What to say when the database gave up because of another writer; raises any other."""
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
