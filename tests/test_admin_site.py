"""The staff's site as a whole: its pages, its costs, its refusals, its locks."""

import datetime
import threading

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calls.models import Application, Fund, Selection
from ftap.models import User
from laureates.models import Announcement, Carrier, ErrorReport, Laureate, Organisation, Theme
from tests import factories
from tests.admin_pages import errors_of, form_data, save, url

pytestmark = pytest.mark.django_db

FACTORIES = {
    "laureates.organisation": factories.OrganisationFactory,
    "laureates.territory": factories.TerritoryFactory,
    "laureates.theme": factories.ThemeFactory,
    "laureates.announcement": factories.AnnouncementFactory,
    "laureates.laureate": lambda: factories.LaureateFactory(announcement__draft=True),
    "laureates.claim": factories.ClaimFactory,
    "laureates.announcementtext": factories.AnnouncementTextFactory,
    "laureates.errorreport": factories.ErrorReportFactory,
    "laureates.libraryimport": lambda: factories.LibraryImportFactory(
        stage="done", ended_at=factories.PAST
    ),
    "calls.fund": factories.FundFactory,
    "calls.call": factories.CallFactory,
    "calls.callsession": factories.CallSessionFactory,
    "calls.application": factories.ApplicationFactory,
    "calls.committee": factories.CommitteeFactory,
    "calls.selection": factories.SelectionFactory,
    "calls.review": factories.ReviewFactory,
    "calls.letter": factories.LetterFactory,
    "calls.publication": factories.PublicationFactory,
    "calls.dossierimport": lambda: factories.DossierImportFactory(
        stage="done", ended_at=factories.PAST
    ),
    "calls.bulkact": lambda: factories.BulkActItemFactory().act,
    "calls.affiliation": factories.AffiliationFactory,
    "calls.sessionaccess": factories.SessionAccessFactory,
    "ftap.user": factories.UserFactory,
    "auth.group": lambda: Group.objects.create(name=f"Groupe {Group.objects.count()}"),
}
# The queries of a list: session, account, count, keys, rows, then one for each filter whose choices
# are rows or years, and two for the hierarchy of dates; one for what is kept from the reader, where
# projects are counted; one for each working list of dossiers, which has its count.
BUDGETS = {
    "laureates.organisation": 7,
    "laureates.territory": 7,
    "laureates.theme": 6,
    "laureates.announcement": 8,
    "laureates.laureate": 7,
    "laureates.claim": 6,
    "laureates.announcementtext": 7,
    "laureates.errorreport": 7,
    "laureates.libraryimport": 7,
    "calls.fund": 5,
    "calls.call": 7,
    "calls.callsession": 9,
    "calls.application": 16,
    "calls.committee": 9,
    "calls.selection": 8,
    "calls.review": 6,
    "calls.letter": 8,
    "calls.publication": 8,
    "calls.dossierimport": 7,
    "calls.bulkact": 8,
    "calls.affiliation": 6,
    "calls.sessionaccess": 6,
    "ftap.user": 6,
    "auth.group": 5,
}
MODELS = sorted(FACTORIES)
# Rows that only acts make and change: no page adds or deletes them.
OF_ACTS = {"calls.bulkact", "calls.letter", "calls.publication", "calls.selection"}
# Files brought in, each step of which has its page.
OF_IMPORTS = {"calls.dossierimport", "laureates.libraryimport", "laureates.announcementtext"}
# Pages with a form of their own, which has its own guard against a stale save.
OWN_FORM = OF_ACTS | OF_IMPORTS | {"calls.review"}
HUGE = "9" * 20


@pytest.fixture
def superuser():
    return factories.UserFactory(superuser=True)


@pytest.fixture
def staff(client, superuser):
    client.force_login(superuser)
    return client


def agent(*permissions):
    """A client signed in with these rights and no other: « laureates.view_theme »."""
    user = factories.UserFactory(staff=True)
    for permission in permissions:
        label, codename = permission.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=label, codename=codename)
        )
    client = Client()
    client.force_login(user)
    return client


def get_model(label):
    return apps.get_model(label)


# What is there ---------------------------------------------------------------


def test_every_screen_is_known_to_these_tests():
    registered = {model._meta.label_lower for model in admin.site._registry}

    assert registered == set(FACTORIES) == set(BUDGETS)


def test_derived_tables_and_packages_have_no_screen(staff):
    page = staff.get("/admin/").content.decode()

    for absent in ("indexentry", "facetvalue", "dsfr"):
        assert absent not in page


