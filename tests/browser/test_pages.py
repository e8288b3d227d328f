"""Every kind of page, looked at by a browser: policy, layout, accessibility, print."""

import pytest
from django.urls import reverse

from tests.browser.addresses import admin_pages, public_pages
from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.usefixtures("library")

# A phone, the smallest width of the accessibility criteria, and 1280 pixels at 200 %.
WIDTHS = (390, 320, 640, 1280)
OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .slice(0, 5)
    .map((element) => `<${element.tagName.toLowerCase()} class="${element.className}">`);
}"""


# Buttons and fields that stick out of the block that holds them.
PROTRUDING = """() => [...document.querySelectorAll("button, input, select, textarea")]
  .filter((element) => {
    const box = element.getBoundingClientRect();
    const block = element.parentElement.getBoundingClientRect();
    const hidden = box.width < 2 || getComputedStyle(element).opacity === "0";
    return !hidden && box.right > block.right + 1;
  })
  .map((element) => `${element.tagName.toLowerCase()}#${element.id}.${element.className}`)"""


def visit(page, address, status=200):
    answer = page.goto(address)
    assert answer.status == status, address
    return answer


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_browsers_have_nothing_to_complain_about(open_page, javascript):
    page = open_page(viewport=DESKTOP, java_script_enabled=javascript)
    for address, status in public_pages().items():
        visit(page, address, status)
        page.wait_for_load_state("networkidle")
    assert page.complaints.found == []


def test_the_listener_hears_what_the_policy_refuses(open_page, base_url):
    page = open_page()
    page.goto("/")
    page.evaluate("document.body.setAttribute('onclick', 'f()')")
    page.evaluate(
        "document.body.append(document.createElement('script')) || "
        "(document.scripts[document.scripts.length - 1].src = 'https://example.org/a.js')"
    )
    page.wait_for_timeout(500)
    assert any("Content Security Policy" in line for line in page.complaints.found)


def test_no_page_scrolls_sideways(open_page):
    page = open_page()
    wide = {}
    for address, status in public_pages().items():
        visit(page, address, status)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            if found := page.evaluate(OVERFLOW) + page.evaluate(PROTRUDING):
                wide[f"{address} at {width}"] = found
    assert wide == {}


def test_the_measures_of_what_is_too_wide_see_it(open_page):
    page = open_page(viewport=PHONE, bypass_csp=True)
    page.goto("/")
    assert page.evaluate(PROTRUDING) == []
    page.evaluate("document.querySelector('main').style.width = '1000px'")
    assert page.evaluate(OVERFLOW)
    page.evaluate("document.querySelector('button[type=submit]').style.minWidth = '2000px'")
    assert page.evaluate(PROTRUDING)


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": DESKTOP, "color_scheme": "light"},
        {"viewport": PHONE, "color_scheme": "dark", "has_touch": True},
    ],
    ids=["desktop-light", "phone-dark"],
)
def test_public_pages_are_accessible(open_page, axe, options):
    page = open_page(bypass_csp=True, **options)
    found = []
    for address, status in public_pages().items():
        visit(page, address, status)
        page.wait_for_load_state("networkidle")
        found += axe(page)
    assert not found, "\n".join(found)


def test_open_filters_are_accessible_on_a_phone(open_page, axe):
    page = open_page(viewport=PHONE, bypass_csp=True)
    page.goto(reverse("laureates:library"))
    page.wait_for_load_state("networkidle")
    for summary in page.locator("summary").all():
        if summary.is_visible() and not summary.evaluate("e => e.parentElement.open"):
            summary.click()
    assert page.locator("#filtres input[type=checkbox]").last.is_visible()
    found = axe(page)
    assert not found, "\n".join(found)


def test_the_checker_sees_what_is_not_accessible(open_page, axe):
    page = open_page(bypass_csp=True)
    page.goto("/")
    page.evaluate("document.querySelector('main').innerHTML = '<img src=x><a href=x></a>'")
    assert {"image-alt", "link-name"} <= {line.split()[1] for line in axe(page)}


def test_the_admin_is_accessible(open_page, axe, sign_in):
    page = open_page(viewport=DESKTOP, bypass_csp=True)
    page.goto("/admin/login/")
    found = axe(page)
    sign_in(page)
    for address in admin_pages():
        visit(page, address)
        found += axe(page)
    assert not found, "\n".join(found)


def test_the_admin_breaks_no_policy(open_page, sign_in):
    page = open_page(viewport=DESKTOP)
    sign_in(page)
    for address in admin_pages():
        visit(page, address)
    page.wait_for_load_state("networkidle")
    assert page.complaints.found == []


def test_what_serves_on_screen_only_is_not_printed(open_page):
    page = open_page(viewport=DESKTOP)
    page.goto(reverse("laureates:library"))
    assert page.locator("form#filtres").is_visible()
    page.emulate_media(media="print")
    assert not page.locator("form#filtres").is_visible()
    assert not page.locator("header nav").first.is_visible()
    assert page.locator("#resultats h3").first.is_visible()


def test_the_server_s_threads_have_connections_of_their_own(live_server):
    assert live_server.thread.connections_override == {}
