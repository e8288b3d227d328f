"""Exports of the staff's lists: who takes what, in which file, and what no file may tell."""

import csv
import datetime
import io
import logging
from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone
from import_export.admin import ImportMixin
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from calls.models import Application, Committee, Letter, Selection
from ftap import exports
from ftap.exports import ExportableAdmin, Resource, person, too_many
from ftap.models import User
from ftap.sheets import Kind, SheetError
from laureates.models import Announcement, AnnouncementText, ErrorReport, Laureate, Theme
from tests import access, factories
from tests.access import FOREIGN, FOREIGN_AMOUNT, INTERNAL, INTERNAL_AMOUNT
from tests.admin_pages import url
from tests.test_access import EXPORTS, STAFF, client_of, enters, leaks
from tests.test_admin_site import FACTORIES, HUGE, MALFORMED_LISTS, MODELS, get_model

pytestmark = pytest.mark.django_db

CSV, XLSX, ODS = "0", "1", "2"
# Session, account, count, rows, then one query for each filter whose choices are rows, for each
# relation of several rows, for the ranks of retained dossiers.
BUDGETS = {
    "auth.group": 7,
    "calls.affiliation": 5,
    "calls.application": 9,
    "calls.bulkact": 6,
    "calls.call": 6,
    "calls.callsession": 7,
    "calls.committee": 7,
    "calls.dossierimport": 4,
    "calls.fund": 5,
    "calls.letter": 5,
    "calls.publication": 5,
    "calls.review": 6,
    "calls.selection": 7,
    "calls.sessionaccess": 5,
    "ftap.user": 7,
    "laureates.announcement": 5,
    "laureates.announcementtext": 4,
    "laureates.claim": 5,
    "laureates.errorreport": 4,
    "laureates.laureate": 9,
    "laureates.libraryimport": 4,
    "laureates.organisation": 7,
    "laureates.territory": 7,
    "laureates.theme": 6,
}


@pytest.fixture
def superuser():
    return factories.UserFactory(superuser=True)


@pytest.fixture
def staff(client, superuser):
    client.force_login(superuser)
    return client


def address(model, query=""):
    return f"{url(model, 'export')}{query}"


def filled(page, format=CSV, **changes):
    """What the form of `page` would send, with every column ticked."""
    form = page.context["form"]
    chosen = form.initial.get("export_items")
    return {
        "resource": "0",
        "format": format,
        **{box.html_name: "on" for box in form.columns},
        **({"export_items": chosen} if chosen else {}),
        **changes,
    }


def take(client, model, query="", format=CSV, **changes):
    """The answer to the export of every column of a list."""
    page = client.get(address(model, query))
    assert page.status_code == 200, page.status_code
    return client.post(address(model, query), filled(page, format, **changes))


def table(response):
    """The rows of a CSV file, as {column: text}."""
    assert response.status_code == 200, response.status_code
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response.content.startswith(b"\xef\xbb\xbf")
    text = io.StringIO(response.content.decode("utf-8-sig"), newline="")
    header, *rows = csv.reader(text, delimiter=";")
    assert len(header) == len({*header})
    return [dict(zip(header, row, strict=True)) for row in rows]


# Every list, and nothing read back --------------------------------------------------


def test_every_list_is_exported():
    exported = {
        model._meta.label_lower
        for model, screen in admin.site._registry.items()
        if isinstance(screen, ExportableAdmin)
    }

    assert exported == {model._meta.label_lower for model in admin.site._registry}
    assert exported == set(BUDGETS)
    assert {label.replace(".", "_") for label in exported} == set(EXPORTS)