def test_the_first_page_follows_the_work(staff):
    apps_shown = [
        (app["name"], [str(model["name"]) for model in app["models"]])
        for app in staff.get("/admin/").context["app_list"]
    ]

    assert apps_shown == [
        (
            "Bibliothèque publique des lauréats",
            [
                "Annonces",
                "Lauréats",
                "Chiffres annoncés",
                "Organismes",
                "Imports de lauréats",
                "Textes d’annonces à reprendre",
                "Thèmes",
                "Territoires",
                "Signalements",
            ],
        ),
        (
            "Appels à projets et comités",
            [
                "Fonds",
                "Appels à projets",
                "Sessions",
                "Candidatures",
                "Avis",
                "Comités (séances)",
                "Décisions du comité",
                "Publications",
                "Courriers",
                "Imports de dossiers",
                "Actes groupés",
                "Rattachements",
                "Accès aux sessions",
            ],
        ),
        ("Comptes", ["Utilisateurs", "Groupes"]),
    ]


def test_panels_count_what_waits(staff):
    factories.ErrorReportFactory()
    factories.ErrorReportFactory(handled_at=timezone.now())
    factories.AnnouncementFactory(draft=True)
    factories.AnnouncementFactory(embargoed=True)
    factories.AnnouncementFactory(embargoed=True)
    factories.AnnouncementFactory()
    factories.AnnouncementFactory(withdrawn=True)
    factories.ReleaseDraftFactory()

    panels = staff.get("/admin/").context["panels"]
    (panel,) = [panel for panel in panels if panel["title"] == "À suivre"]

    assert [(item["label"], item["count"]) for item in panel["context"]["items"]] == [
        ("Signalements à traiter", 1),
        ("Annonces en brouillon", 1),
        ("Annonces sous embargo", 2),
        ("Rectificatifs en préparation", 1),
    ]
    for item in panel["context"]["items"]:
        assert staff.get(item["url"]).context["cl"].result_count == item["count"]


def test_panels_tell_nothing_to_those_without_the_right():
    factories.ErrorReportFactory()
    factories.AnnouncementFactory(embargoed=True)

    assert agent("laureates.view_theme").get("/admin/").context["panels"] == []
    (panel,) = agent("laureates.view_errorreport").get("/admin/").context["panels"]
    assert [item["label"] for item in panel["context"]["items"]] == ["Signalements à traiter"]


def test_pages_have_no_inline_script_nor_style(staff):
    laureate = factories.LaureateFactory(carriers=[factories.OrganisationFactory()])
    for path in ("/admin/", url(Laureate), url(laureate), url(laureate, "delete")):
        page = staff.get(path).content.decode()
        assert " style=" not in page
        assert "<style" not in page
        assert " on" + "click=" not in page
        assert "<script>" not in page


# Cost ------------------------------------------------------------------------


@pytest.mark.parametrize("label", MODELS)
def test_a_list_costs_the_same_at_one_and_three_rows(
    label, staff, superuser, django_assert_num_queries
):
    FACTORIES[label]()
    path = url(get_model(label))
    staff.get(path)
    with django_assert_num_queries(BUDGETS[label]):
        staff.get(path)
    FACTORIES[label]()
    FACTORIES[label]()
    with django_assert_num_queries(BUDGETS[label]):
        page = staff.get(path)
    assert page.context["cl"].result_count >= 3


@pytest.mark.parametrize("label", MODELS)
def test_a_search_finds_rows_and_costs_no_more(label, staff):
    FACTORIES[label]()
    page = staff.get(url(get_model(label)), {"q": "Zzz l’été 1"})

    assert page.status_code == 200
    assert page.context["cl"].result_count == 0


# Addresses that nobody should type -------------------------------------------


@pytest.mark.parametrize("label", MODELS)
def test_every_page_of_a_screen_answers(label, staff):
    row = FACTORIES[label]()
    model = type(row)
    for path in (url(model), url(row, "change"), url(row, "history")):
        assert staff.get(path).status_code == 200
    assert staff.get(url(row, "delete")).status_code == (
        403 if label in OF_ACTS | OF_IMPORTS else 200
    )
    # A file is deposited on the page that adds an import.
    expected = 403 if model is ErrorReport or label in OWN_FORM - OF_IMPORTS else 200
    assert staff.get(url(model, "add")).status_code == expected


@pytest.mark.parametrize("label", MODELS)
def test_an_absent_row_is_404(label, staff):
    FACTORIES[label]()
    base = url(get_model(label))
    refused = {403, 404} if label in OWN_FORM else {404}
    for pk in ("0", HUGE, "abc", "_00", "%F0%9F%92%A9", "-1"):
        for page in ("change", "history"):
            assert staff.get(f"{base}{pk}/{page}/").status_code == 404, (pk, page)
        assert staff.get(f"{base}{pk}/delete/").status_code in refused, pk
        assert staff.post(f"{base}{pk}/change/", {}).status_code in refused, pk
        assert staff.post(f"{base}{pk}/delete/", {"post": "yes"}).status_code in refused, pk


