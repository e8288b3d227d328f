"""The pages on which a person settles a draft: seen, posted, refused with both values shown."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.http import Http404, HttpResponseRedirect

from ftap.formfields import VersionField
from ftap.imports.holding import BUSY, is_contention
from ftap.refusals import Refusal, Stale
from laureates.admin.announcement_text_sheets import SHEETS
from laureates.importers.text import gates, settling
from laureates.models import AnnouncementText


class SettlingPages:
    """For AnnouncementTextAdmin, whose `get_text`, `url`, `item_url` and `page` it uses."""

    def sheet_view(self, name):
        """The view of one page on which a draft is corrected."""

        def view(request, object_id, block=None):
            row = self.get_text(request, object_id)
            if not row.is_open:
                messages.info(request, gates.ENDED)
                return HttpResponseRedirect(self.url("change", row.pk))
            key = "" if block is None else str(block)
            sheet = SHEETS[name](row, request.GET, key=key)
            if name == "laureate" and sheet.rank is None:
                raise Http404(f"{self.opts.label} {object_id} {block}")
            if request.method != "POST":
                return self._sheet(request, sheet)
            sheet = SHEETS[name](row, request.GET, request.POST, key)
            return self._post(request, sheet)

        return view

    def _post(self, request, sheet):
        row = sheet.row
        try:
            version = VersionField().clean(request.POST.get("version", ""))
            saved = gates.correct(row, sheet.changes(), by=request.user, version=version)
        except OperationalError as error:
            return self._sheet(request, sheet, Refusal(busy(error)))
        except ValidationError as error:
            return self._sheet(request, sheet, error)
        return HttpResponseRedirect(self._after(request, sheet, saved))

    def _after(self, request, sheet, saved):
        items = settling.left(saved.content)
        count = len(items)
        rest = {0: "Tout est réglé.", 1: "Il reste un point à régler."}.get(
            count, f"Il reste {count}\u00a0points à régler."
        )
        messages.success(request, f"Enregistré. {rest}")
        if "_next" not in request.POST:
            key = [int(sheet.key)] if sheet.key else []
            still = SHEETS[sheet.name](saved, {}, key=sheet.key)
            if sheet.name != "laureate" or still.rank is not None:
                page = f"?page={sheet.page.number}" if sheet.page.number > 1 else ""
                return f"{self.url(sheet.name, saved.pk, *key)}{page}"
        elif sheet.name == "laureate":
            fresh = SHEETS["laureate"](saved, {}, key=sheet.key)
            if fresh.rank is not None and fresh.following:
                return self.url("laureate", saved.pk, fresh.following["key"])
        elif items:
            order = list(settling.PAGES)
            later = [i for i in items if order.index(i.page) >= order.index(sheet.name)]
            return self.item_url(saved, (later or items)[0])
        return self.url("change", saved.pk)

    def _sheet(self, request, sheet, error=None):
        row = sheet.row
        if error is not None:
            # The page that comes back speaks of the draft as it is now.
            row = AnnouncementText.objects.get(pk=row.pk)
            if not row.is_open:
                messages.error(request, gates.ENDED)
                return HttpResponseRedirect(self.url("change", row.pk))
            sheet = SHEETS[sheet.name](row, request.GET, request.POST, sheet.key)
            if sheet.name == "laureate" and sheet.rank is None:
                messages.error(request, " ".join(error.messages))
                return HttpResponseRedirect(self.url("change", row.pk))
        stale = error if isinstance(error, Stale) else None
        compared = (
            [(label, stale.stored[label], text) for label, text in stale.typed.items()]
            if stale
            else []
        )
        numbers = sheet.page.paginator.get_elided_page_range(sheet.page.number)
        return self.page(
            request,
            sheet.name,
            row,
            status=200 if error is None else 409,
            title=f"{row.title} – {sheet.label.lower()}",
            sheet=sheet,
            errors=error.messages if error else [],
            compared=compared,
            numbers=list(numbers) if sheet.page.has_other_pages() else [],
            here=sheet.name,
            key=sheet.key,
            previous_url=self._neighbour(row, sheet, "previous"),
            carriers_url=self.url("carriers", row.pk),
            next_url=self._neighbour(row, sheet, "following"),
        )

    def _neighbour(self, row, sheet, name):
        laureate = getattr(sheet, name, None)
        return self.url("laureate", row.pk, laureate["key"]) if laureate else ""

    def sheet_url(self, row, name):
        if name != "laureate":
            return self.url(name, row.pk)
        laureates = row.content["laureates"]
        return self.url(name, row.pk, laureates[0]["key"]) if laureates else ""


def busy(error) -> str:
    """What to say when the database gave up because of another writer; raises any other."""
    if not is_contention(error):
        raise error
    return BUSY