def test_no_screen_reads_a_file_back_through_the_library(settings):
    assert not [
        screen for screen in admin.site._registry.values() if isinstance(screen, ImportMixin)
    ]
    assert settings.IMPORT_EXPORT_IMPORT_PERMISSION_CODE
    assert settings.IMPORT_EXPORT_EXPORT_PERMISSION_CODE
    for name, pattern in access.patterns().items():
        module = getattr(pattern.callback, "__module__", "")
        assert not (module.startswith("import_export") and "import" in name.split("_")), name
    for screen in admin.site._registry.values():
        for resource in getattr(screen, "resource_classes", ()):
            assert issubclass(resource, Resource)
            with pytest.raises(NotImplementedError):
                resource().import_data(None)
            with pytest.raises(NotImplementedError):
                resource().import_row(None, None)


@pytest.mark.parametrize("label", sorted(BUDGETS))
def test_a_file_costs_the_same_at_one_and_three_rows(label, staff, django_assert_num_queries):
    FACTORIES[label]()
    model = get_model(label)
    data = filled(staff.get(address(model)))
    with django_assert_num_queries(BUDGETS[label]):
        first = table(staff.post(address(model), data))
    FACTORIES[label]()
    FACTORIES[label]()
    with django_assert_num_queries(BUDGETS[label]):
        rows = table(staff.post(address(model), data))
    assert len(rows) >= len(first) + 2
    assert len(rows) == staff.get(url(model)).context["cl"].result_count


@pytest.mark.parametrize("label", sorted(BUDGETS))
@pytest.mark.parametrize("format", [XLSX, ODS])
def test_a_workbook_holds_the_rows_of_the_list(label, format, staff):
    FACTORIES[label]()
    model = get_model(label)

    answer = take(staff, model, format=format)

    assert answer.status_code == 200
    (sheet,) = [
        CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    ]
    rows = table(take(staff, model))
    assert [str(label) for label in sheet[0]] == list(rows[0])
    assert len(sheet) == len(rows) + 1


# Who --------------------------------------------------------------------------------


@pytest.fixture
def house():
    return access.build()


def files_of(house, letter):
    """(label, answer) of each list that a person may export, every column ticked."""
    client = client_of(house, letter)
    for model in admin.site._registry:
        screen = f"{model._meta.app_label}_{model._meta.model_name}"
        if screen in EXPORTS and letter in enters(EXPORTS[screen]):
            yield screen, client, model


@pytest.mark.parametrize("letter", STAFF)
def test_a_file_holds_the_rows_of_the_person_s_list(house, letter):
    for screen, client, model in files_of(house, letter):
        rows = table(take(client, model))
        assert len(rows) == client.get(url(model)).context["cl"].result_count, screen


def test_the_files_hold_something_to_leak(house):
    secretary = [(screen, take(client, model)) for screen, client, model in files_of(house, "S")]
    foreign = {screen for screen, answer in secretary if leaks(answer, [FOREIGN])}
    inside = {screen for screen, answer in secretary if leaks(answer, [INTERNAL])}

    assert foreign >= {
        "calls_application",
        "calls_bulkact",
        "calls_letter",
        "calls_review",
        "calls_selection",
    }
    assert inside >= foreign
    assert any(leaks(answer, [], [FOREIGN_AMOUNT]) for _, answer in secretary)


@pytest.mark.parametrize("letter", "IPRT")
def test_a_file_tells_nothing_of_a_dossier_of_others(house, letter):
    seen = 0
    for screen, client, model in files_of(house, letter):
        answer = take(client, model)
        assert not leaks(answer, [FOREIGN], [FOREIGN_AMOUNT]), screen
        seen += 1
    assert seen >= 3


def test_a_publisher_s_files_hold_nothing_of_the_inside_of_a_dossier(house):
    found = {}
    for screen, client, model in files_of(house, "P"):
        answer = take(client, model)
        assert not leaks(answer, [INTERNAL], [INTERNAL_AMOUNT]), screen
        found[screen] = table(answer)

    (dossier,) = found["calls_application"]
    application = house.published["application"]
    assert dossier == {
        "Référence": application.reference,
        "Titre": application.title,
        "Porteur principal": str(house.published["bearer"]),
        "Porteurs": str(house.published["bearer"]),
        "Identifiants des organismes": house.published["bearer"].organisation.slug,
        "Résumé": "Ce que le projet change.",
        "Montant accordé (€)": "1000000",
        "Rang parmi les retenus": "1",
    }
    (decision,) = found["calls_selection"]
    assert not {"Motif", "Source de la décision", "Validée par", "État"} & set(decision)
    assert decision["Montant accordé (€)"] == "1000000"


