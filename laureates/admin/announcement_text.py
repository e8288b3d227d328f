"""The screens of announcements' texts: deposit, settling, confirmation, receipt.

Each step can be left and found again in the list. Acts are posted, then answered by a redirect;
what is refused shows on the same page, with what was typed.
"""

import re
from datetime import date

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from ftap.exports import ExportableAdmin
from ftap.formfields import say
from ftap.listfilters import SplitFilter
from ftap.modeladmin import ModelAdmin
from ftap.refusals import Refusal
from ftap.templatetags.ftap import french_date
from laureates.admin.announcement_text_forms import DepositForm
from laureates.admin.announcement_text_settling import SettlingPages, busy
from laureates.admin.announcement_text_sheets import SHEETS
from laureates.importers.text import drafting, gates, settling
from laureates.models import Announcement, AnnouncementText
from laureates.resources import AnnouncementTextResource

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_STATES = {
    "open": ("a-regler", "à régler"),
    "done": ("repris", "repris"),
    "left": ("sans-suite", "sans suite"),
}
_ADDRESSES = {
    "structure": "structure/",
    "header": "en-tete/",
    "hyphens": "mots/",
    "carriers": "porteurs/",
    "figures": "chiffres/",
    "laureate": "laureats/<int:block>/",
}


class StateFilter(SplitFilter):
    title = "état"
    parameter_name = "etat"
    conditions = {
        "a-regler": ("à régler", lambda rows: rows.filter(ended_at=None)),
        "repris": ("repris", lambda rows: rows.filter(announcement__isnull=False)),
        "sans-suite": (
            "sans suite",
            lambda rows: rows.filter(ended_at__isnull=False, announcement=None),
        ),
    }


