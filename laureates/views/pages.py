"""The pages about the site itself, the report of an error, and what robots read."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.sitemaps import views as sitemap_views
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import FormView, TemplateView

from ftap.context_processors import site
from laureates import figures, throttle
from laureates.facets import AMOUNT_BANDS, public_themes
from laureates.forms import ReportForm, local_path
from laureates.models import (
    Announcement,
    Claim,
    ErrorReport,
    Laureate,
    Organisation,
    laureate_published_q,
)
from laureates.views.opendata import data_page
from laureates.views.public import PublicPageMixin

revalidated = cache_control(public=True, no_cache=True)

REPORTS_PER_CLIENT = 10
REPORTS_WINDOW = 3600  # seconds

# The largest number of addresses that the protocol allows in one sitemap.
SITEMAP_LIMIT = 50_000


class PageView(PublicPageMixin, TemplateView):
    """A page about the site itself."""


# About the data --------------------------------------------------------------


@dataclass(frozen=True)
class AnnouncementRow:
    """What is announced and what is entered of one announcement; None is unknown."""

    announcement: Announcement
    received: Claim | None
    retained: Claim | None

    @property
    def undisclosed(self) -> int | None:
        """Dossiers received and not retained, when both figures were announced exactly."""
        exact = [
            claim.value
            for claim in (self.received, self.retained)
            if claim and claim.value is not None and claim.exactness == Claim.Exactness.EXACT
        ]
        if len(exact) < 2 or exact[0] <= exact[1]:
            return None
        return int(exact[0] - exact[1])


def announcement_rows() -> list[AnnouncementRow]:
    """Public announcements, latest first, with their announced and their computed figures.

    Each announcement has `laureate_count`, `known_amount_count`, `last_change` and `completeness`,
    computed from its public laureates alone.
    """
    public = laureate_published_q("laureates__")
    claims = Claim.objects.published().filter(
        scope=Claim.Scope.SESSION,
        unit=Claim.Unit.COUNT,
        subject__in=(Claim.Subject.APPLICATIONS, Claim.Subject.LAUREATES),
    )
    announcements = (
        Announcement.objects.published()
        .with_public_laureate_count()
        .latest_first()
        .annotate(
            known_amount_count=Count(
                "laureates", filter=public & Q(laureates__amount__isnull=False)
            ),
            last_change=Max("laureates__updated_at", filter=public),
        )
        .prefetch_related(Prefetch("claims", claims, to_attr="session_counts"))
    )
    rows = []
    for announcement in figures.with_completeness(announcements):
        # The first of each subject in display order.
        by_subject = {claim.subject: claim for claim in reversed(announcement.session_counts)}
        rows.append(
            AnnouncementRow(
                announcement,
                by_subject.get(Claim.Subject.APPLICATIONS),
                by_subject.get(Claim.Subject.LAUREATES),
            )
        )
    return rows


class AboutDataView(PageView):
    """Where the data come from, what they mean, what is unknown and how they may be used."""

    template_name = "laureates/pages/about_data.html"
    page_title = "À propos des données"
    page_description = (
        "D’où viennent les données sur les lauréats du FTAP, ce qui est annoncé, classé ou "
        "calculé, ce qui reste inconnu, la définition de chaque champ et la licence."
    )

    def get_context_data(self, **kwargs):
        rows = announcement_rows()
        changes = [row.announcement.updated_at for row in rows]
        changes += [row.announcement.last_change for row in rows]
        return super().get_context_data(
            rows=rows,
            laureate_count=sum(row.announcement.laureate_count for row in rows),
            known_amount_count=sum(row.announcement.known_amount_count for row in rows),
            last_change=max(filter(None, changes), default=None),
            themes=public_themes(),
            kinds=Organisation.Kind.labels,
            project_states=Laureate.ProjectState.labels,
            amount_bands=[label for _, label, _ in AMOUNT_BANDS],
            **data_page(self.request),
            **kwargs,
        )


# The report of an error ------------------------------------------------------


@method_decorator(cache_control(private=True, no_store=True), name="dispatch")
# Visitors have no session that a forged form could abuse, and a CSRF token would take a cookie:
# `dispatch` refuses what browsers say to come from another site.
@method_decorator(csrf_exempt, name="dispatch")
class ReportView(FormView):
    """The report of an error on a public page, kept for the staff."""

    template_name = "laureates/pages/report.html"
    form_class = ReportForm
    extra_context = {
        "page_title": "Signaler une erreur",
        "page_description": (
            "Une erreur ou un oubli sur une page du site\u00a0? Décrivez-le en quelques mots, "
            "sans créer de compte."
        ),
    }

    def dispatch(self, request, *args, **kwargs):
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self):
        return {"page": local_path(self.request.GET.get("page", ""))}

    def get_form_kwargs(self):
        addresses = {
            site(self.request)["SITE_URL"],
            f"{self.request.scheme}://{self.request.get_host()}",
        }
        return super().get_form_kwargs() | {"site_addresses": addresses}

    def form_valid(self, form):
        report = {name: form.cleaned_data[name] for name in ("page", "message", "email")}
        if not form.is_from_a_program:
            if not self._is_allowed(report):
                return self._refusal(form)
            ErrorReport.objects.receive(**report)
        return redirect("laureates:report_sent")

    def _is_allowed(self, report):
        repeats = ErrorReport.objects.repeats(page=report["page"], message=report["message"])
        # A double click on the last report allowed must not be answered by a refusal.
        return repeats.exists() or throttle.is_allowed(
            self.request, scope="report", limit=REPORTS_PER_CLIENT, seconds=REPORTS_WINDOW
        )

    def _refusal(self, form):
        form.add_error(
            None,
            "Trop de signalements sont arrivés de votre réseau depuis une heure. Le vôtre n’est "
            "pas enregistré\u00a0: gardez cette page ouverte et envoyez-le à nouveau plus tard.",
        )
        return self.render_to_response(self.get_context_data(form=form), status=429)


class ReportSentView(PageView):
    """What a visitor reads once a report has been received."""

    template_name = "laureates/pages/report_sent.html"
    page_title = "Signalement envoyé"
    extra_context = {"noindex": True}


# The site --------------------------------------------------------------------


class OperatorPageView(PageView):
    """A page that names who runs this instance, as the settings say; empty when they do not."""

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            publisher=settings.LEGAL_PUBLISHER, host=settings.LEGAL_HOST, **kwargs
        )


class LegalView(OperatorPageView):
    template_name = "laureates/pages/legal.html"
    page_title = "Mentions légales"
    page_description = "Éditeur, hébergeur, licence des données et conditions d’usage du site."


class PrivacyView(OperatorPageView):
    template_name = "laureates/pages/privacy.html"
    page_title = "Données personnelles"
    page_description = (
        "Quelles données le site recueille, pourquoi, pendant combien de temps, et vos droits. "
        "Aucun cookie n’est déposé sur les pages publiques."
    )


class AccessibilityView(OperatorPageView):
    template_name = "laureates/pages/accessibility.html"
    page_title = "Déclaration d’accessibilité"
    page_description = (
        "Accessibilité\u00a0: non conforme. Ce qui a été vérifié et comment, ce qui ne l’a pas "
        "été, à qui signaler un obstacle et les voies de recours."
    )


class SiteMapView(PageView):
    template_name = "laureates/pages/site_map.html"
    page_title = "Plan du site"
    page_description = "Toutes les pages du site en une seule liste."

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            announcements=Announcement.objects.published(), themes=public_themes(), **kwargs
        )


# Robots ----------------------------------------------------------------------


@revalidated
def robots(request):
    """What robots may visit: not the staff's site, nor the endless combinations of filters."""
    lines = (
        "User-agent: *",
        f"Disallow: {reverse('admin:index')}",
        f"Disallow: {reverse('laureates:report')}?",
        f"Disallow: {reverse('laureates:library')}?*&",
        "",
        f"Sitemap: {site(request)['SITE_URL']}{reverse('laureates:sitemap')}",
        "",
    )
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


