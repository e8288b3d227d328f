"""What browsers fetch and show: little, the same as the whole design system, and nothing moves."""

import re
import time

import pytest
from django.urls import reverse

from ftap import design_system
from laureates.models import Announcement, Laureate
from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.usefixtures("library")

# Every element, and what stands before and after it, with all that is computed of its style but
# for addresses and names of fonts, which trimming writes otherwise.
STYLES = """() => {
  const seen = {};
  const all = [...document.querySelectorAll("body, body *")];
  all.forEach((element, rank) => {
    for (const part of [null, "::before", "::after"]) {
      const style = getComputedStyle(element, part);
      if (part && style.content === "none") continue;
      const values = [];
      for (const name of style) {
        if (name === "font-family" || name.startsWith("--")) continue;
        values.push(`${name}: ${style.getPropertyValue(name).replace(/url\\([^)]*\\)/g, "url")}`);
      }
      seen[`${rank} ${element.nodeName}.${element.className}${part || ""}`] = values.join("\\n");
    }
  });
  return seen;
}"""
SHIFTS = """() => new Promise(answer => {
  const found = [];
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) found.push(entry.value);
  }).observe({type: "layout-shift", buffered: true});
  setTimeout(() => answer(found.reduce((sum, one) => sum + one, 0)), 200);
})"""


def whole_sheet():
    """The design system's own sheets, in the order in which they were meant to be loaded."""
    texts = []
    for name in design_system.SHEETS:
        folder = f"/static/{name}".rpartition("/")[0]
        text = (design_system.SOURCE / name).read_text()
        texts.append(re.sub(r"url\((?!data:|#)([^)\"']+)\)", rf"url({folder}/\1)", text))
    return "".join(texts)


def some_pages():
    """Pages that together hold nearly everything that pages may hold."""
    announcement = Announcement.objects.published()[0]
    return [
        "/",
        f"{reverse('laureates:library')}?theme=telemedecine&theme=inconnu&page=9",
        Laureate.objects.published()[0].get_absolute_url(),
        reverse("laureates:statistics"),
        reverse("laureates:about_data"),
        reverse("laureates:announcements"),
        announcement.get_absolute_url(),
        reverse("laureates:report"),
        "/inconnue/",
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": DESKTOP, "color_scheme": "light"},
        {"viewport": PHONE, "color_scheme": "dark"},
    ],
    ids=["desktop-light", "phone-dark"],
)
def test_the_trimmed_sheet_shows_pages_as_the_whole_one_does(open_page, options):
    page = open_page(**options)
    trimmed = {}
    for address in some_pages():
        page.goto(address, wait_until="networkidle")
        trimmed[address] = page.evaluate(STYLES)
    sheet = whole_sheet()
    page.route(
        f"**/{design_system.NAME}*",
        lambda route: route.fulfill(body=sheet, content_type="text/css"),
    )
    for address, before in trimmed.items():
        page.goto(address, wait_until="networkidle")
        after = page.evaluate(STYLES)
        assert before.keys() == after.keys(), address
        differing = {
            name: set(before[name].split("\n")) ^ set(after[name].split("\n"))
            for name in before
            if before[name] != after[name]
        }
        assert differing == {}, address


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_fonts_and_scripts_that_come_late_move_nothing(open_page, viewport):
    page = open_page(viewport=viewport)
    moved, late = {}, []

    def wait(route):
        late.append(route.request.url)
        time.sleep(0.2)
        route.continue_()

    page.route(re.compile(r"\.(woff2|js)$"), wait)
    for address in some_pages():
        page.goto(address, wait_until="networkidle")
        # A line may still break elsewhere.
        if (moves := page.evaluate(SHIFTS)) > 0.02:
            moved[address] = moves
    assert {address.rpartition(".")[2] for address in late} == {"woff2", "js"}
    assert moved == {}


def test_the_measure_of_what_moves_sees_it(open_page):
    page = open_page(viewport=DESKTOP, bypass_csp=True)
    page.goto("/", wait_until="networkidle")
    page.evaluate("document.querySelector('main').style.marginTop = '200px'")
    assert page.evaluate(SHIFTS) > 0.05


def test_nothing_is_fetched_but_what_shows(open_page):
    page = open_page(viewport=DESKTOP)
    asked = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/static/")[2]))
    page.goto(reverse("laureates:library"), wait_until="networkidle")
    assert design_system.NAME in asked
    assert not any(name.endswith(".svg") and "artwork" in name for name in asked)
    assert [name for name in asked if name.endswith(".css")] == [
        design_system.NAME,
        "ftap/ftap.css",
    ]


def test_the_choice_of_colours_shows_its_pictures_and_is_kept(open_page):
    page = open_page(viewport=DESKTOP, color_scheme="light")
    page.goto("/", wait_until="networkidle")
    page.get_by_role("button", name="Paramètres d’affichage").click()
    picture = page.locator("#fr-theme-modal img").first
    picture.wait_for(state="visible")
    page.wait_for_function("[...document.images].every(one => one.complete && one.naturalWidth)")
    page.get_by_text("Sombre").click()
    assert page.locator("html").get_attribute("data-fr-theme") == "dark"
    page.get_by_role("button", name="Fermer").click()
    page.goto(reverse("laureates:library"), wait_until="networkidle")
    assert page.locator("html").get_attribute("data-fr-theme") == "dark"


def test_the_caption_of_a_wide_table_stays_in_sight(open_page):
    page = open_page(viewport=PHONE)
    page.goto(reverse("laureates:about_data"), wait_until="networkidle")
    table = page.locator(".fr-table__container").first
    assert table.evaluate("e => e.scrollWidth > e.clientWidth")
    caption = table.locator("caption")
    before = caption.bounding_box()
    table.evaluate("e => { e.scrollLeft = 100 }")
    assert caption.bounding_box() == before
    assert before["width"] <= PHONE["width"]
