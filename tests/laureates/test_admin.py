"""The screens of the public library: what each shows, makes, keeps and refuses."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from laureates import freshness, releases
from laureates.admin.announcement import LAUREATES_MAX
from laureates.models import (
    Announcement,
    Claim,
    Document,
    ErrorReport,
    Laureate,
    Organisation,
    Territory,
    Theme,
)
from tests import factories
from tests.admin_pages import errors_of, form_data, save, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(factories.UserFactory(superuser=True))
    return client


def listed(client, model, **query):
    return set(client.get(url(model), query).context["cl"].queryset)


# Public or not ---------------------------------------------------------------


def test_a_page_on_the_site_is_offered_only_where_it_exists(staff):
    public = factories.LaureateFactory(carriers=[factories.OrganisationFactory()])
    hidden = factories.LaureateFactory(
        announcement__embargoed=True, carriers=[factories.OrganisationFactory()]
    )
    withdrawn = factories.LaureateFactory(withdrawn=True)
    for row in (public, public.announcement, public.organisations.get()):
        assert f'href="{row.get_absolute_url()}"' in staff.get(url(row)).content.decode()
    for row in (hidden, hidden.announcement, hidden.organisations.get(), withdrawn):
        page = staff.get(url(row)).content.decode()
        assert row.get_absolute_url() not in page
        assert "Voir sur le site" not in page


def test_the_lists_tell_what_is_public(staff):
    rows = {
        "publie": factories.AnnouncementFactory(),
        "embargo": factories.AnnouncementFactory(embargoed=True),
        "brouillon": factories.AnnouncementFactory(draft=True),
        "retire": factories.AnnouncementFactory(withdrawn=True),
    }
    laureates = {name: factories.LaureateFactory(announcement=row) for name, row in rows.items()}
    alone = factories.LaureateFactory(announcement=rows["publie"], withdrawn=True)

    for name, row in rows.items():
        assert listed(staff, Announcement, publication=name) == {row}
    for name, laureate in laureates.items():
        expected = {laureate, alone} if name == "retire" else {laureate}
        assert listed(staff, Laureate, publication=name) == expected
    columns = {row: row.is_published for row in listed(staff, Announcement)}
    assert columns == {row: name == "publie" for name, row in rows.items()}


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({}, "Public depuis le mercredi 25\u00a0septembre 2019 à 10\u00a0h\u00a000"),
        ({"withdrawn": True}, "Retiré le mercredi"),
        ({"announcement__embargoed": True}, "Sous embargo\u00a0: public le "),
        ({"announcement__draft": True}, "Brouillon\u00a0: les visiteurs n’en voient rien."),
        ({"announcement__withdrawn": True}, "Retiré avec son annonce, le mercredi"),
    ],
)
def test_a_laureate_says_how_it_stands(traits, words, staff):
    page = staff.get(url(factories.LaureateFactory(**traits)))
    assert page.context["panel"].state.startswith(words)
    assert page.context["panel"].state in page.content.decode()


def test_a_laureate_shows_its_public_page_in_small(staff):
    laureate = factories.LaureateFactory(
        carriers=[factories.OrganisationFactory(name="Agence du test")],
        description="Un paragraphe.\n\n- une **liste**\n\n<script>alert(1)</script>",
    )

    page = staff.get(url(laureate)).content.decode()

    assert "<li>une <strong>liste</strong></li>" in page
    assert "<script>alert" not in page
    assert "Agence du test (rôle non précisé)" in page
    assert "montant non communiqué" in page


@pytest.mark.parametrize("traits", [{}, {"embargoed": True}, {"withdrawn": True}])
def test_what_is_scheduled_public_or_withdrawn_is_read_only_but_for_what_stays_inside(
    traits, staff
):
    announcement = factories.AnnouncementFactory(**traits)
    laureate = factories.LaureateFactory(announcement=announcement, position=1)
    document = factories.DocumentFactory(announcement=announcement)
    before = Announcement.objects.values().get()
    page = staff.get(url(announcement))
    assert page.context["panel"].guidance in page.content.decode()

    response = save(
        staff,
        announcement,
        title="Corrigée",
        slug="autre",
        public_text="Autre",
        published_at_0="01/01/2030",
        published_at_1="00:00",
        withdrawal_reason="Essai",
        staff_note="Vu avec la direction",
        **{"laureates-0-position": "9", "documents-0-title": "Fiches corrigées"},
    )

    assert response.status_code == 302, errors_of(response)
    assert Announcement.objects.values().get() == {**before, "staff_note": "Vu avec la direction"}
    laureate.refresh_from_db()
    document.refresh_from_db()
    assert (laureate.position, document.title) == (1, "Fiches corrigées")


@pytest.mark.parametrize(
    ("traits", "guidance"),
    [
        ({}, "il se modifie par un rectificatif de son annonce"),
        ({"withdrawn": True}, "Ce qui est retiré ne se modifie plus."),
        ({"announcement__embargoed": True}, "déprogrammez d’abord"),
        ({"announcement__withdrawn": True}, "Ce qui est retiré ne se modifie plus."),
    ],
)
def test_a_laureate_that_visitors_see_or_will_see_is_read_only(traits, guidance, staff):
    laureate = factories.LaureateFactory(carriers=[factories.OrganisationFactory()], **traits)
    before = Laureate.objects.values().get()
    response = staff.get(url(laureate))
    page = response.content.decode()
    assert guidance in page
    assert "Enregistrer" not in page
    assert 'name="title"' not in page
    assert 'name="carriers-0-announced_name"' not in page

    refused = staff.post(url(laureate), {"title": "Corrigé", "carriers-TOTAL_FORMS": "0"})

    assert refused.status_code == 403
    assert Laureate.objects.values().get() == before
    assert laureate.carriers.count() == 1


@pytest.mark.parametrize("traits", [{}, {"embargoed": True}, {"withdrawn": True}])
def test_no_laureate_joins_nor_leaves_what_is_locked(traits, staff):
    locked = factories.AnnouncementFactory(**traits)
    response = save(staff, Laureate, announcement=locked.pk, position="1", title="Nouveau")
    assert "cette annonce" in errors_of(response).lower()
    assert not Laureate.objects.exists()

    moved = factories.LaureateFactory(announcement__draft=True)
    response = save(staff, moved, announcement=locked.pk)
    assert "cette annonce" in errors_of(response).lower()
    moved.refresh_from_db()
    assert moved.announcement != locked


def test_a_form_opened_before_the_scheduling_is_refused(staff):
    laureate = factories.LaureateFactory(announcement__draft=True)
    announcement = laureate.announcement
    forms = {row: form_data(staff.get(url(row))) for row in (laureate, announcement)}
    releases.publish(announcement, by=factories.UserFactory(superuser=True))

    assert staff.post(url(laureate), {**forms[laureate], "title": "Tard"}).status_code == 403
    staff.post(url(announcement), {**forms[announcement], "title": "Tard", "staff_note": ""})

    assert not Laureate.objects.filter(title="Tard").exists()
    assert not Announcement.objects.filter(title="Tard").exists()


def test_a_note_between_agents_moves_nothing_for_visitors(staff):
    announcement = factories.AnnouncementFactory()
    before = freshness.current()
    save(staff, announcement, staff_note="Vu avec la direction")
    assert Announcement.objects.get().staff_note == "Vu avec la direction"
    assert freshness.current() == before
    factories.DocumentFactory(announcement=announcement)
    assert freshness.current() != before


def test_the_public_identifier_never_changes(staff):
    laureate = factories.LaureateFactory(announcement__draft=True)
    save(staff, laureate, public_id="autre123", title="Corrigé")
    public_id = laureate.public_id
    laureate.refresh_from_db()
    assert (laureate.public_id, laureate.title) == (public_id, "Corrigé")


def test_no_form_publishes_nor_withdraws(staff):
    announcement = factories.AnnouncementFactory(draft=True)
    laureate = factories.LaureateFactory(announcement=announcement)
    moment = {"published_at_0": "01/02/2020", "published_at_1": "10:00"}
    moment |= {"withdrawn_at_0": "01/02/2020", "withdrawn_at_1": "10:00"}
    for row in (announcement, laureate):
        response = save(staff, row, withdrawal_reason="Doublon", **moment)
        assert response.status_code == 302
        row.refresh_from_db()
        assert (row.withdrawn_at, row.withdrawal_reason) == (None, "")
    save(staff, Announcement, title="Autre", call_title="Appel", call_year="2020", **moment)
    assert not Announcement.objects.filter(published_at__isnull=False).exists()


# Slugs and typography --------------------------------------------------------


def test_an_empty_slug_is_made_of_the_title(staff):
    announcement = factories.AnnouncementFactory(draft=True)

    response = save(
        staff,
        Laureate,
        announcement=announcement.pk,
        position="1",
        title="L'œuvre  d'Éléonore : un essai",
    )

    assert response.status_code == 302, errors_of(response)
    laureate = Laureate.objects.get()
    assert laureate.slug == "l-oeuvre-d-eleonore-un-essai"
    assert laureate.title == "L’œuvre d’Éléonore\u00a0: un essai"


@pytest.mark.parametrize(
    ("model", "values", "slug"),
    [
        (Theme, {"name": "Santé et télémédecine"}, "sante-et-telemedecine"),
        (Organisation, {"name": "Agence de l’eau"}, "agence-de-l-eau"),
        (Territory, {"kind": "region", "code": "32", "name": "Hauts-de-France"}, "hauts-de-france"),
    ],
)
def test_reference_data_gets_its_slug(model, values, slug, staff):
    response = save(staff, model, **values)
    assert response.status_code == 302, errors_of(response)
    assert model.objects.get().slug == slug


def test_a_department_carries_its_code_in_its_slug(staff):
    region = factories.TerritoryFactory(name="La Réunion", code="04", slug="la-reunion")
    response = save(
        staff, Territory, kind="department", code="974", name="La Réunion", region=region.pk
    )
    assert response.status_code == 302, errors_of(response)
    assert Territory.objects.get(code="974").slug == "la-reunion-974"


def test_a_slug_already_taken_is_said(staff):
    factories.ThemeFactory(name="Eau", slug="l-eau")
    response = save(staff, Theme, name="L’eau")
    assert response.status_code == 200
    assert "slug" in response.context["adminform"].form.errors


def test_a_wrong_siret_is_said(staff):
    response = save(staff, Organisation, name="Agence", siret="12345678901234")
    assert "est invalide" in errors_of(response)


def test_the_address_of_a_public_organisation_stays(staff):
    organisation = factories.OrganisationFactory()
    factories.LaureateFactory(carriers=[organisation])
    slug = organisation.slug
    save(staff, organisation, slug="autre", short_name="AGE")
    organisation.refresh_from_db()
    assert (organisation.slug, organisation.short_name) == (slug, "AGE")


# Announcements ---------------------------------------------------------------


def test_an_announcement_is_entered_with_its_documents_and_figures(staff):
    response = save(
        staff,
        Announcement,
        title="Annonce d’essai",
        call_title="Appel 2021",
        call_year="2021",
        **{
            "documents-TOTAL_FORMS": "2",
            "documents-0-title": "Fiches",
            "documents-0-format": "PDF",
            "documents-0-position": "",
            "documents-1-title": "Affiche",
            "documents-1-position": "",
            "documents-1-format": "PDF",
            "documents-1-file": SimpleUploadedFile("affiche.pdf", b"%PDF-1.7 " + b"x" * 2039),
            "claims-TOTAL_FORMS": "1",
            "claims-0-subject": "laureates",
            "claims-0-scope": "session",
            "claims-0-position": "",
            "claims-0-label": "12 lauréats",
            "claims-0-value": "12",
            "claims-0-unit": "count",
            "claims-0-exactness": "exact",
            "claims-0-source": "Communiqué",
        },
    )

    assert response.status_code == 302, errors_of(response)
    announcement = Announcement.objects.get()
    assert announcement.slug == "annonce-d-essai"
    assert list(announcement.documents.values_list("position", "title", "size_kb")) == [
        (1, "Fiches", None),
        (2, "Affiche", 2),
    ]
    assert announcement.claims.get().slug


def test_two_figures_of_one_announcement_get_two_identifiers(staff):
    announcement = factories.AnnouncementFactory()
    for label in ("12 lauréats", "13 lauréats"):
        response = save(
            staff,
            Claim,
            announcement=announcement.pk,
            subject="laureates",
            scope="session",
            label=label,
            value="12",
            unit="count",
            source="Communiqué",
        )
        assert response.status_code == 302, errors_of(response)
    assert Claim.objects.values("slug").distinct().count() == 2


def test_a_figure_has_a_value_or_bounds(staff):
    response = save(staff, factories.ClaimFactory(), lower="1", upper="2")
    assert "soit une valeur, soit deux bornes" in errors_of(response)


def test_a_refused_extension_keeps_what_was_typed(staff):
    announcement = factories.AnnouncementFactory()
    document = factories.DocumentFactory(announcement=announcement)
    response = save(
        staff,
        announcement,
        **{
            "documents-0-title": "Nouveau titre",
            "documents-0-file": SimpleUploadedFile("virus.exe", b"MZ"),
        },
    )
    assert response.status_code == 200
    assert form_data(response)["documents-0-title"] == "Nouveau titre"
    document.refresh_from_db()
    assert not document.file
    assert Document.objects.count() == 1


def test_a_great_announcement_links_to_the_list_of_its_laureates(staff):
    announcement = factories.AnnouncementFactory()
    factories.LaureateFactory.create_batch(LAUREATES_MAX + 1, announcement=announcement)

    page = staff.get(url(announcement))

    prefixes = [inline.formset.prefix for inline in page.context["inline_admin_formsets"]]
    assert prefixes == ["groups", "documents", "claims"]
    link = f"{url(Laureate)}?announcement__id__exact={announcement.pk}"
    assert f'href="{link}"' in page.content.decode()
    assert staff.get(link).context["cl"].result_count == LAUREATES_MAX + 1


def test_counts_lead_to_the_rows_they_count(staff):
    organisation, theme = factories.OrganisationFactory(), factories.ThemeFactory()
    laureate = factories.LaureateFactory(carriers=[organisation], themes=[theme])
    factories.LaureateFactory()

    for link in (
        f"{url(Laureate)}?carriers__organisation={organisation.pk}",
        f"{url(Laureate)}?themes__id__exact={theme.pk}",
    ):
        assert set(staff.get(link).context["cl"].queryset) == {laureate}
    assert (
        f"?carriers__organisation={organisation.pk}"
        in staff.get(url(organisation)).content.decode()
    )
    assert f"?themes__id__exact={theme.pk}" in staff.get(url(Theme)).content.decode()


def test_a_search_needs_no_accents(staff):
    laureate = factories.LaureateFactory(title="Télémédecine", slug="telemedecine")
    factories.LaureateFactory()
    for term in ("telemedecine", "Télémédecine", "medecine", laureate.public_id):
        assert listed(staff, Laureate, q=term) == {laureate}
    assert not listed(staff, Laureate, q="?")


def test_a_laureate_is_found_by_its_carrier_and_its_text(staff):
    organisation = factories.OrganisationFactory(name="Préfecture des Vosges")
    laureate = factories.LaureateFactory(
        description="Des mesures **bathymétriques**.", carriers=[organisation]
    )
    factories.LaureateFactory()
    for term in ("prefectures", "vosges", "bathymetrique", "vosges bathymétriques"):
        assert listed(staff, Laureate, q=term) == {laureate}


def test_a_laureate_of_a_draft_is_found_too(staff):
    draft = factories.AnnouncementFactory(draft=True)
    organisation = factories.OrganisationFactory(
        name="Préfecture du Jura", slug="prefecture-du-jura"
    )
    laureate = factories.LaureateFactory(
        announcement=draft, title="Écluse", slug="ecluse", carriers=[organisation]
    )
    factories.LaureateFactory(announcement=draft)
    public = factories.LaureateFactory(title="Une écluse")
    assert listed(staff, Laureate, q="ecluse") == {laureate, public}
    for term in ("jura", "ecluse jura", laureate.public_id):
        assert listed(staff, Laureate, q=term) == {laureate}


# Deletion --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("traits", "reason"),
    [
        ({}, "est publique"),
        ({"embargoed": True}, "est programmée"),
        ({"withdrawn": True}, "a été retirée"),
    ],
)
def test_an_announcement_that_counts_is_kept(traits, reason, staff):
    announcement = factories.AnnouncementFactory(**traits)
    page = staff.post(url(announcement, "delete"), {"post": "yes"})
    assert page.status_code == 403
    assert reason in page.content.decode()
    assert Announcement.objects.filter(pk=announcement.pk).exists()


@pytest.mark.parametrize(
    ("traits", "reason"),
    [
        ({}, "est public"),
        ({"withdrawn": True}, "a été retiré"),
        ({"announcement__embargoed": True}, "est programmée"),
        ({"announcement__withdrawn": True}, "a été retiré"),
    ],
)
def test_a_laureate_that_counts_is_kept(traits, reason, staff):
    laureate = factories.LaureateFactory(**traits)
    page = staff.post(url(laureate, "delete"), {"post": "yes"})
    assert page.status_code == 403
    assert reason in page.content.decode()
    assert Laureate.objects.filter(pk=laureate.pk).exists()


def test_a_draft_goes(staff):
    announcement = factories.AnnouncementFactory(draft=True)
    assert staff.post(url(announcement, "delete"), {"post": "yes"}).status_code == 302
    assert not Announcement.objects.exists()


# Reports ---------------------------------------------------------------------


def test_the_words_of_a_visitor_are_never_edited(staff):
    report = factories.ErrorReportFactory(message="Une date fausse", email="v@example.org")
    response = save(staff, report, message="Rien", email="x@example.org", staff_note="Corrigé")
    assert response.status_code == 302
    report.refresh_from_db()
    assert (report.message, report.email) == ("Une date fausse", "v@example.org")
    assert report.staff_note == "Corrigé"


def test_reports_are_marked_handled_once(staff):
    waiting = factories.ErrorReportFactory()
    moment = timezone.now()
    handled = factories.ErrorReportFactory(handled_at=moment)

    response = staff.post(
        url(ErrorReport),
        {"action": "mark_handled", "_selected_action": [waiting.pk, handled.pk], "index": "0"},
        follow=True,
    )

    assert "Un signalement marqué comme traité." in response.content.decode()
    waiting.refresh_from_db()
    handled.refresh_from_db()
    assert waiting.handled_at is not None
    assert handled.handled_at == moment
    assert listed(staff, ErrorReport, suite="a-traiter") == set()
    assert listed(staff, ErrorReport, suite="traite") == {waiting, handled}


# Counts of projects ----------------------------------------------------------


@pytest.mark.parametrize("is_recused", [True, False])
def test_a_project_kept_from_the_reader_is_in_no_count(client, is_recused):
    reader = factories.UserFactory(role="Publication")
    selection = factories.SelectionFactory()
    laureate = factories.LaureateFactory(
        announcement__draft=True,
        carriers=[factories.OrganisationFactory()],
        themes=[factories.ThemeFactory()],
        territories=[factories.TerritoryFactory()],
    )
    factories.PublicationFactory(
        announcement=laureate.announcement, committees=[selection.committee]
    )
    if is_recused:
        factories.RecusalFactory(application=selection.application, user=reader)
    client.force_login(reader)

    counts = [
        client.get(url(model)).context["cl"].queryset.get(pk=row.pk).project_count
        for model, row in (
            (Organisation, laureate.organisations.get()),
            (Theme, laureate.themes.get()),
            (Territory, laureate.territories.get()),
        )
    ]

    assert counts == [0 if is_recused else 1] * 3
    carrying = listed(client, Organisation, projets="oui")
    assert (laureate.organisations.get() in carrying) is not is_recused
