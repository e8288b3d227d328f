"""What every screen of the staff's site shares; each application's screens derive from it."""

import re
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR, IncorrectLookupParameters
from django.contrib.admin.utils import NestedObjects, flatten_fieldsets, quote, unquote
from django.contrib.admin.views.main import ERROR_FLAG
from django.contrib.admin.widgets import (
    AutocompleteSelect,
    AutocompleteSelectMultiple,
    RelatedFieldWidgetWrapper,
)
from django.core.exceptions import FieldDoesNotExist, PermissionDenied, ValidationError
from django.db import IntegrityError, connections, models, router, transaction
from django.http import Http404, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst, slugify

from ftap import objecthistory, refusals
from ftap.editlock import EditLock
from ftap.lists import BoundedPaginator, KeyedList
from ftap.modelforms import MultilineField, RowsFormSet, StrictModelForm

WORDS_MAX = 12
# Keys that a query is given one by one.
FEW = 500


def storable(field, value) -> bool:
    """Whether `value`, as an address or a form gives it, can be compared with column `field`."""
    try:
        field.run_validators(field.to_python(value))
    except (ValidationError, ValueError, TypeError, OverflowError):
        return False
    return value not in (None, "") and "\0" not in str(value)


class _StorableValues:
    """Ignores the values that the column cannot hold, instead of asking the database."""

    def optgroups(self, name, value, attr=None):
        target = self.field.target_field
        return super().optgroups(name, [item for item in value if storable(target, item)], attr)


class StorableSelect(_StorableValues, AutocompleteSelect):
    pass


class StorableSelectMultiple(_StorableValues, AutocompleteSelectMultiple):
    pass


def visible(queryset, user):
    """The rows that exist for `user`, where the model has such a rule."""
    return queryset.visible_to(user) if hasattr(queryset, "visible_to") else queryset


