"""Filters of the staff's lists whose cost does not grow with the data."""

from django.contrib import admin
from django.contrib.admin import RelatedFieldListFilter

from ftap.modeladmin import visible

CHOICES_MAX = 60


class RelatedFilter(RelatedFieldListFilter):
    """A filter on a relation: one query, the rows the reader may see, no more than sixty.

    Beyond that the list's search box finds the others.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.empty_value_display = "non renseigné"

    def field_choices(self, field, request, model_admin):
        related_admin = model_admin.admin_site.get_model_admin(field.related_model)
        manager = field.related_model._default_manager
        queryset = (
            visible(manager.complex_filter(field.get_limit_choices_to()), request.user)
            .select_related(*related_admin.str_select_related)
            .order_by(*related_admin.get_ordering(request) or field.related_model._meta.ordering)
        )
        return [(row.pk, str(row)) for row in queryset[:CHOICES_MAX]]


class SplitFilter(admin.SimpleListFilter):
    """A filter on named conditions: {value: (label, queryset → queryset)} in `conditions`."""

    conditions = {}

    def lookups(self, request, model_admin):
        return [(value, label) for value, (label, _) in self.conditions.items()]

    def queryset(self, request, queryset):
        if self.value() in self.conditions:
            return self.conditions[self.value()][1](queryset)
        return queryset