@pytest.mark.parametrize("letter", "LA")
def test_to_view_a_list_is_not_to_export_it(house, letter):
    client = client_of(house, letter)
    page = client.get(url(Application))

    assert page.status_code == 200
    assert "/export/" not in page.content.decode()
    assert "export_selected" not in page.content.decode()
    assert client.get(address(Application)).status_code == 403
    assert client.post(address(Application), {"format": CSV}).status_code == 403
    key = house.own["application"].pk
    answer = client.post(
        url(Application), {"action": "export_selected", "_selected_action": [key], "index": "0"}
    )
    assert "form" not in (answer.context or {})
    assert answer["Content-Type"] != "text/csv; charset=utf-8"


def test_to_export_a_list_one_must_view_it(client):
    user = factories.UserFactory(staff=True)
    user.user_permissions.add(access_permission("laureates", "export_theme"))
    client.force_login(user)

    assert client.get(address(Theme)).status_code == 403
    user.user_permissions.add(access_permission("laureates", "view_theme"))
    assert client.get(address(Theme)).status_code == 200


def access_permission(label, codename):
    return Permission.objects.get(content_type__app_label=label, codename=codename)


# What the list shows ------------------------------------------------------------------


def test_a_file_follows_filters_search_and_order(staff):
    for title, kind in (("Alpha", "connu"), ("Bravo", ""), ("Charlie", "connu")):
        factories.LaureateFactory(title=title, amount=Decimal(5) if kind else None)

    def titles(query):
        return [row["Titre"] for row in table(take(staff, Laureate, query))]

    assert sorted(titles("")) == ["Alpha", "Bravo", "Charlie"]
    assert sorted(titles("?montant=connu")) == ["Alpha", "Charlie"]
    assert titles("?q=brav") == ["Bravo"]
    assert titles("?o=1") == ["Alpha", "Bravo", "Charlie"]
    assert titles("?o=-1") == ["Charlie", "Bravo", "Alpha"]
    page = staff.get(address(Laureate, "?montant=connu&o=-1"))
    assert page.context["count"] == 2
    assert page.context["is_filtered"]
    assert not staff.get(address(Laureate, "?o=-1")).context["is_filtered"]


def test_the_button_of_the_list_keeps_its_filters(staff):
    factories.LaureateFactory()
    page = staff.get(url(Laureate), {"montant": "connu", "q": "été"}).content.decode()

    assert f'href="{address(Laureate)}?montant=connu&amp;q=%C3%A9t%C3%A9"' in page
    assert "/export/" not in staff.get(url(Laureate), {"_popup": "1"}).content.decode()


def test_a_reader_of_some_columns_cannot_sort_by_the_others(house):
    """Sorting by what is hidden would tell of it, in a file as on the page."""
    client = client_of(house, "P")
    second = factories.SelectionFactory(
        application__session=house.own["session"],
        application__reference="AAA-1",
        application__asked_amount=Decimal(1),
        application__title="Second retenu",
        committee=house.published["committee"],
        state=Selection.State.VALIDATED,
        outcome=Selection.Outcome.RETAINED,
        granted_amount=Decimal(5),
        decided_on=access.DAY,
        record_source="Relevé",
    )
    orders = {
        tuple(row["Référence"] for row in table(take(client, Application, f"?o={rank}")))
        for rank in ("4", "-4", "3", "-3", "8", "-8")
    }

    assert len(orders) == 1
    assert second.application.reference in orders.pop()


