"""What a visitor does: mouse or keyboard, with scripts or without, at a desk or on a phone."""

import re

import pytest
from django.urls import reverse

from laureates.models import ErrorReport, Laureate
from laureates.typography import fold
from tests.browser.conftest import DESKTOP, PHONE, follow

pytestmark = pytest.mark.usefixtures("library")

VISITORS = {
    "desktop": {"viewport": DESKTOP},
    "desktop-no-script": {"viewport": DESKTOP, "java_script_enabled": False},
    "phone": {"viewport": PHONE, "has_touch": True},
    "phone-no-script": {"viewport": PHONE, "has_touch": True, "java_script_enabled": False},
}


def heading(page):
    return page.locator("#resultats-titre").inner_text()


def titles(page):
    return page.locator("#resultats .ftap-card h3").all_inner_texts()


def unfold(page, checkbox):
    """Open what folds a choice away, as a visitor would, from the outside in."""
    for summary in checkbox.locator("xpath=ancestor::details/summary").all():
        if summary.is_visible() and summary.evaluate("e => !e.parentElement.open"):
            summary.click()


@pytest.mark.parametrize("visitor", VISITORS)
def test_from_the_home_page_to_an_announcement(open_page, visitor):
    page = open_page(**VISITORS[visitor])
    page.goto("/")
    page.get_by_role("searchbox").fill("telemedecine")
    follow(page.get_by_role("button", name="Rechercher"))
    assert re.search(r"/laureats/\?q=telemedecine$", page.url)
    assert heading(page) == "2 projets lauréats contenant «\u00a0telemedecine\u00a0»"
    both = titles(page)
    assert len(both) == 2

    choice = page.locator('input[name="theme"][value="dematerialisation"]')
    unfold(page, choice)
    label = page.locator('label[for="theme-dematerialisation"]')
    assert "(1" in label.inner_text()
    label.click()
    follow(page.get_by_role("button", name="Appliquer les filtres"))
    assert "q=telemedecine" in page.url
    assert "theme=dematerialisation" in page.url
    assert not re.search(r"[?&]\w+=(&|$)", page.url)
    (kept,) = titles(page)
    assert kept in both

    follow(page.get_by_role("link", name=re.compile("Retirer le filtre Thème")))
    assert re.search(r"/laureats/\?q=telemedecine$", page.url)
    assert titles(page) == both

    follow(page.get_by_role("link", name=kept))
    assert page.locator("h1").inner_text() == kept
    laureate = Laureate.objects.get(title=kept)
    first, *_ = laureate.carriers.all()
    follow(page.get_by_role("main").get_by_role("link", name=first.organisation.name).first)
    assert page.locator("h1").inner_text() == first.organisation.name
    assert page.get_by_role("link", name=kept).count() == 1

    follow(page.get_by_role("link", name=kept))
    follow(page.get_by_role("link", name=laureate.announcement.title).first)
    assert page.locator("h1").inner_text() == laureate.announcement.title
    listed = page.get_by_role("main").locator("a[href^='/laureats/20']").all_inner_texts()
    shown = [
        title for title in listed if title in set(Laureate.objects.values_list("title", flat=True))
    ]
    assert shown == list(
        laureate.announcement.laureates.order_by("position").values_list("title", flat=True)
    )
    assert len(shown) == 16
    assert page.complaints.found == []


def test_several_values_of_a_filter_add_up_and_are_removed_at_once(open_page):
    page = open_page(viewport=DESKTOP)
    page.goto(reverse("laureates:library"))
    assert heading(page) == "16 projets lauréats"
    for theme in ("telemedecine", "insertion-emploi"):
        label = page.locator(f'label[for="theme-{theme}"]')
        unfold(page, label)
        label.click()
    follow(page.get_by_role("button", name="Appliquer les filtres"))
    assert len(titles(page)) == 4
    assert page.locator("#resultats .fr-tag--dismiss").count() == 2
    follow(page.get_by_role("link", name="Retirer tous les filtres"))
    assert page.url.endswith(reverse("laureates:library"))
    assert heading(page) == "16 projets lauréats"


