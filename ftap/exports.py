"""Exports of the staff's lists: the rows on screen, in columns chosen, as a safe spreadsheet.

A `Resource` says which columns a model's rows give and what each reader reads of them; a screen
derived from `ExportableAdmin` offers it. Nothing is read back: data come in through `ftap.imports`,
which keeps their history.
"""

import logging

from django import forms
from django.conf import settings
from django.contrib.admin.options import IS_POPUP_VAR, IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.module_loading import import_string
from django.utils.text import capfirst, slugify
from import_export import resources
from import_export.admin import ExportMixin
from import_export.fields import Field
from import_export.formats.base_formats import Format
from import_export.forms import SelectableFieldsExportForm
from import_export.signals import post_export
from import_export.widgets import Widget

from ftap import sheets
from ftap.modeladmin import storable
from ftap.sheets import Column, Kind, Sheet, SheetError
from ftap.templatetags.ftap import number

logger = logging.getLogger(__name__)

# Between the values of one cell, as in the open data.
SEPARATOR = "; "
CHUNK = 500


def listed(values) -> str:
    """Several values in one cell."""
    return SEPARATOR.join(str(value) for value in values)


def person(user) -> str:
    """A person by their name and the account's, which no two people share; "" for nobody."""
    if user is None:
        return ""
    name, account = user.get_full_name(), user.get_username()
    return f"{name} ({account})" if name else account


# Formats ---------------------------------------------------------------------


class Spreadsheet(Format):
    """A format of `ftap.sheets`: what it exports is a `Sheet`, dated of the day it is made."""

    extension = ""
    title = ""

    def get_title(self):
        return self.title

    def get_extension(self):
        return self.extension

    def get_content_type(self):
        return sheets.CONTENT_TYPES[self.extension]

    def can_export(self):
        return True

    def export_data(self, dataset: Sheet, **kwargs) -> bytes:
        """The file of one sheet. Raises SheetError for more than a spreadsheet can hold."""
        today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
        return sheets.write(
            [dataset],
            self.extension,
            title=dataset.title,
            footer=f"{dataset.title}, document interne, {date_format(today, 'j F Y')}",
            created_at=today,
        )


class CSV(Spreadsheet):
    extension = "csv"
    title = "CSV (point-virgule, UTF-8), lisible par tout logiciel"


class XLSX(Spreadsheet):
    extension = "xlsx"
    title = "XLSX (Excel)"


class ODS(Spreadsheet):
    extension = "ods"
    title = "ODS (LibreOffice)"


# Columns ---------------------------------------------------------------------


class Native(Widget):
    """Leaves a value as it is: a number stays a number, a day a day, an unknown value None."""

    def render(self, value, obj=None, **kwargs):
        return value


class Cell(Field):
    """A column: its label, where its values are read and the kind they are of.

    `source` is a path of attributes (« application__reference »), or a callable taking the row;
    without one, the resource has a method `dehydrate_<name>`.
    """

    def __init__(self, label, source=None, kind=Kind.TEXT, *, width=None):
        is_path = isinstance(source, str)
        super().__init__(
            attribute=source if is_path else None,
            column_name=label,
            widget=Native(),
            readonly=True,
            dehydrate_method=None if is_path else source,
        )
        self.kind = kind
        self.width = width


class Resource(resources.Resource):
    """The columns of a model's export, in order, for one reader.

    `prepared` reads what the cells need in a number of queries that does not grow with the rows.
    `has_unpublished` is true once a row that visitors may not see was written.
    """

    def __init__(self, user=None, **kwargs):
        super().__init__(**kwargs)
        self.user = user
        self.has_unpublished = False

    @classmethod
    def get_display_name(cls):
        """What the page asks of each of its resources; it offers one, and shows no name."""
        return cls.__name__

    def prepared(self, queryset):
        return queryset

    def filter_export(self, queryset, **kwargs):
        return self.prepared(queryset)

    def iter_queryset(self, queryset):
        # In chunks, related rows included: pages would count and sort again for each of them.
        yield from queryset.iterator(chunk_size=CHUNK)

    def sheet(self, queryset, title, names=None) -> Sheet:
        """The rows of `queryset` in the columns `names`, all of them by default; read once."""
        fields = self.get_export_fields(names)
        columns = [
            Column(str(rank), field.column_name, field.kind, field.width)
            for rank, field in enumerate(fields)
        ]
        rows = self.iter_queryset(self.filter_export(queryset))
        return Sheet(title, columns, (self._cells(fields, row) for row in rows))

    def _cells(self, fields, row):
        return {str(rank): self.export_field(field, row) for rank, field in enumerate(fields)}

    def published(self, label: str, is_published: bool) -> str:
        """The word for a row's publication, noting that one is not public."""
        self.has_unpublished = self.has_unpublished or not is_published
        return label

    def import_data(self, *args, **kwargs):
        raise NotImplementedError("an export is not read back: see ftap.imports")

    def import_row(self, *args, **kwargs):
        raise NotImplementedError("an export is not read back: see ftap.imports")