def test_only_ticked_columns_are_in_the_file_in_their_order(staff):
    factories.ThemeFactory(name="Santé", slug="sante")
    page = staff.get(address(Theme))
    boxes = [box.html_name for box in page.context["form"].columns]
    data = {"resource": "0", "format": CSV, boxes[1]: "on", boxes[0]: "on"}

    (row,) = table(staff.post(address(Theme), data))

    assert list(row) == ["Identifiant d’adresse", "Nom"]
    assert row["Nom"] == "Santé"


# Chosen rows ---------------------------------------------------------------------------


def choose(client, model, keys, **more):
    return client.post(
        url(model),
        {"action": "export_selected", "_selected_action": keys, "index": "0", **more},
    )


def test_chosen_rows_alone_are_in_the_file(staff):
    first, second, third = (factories.ThemeFactory() for _ in range(3))

    page = choose(staff, Theme, [first.pk, third.pk])

    assert page.status_code == 200
    assert page.context["count"] == 2
    rows = table(staff.post(page.context["export_url"], filled(page)))
    assert {row["Nom"] for row in rows} == {first.name, third.name}
    assert second.name not in str(rows)


def test_choosing_every_row_of_a_list_exports_the_list(staff):
    factories.ThemeFactory()
    answer = choose(staff, Theme, [Theme.objects.get().pk], select_across="1")

    assert answer.status_code == 302
    assert answer.url == address(Theme)


@pytest.mark.parametrize("key", ["foreign", "0", HUGE, "abc", "\0", "-1", ""])
def test_a_row_outside_the_list_is_in_no_file(house, key):
    client = client_of(house, "I")
    chosen = str(house.foreign["application"].pk) if key == "foreign" else key
    own = str(house.own["application"].pk)

    answer = take(client, Application, export_items=[own, chosen])

    assert answer.status_code == 400
    assert "ne sont plus dans la liste" in answer.content.decode()
    assert not leaks(answer, [FOREIGN], [FOREIGN_AMOUNT])


def test_a_letter_is_chosen_in_no_menu_but_its_list_is_exported(staff):
    factories.LetterFactory()

    page = staff.get(url(Letter)).content.decode()

    assert "export_selected" not in page
    assert address(Letter) in page
    assert len(table(take(staff, Letter))) == 1


def test_an_announcement_kept_from_the_reader_is_not_named_beside_its_text(client):
    reader = factories.UserFactory(role="Publication")
    for reference, is_recused in (("ANNONCE-VUE", False), ("ANNONCE-TUE", True)):
        sitting = factories.CommitteeFactory()
        selection = factories.SelectionFactory(committee=sitting)
        announcement = factories.AnnouncementFactory(draft=True, slug=reference.lower())
        factories.PublicationFactory(announcement=announcement, committees=[sitting])
        factories.AnnouncementTextFactory(
            title=f"Texte de {reference}", announcement=announcement, ended_at=timezone.now()
        )
        if is_recused:
            factories.RecusalFactory(application=selection.application, user=reader)
    client.force_login(reader)

    rows = table(take(client, AnnouncementText))

    told = {row["Intitulé"]: row["Annonce"] for row in rows}
    assert told == {"Texte de ANNONCE-VUE": "annonce-vue", "Texte de ANNONCE-TUE": ""}


# Addresses and forms that nobody should send ---------------------------------------------


@pytest.mark.parametrize("label", MODELS)
def test_a_malformed_address_is_never_an_error_page_nor_the_whole_list_in_silence(label, staff):
    FACTORIES[label]()
    model = get_model(label)
    data = filled(staff.get(address(model)))
    for query in MALFORMED_LISTS:
        for answer in (
            staff.get(address(model, f"?{query}")),
            staff.post(address(model, f"?{query}"), data),
        ):
            assert answer.status_code in (200, 302, 400), query
            if answer.status_code == 302:
                assert answer.url == f"{url(model)}?e=1", query
        shown = staff.get(f"{url(model)}?{query}")
        assert (shown.status_code == 302) == (answer.status_code == 302), query


