"""The library's filters and orders as queries on the database, exact and slow: for what reads every
laureate of a list, and for tests, which compare."""

import django_filters
from django import forms
from django.db.models import F, QuerySet

from laureates import search
from laureates.facets import FACETS, Facet
from laureates.models import FacetValue, Laureate

SORTS = {
    "pertinence": "pertinence",
    "date": "date d’annonce, la plus récente d’abord",
    "titre": "titre, de A à Z",
    "montant": "montant, le plus élevé d’abord",
}
_PUBLIC_ORDER = ("-announcement__published_at", "announcement_id", "position", "pk")
ORDERS = {
    "pertinence": ("rank", *_PUBLIC_ORDER),
    "date": _PUBLIC_ORDER,
    "titre": ("index_entry__sort_title", "pk"),
    "montant": (F("amount").desc(nulls_last=True), *_PUBLIC_ORDER),
}


class _AnyValuesField(forms.MultipleChoiceField):
    """Values were checked against the facet beforehand, with a message for each unknown one."""

    def valid_value(self, value):
        return True


class FacetFilter(django_filters.MultipleChoiceFilter):
    """Laureates having any of the chosen values in a facet."""

    field_class = _AnyValuesField

    def __init__(self, facet: Facet, **kwargs):
        self.facet = facet
        super().__init__(label=facet.label, **kwargs)

    def filter(self, qs, value):
        if not value:
            return qs
        rows = FacetValue.objects.filter(facet=self.facet.name, value__in=value)
        return qs.filter(pk__in=rows.values("laureate"))


class LaureateFilters(django_filters.FilterSet):
    """The filters as queries on the database: for those who read every laureate of a list."""

    class Meta:
        model = Laureate
        fields = ()

    @classmethod
    def get_filters(cls):
        return {
            "q": django_filters.CharFilter(label="Recherche", method="filter_text"),
            **{name: FacetFilter(facet) for name, facet in FACETS.items()},
            "tri": django_filters.ChoiceFilter(
                label="Trier par", choices=tuple(SORTS.items()), method="filter_nothing"
            ),
        }

    def filter_text(self, queryset, name, value):
        return search.match(queryset, value) if value else queryset

    def filter_nothing(self, queryset, name, value):
        return queryset

    def narrowed(self, queryset: QuerySet, but: str = "") -> QuerySet:
        """`queryset` under every filter but the one named, unsorted."""
        self.form.is_valid()
        for name, value in self.form.cleaned_data.items():
            if name != but:
                queryset = self.filters[name].filter(queryset, value)
        return queryset
