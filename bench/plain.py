"""What a project makes of the same data with the libraries alone: an empty view, a list of
django-filter with counts, a list of Django REST framework. Peers for scale, not examples."""

import django_filters
from django.db.models import Count
from django.http import HttpResponse
from django.views.generic import ListView
from rest_framework import generics, pagination, serializers

from laureates.models import Carrier, Laureate, Theme


def empty(request):
    return HttpResponse("")


class PlainFilter(django_filters.FilterSet):
    theme = django_filters.ModelMultipleChoiceFilter(
        field_name="themes__slug", to_field_name="slug", queryset=Theme.objects.all()
    )
    annee = django_filters.NumberFilter(field_name="announcement__call_year")
    q = django_filters.CharFilter(field_name="description", lookup_expr="icontains")

    class Meta:
        model = Laureate
        fields = ()


def _rows(request):
    return PlainFilter(request.GET, Laureate.objects.published()).qs.distinct()


class PlainListView(ListView):
    """A page of twenty with three facets counted, as a tutorial would write it."""

    paginate_by = 20

    def get_queryset(self):
        return _rows(self.request).for_list().in_public_order()

    def render_to_response(self, context, **kwargs):
        rows = _rows(self.request).order_by()
        facets = [
            list(rows.values_list(name).annotate(count=Count("pk", distinct=True)))
            for name in ("themes__slug", "territories__slug", "announcement__call_year")
        ]
        items = "".join(
            f"<li>{row.title} {[str(c) for c in row.carriers.all()]}" for row in context["page_obj"]
        )
        return HttpResponse(f"<ul>{items}</ul>{facets}")


class PlainCarrierSerializer(serializers.ModelSerializer):
    class Meta:
        model = Carrier
        fields = ("announced_name", "role")


class PlainSerializer(serializers.ModelSerializer):
    carriers = PlainCarrierSerializer(many=True)
    themes = serializers.SlugRelatedField("slug", many=True, read_only=True)

    class Meta:
        model = Laureate
        fields = ("public_id", "title", "summary", "amount", "carriers", "themes")


class PlainPagination(pagination.PageNumberPagination):
    page_size = 20


class PlainApiView(generics.ListAPIView):
    serializer_class = PlainSerializer
    pagination_class = PlainPagination

    def get_queryset(self):
        rows = _rows(self.request).in_public_order()
        return rows.prefetch_related("carriers", "themes")