def test_an_unknown_filter_leads_back_to_the_list_which_says_so(staff):
    factories.LaureateFactory()

    answer = staff.post(address(Laureate, "?inconnu=1"), {"format": CSV}, follow=True)

    assert answer.redirect_chain == [(f"{url(Laureate)}?e=1", 302)]
    assert "filtre ou un numéro de page inconnu" in answer.content.decode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": ""}, "Choisissez le format du fichier."),
        ({"format": "3"}, "Ce format n’existe pas"),
        ({"format": "-1"}, "Ce format n’existe pas"),
        ({"format": "٠"}, "Ce format n’existe pas"),
        ({"format": "\0"}, "Ce format n’existe pas"),
        ({"resource": "1"}, "Cette page n’est plus valable"),
        ({"resource": "-1"}, "Cette page n’est plus valable"),
        ({"resource": "abc"}, "Cette page n’est plus valable"),
    ],
)
def test_a_forged_form_is_refused_in_french(changes, said, staff):
    factories.ThemeFactory()

    answer = take(staff, Theme, **changes)

    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert "Rien n’a été exporté" in answer.content.decode()


def test_an_empty_form_says_what_lacks(staff):
    answer = staff.post(address(Theme), {})

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Choisissez le format du fichier." in page
    assert "Cochez au moins une colonne." in page


def test_a_column_that_does_not_exist_is_ignored(staff):
    factories.UserFactory(username="agent")

    page = staff.get(address(User))
    data = filled(page) | {"userresource_password": "on", "password": "on", "a" * 300: "on"}

    rows = table(staff.post(address(User), data))

    assert "agent" in {row["Compte"] for row in rows}
    assert not any("pbkdf2" in cell or "md5$" in cell for row in rows for cell in row.values())


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
def test_other_methods_are_refused(method, staff):
    assert getattr(staff, method)(address(Theme)).status_code == 405


def test_too_long_a_list_is_refused_with_what_to_do(staff, settings):
    settings.EXPORT_MAX_ROWS = 2
    themes = [factories.ThemeFactory() for _ in range(3)]

    page = staff.get(address(Theme))
    assert "Cet export aurait 3\u00a0lignes, et s’arrête à 2." in page.content.decode()
    assert "Télécharger" not in page.content.decode()
    data = filled(page)
    answer = staff.post(address(Theme), data)
    assert answer.status_code == 400
    assert "filtrez-la" in answer.content.decode()
    # Two of them go.
    data["export_items"] = [theme.pk for theme in themes[:2]]
    assert len(table(staff.post(address(Theme), data))) == 2
    assert too_many(2) == ""


def test_rows_that_no_spreadsheet_holds_are_said_on_the_page(staff, monkeypatch):
    def refuse(*args, **kwargs):
        raise SheetError("La feuille « Thèmes » aurait trop de lignes.")

    monkeypatch.setattr(exports.sheets, "write", refuse)
    answer = take(staff, Theme)

    assert answer.status_code == 400
    assert "aurait trop de lignes" in answer.content.decode()


# The file ----------------------------------------------------------------------------------


def test_values_keep_their_kind_and_no_cell_opens_a_formula(staff):
    factories.LaureateFactory(
        title="=1+1",
        summary="@SUM(A1)",
        amount=Decimal("1234.50"),
        agreement_signed_on=datetime.date(2020, 3, 2),
        announcement__call_year=2019,
        funder_siret="13002526500013",
    )
    factories.LaureateFactory(title="Sans montant", amount=None)

    by_title = {row["Titre"]: row for row in table(take(staff, Laureate))}
    row = by_title["'=1+1"]
    assert row["Résumé"] == "'@SUM(A1)"
    assert row["Montant accordé (€)"] == "1234,5"
    assert row["Signature de la convention"] == "2020-03-02"
    assert by_title["Sans montant"]["Montant accordé (€)"] == ""
    assert by_title["Sans montant"]["Signature de la convention"] == ""

    book = load_workbook(io.BytesIO(take(staff, Laureate, format=XLSX).content))
    header, *lines = book.active.iter_rows()
    rank = {cell.value: index for index, cell in enumerate(header)}
    cells = next(line for line in lines if line[rank["Titre"]].value == "'=1+1")
    assert cells[rank["Montant accordé (€)"]].value == 1234.5
    assert cells[rank["Signature de la convention"]].value == datetime.datetime(2020, 3, 2)
    assert cells[rank["Année de l’appel"]].value == 2019
    assert cells[rank["SIRET de l’attribuant"]].value == "13002526500013"
    assert cells[rank["Titre"]].data_type == "s"