@admin.register(AnnouncementText)
class AnnouncementTextAdmin(SettlingPages, ExportableAdmin, ModelAdmin):
    resource_classes = [AnnouncementTextResource]
    index_order = 14
    change_list_template = "admin/laureates/announcementtext/change_list.html"
    list_display = ("title", "source", "state_badge", "author", "created_at")
    list_filter = (StateFilter,)
    list_select_related = ("created_by",)
    search_fields = ("title", "source")
    date_hierarchy = "created_at"

    # Rights and addresses -------------------------------------------------------------------

    def has_add_permission(self, request):
        return request.user.has_perm(gates.PERMISSION)

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm(gates.PERMISSION)

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_urls(self):
        wrap = self.admin_site.admin_view
        pages = [
            *((address, self.sheet_view(name), name) for name, address in _ADDRESSES.items()),
            ("confirmation/", self.confirm_view, "confirm"),
            ("abandon/", self.abandon_view, "abandon"),
        ]
        return [
            path(f"<path:object_id>/{address}", wrap(view), name=f"{_PREFIX}_{name}")
            for address, view, name in pages
        ] + super().get_urls()

    def url(self, page, *args):
        return reverse(f"admin:{_PREFIX}_{page}", args=args)

    def item_url(self, row, item) -> str:
        """Where an item is settled."""
        if item.page == "laureate":
            return self.url("laureate", row.pk, item.key)
        return f"{self.url(item.page, row.pk)}{_page_of(row, item)}"

    # Columns --------------------------------------------------------------------------------

    @admin.display(description="état", ordering="ended_at")
    def state_badge(self, obj):
        return format_html('<span class="ftap-badge">{}</span>', _state(obj)[1])

    @admin.display(description="déposé par", ordering="created_by__last_name")
    def author(self, obj):
        return _person(obj.created_by)

    # Deposit --------------------------------------------------------------------------------

    def add_view(self, request, form_url="", extra_context=None):
        """Paste a text, or deposit a file."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form, status = DepositForm(), 200
        if request.method == "POST":
            form = DepositForm(request.POST, request.FILES)
            if form.is_valid():
                given = form.cleaned_data
                try:
                    row = gates.create(by=request.user, **given)
                except Refusal as error:
                    in_field = not hasattr(error, "error_dict")
                    name = "file" if given["file"] is not None else "text"
                    form.add_error(name, error) if in_field else say(form, error)
                    status = 409
                except OperationalError as error:
                    form.add_error(None, busy(error))
                    status = 409
                else:
                    return HttpResponseRedirect(self.url("change", row.pk))
        return self.page(
            request, "deposit", None, status=status, title="Reprendre une annonce", form=form
        )

    # The text itself ------------------------------------------------------------------------

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """Where a text stands: what is left to settle, or what became of it."""
        row = self.get_text(request, object_id)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        if not row.is_open:
            return self._receipt(request, row)
        items = settling.left(row.content)
        return self.page(
            request,
            "overview",
            row,
            groups=[
                (
                    label,
                    self.sheet_url(row, name),
                    [(item, self.item_url(row, item)) for item in items if item.page == name],
                )
                for name, label in settling.PAGES.items()
            ],
            laureates=self._laureates(row, items),
            items=items,
        )

    def _laureates(self, row, items):
        waiting = {item.key for item in items if item.page == "laureate"}
        return [
            (one, self.url("laureate", row.pk, one["key"]), one["key"] in waiting)
            for one in row.content["laureates"]
        ]

    def _receipt(self, request, row):
        # A reader may be kept from an announcement in preparation.
        rows = Announcement.objects.visible_to(request.user)
        announcement = rows.filter(pk=row.announcement_id).first()
        return self.page(
            request,
            "receipt",
            row,
            announcement=announcement,
            announcement_url=announcement
            and reverse("admin:laureates_announcement_change", args=[announcement.pk]),
            fields=[
                (settling.FIELDS[name].capitalize(), _in_french(field["value"]), field)
                for name in settling.FIELDS
                if (field := row.content["header"][name])["sentence"]
            ],
        )

    # Ending ---------------------------------------------------------------------------------

    def confirm_view(self, request, object_id):
        """What will be created, then the act: all or nothing, once."""
        row = self.get_text(request, object_id)
        errors, status = [], 200
        if request.method == "POST":
            try:
                announcement = gates.turn_into_announcement(
                    row, by=request.user, seen=request.POST.get("seen", "")
                )
            except Refusal as error:
                errors, status = error.messages, 409
            except OperationalError as error:
                errors, status = [busy(error)], 409
            else:
                messages.success(
                    request, f"L’annonce «\u00a0{announcement}\u00a0» est créée, non publiée."
                )
                return HttpResponseRedirect(self.url("change", row.pk))
            row = AnnouncementText.objects.get(pk=row.pk)
        if not row.is_open:
            messages.info(request, "Ce texte est déjà repris ou sans suite\u00a0: voici son reçu.")
            return HttpResponseRedirect(self.url("change", row.pk))
        found = gates.refreshed(row)
        row.content = found
        items = settling.left(found)
        made = {
            (entry["key"], entry["name"])
            for entry in found["names"]
            if entry["choice"] == drafting.NEW
        }
        return self.page(
            request,
            "confirm",
            row,
            status=status,
            title=f"{row.title} – confirmation",
            errors=errors,
            found=found,
            items=[(item, self.item_url(row, item)) for item in items],
            seal=gates.seal(found),
            fields=[
                (settling.FIELDS[name].capitalize(), _in_french(found["header"][name]["value"]))
                for name in settling.FIELDS
                if name != "public_text"
            ],
            created=sorted(name for _, name in made),
            carrier_count=sum(len(one["carriers"]) for one in found["laureates"]),
            claims=[one for one in found["claims"] if one["is_kept"]],
            documents=[
                one | {"updated_on": _in_french(one["updated_on"])}
                for one in found["documents"]
                if one["is_kept"]
            ],
            here="confirm",
        )

    def abandon_view(self, request, object_id):
        """Give the text up."""
        row = self.get_text(request, object_id)
        if request.method == "POST":
            try:
                gates.abandon(row, by=request.user)
            except Refusal as error:
                messages.error(request, " ".join(error.messages))
            except OperationalError as error:
                messages.error(request, busy(error))
            else:
                messages.success(
                    request, "Le texte est laissé sans suite\u00a0: rien n’a été créé."
                )
            return HttpResponseRedirect(self.url("change", row.pk))
        if not row.is_open:
            return HttpResponseRedirect(self.url("change", row.pk))
        return self.page(request, "abandon", row, title=f"{row.title} – abandon")

    # Pages ----------------------------------------------------------------------------------

    def get_text(self, request, object_id):
        """The text: 403 without the right to import, else 404 where it does not exist."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, unquote(str(object_id)))
        if row is None:
            raise Http404(f"{self.opts.label} {object_id}")
        return row

    def page(self, request, template, row, *, status=200, **context):
        request.current_app = self.admin_site.name
        urls, steps = {}, []
        if row is not None:
            names = ("change", "confirm", "abandon")
            urls = {name: self.url(name, row.pk) for name in names}
            if row.is_open:
                steps = self._steps(row)
        return TemplateResponse(
            request,
            f"admin/laureates/announcementtext/{template}.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "row": row,
                "urls": urls,
                "steps": steps,
                "state": row and _state(row)[1],
                "author": row and _person(row.created_by),
                "ended_by": row and row.ended_by and _person(row.ended_by),
                "title": row and row.title,
                **context,
            },
            status=status,
        )

    def _steps(self, row):
        """(page, label, address, number of points to settle) of each page of the draft."""
        items = settling.left(row.content)
        counts = [sum(item.page == name for item in items) for name in settling.PAGES]
        return [
            (name, label, self.sheet_url(row, name), count)
            for (name, label), count in zip(settling.PAGES.items(), counts, strict=True)
        ]


_PREFIX = "laureates_announcementtext"


def _state(row):
    if row.is_open:
        return _STATES["open"]
    return _STATES["done"] if row.announcement_id else _STATES["left"]


def _page_of(row, item):
    """The query and fragment that show an item on its page."""
    sheet = SHEETS[item.page](row, {})
    for rank, entry in enumerate(sheet.entries()):
        if sheet.key_of(entry) == item.key:
            number = rank // sheet.per_page + 1
            return f"{f'?page={number}' if number > 1 else ''}#{sheet.anchor(item.key)}"
    return ""


def _in_french(value):
    """A day as one says it; any other text as it is."""
    return french_date(date.fromisoformat(value)) if _DAY.fullmatch(value) else value


def _person(user):
    return user.get_full_name() or user.get_username()