MALFORMED_LISTS = [
    "p=0",
    f"p={HUGE}",
    "p=abc",
    "p=-1",
    "q=%00",
    f"q={'mot ' * 500}",
    "o=99.-abc..1",
    "all=1",
    f"id__exact={HUGE}",
    f"id__in={HUGE},abc",
    "inconnu=1",
    "_to_field=inconnu",
    "_to_field=%00",
    "_popup=%F0",
    "_facets=1",
    "publication=inconnue",
    "published_at__year=9999",
    "published_at__year=0&published_at__month=13",
    "held_on__year=9999&received_on__year=9999&decided_on__year=9999&deadline_on__year=9999",
    "created_at__year=9999",
    f"announcement__id__exact={HUGE}",
    f"session__id__exact={HUGE}&committee__id__exact={HUGE}&call__id__exact={HUGE}",
    "announcement__id__exact=abc&session__id__exact=%20&state__exact=%20",
    "handled_at__isnull=abc",
    f"call_year={HUGE}&year={HUGE}&call__year={HUGE}",
    "e=1",
]
MALFORMED_ADDS = [
    "_popup=1&_to_field=id",
    "_to_field=inconnu",
    "_changelist_filters=%ff%00",
    f"announcement={HUGE}&session={HUGE}&call={HUGE}&fund={HUGE}&organisation={HUGE}",
    "announcement=abc&session=abc&call=abc&fund=&application=x&committee=-",
    "published_at=hier&withdrawn_at=x&received_on=x&held_on=31/02/2019",
    f"themes=1,abc,{HUGE}&territories=,&groups=a&permissions=b&user_permissions=c",
    "is_continuous=peut-etre&amount=beaucoup&asked_amount=NaN&value=1e999",
    "state=validated&outcome=retained",
]


@pytest.mark.parametrize("label", MODELS)
def test_a_malformed_list_address_is_never_an_error_page(label, staff):
    FACTORIES[label]()
    for query in MALFORMED_LISTS:
        response = staff.get(f"{url(get_model(label))}?{query}", follow=True)
        assert response.status_code in (200, 400), query


@pytest.mark.parametrize("label", MODELS)
def test_a_malformed_add_address_is_never_an_error_page(label, staff):
    for query in MALFORMED_ADDS:
        response = staff.get(f"{url(get_model(label), 'add')}?{query}")
        assert response.status_code in (200, 400, 403), query


@pytest.mark.parametrize("pks", [["abc"], [HUGE], ["\0"], ["-1"], [""], ["1", "x"]])
def test_an_action_on_unknown_rows_does_nothing(pks, staff):
    report = factories.ErrorReportFactory()

    response = staff.post(
        url(ErrorReport),
        {"action": "mark_handled", "_selected_action": pks, "index": "0"},
        follow=True,
    )

    assert response.status_code == 200
    report.refresh_from_db()
    assert report.handled_at is None


def test_a_filter_that_is_dropped_is_said(staff):
    response = staff.get(f"{url(Laureate)}?p={HUGE}", follow=True)
    assert response.status_code == 200
    response = staff.get(f"{url(Laureate)}?inconnu__x=1", follow=True)
    assert response.status_code in (200, 400)
    response = staff.get(f"{url(Announcement)}?published_at__year=9999", follow=True)
    assert "voici la liste entière" in response.content.decode()


def test_the_address_of_a_public_page_is_no_shortcut(staff):
    laureate = factories.LaureateFactory(announcement__draft=True)
    content_type = laureate._meta
    from_shortcut = staff.get(f"/admin/r/{content_type.label}/{laureate.pk}/")

    assert from_shortcut.status_code == 404
    assert laureate.slug not in from_shortcut.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"app_label": "laureates", "model_name": "laureate", "field_name": "carriers"},
        {"app_label": "laureates", "model_name": "announcement", "field_name": "laureates"},
        {"app_label": "laureates", "model_name": "laureate", "field_name": "title"},
        {"app_label": "non", "model_name": "non", "field_name": "non"},
    ],
)
def test_autocomplete_refuses_what_no_form_shows(query, staff):
    assert staff.get("/admin/autocomplete/", {"term": "a", **query}).status_code == 403


