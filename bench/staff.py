"""The staff's pages: the median of a few answers, for a superuser and for each role."""

import statistics
import time

from django.urls import NoReverseMatch, reverse
from django.utils.encoding import iri_to_uri

from bench import people, serving

TIMES = 3
LAUREATES, ORGANISATIONS, ANNOUNCEMENTS, DOSSIERS, SESSIONS = (
    f"admin:{name}_changelist"
    for name in (
        "laureates_laureate",
        "laureates_organisation",
        "laureates_announcement",
        "calls_application",
        "calls_callsession",
    )
)
LISTS = (
    ("admin:index", ""),
    (LAUREATES, ""),
    (LAUREATES, "p=100"),
    (LAUREATES, "o=1"),
    (LAUREATES, "o=5"),
    (LAUREATES, "q=telemedecine"),
    (LAUREATES, "q=préfecture"),
    (LAUREATES, "q=b000000042"),
    (LAUREATES, "publication=publie"),
    (LAUREATES, "publication=embargo"),
    (LAUREATES, "publication=brouillon"),
    (LAUREATES, "publication=retire"),
    (LAUREATES, "montant=connu"),
    (LAUREATES, "montant=non-communique&themes__id__exact=1"),
    (LAUREATES, "project_state__exact=termine"),
    (LAUREATES, "themes__id__exact=1&p=20"),
    (LAUREATES, "carriers__organisation=200"),
    (ORGANISATIONS, ""),
    (ORGANISATIONS, "q=prefecture"),
    (ORGANISATIONS, "kind__exact=operateur"),
    (ORGANISATIONS, "projets=oui"),
    (ORGANISATIONS, "projets=non"),
    (ORGANISATIONS, "o=-6"),
    (ANNOUNCEMENTS, ""),
    (ANNOUNCEMENTS, "publication=publie"),
    (ANNOUNCEMENTS, "q=vague"),
    ("admin:laureates_theme_changelist", ""),
    ("admin:laureates_territory_changelist", ""),
    (DOSSIERS, ""),
    (DOSSIERS, "p=100"),
    (DOSSIERS, "o=4"),
    (DOSSIERS, "q=telemedecine"),
    (DOSSIERS, "q=DOSSIER-000042"),
    (DOSSIERS, "etape=a-declarer"),
    (DOSSIERS, "etape=en-instruction"),
    (DOSSIERS, "etape=a-inscrire"),
    (DOSSIERS, "etape=a-proposer"),
    (DOSSIERS, "etat=reviewed"),
    (DOSSIERS, "instructeur=moi"),
    (DOSSIERS, "instructeur=aucun"),
    (DOSSIERS, "avis=a-demander"),
    (DOSSIERS, "avis=attendus"),
    (DOSSIERS, "avis=en-retard"),
    (DOSSIERS, "avis=a-rendre"),
    (DOSSIERS, "complement=attendus"),
    (DOSSIERS, "parcours=recevables"),
    (DOSSIERS, "parcours=retenus"),
    (DOSSIERS, "parcours=non-retenus"),
    (DOSSIERS, "parcours=en-attente"),
    (DOSSIERS, "anomalie=sans-date"),
    (DOSSIERS, "anomalie=depot-tardif"),
    (DOSSIERS, "anomalie=retenu-non-publie"),
    (DOSSIERS, "form_state__exact=accepte"),
    (DOSSIERS, "session__id__exact=1"),
    (SESSIONS, ""),
    ("admin:calls_committee_changelist", ""),
    ("admin:calls_selection_changelist", ""),
    ("admin:calls_review_changelist", ""),
    ("admin:calls_letter_changelist", ""),
    ("admin:calls_publication_changelist", ""),
)
# (application, model, field, what is typed)
COMPLETED = (
    ("laureates", "carrier", "organisation", "pref"),
    ("laureates", "carrier", "organisation", ""),
    ("laureates", "laureate", "announcement", "vague 12"),
    ("laureates", "laureate", "themes", "dem"),
    ("laureates", "laureate", "territories", "val"),
    ("calls", "bearer", "organisation", "universite"),
    ("calls", "selection", "laureate", "telemedecine"),
    ("calls", "selection", "laureate", ""),
    ("calls", "review", "application", "42"),
    ("calls", "recusal", "application", "telemedecine"),
    ("calls", "application", "session", "2021"),
)


def measure(server) -> dict:
    """{"slowest": ms, "pages": {role: {address: ms}}}; a page that a role has not is left out."""
    accounts = {"Superutilisateur": people.superuser(), **people.agents()}
    found = {}
    # What each process does once, at the first page of its life, is not of any page.
    for _ in range(4 * serving.WORKERS):
        server.get(reverse("admin:index"), {"Cookie": people.cookie(accounts["Superutilisateur"])})
    for role, person in accounts.items():
        headers = {"Cookie": people.cookie(person)}
        for path in _paths():
            if (taken := _time(server, iri_to_uri(path), headers)) is not None:
                found.setdefault(role, {})[path] = taken
    return {
        "slowest": max(taken for pages in found.values() for taken in pages.values()),
        "pages": found,
    }


def _paths():
    for name, query in LISTS:
        try:
            yield reverse(name) + (f"?{query}" if query else "")
        except NoReverseMatch as error:
            raise RuntimeError(f"no list is called {name}") from error
    for app, model, field, term in COMPLETED:
        yield (
            f"{reverse('admin:autocomplete')}?app_label={app}&model_name={model}"
            f"&field_name={field}&term={term}"
        )


def _time(server, path, headers):
    times = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        answer = server.get(path, headers)
        times.append((time.perf_counter() - begin) * 1000)
        # A filter that the reader has not is refused, or leads back to the list.
        if answer.status in (302, 400, 403, 404):
            return None
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
    return statistics.median(times)