# The page --------------------------------------------------------------------


class KeysField(forms.MultipleChoiceField):
    """Rows chosen in a list, whose keys are compared with that list."""

    def valid_value(self, value):
        return True


class ExportForm(SelectableFieldsExportForm):
    """The format and the columns of an export; the rows chosen in the list, if some were."""

    def __init__(self, formats, resources, **kwargs):
        super().__init__(formats, resources, **kwargs)
        self.label_suffix = ""
        self.fields["resource"].error_messages["invalid_choice"] = (
            "Cette page n’est plus valable\u00a0: rouvrez-la depuis la liste."
        )
        self.fields["format"] = forms.ChoiceField(
            label="Format du fichier",
            choices=[(str(rank), found().get_title()) for rank, found in enumerate(formats)],
            initial="0",
            widget=forms.RadioSelect,
            error_messages={
                "required": "Choisissez le format du fichier.",
                "invalid_choice": "Ce format n’existe pas\u00a0: choisissez dans la liste.",
            },
        )
        self.fields["export_items"] = KeysField(
            label="Lignes choisies", required=False, widget=forms.MultipleHiddenInput
        )

    @property
    def media(self):
        return forms.Media(js=("ftap/export.js",))

    def _get_field_label(self, resource, field_name):
        return resource.fields[field_name].column_name

    def _validate_any_field_selected(self, resource):
        if not any(self.cleaned_data.get(name) for name in resource.fields):
            raise ValidationError("Cochez au moins une colonne.")

    @property
    def columns(self):
        """The boxes of the columns, in their order."""
        return [box for box in self.visible_fields() if hasattr(box.field, "resource_index")]