def test_autocomplete_finds_without_accents(staff):
    organisation = factories.OrganisationFactory(
        name="Ministère de l’Économie", slug="ministere-de-l-economie"
    )
    factories.OrganisationFactory(name="Opéra", slug="opera")
    query = {"app_label": "laureates", "model_name": "carrier", "field_name": "organisation"}

    for term in ("economie", "ministere economie", "Économie", "l'economie"):
        found = staff.get("/admin/autocomplete/", {**query, "term": term}).json()["results"]
        assert [row["id"] for row in found] == [str(organisation.pk)], term
    missing = staff.get("/admin/autocomplete/", {**query, "term": "a", "page": HUGE})
    assert missing.status_code == 404


# Rights ----------------------------------------------------------------------


@pytest.mark.parametrize("label", MODELS)
def test_a_screen_is_closed_to_those_without_the_right(label):
    row = FACTORIES[label]()
    stranger = agent("laureates.view_theme" if label != "laureates.theme" else "calls.view_fund")
    model = type(row)

    for path in (url(model), url(model, "add"), url(row, "change"), url(row, "delete")):
        assert stranger.get(path).status_code == 403
    assert stranger.post(url(row, "change"), {}).status_code == 403


def test_rows_that_do_not_exist_for_the_reader_are_nowhere():
    session = factories.CallSessionFactory()
    application = factories.ApplicationFactory(session=session, title="Canari dossier")
    committee = factories.CommitteeFactory(session=session)
    factories.SelectionFactory(application=application, committee=committee)
    reader = agent(
        "calls.view_callsession",
        "calls.view_committee",
        "calls.view_selection",
        "calls.view_application",
        "calls.read_every_application",
        "calls.delete_callsession",
        "calls.delete_committee",
        "laureates.view_organisation",
    )

    factories.RecusalFactory(application=application, user=User.objects.latest("pk"))
    pages = [
        url(Application),
        url(Selection),
        url(committee, "change"),
        url(session, "change"),
        url(session, "delete"),
        url(committee, "delete"),
    ]
    for path in pages:
        page = reader.get(path)
        assert page.status_code == 200
        assert "Canari" not in page.content.decode(), path
    assert reader.get(url(Selection)).context["cl"].result_count == 0
    assert "1\u00a0candidature" not in reader.get(url(session, "delete")).content.decode()
    assert reader.get(url(application, "change")).status_code == 404


def test_only_a_superuser_gives_rights(superuser):
    manager = agent("ftap.change_user", "ftap.view_user", "ftap.add_user", "ftap.delete_user")
    colleague = factories.UserFactory(staff=True)
    group = Group.objects.get(name="Décision")

    response = save(
        manager,
        colleague,
        first_name="Dominique",
        is_superuser="on",
        groups=[group.pk],
        user_permissions=[Permission.objects.first().pk],
    )

    assert response.status_code == 302
    colleague.refresh_from_db()
    assert colleague.first_name == "Dominique"
    assert not colleague.is_superuser
    assert not colleague.groups.exists()
    assert not colleague.user_permissions.exists()
    assert manager.post(url(superuser, "change"), {}).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[superuser.pk])
    assert manager.get(password).status_code == 403
    assert manager.post(url(superuser, "delete"), {"post": "yes"}).status_code == 403


def test_permissions_are_named_in_french(staff):
    page = staff.get(url(Group, "add")).content.decode()

    assert "lauréat | modifier" in page
    assert "Can change" not in page


def test_an_account_is_created_and_keeps_its_history(staff, superuser):
    response = staff.post(
        url(User, "add"),
        {
            "username": "nouvelle",
            "usable_password": "true",
            "password1": factories.PASSWORD,
            "password2": factories.PASSWORD,
        },
    )
    assert response.status_code == 302
    user = User.objects.get(username="nouvelle")
    LogEntry.objects.create(
        user=user, action_flag=2, object_repr="Fiche", object_id="1", change_message=""
    )

    page = staff.post(url(user, "delete"), {"post": "yes"})

    assert page.status_code == 403
    assert "Ce compte a modifié des fiches" in page.content.decode()
    assert LogEntry.objects.filter(user=user).exists()
    assert "votre propre compte" in staff.get(url(superuser, "delete")).content.decode()


# Constraints -----------------------------------------------------------------


def test_a_constraint_on_an_absent_field_is_said_above_the_form(staff):
    """`undisclosed is empty` names fields that are read-only or absent."""
    session = factories.CallSessionFactory()

    response = staff.post(
        url(Application, "add"),
        {
            "reference": "D-1",
            "session": session.pk,
            "is_undisclosed": "on",
            "asked_amount": "1000",
            "bearers-TOTAL_FORMS": "0",
            "bearers-INITIAL_FORMS": "0",
        },
    )

    assert response.status_code == 200
    assert "Une candidature non détaillée reste" in errors_of(response)
    assert not Application.objects.exists()