@pytest.mark.parametrize("format", [CSV, XLSX, ODS])
def test_the_same_rows_give_the_same_bytes(format, staff):
    for _ in range(3):
        factories.LaureateFactory(carriers=[factories.OrganisationFactory()])

    assert take(staff, Laureate, format=format).content == (
        take(staff, Laureate, format=format).content
    )


def test_only_our_own_formats_are_offered(staff):
    page = staff.get(address(Theme))

    assert [
        label.partition(" ")[0] for _, label in page.context["form"].fields["format"].choices
    ] == [
        "CSV",
        "XLSX",
        "ODS",
    ]
    for format, extension in ((CSV, "csv"), (XLSX, "xlsx"), (ODS, "ods")):
        name = take(staff, Theme, format=format)["Content-Disposition"]
        assert name.startswith('attachment; filename="themes-')
        assert name.endswith(f'.{extension}"')


@pytest.mark.parametrize(
    ("model", "make"),
    [
        (Announcement, factories.AnnouncementFactory),
        (Laureate, lambda **kwargs: factories.LaureateFactory(**_of_announcement(kwargs))),
    ],
)
def test_the_name_of_a_file_says_that_it_holds_rows_that_are_not_public(model, make, staff):
    make()
    assert "non-publics" not in take(staff, model)["Content-Disposition"]
    make(embargoed=True)
    assert "-dont-non-publics-" in take(staff, model)["Content-Disposition"]
    assert sorted(row["Publication"] for row in table(take(staff, model))) == [
        "public",
        "sous embargo",
    ]


def _of_announcement(kwargs):
    return {f"announcement__{name}": value for name, value in kwargs.items()}


def test_a_file_is_kept_by_no_cache_and_its_taking_is_logged(staff, superuser, caplog):
    factories.ErrorReportFactory(email="visiteur@example.org")

    with caplog.at_level(logging.INFO, logger="ftap.exports"):
        answer = take(staff, ErrorReport)

    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]
    (line,) = [record.getMessage() for record in caplog.records if record.name == "ftap.exports"]
    assert "laureates.errorreport" in line
    assert superuser.username in line
    assert ", message, email" in line
    assert "visiteur@example.org" not in line


def test_the_page_breaks_no_policy_and_is_in_french(staff):
    factories.CommitteeFactory()
    page = staff.get(address(Committee)).content.decode()

    for absent in (" style=", "<style", "onchange", "onclick", "<script>", "Select all", "Submit"):
        assert absent not in page
    assert "Exporter\u00a0: comités (séances)" in page
    assert "Télécharger le fichier" in page


def test_a_person_is_named_by_their_account_too():
    user = factories.UserFactory.build(username="cagent", first_name="Camille", last_name="Agent")

    assert person(user) == "Camille Agent (cagent)"
    assert person(factories.UserFactory.build(username="x", first_name="", last_name="")) == "x"
    assert person(None) == ""


def test_a_column_has_a_kind_that_its_values_can_be_of():
    kinds = {
        field.kind
        for screen in admin.site._registry.values()
        for resource in getattr(screen, "resource_classes", ())
        for field in resource.fields.values()
    }

    assert kinds <= set(Kind)
    assert {Kind.TEXT, Kind.EUROS, Kind.DATE, Kind.DATETIME, Kind.INTEGER, Kind.YEAR} <= kinds


def test_addresses_of_exports_are_named_after_their_screen():
    assert reverse("admin:laureates_theme_export") == "/admin/laureates/theme/export/"