class ExportableAdmin(ExportMixin):
    """A screen whose list can be exported, whole, filtered, or some of its rows.

    The list's own rows are exported: same visibility, filters, search and order. It takes the
    permission to view the rows and, besides, the one to export them: « calls.export_application »,
    unless `export_permission` names another.
    """

    export_form_class = ExportForm
    export_permission = ""
    ie_base_change_list_template = None

    def init_change_list_template(self):
        """Lists keep their template: the button is in change_list_object_tools.html."""

    @property
    def export_formats(self):
        return [import_string(path) for path in settings.EXPORT_FORMATS]

    def has_export_permission(self, request):
        if not self.has_view_permission(request):
            return False
        if self.export_permission:
            return request.user.has_perm(self.export_permission)
        return super().has_export_permission(request)

    def get_export_resource_kwargs(self, request, **kwargs):
        return {"user": request.user}

    # Rows ----------------------------------------------------------------------

    def get_export_list(self, request):
        """The list as its address asks for it; IncorrectLookupParameters where it asks nonsense."""
        return self.get_changelist_instance(request)

    def get_actions(self, request):
        actions = super().get_actions(request)
        if self.actions is None or IS_POPUP_VAR in request.GET:
            return actions
        if self.has_export_permission(request):
            name = "export_selected"
            actions[name] = (type(self).export_selected, name, "Exporter la sélection…")
        return actions

    def export_selected(self, request, queryset):
        """From the menu of the list: the page of the export of the rows chosen there."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        if request.POST.get("select_across") == "1":
            return HttpResponseRedirect(self._export_url(request))
        keys = [str(key) for key in queryset.values_list("pk", flat=True)]
        form = self._export_form(request, initial={"export_items": keys})
        return self._export_page(request, form, count=len(keys), is_chosen=True)

    # Page and file ---------------------------------------------------------------

    def export_action(self, request):
        """GET: what would be exported, and how. POST: the file."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(("GET", "HEAD", "POST"))
        try:
            changelist = self.get_export_list(request)
        except IncorrectLookupParameters:
            # The whole list is not what this address asked for: its page says so.
            return HttpResponseRedirect(f"{self._list_url()}?{ERROR_FLAG}=1")
        rows = changelist.queryset
        # A list counts up to a bound; a file says how many rows it would have.
        is_bounded = changelist.paginator.is_bounded
        count = rows.count() if is_bounded else changelist.result_count
        is_filtered = bool(changelist.query or changelist.get_filters_params())
        is_chosen = False
        if request.method == "POST":
            form = self._export_form(request, data=request.POST)
            if form.is_valid():
                if keys := {*form.cleaned_data["export_items"]}:
                    is_chosen = True
                    rows = rows.filter(pk__in=[key for key in keys if storable(self.opts.pk, key)])
                    count = rows.count()
                    if count < len(keys):
                        form.add_error(
                            None,
                            "Des lignes choisies ne sont plus dans la liste\u00a0: revenez-y pour "
                            "les choisir de nouveau.",
                        )
                if refusal := too_many(count):
                    form.add_error(None, refusal)
            if form.is_valid():
                file_format = self.get_export_formats()[int(form.cleaned_data["format"])]()
                try:
                    return self._do_file_export(file_format, request, rows, export_form=form)
                except SheetError as error:
                    form.add_error(None, str(error))
        else:
            form = self._export_form(request)
        return self._export_page(
            request, form, count=count, is_chosen=is_chosen, is_filtered=is_filtered
        )

    def _export_form(self, request, **kwargs):
        return self.get_export_form_class()(
            self.get_export_formats(), self.get_export_resource_classes(request), **kwargs
        )

    def _export_page(self, request, form, *, count, is_chosen, is_filtered=False):
        request.current_app = self.admin_site.name
        query = request.GET.urlencode()
        return TemplateResponse(
            request,
            self.export_template_name,
            {
                **self.admin_site.each_context(request),
                "title": f"Exporter\u00a0: {self.opts.verbose_name_plural}",
                "opts": self.opts,
                "form": form,
                "media": form.media,
                "count": count,
                "is_chosen": is_chosen,
                "is_filtered": is_filtered,
                "refusal": too_many(count),
                "tells_publication": any(
                    "publication" in found.fields
                    for found in self.get_export_resource_classes(request)
                ),
                "export_url": self._export_url(request),
                "back": f"{self._list_url()}?{query}" if query else self._list_url(),
            },
            status=400 if form.errors else 200,
        )

    def _do_file_export(self, file_format, request, queryset, export_form=None):
        """The file, as an attachment; who took what is written in the log."""
        resource = self.choose_export_resource_class(export_form, request)(
            **self.get_export_resource_kwargs(request)
        )
        names = self.get_export_resource_fields_from_form(export_form)
        title = capfirst(self.opts.verbose_name_plural)
        content = file_format.export_data(resource.sheet(queryset, title, names))
        filename = self._export_filename(resource, file_format)
        logger.info(
            "Export de %s par %s\u00a0: %s, colonnes %s",
            self.opts.label_lower,
            request.user.get_username(),
            filename,
            ", ".join(names),
        )
        post_export.send(sender=None, model=self.model)
        return HttpResponse(
            content,
            content_type=file_format.get_content_type(),
            headers={"Content-Disposition": f'attachment; filename="{filename}"'},
        )

    def _export_filename(self, resource, file_format):
        """« laureats-dont-non-publics-2026-11-24.csv »: a file says that it is not to be passed on
        even where nobody opens it."""
        parts = [
            slugify(str(self.opts.verbose_name_plural)),
            "dont-non-publics" if resource.has_unpublished else "",
            timezone.localdate().isoformat(),
        ]
        return f"{'-'.join(filter(None, parts))}.{file_format.get_extension()}"

    def _list_url(self):
        opts = self.opts
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")

    def _export_url(self, request):
        query = request.GET.urlencode()
        opts = self.opts
        url = reverse(f"admin:{opts.app_label}_{opts.model_name}_export")
        return f"{url}?{query}" if query else url


def too_many(count: int) -> str:
    """Why `count` rows are not exported at once, in French; "" where they may be."""
    most = settings.EXPORT_MAX_ROWS
    if count <= most:
        return ""
    return (
        f"Cet export aurait {number(count)}\u00a0lignes, et s’arrête à {number(most)}. Revenez à "
        "la liste, filtrez-la (par année, par session…), puis exportez chaque partie."
    )
