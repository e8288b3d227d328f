"""What the staff does in a browser: sign in, edit what is public, meet a colleague's edit."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from ftap.editlock import MESSAGE
from laureates.models import Laureate
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import UserFactory

pytestmark = pytest.mark.usefixtures("library")


def change_url(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


@pytest.fixture
def laureate(library):
    return Laureate.objects.published().earliest("position")


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
def test_an_edited_title_is_public_at_once_and_the_old_address_still_leads_there(
    open_page, sign_in, laureate, viewport
):
    old_address = laureate.get_absolute_url()
    page = open_page(viewport=viewport)
    user = sign_in(page)
    page.goto(reverse("admin:laureates_laureate_changelist"))
    page.get_by_role("link", name=laureate.title).click()
    page.wait_for_url(f"**{change_url(laureate)}")
    page.locator("#id_title").fill("L'essai d'un titre : « oui » ?")
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    page.wait_for_url(f"**{reverse('admin:laureates_laureate_changelist')}")
    page.locator(".messagelist .success").wait_for()
    laureate.refresh_from_db()
    title = "L’essai d’un titre\u00a0: «\u00a0oui\u00a0»\u202f?"
    assert laureate.title == title
    assert LogEntry.objects.filter(user=user, object_id=laureate.pk).exists()
    visitor = open_page(viewport=viewport)
    visitor.goto(old_address)
    assert visitor.locator("h1").inner_text() == title
    visitor.goto(f"{reverse('laureates:library')}?q=essai+titre")
    assert visitor.locator("#resultats h3").all_inner_texts() == [title]
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
    open_page, sign_in, laureate
):
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


def test_carriers_are_chosen_by_typing(open_page, sign_in, laureate):
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