class ScopedFields:
    """Fields of a form: related rows outside the reader's sight cannot be chosen."""

    def get_queryset(self, request):
        return visible(super().get_queryset(request), request.user)

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if type(db_field) is models.TextField:
            kwargs.setdefault("form_class", MultilineField)
        if isinstance(db_field, models.URLField):
            kwargs.setdefault("assume_scheme", "https")
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(db_field, models.DateTimeField) and field is not None:
            for widget, part in zip(field.widget.widgets, ("date", "heure"), strict=True):
                widget.attrs["aria-label"] = f"{capfirst(db_field.verbose_name)}, {part}"
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            # A related row is deleted from its own page, which says what depends on it.
            field.widget.can_delete_related = False
        return field

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = StorableSelect(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(
            db_field, request, **self._scoped(db_field, request, kwargs)
        )

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = StorableSelectMultiple(
                db_field, self.admin_site, using=kwargs.get("using")
            )
        return super().formfield_for_manytomany(
            db_field, request, **self._scoped(db_field, request, kwargs)
        )

    def _scoped(self, db_field, request, kwargs):
        queryset = kwargs.get("queryset")
        if queryset is None:
            queryset = self.get_field_queryset(kwargs.get("using"), db_field, request)
        if queryset is None:
            queryset = db_field.related_model._default_manager.all()
        try:
            related_admin = self.admin_site.get_model_admin(db_field.related_model)
        except NotRegistered:
            names = ()
        else:
            names = getattr(related_admin, "str_select_related", ())
        if names:
            queryset = queryset.select_related(*names)
        return {**kwargs, "queryset": visible(queryset, request.user)}

    def get_view_on_site_url(self, obj=None):
        """The public address of `obj`, only where `public_queryset` holds it."""
        if obj is None or not obj.pk or not hasattr(obj, "get_absolute_url"):
            return None
        public = self.public_queryset()
        # As stored: what a form refused may have no address.
        stored = None if public is None else public.filter(pk=obj.pk).first()
        return stored.get_absolute_url() if stored else None

    def public_queryset(self):
        """The rows that visitors may see; None for a model that has no public page."""
        return None


class Inline(ScopedFields):
    form = StrictModelForm
    formset = RowsFormSet
    extra = 0


class TabularInline(Inline, admin.TabularInline):
    """Rows in a table: each field is named for those who do not see its column's heading."""

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            widget = getattr(field.widget, "widget", field.widget)
            widget.attrs["aria-label"] = capfirst(field.label)
        return field


class StackedInline(Inline, admin.StackedInline):
    pass


class ReadOnlyInline(TabularInline):
    """Rows that have a page of their own: shown here, edited there."""

    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class ModelAdmin(ScopedFields, admin.ModelAdmin):
    """A screen: an unseen row is absent, every constraint is said in French, no save is blind."""

    form = StrictModelForm
    list_per_page = 50
    list_max_show_all = 500
    show_full_result_count = False
    paginator = BoundedPaginator
    save_on_top = False
    # Rank on the site's first page.
    index_order = 50
    # Joined when rows of this model are named in somebody else's form or filter.
    str_select_related = ()
    # A column of words without accents, searched beside `search_fields`.
    search_slug = None
    # Fields that change by themselves: no sign of a stale form.
    lock_excluded = ()

    # Rows that do not exist for the reader ------------------------------------

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        raise Http404(f"{opts.label} {object_id}")

    # Lists --------------------------------------------------------------------

    def list_links(self, request) -> list[tuple[str, str]]:
        """What the list offers besides adding and exporting: (label, address)."""
        return []

    def get_ordering(self, request):
        # Said outright: a queryset that counts forgets the order of its model.
        return self.ordering or self.opts.ordering

    def changelist_view(self, request, extra_context=None):
        if request.method == "GET" and ERROR_FLAG in request.GET:
            messages.warning(
                request,
                "L’adresse demandée contenait un filtre ou un numéro de page inconnu\u00a0: "
                "voici la liste entière.",
            )
        context = {} if IS_POPUP_VAR in request.GET else {"title": self._plural}
        context["list_links"] = self.list_links(request)
        return super().changelist_view(request, {**context, **(extra_context or {})})

    @property
    def _plural(self):
        return capfirst(self.opts.verbose_name_plural)

    def get_changelist(self, request, **kwargs):
        return KeyedList

    def get_changelist_instance(self, request):
        try:
            return super().get_changelist_instance(request)
        except (ValueError, OverflowError, TypeError) as error:
            # A year 9999 in a date hierarchy, a number wider than the column.
            raise IncorrectLookupParameters from error

    def get_search_results(self, request, queryset, search_term):
        found, may_have_duplicates = self.search(request, queryset, search_term)
        words = [slugify(word) for word in re.findall(r"\w+", search_term)][:WORDS_MAX]
        if self.search_slug and any(words):
            condition = models.Q()
            for word in filter(None, words):
                condition &= models.Q(**{f"{self.search_slug}__icontains": word})
            found = found | queryset.filter(condition)
        if found is queryset:
            return found, may_have_duplicates
        # Few rows are known by their keys: they are not looked for again to be counted and sorted.
        keys = list(found.order_by().values_list("pk", flat=True).distinct()[: FEW + 1])
        if len(keys) > FEW:
            return found, may_have_duplicates
        return queryset.filter(pk__in=keys), False

    def search(self, request, queryset, search_term):
        """What Django finds, and whether a row may come twice."""
        return super().get_search_results(request, queryset, search_term)

    def response_action(self, request, queryset):
        key = self.opts.pk
        if not all(storable(key, pk) for pk in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            messages.error(
                request, "La sélection contient un élément inconnu\u00a0: rien n’a été fait."
            )
            return None
        return super().response_action(request, queryset)

    # Forms --------------------------------------------------------------------

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        form.admin_request = request
        return form

    def get_changeform_initial_data(self, request):
        initial = super().get_changeform_initial_data(request)
        return {
            name: value for name, value in initial.items() if self._is_valid_initial(name, value)
        }

    def _is_valid_initial(self, name, value):
        try:
            field = self.opts.get_field(name)
        except FieldDoesNotExist:
            return False
        if not field.concrete or isinstance(field, models.DateTimeField):
            return False
        if field.is_relation:
            values = value if isinstance(value, list) else [value]
            return all(storable(field.target_field, item) for item in values)
        return storable(field, value)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        name = self.opts.verbose_name
        title = f"Ajout\u00a0: {name}" if object_id is None else capfirst(name)
        extra_context = {"title": title, **(extra_context or {})}
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        connection = connections[router.db_for_write(self.model)]
        try:
            with transaction.atomic(using=connection.alias):
                if object_id is not None:
                    self._hold(object_id)
                response = super().changeform_view(request, object_id, form_url, extra_context)
                if connection.vendor == "postgresql":
                    # Foreign keys are checked now, not after success was announced.
                    connection.check_constraints()
                return response
        except IntegrityError as error:
            request.database_refusal = refusals.explain(error)
        # The same form again, which now says why the database refused it.
        return super().changeform_view(request, object_id, form_url, extra_context)

    def _hold(self, object_id):
        """Let one save at a time compare this row with what its form was opened on."""
        if storable(self.opts.pk, pk := unquote(object_id)):
            # In no order of the model's: PostgreSQL locks no row that an outer join may lack.
            rows = self.model._base_manager.select_for_update().filter(pk=pk).order_by("pk")
            rows.values_list("pk", flat=True).first()

    def _create_formsets(self, request, obj, change):
        formsets, inlines = super()._create_formsets(request, obj, change)
        if change and self.has_change_permission(request, obj):
            editable = [
                formset
                for formset, inline in zip(formsets, inlines, strict=True)
                if inline.has_change_permission(request, obj)
            ]
            names = flatten_fieldsets(self.get_fieldsets(request, obj))
            request.edit_lock = EditLock(request, obj, names, editable, excluded=self.lock_excluded)
        return formsets, inlines

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if lock := getattr(request, "edit_lock", None):
            context["edit_lock"] = lock.context()
        return super().render_change_form(request, context, add, change, form_url, obj)

    # History ------------------------------------------------------------------

    def history_view(self, request, object_id, extra_context=None):
        """What was done to a row, by whom and why: read-only, of a row that the reader sees."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(("GET", "HEAD"))
        obj = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        if obj is None:
            raise Http404(f"{self.opts.label} {object_id}")
        page = objecthistory.page_of(
            obj, request.user, request.GET.get(objecthistory.PAGE_VAR, "1")
        )
        opts = self.opts
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            "admin/object_history.html",
            {
                **self.admin_site.each_context(request),
                "title": f"Historique\u00a0: {obj}",
                "object": obj,
                "opts": opts,
                "page": page,
                "page_range": page.paginator.get_elided_page_range(page.number),
                "page_var": objecthistory.PAGE_VAR,
                "back": reverse(
                    f"admin:{opts.app_label}_{opts.model_name}_change", args=[quote(obj.pk)]
                ),
                **(extra_context or {}),
            },
        )

    # Deletion -----------------------------------------------------------------

    def deletion_refusal(self, request, obj) -> str:
        """Why `obj` must be kept, in a French sentence; empty where it may go."""
        return ""

    def delete_view(self, request, object_id, extra_context=None):
        obj = self.get_object(request, unquote(object_id))
        if obj is not None and self.has_delete_permission(request, obj):
            reasons = [self.deletion_refusal(request, obj), *self._uses(request, obj)]
            if reasons := [reason for reason in reasons if reason]:
                return self._refuse_deletion(request, obj, reasons)
        try:
            return super().delete_view(request, object_id, extra_context)
        except (IntegrityError, models.ProtectedError, models.RestrictedError):
            reason = "Un autre enregistrement s’y est rattaché entre-temps."
            return self._refuse_deletion(request, obj, [reason])

    def _uses(self, request, obj):
        """The rows that hold on to `obj`, counted by kind; unseen ones are not counted."""
        hidden = False
        for relation in self.opts.related_objects:
            held = relation.many_to_many or relation.on_delete in (models.PROTECT, models.RESTRICT)
            if not held or (relation.many_to_many and not relation.through._meta.auto_created):
                continue
            rows = relation.related_model._base_manager.filter(**{relation.field.name: obj})
            count = visible(
                relation.related_model._default_manager.filter(**{relation.field.name: obj}),
                request.user,
            ).count()
            if count:
                opts = relation.related_model._meta
                name = opts.verbose_name if count == 1 else opts.verbose_name_plural
                yield f"Utilisé par\u00a0: {count}\u00a0{name}."
            elif not hidden and rows.exists():
                hidden = True
                yield "D’autres enregistrements l’utilisent."

    def _refuse_deletion(self, request, obj, reasons):
        context = {
            **self.admin_site.each_context(request),
            "title": f"Suppression impossible\u00a0: {obj}",
            "reasons": reasons,
            "object": obj,
            "opts": self.opts,
            "back": reverse(
                f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk]
            ),
        }
        request.current_app = self.admin_site.name
        status = 200 if request.method == "GET" else 403
        return TemplateResponse(request, "admin/deletion_refused.html", context, status=status)

    def get_deleted_objects(self, objs, request):
        """Rows that a deletion takes along: those with a screen, not what is derived from them."""
        collector = NestedObjects(using=router.db_for_write(self.model), origin=objs)
        collector.collect(objs)
        shown = {type(obj) for obj in objs} | {
            inline.model for inline in self.get_inline_instances(request)
        }
        listed, counts = [], {}
        for model, rows in collector.model_objs.items():
            if model in shown:
                opts = model._meta
                counts[opts.verbose_name if len(rows) == 1 else opts.verbose_name_plural] = len(
                    rows
                )
                listed += [
                    format_html("{}\u00a0: {}", capfirst(opts.verbose_name), row) for row in rows
                ]
        lacking = {
            model._meta.verbose_name
            for model in collector.model_objs
            if self.admin_site.is_registered(model)
            and not self.admin_site.get_model_admin(model).has_delete_permission(request)
        }
        return listed, counts, lacking, []


def list_link(model_or_opts, text, **filters):
    """A link to the list of a model's rows, filtered: list_link(Laureate, "16", announcement=3)."""
    opts = getattr(model_or_opts, "_meta", model_or_opts)
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return format_html('<a href="{}?{}">{}</a>', url, urlencode(filters), text)


def change_link(obj, text=None):
    """A link to the page of `obj`."""
    opts = obj._meta
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[obj.pk])
    return format_html('<a href="{}">{}</a>', url, text or obj)
