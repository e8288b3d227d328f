"""The staff's site: its order, its first page, and what it leaves out of Django's own."""

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404
from django.utils.module_loading import import_string
from django.utils.text import capfirst

from ftap.lists import rows_of

# Further, nobody turns the pages of what they type.
PAGES_MAX = 1000
# Packages whose screens are replaced by ours, or have no use here.
IGNORED_PACKAGES = ("django.contrib.auth.", "dsfr.")


class StrictAutocompleteView(AutocompleteJsonView):
    """Answers for fields that a form can show, and for no other relation."""

    def process_request(self, request):
        term, model_admin, source_field, to_field_name = super().process_request(request)
        if source_field.auto_created or not hasattr(source_field, "get_limit_choices_to"):
            raise PermissionDenied
        return term, model_admin, source_field, to_field_name

    def paginate_queryset(self, queryset, page_size):
        """The keys of a page and of the row that follows, then the rows: nothing is counted."""
        try:
            number = int(self.request.GET.get(self.page_kwarg) or 1)
        except ValueError as error:
            raise Http404 from error
        if not 1 <= number <= PAGES_MAX:
            raise Http404
        first = (number - 1) * page_size
        keys = list(queryset.values_list("pk", flat=True)[first : first + page_size + 1])
        if number > 1 and not keys:
            raise Http404
        names = getattr(self.model_admin, "str_select_related", ())
        known = self.model_admin.model._base_manager.all()
        rows = rows_of(keys[:page_size], known.select_related(*names) if names else known)
        # As long as what is known to be there: it only has to say whether there is more.
        page = Paginator(range(first + len(keys)), page_size).page(number)
        return page.paginator, page, rows, page.has_other_pages()


class FtapAdminSite(AdminSite):
    """The staff's site.

    A screen gives its rank on the first page in `index_order`. The panels of the first page are
    callables named in settings.ADMIN_INDEX_PANELS: each takes the request and returns
    {"title", "template", "context"}, or None where its reader has nothing to see there; with
    "is_wide" true, it comes first, above the list of screens.
    """

    site_header = "Gestion du fonds"
    site_title = "Gestion du fonds pour la transformation de l’action publique"
    index_title = "Accueil"
    empty_value_display = "—"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Deletions are weighed one at a time.
        self.disable_action("delete_selected")

    def register(self, model_or_iterable, admin_class=None, **options):
        package = getattr(admin_class, "__module__", "")
        if not package.startswith(IGNORED_PACKAGES):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self):
        # The shortcut to public pages would name the address of rows that are not public.
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    def autocomplete_view(self, request):
        return StrictAutocompleteView.as_view(admin_site=self)(request)

    def get_app_list(self, request, app_label=None):
        """Applications and screens in the order of work; groups stand among the accounts."""
        apps = super().get_app_list(request, app_label)
        for app in apps:
            app["name"] = capfirst(app["name"])
            app["models"].sort(key=self._rank)
        by_label = {app["app_label"]: app for app in apps}
        if {"ftap", "auth"} <= by_label.keys():
            by_label["ftap"]["models"] += by_label["auth"]["models"]
            apps.remove(by_label["auth"])
        return sorted(apps, key=lambda app: self._rank(app["models"][0]))

    def _rank(self, entry):
        return getattr(self._registry[entry["model"]], "index_order", 99)

    def index(self, request, extra_context=None):
        panels = [import_string(path)(request) for path in settings.ADMIN_INDEX_PANELS]
        context = {"panels": [panel for panel in panels if panel], **(extra_context or {})}
        return super().index(request, context)