def test_a_constraint_naming_a_read_only_field_is_said(staff):
    application = factories.ApplicationFactory(title="Avant")

    response = save(staff, application, title="")

    assert response.status_code == 200
    assert "Une candidature a un titre, sauf non détaillée." in errors_of(response)
    application.refresh_from_db()
    assert application.title == "Avant"


def test_a_trigger_of_the_database_answers_in_the_form(staff):
    """On creation the rows cannot know that the dossier is undisclosed: the trigger does."""
    session = factories.CallSessionFactory()
    organisation = factories.OrganisationFactory()

    response = staff.post(
        url(Application, "add"),
        {
            "reference": "D-2",
            "session": session.pk,
            "is_undisclosed": "on",
            "source": "Saisie à conserver",
            "bearers-TOTAL_FORMS": "1",
            "bearers-INITIAL_FORMS": "0",
            "bearers-0-organisation": organisation.pk,
            "bearers-0-position": "1",
        },
    )

    assert response.status_code == 200
    text = errors_of(response)
    assert "ne peut être liée à un lauréat ni avoir de porteur" in text
    assert "Rien n’a été enregistré" in text
    assert form_data(response)["source"] == "Saisie à conserver"
    assert not Application.objects.exists()
    assert not LogEntry.objects.exists()


def test_a_race_on_a_unique_value_answers_in_the_form(staff, monkeypatch):
    """Two people give one identifier at the same moment: both passed the form's check."""
    factories.FundFactory(slug="ftap")
    monkeypatch.setattr(Fund, "validate_unique", lambda self, exclude=None: None)
    monkeypatch.setattr(
        "ftap.modelforms.StrictModelForm.validate_unique", lambda self: None, raising=False
    )

    response = save(staff, Fund, name="Autre fonds", slug="ftap")

    assert response.status_code == 200
    assert "Un autre enregistrement a déjà la même valeur, «\u00a0identifiant\u00a0»." in errors_of(
        response
    )
    assert form_data(response)["name"] == "Autre fonds"
    assert Fund.objects.count() == 1


def test_a_race_on_a_named_constraint_gives_its_own_message(staff, monkeypatch):
    laureate = factories.LaureateFactory(announcement__draft=True)
    other = factories.LaureateFactory(announcement=laureate.announcement)
    monkeypatch.setattr("ftap.modelforms.StrictModelForm.validate_constraints", lambda self: None)

    response = save(staff, other, position=laureate.position)

    assert "Un autre lauréat de l’annonce occupe ce rang." in errors_of(response)
    response = save(staff, other, amount="-5")
    assert "Le montant accordé est supérieur à 0" in errors_of(response)


def test_a_second_click_on_save_creates_nothing_more(staff):
    data = {
        **form_data(staff.get(url(Theme, "add"))),
        "name": "Numérique",
        "position": "3",
        "_save": "Enregistrer",
    }

    assert staff.post(url(Theme, "add"), data).status_code == 302
    again = staff.post(url(Theme, "add"), data)

    assert again.status_code == 200
    assert Theme.objects.count() == 1


# Rows in order ---------------------------------------------------------------


@pytest.fixture
def carriers():
    organisations = [factories.OrganisationFactory(name=f"Organisme {x}") for x in "ABC"]
    laureate = factories.LaureateFactory(announcement__draft=True, carriers=organisations)
    return list(laureate.carriers.order_by("position"))


def order(laureate):
    return list(
        laureate.carriers.order_by("position").values_list("position", "organisation__name")
    )


def test_two_rows_exchange_their_ranks_in_one_save(staff, carriers):
    laureate = carriers[0].laureate

    response = save(staff, laureate, **{"carriers-0-position": 2, "carriers-1-position": 1})

    assert response.status_code == 302, errors_of(response)
    assert order(laureate) == [(1, "Organisme B"), (2, "Organisme A"), (3, "Organisme C")]
    assert {row.pk for row in laureate.carriers.all()} == {row.pk for row in carriers}


def test_ranks_turn_round_in_one_save(staff, carriers):
    laureate = carriers[0].laureate

    save(staff, laureate, **{f"carriers-{i}-position": p for i, p in enumerate((2, 3, 1))})

    assert order(laureate) == [(1, "Organisme C"), (2, "Organisme A"), (3, "Organisme B")]