def test_a_sort_keeps_the_filters_and_the_address_can_be_shared(open_page):
    page = open_page(viewport=DESKTOP)
    page.goto(f"{reverse('laureates:library')}?theme=donnees")
    before = titles(page)
    page.get_by_label("Trier par").select_option("titre")
    follow(page.get_by_role("button", name="Trier", exact=True))
    assert "theme=donnees" in page.url
    assert "tri=titre" in page.url
    assert titles(page) == sorted(before, key=fold) != before
    other = open_page(viewport=DESKTOP)
    other.goto(page.url)
    assert titles(other) == titles(page)


def test_a_search_that_finds_nothing_says_what_to_try(open_page):
    page = open_page(viewport=PHONE)
    page.goto(f"{reverse('laureates:library')}?q=zorglub&theme=donnees")
    assert heading(page).startswith("Aucun projet lauréat")
    assert page.locator("#resultats").get_by_role("link").count() >= 2


def tab_to(page, selector, limit=150):
    """Press Tab until the focus is on what `selector` names; every stop must be seen."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        state = page.evaluate(
            """(selector) => {
              const element = document.activeElement;
              const box = element.getBoundingClientRect();
              const label = element.labels && element.labels[0];
              const marks = [element, label].filter(Boolean).flatMap((node) => [
                getComputedStyle(node), getComputedStyle(node, "::before")]);
              return {
                reached: element.matches(selector),
                body: element === document.body,
                name: element.outerHTML.slice(0, 120),
                seen: box.width > 0 && box.height > 0
                  && marks.some((style) => style.outlineStyle !== "none"
                    && parseFloat(style.outlineWidth) > 0),
              };
            }""",
            selector,
        )
        if not state["body"]:
            assert state["seen"], f"the focus cannot be seen: {state['name']}"
        if state["reached"]:
            return
    raise AssertionError(f"{selector} is out of reach of the keyboard on {page.url}")


@pytest.mark.parametrize("visitor", ["desktop", "phone-no-script"])
def test_the_same_with_a_keyboard_alone(open_page, visitor):
    page = open_page(**VISITORS[visitor])
    page.goto("/")
    tab_to(page, "a[href='#contenu']", limit=2)
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"
    tab_to(page, "input[type=search]", limit=3)
    page.keyboard.type("telemedecine")
    page.keyboard.press("Enter")
    page.wait_for_url("**/laureats/?q=telemedecine")
    choice = "#theme-dematerialisation"
    if not page.locator(choice).is_visible():
        tab_to(page, ".ftap-filters > summary")
        page.keyboard.press("Enter")
    tab_to(page, choice)
    page.keyboard.press("Space")
    assert page.locator(choice).is_checked()
    tab_to(page, "#filtres button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**theme=dematerialisation**")
    tab_to(page, ".fr-tag--dismiss[aria-label*='Thème']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/laureats/?q=telemedecine")
    tab_to(page, "#resultats h3 a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/laureats/*-*/")
    assert page.locator("h1").inner_text() in Laureate.objects.values_list("title", flat=True)


@pytest.mark.parametrize("visitor", ["desktop", "phone-no-script"])
def test_an_error_is_reported_from_the_page_that_holds_it(open_page, visitor):
    laureate = Laureate.objects.published().earliest("position")
    page = open_page(**VISITORS[visitor])
    page.goto(laureate.get_absolute_url())
    follow(page.get_by_role("main").get_by_role("link", name=re.compile("erreur", re.I)).first)
    page.get_by_label(re.compile("erreur|message|description", re.I)).last.fill(
        "Le nom du second porteur est incomplet."
    )
    follow(page.get_by_role("main").get_by_role("button", name=re.compile("Envoyer")))
    page.wait_for_url(f"**{reverse('laureates:report_sent')}")
    report = ErrorReport.objects.get()
    assert report.page.endswith(laureate.get_absolute_url())
    assert report.message == "Le nom du second porteur est incomplet."
    assert page.complaints.found == []


def test_a_visit_leaves_no_cookie(open_page):
    page = open_page(viewport=DESKTOP)
    for name in ("home", "library", "report", "about_data"):
        page.goto(reverse(f"laureates:{name}"))
    assert page.context.cookies() == []
