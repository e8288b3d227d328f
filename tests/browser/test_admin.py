"""What the staff does in a browser: sign in, edit what is public, meet a colleague's edit."""

import re

import pytest
from django.urls import reverse

from ftap.editlock import MESSAGE
from laureates import releases
from laureates.models import Laureate, Organisation
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import LaureateFactory, UserFactory

pytestmark = pytest.mark.usefixtures("library")


def change_url(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


@pytest.fixture
def laureate(library):
    return Laureate.objects.published().earliest("position")


@pytest.fixture
def prepared(library):
    """A laureate of an announcement in preparation."""
    return LaureateFactory(
        announcement__draft=True, title="Un projet", carriers=[Organisation.objects.first()]
    )


def test_a_wrong_password_is_refused_and_a_right_one_opens(open_page, sign_in):
    page = open_page(viewport=DESKTOP)
    page.goto("/admin/")
    page.locator("#id_username").fill(UserFactory(superuser=True).username)
    page.locator("#id_password").fill("un autre mot de passe")
    page.locator("#id_password").press("Enter")
    page.locator(".errornote").wait_for()
    assert "/admin/login/" in page.url
    sign_in(page)
    assert page.get_by_role("link", name="Lauréats", exact=True).first.is_visible()
    assert page.complaints.found == []


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_corrected_title_is_public_with_its_version_and_the_old_address_still_leads_there(
    open_page, sign_in, laureate, viewport
):
    old_address = laureate.get_absolute_url()
    page = open_page(viewport=viewport)
    user = sign_in(page)
    page.goto(reverse("admin:laureates_laureate_changelist"))
    page.get_by_role("link", name=laureate.title).click()
    page.wait_for_url(f"**{change_url(laureate)}")
    page.get_by_role("link", name="Commencer un rectificatif").click()
    page.get_by_role("button", name="Commencer le rectificatif").click()
    page.get_by_role("link", name=laureate.title, exact=True).click()
    page.locator("#id_title").fill("L'essai d'un titre : « oui » ?")
    page.get_by_role("button", name="Enregistrer dans le rectificatif").click()
    page.get_by_role("link", name="Publier le rectificatif").click()
    page.get_by_role("button", name="Publier le rectificatif").click()
    page.get_by_text("La version 2 est publique.").wait_for()
    laureate.refresh_from_db()
    title = "L’essai d’un titre\u00a0: «\u00a0oui\u00a0»\u202f?"
    assert laureate.title == title
    release = laureate.announcement.releases.get(number=2)
    assert release.created_by == user
    assert title in release.changelog
    visitor = open_page(viewport=viewport)
    visitor.goto(old_address)
    assert visitor.locator("h1").inner_text() == title
    visitor.goto(f"{reverse('laureates:library')}?q=essai+titre")
    assert visitor.locator("#resultats .ftap-card h3").all_inner_texts() == [title]
    assert page.complaints.found == visitor.complaints.found == []


def test_a_public_page_is_one_link_away(open_page, sign_in, laureate):
    page = open_page(viewport=DESKTOP)
    sign_in(page)
    page.goto(change_url(laureate))
    address = page.get_by_role("link", name=re.compile("voir sur le site", re.I)).get_attribute(
        "href"
    )
    page.goto(address)
    assert page.url.endswith(laureate.get_absolute_url())


def test_a_colleague_s_edit_is_not_overwritten_and_both_values_are_shown(
    open_page, sign_in, prepared
):
    laureate = prepared
    first, second = open_page(viewport=DESKTOP), open_page(viewport=DESKTOP)
    for page in (first, second):
        sign_in(page)
        page.goto(change_url(laureate))
    first.locator("#id_summary").fill("Le résumé de la première personne.")
    first.get_by_role("button", name="Enregistrer", exact=True).click()
    first.wait_for_url(f"**{reverse('admin:laureates_laureate_changelist')}")
    second.locator("#id_summary").fill("Le résumé de la seconde personne.")
    second.get_by_role("button", name="Enregistrer", exact=True).click()
    second.get_by_text(MESSAGE.split(".")[0]).first.wait_for()
    shown = second.locator("#content").inner_text()
    assert "Le résumé de la première personne." in shown
    assert "Le résumé de la seconde personne." in shown
    laureate.refresh_from_db()
    assert laureate.summary == "Le résumé de la première personne."
    second.get_by_role("button", name="Enregistrer", exact=True).click()
    second.wait_for_url(f"**{reverse('admin:laureates_laureate_changelist')}")
    laureate.refresh_from_db()
    assert laureate.summary == "Le résumé de la seconde personne."


def test_carriers_are_chosen_by_typing(open_page, sign_in, prepared):
    laureate = prepared
    page = open_page(viewport=DESKTOP)
    sign_in(page)
    page.goto(change_url(laureate))
    before = laureate.carriers.count()
    page.locator(".add-row a").first.click()
    row = page.locator(f"#carriers-{before}")
    row.locator(".select2-selection").click()
    page.locator(".select2-search__field").last.fill("opera")
    page.get_by_role("option", name="Opéra national de Paris").click()
    row.locator("input[name$=announced_name]").fill("Opéra")
    position = row.locator("input[name$=position]")
    if not position.input_value():
        position.fill(str(before + 1))
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    page.wait_for_url(f"**{reverse('admin:laureates_laureate_changelist')}")
    assert laureate.carriers.get(announced_name="Opéra").organisation.slug.startswith("opera")
    assert page.complaints.found == []


@pytest.mark.parametrize("width", [1280, 768])
def test_the_publisher_s_pages_are_accessible_and_fit(open_page, sign_in, axe, laureate, width):
    page = open_page(viewport={"width": width, "height": 900})
    user = sign_in(page)
    announcement = laureate.announcement
    draft = releases.start_draft(announcement, by=user)
    releases.save_laureate(
        draft,
        by=user,
        version=draft.version,
        public_id=laureate.public_id,
        values={"title": f"{laureate.title}, suite"},
    )
    waiting = LaureateFactory(announcement__draft=True).announcement
    found = []
    for row, name, *more in (
        (waiting, "change"),
        (waiting, "schedule"),
        (waiting, "preview"),
        (announcement, "change"),
        (announcement, "withdraw"),
        (announcement, "draft"),
        (announcement, "draft_announcement"),
        (announcement, "draft_laureate", laureate.public_id),
        (announcement, "draft_publish"),
        (announcement, "draft_preview_laureate", laureate.public_id),
        (laureate, "change"),
        (laureate, "withdraw"),
    ):
        model = row._meta.model_name
        page.goto(reverse(f"admin:laureates_{model}_{name}", args=[row.pk, *more]))
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        found += [f"{name}: scrolls sideways"] * wide + axe(page)
    assert found == []