def test_two_rows_exchange_their_organisations_and_the_lead_passes(staff, carriers):
    laureate = carriers[0].laureate
    factories.OrganisationFactory.create_batch(2)
    Carrier.objects.filter(pk=carriers[1].pk).update(role="chef-de-file")

    response = save(
        staff,
        laureate,
        **{
            "carriers-0-organisation": carriers[1].organisation_id,
            "carriers-1-organisation": carriers[0].organisation_id,
            "carriers-0-role": "chef-de-file",
            "carriers-1-role": "co-porteur",
        },
    )

    assert response.status_code == 302
    assert order(laureate)[:2] == [(1, "Organisme B"), (2, "Organisme A")]
    assert list(laureate.carriers.order_by("position").values_list("role", flat=True)) == [
        "chef-de-file",
        "co-porteur",
        None,
    ]


def test_a_deleted_row_gives_its_rank_and_a_new_one_takes_the_last(staff, carriers):
    laureate = carriers[0].laureate
    newcomer = factories.OrganisationFactory(name="Organisme D")

    response = save(
        staff,
        laureate,
        **{
            "carriers-0-DELETE": "on",
            "carriers-1-position": 1,
            "carriers-2-position": 2,
            "carriers-TOTAL_FORMS": 4,
            "carriers-3-laureate": laureate.pk,
            "carriers-3-organisation": newcomer.pk,
            "carriers-3-announced_name": "Organisme D",
            "carriers-3-position": "",
        },
    )

    assert response.status_code == 302
    rows = order(laureate)
    assert [name for _, name in rows] == ["Organisme B", "Organisme C", "Organisme D"]
    assert [position for position, _ in rows][:2] == [1, 2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"carriers-1-position": 1}, "Deux porteurs du projet ont le même ordre."),
        (
            {"carriers-0-role": "chef-de-file", "carriers-2-role": "chef-de-file"},
            "Un projet n’a qu’un chef de file.",
        ),
        ({"carriers-0-position": 0}, "L’ordre des porteurs commence à 1."),
        ({"carriers-0-announced_name": ""}, "Ce champ est obligatoire."),
    ],
)
def test_rows_that_contradict_each_other_are_refused(changes, message, staff, carriers):
    laureate = carriers[0].laureate
    before = order(laureate)

    response = save(staff, laureate, **changes)

    assert response.status_code == 200
    assert message in errors_of(response)
    assert order(laureate) == before


def test_one_organisation_carries_once(staff, carriers):
    response = save(
        staff, carriers[0].laureate, **{"carriers-1-organisation": carriers[0].organisation_id}
    )

    assert "Cet organisme porte déjà le projet." in errors_of(response)


def test_laureates_are_put_in_order_from_their_announcement(staff):
    announcement = factories.AnnouncementFactory(draft=True)
    first, second = (
        factories.LaureateFactory(announcement=announcement, position=n) for n in (1, 2)
    )

    response = save(staff, announcement, **{"laureates-0-position": 2, "laureates-1-position": 1})

    assert response.status_code == 302
    assert list(announcement.laureates.order_by("position")) == [second, first]


# Two people on one page ------------------------------------------------------


@pytest.fixture
def colleague():
    client = Client()
    client.force_login(factories.UserFactory(superuser=True, username="collegue"))
    return client


def test_a_stale_save_is_refused_with_both_values(staff, colleague):
    laureate = factories.LaureateFactory(
        announcement__draft=True, title="Avant", summary="Résumé d’avant"
    )
    mine = form_data(staff.get(url(laureate)))
    save(colleague, laureate, title="Du collègue")

    response = staff.post(url(laureate), {**mine, "title": "De moi", "_save": ""})

    assert response.status_code == 200
    laureate.refresh_from_db()
    assert laureate.title == "Du collègue"
    assert "modifiée depuis que vous l’avez ouverte" in errors_of(response)
    (conflict,) = response.context["edit_lock"]["conflicts"]
    assert (conflict.label, conflict.saved, conflict.typed) == ("titre", "Du collègue", "De moi")
    page = response.content.decode()
    assert "Modifié entre-temps par collegue" in page
    assert form_data(response)["title"] == "De moi"

    # Having seen both, the reader may save theirs.
    data = {**form_data(response), "_save": ""}
    assert staff.post(url(laureate), data).status_code == 302
    laureate.refresh_from_db()
    assert laureate.title == "De moi"