def sitemap_sections() -> dict:
    """The sitemaps of all applications: {section: class}."""
    sections = {}
    for path in settings.SITEMAPS.values():
        sections |= import_string(path)
    return sections


@revalidated
def sitemap(request, section=None):
    """Every public page in one file, or an index of sections beyond the protocol's limit."""
    sections = sitemap_sections()
    if section is None:
        paginators = {name: sitemap_class().paginator for name, sitemap_class in sections.items()}
        if sum(paginator.count for paginator in paginators.values()) > SITEMAP_LIMIT:
            return _sitemap_index(request, paginators)
    response = sitemap_views.sitemap(request, sections, section=section)
    # The latest change of those that remain would not move when a page disappears.
    response.headers.pop("Last-Modified", None)
    return response


def _sitemap_index(request, paginators):
    # Django's own index begins addresses with the request's host, whatever SITE_URL says.
    site_url = site(request)["SITE_URL"]
    addresses = []
    for section, paginator in paginators.items():
        address = f"{site_url}{reverse('laureates:sitemap_section', args=[section])}"
        addresses += [address if n == 1 else f"{address}?p={n}" for n in paginator.page_range]
    return TemplateResponse(
        request,
        "sitemap_index.xml",
        {"sitemaps": [{"location": address} for address in addresses]},
        content_type="application/xml",
    )