def test_what_the_reader_left_alone_takes_the_value_saved_by_the_other(staff, colleague):
    theme, other = factories.ThemeFactory(), factories.ThemeFactory()
    laureate = factories.LaureateFactory(announcement__draft=True, themes=[theme], summary="Avant")
    mine = form_data(staff.get(url(laureate)))
    save(
        colleague,
        laureate,
        summary="Du collègue",
        themes=[other.pk],
        amount="1500",
        source_on="03/02/2019",
        project_state="en-cours",
    )

    response = staff.post(url(laureate), {**mine, "title": "De moi", "_save": ""})

    assert response.status_code == 200
    form = form_data(response)
    assert form["title"] == "De moi"
    assert form["summary"] == "Du collègue"
    assert form["themes"] == [str(other.pk)]
    assert form["amount"] == "1500.00"
    assert form["source_on"] == "03/02/2019"
    assert form["project_state"] == "en-cours"
    assert staff.post(url(laureate), {**form, "_save": ""}).status_code == 302
    laureate.refresh_from_db()
    assert (laureate.title, laureate.summary, laureate.amount) == ("De moi", "Du collègue", 1500)
    assert list(laureate.themes.all()) == [other]


def test_a_moment_that_the_reader_left_alone_takes_the_value_saved_by_the_other(staff, colleague):
    report = factories.ErrorReportFactory()
    mine = form_data(staff.get(url(report)))
    save(colleague, report, handled_at_0="01/02/2020", handled_at_1="10:00:00")

    response = staff.post(url(report), {**mine, "staff_note": "De moi", "_save": ""})

    form = form_data(response)
    assert (form["handled_at_0"], form["handled_at_1"]) == ("01/02/2020", "10:00:00")
    assert staff.post(url(report), {**form, "_save": ""}).status_code == 302
    report.refresh_from_db()
    assert report.staff_note == "De moi"
    assert report.handled_at.year == 2020


def test_rows_are_locked_too(staff, colleague, carriers):
    laureate = carriers[0].laureate
    mine = form_data(staff.get(url(laureate)))
    save(colleague, laureate, **{"carriers-0-announced_name": "Nom du collègue"})

    response = staff.post(
        url(laureate), {**mine, "carriers-0-announced_name": "Nom de moi", "_save": ""}
    )

    assert response.status_code == 200
    (conflict,) = response.context["edit_lock"]["conflicts"]
    assert (conflict.saved, conflict.typed) == ("Nom du collègue", "Nom de moi")
    assert Carrier.objects.get(pk=carriers[0].pk).announced_name == "Nom du collègue"


@pytest.mark.parametrize("act", ["add", "delete"])
def test_a_row_added_or_deleted_meanwhile_is_said(act, staff, carriers):
    laureate = carriers[0].laureate
    mine = form_data(staff.get(url(laureate)))
    if act == "add":
        factories.CarrierFactory(laureate=laureate)
        expected = "ligne ajoutée entre-temps"
    else:
        carriers[2].delete()
        expected = "ligne supprimée entre-temps"
    count = laureate.carriers.count()

    response = staff.post(url(laureate), {**mine, "title": "De moi", "_save": ""})

    assert response.status_code == 200
    assert [row.saved for row in response.context["edit_lock"]["conflicts"]] == [expected]
    assert laureate.carriers.count() == count


def test_a_move_made_meanwhile_refuses_the_save(staff):
    selection = factories.SelectionFactory(
        state="proposed", outcome="retained", amount_not_disclosed=True
    )
    application = selection.application
    mine = form_data(staff.get(url(application)))
    Application.objects.filter(pk=application.pk).update(title="Titre importé")

    response = staff.post(url(application), {**mine, "summary": "De moi", "_save": ""})

    assert response.status_code == 200
    application.refresh_from_db()
    assert (application.title, application.summary) == ("Titre importé", "")


def test_a_second_click_on_an_edit_is_no_conflict(staff):
    laureate = factories.LaureateFactory(announcement__draft=True)
    data = {**form_data(staff.get(url(laureate))), "title": "Nouveau titre", "_save": ""}

    assert staff.post(url(laureate), data).status_code == 302
    assert staff.post(url(laureate), data).status_code == 302


def test_an_untouched_form_saves_after_a_visit(staff, carriers):
    laureate = carriers[0].laureate
    staff.get(url(laureate))
    assert save(staff, laureate).status_code == 302
    assert save(staff, laureate).status_code == 302


@pytest.mark.parametrize("token", ["", "forgé", "a:b:c"])
def test_without_a_valid_mark_nothing_is_overwritten(token, staff):
    laureate = factories.LaureateFactory(announcement__draft=True, title="Avant", summary="")
    other = factories.LaureateFactory(announcement__draft=True)
    stolen = form_data(staff.get(url(other)))["_edit_lock"]
    mine = form_data(staff.get(url(laureate)))

    for mark in (token, stolen):
        response = staff.post(
            url(laureate), {**mine, "_edit_lock": mark, "title": "De moi", "_save": ""}
        )
        assert response.status_code == 200
        laureate.refresh_from_db()
        assert laureate.title == "Avant"


@pytest.mark.parametrize("label", [label for label in MODELS if label not in OWN_FORM])
def test_every_screen_has_the_lock(label, staff):
    row = FACTORIES[label]()
    data = form_data(staff.get(url(row)))
    assert data["_edit_lock"]
    response = staff.post(url(row), {**data, "_save": ""})
    assert response.status_code == 302, errors_of(response)


def test_the_lock_keeps_what_was_typed_when_another_error_shows(staff, colleague):
    laureate = factories.LaureateFactory(announcement__draft=True, title="Avant")
    mine = form_data(staff.get(url(laureate)))
    wrong = staff.post(url(laureate), {**mine, "amount": "beaucoup", "_save": ""})
    assert wrong.context["edit_lock"]["conflicts"] == []
    save(colleague, laureate, title="Du collègue")

    again = staff.post(url(laureate), {**form_data(wrong), "amount": "", "title": "De moi"})

    assert again.status_code == 200
    laureate.refresh_from_db()
    assert laureate.title == "Du collègue"


@pytest.mark.django_db(transaction=True)
def test_of_two_saves_at_the_same_moment_one_is_refused():
    laureate = factories.LaureateFactory(announcement__draft=True, title="Avant")
    account = factories.UserFactory(superuser=True)
    start = threading.Barrier(2)
    statuses = []

    def write(title):
        client = Client()
        client.force_login(account)
        data = {**form_data(client.get(url(laureate))), "title": title, "_save": ""}
        start.wait(timeout=30)
        try:
            statuses.append(client.post(url(laureate), data).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=[title]) for title in ("Un", "Deux")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert sorted(statuses) == [200, 302]
    laureate.refresh_from_db()
    assert laureate.title in ("Un", "Deux")


# Deletion --------------------------------------------------------------------


def test_no_list_deletes_in_bulk(staff):
    announcement = factories.AnnouncementFactory(draft=True)

    page = staff.get(url(Announcement))
    staff.post(
        url(Announcement),
        {
            "action": "delete_selected",
            "_selected_action": [announcement.pk],
            "post": "yes",
            "index": "0",
        },
    )

    assert "delete_selected" not in page.content.decode()
    assert Announcement.objects.filter(pk=announcement.pk).exists()


def test_a_row_in_use_is_kept_and_says_by_what(staff):
    organisation = factories.OrganisationFactory()
    factories.LaureateFactory(announcement__draft=True, carriers=[organisation])
    factories.BearerFactory(organisation=organisation)

    page = staff.post(url(organisation, "delete"), {"post": "yes"})

    assert page.status_code == 403
    text = page.content.decode()
    assert "1\u00a0porteur" in text
    assert Organisation.objects.filter(pk=organisation.pk).exists()


def test_a_theme_in_use_is_kept(staff):
    theme = factories.ThemeFactory()
    factories.LaureateFactory(announcement__draft=True, themes=[theme])
    free = factories.ThemeFactory()

    assert staff.post(url(theme, "delete"), {"post": "yes"}).status_code == 403
    assert staff.post(url(free, "delete"), {"post": "yes"}).status_code == 302
    assert list(Theme.objects.all()) == [theme]


def test_the_deletion_page_names_what_goes_along(staff):
    laureate = factories.LaureateFactory(
        announcement__draft=True, carriers=[factories.OrganisationFactory(name="Emporté")]
    )

    page = staff.get(url(laureate, "delete")).content.decode()
    assert "Emporté" in page
    assert "facette" not in page
    assert staff.post(url(laureate, "delete"), {"post": "yes"}).status_code == 302
    assert not Laureate.objects.exists()


def test_a_refusal_at_the_last_moment_is_said(staff, monkeypatch):
    fund = factories.FundFactory()

    def refuse(*args):
        raise IntegrityError("FOREIGN KEY constraint failed")

    monkeypatch.setattr(Fund, "delete", refuse)
    page = staff.post(url(fund, "delete"), {"post": "yes"})

    assert page.status_code == 403
    assert "rattaché entre-temps" in page.content.decode()


def test_texts_keep_one_kind_of_line_end(staff):
    laureate = factories.LaureateFactory(announcement__draft=True)

    save(staff, laureate, description="Un\r\n\r\nDeux\r\n")

    laureate.refresh_from_db()
    assert laureate.description == "Un\n\nDeux"


def test_the_minute_of_a_publication_survives_a_save(staff):
    moment = datetime.datetime(2031, 1, 2, 8, 30, 15, tzinfo=datetime.UTC)
    announcement = factories.AnnouncementFactory(published_at=moment)

    save(staff, announcement, staff_note="Relu")

    announcement.refresh_from_db()
    assert (announcement.staff_note, announcement.published_at) == ("Relu", moment)
