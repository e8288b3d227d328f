"""The real data behind a live server, and a browser whose complaints are heard."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core.management import call_command

from tests.factories import PASSWORD, UserFactory

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def follow(link):
    """Click on what leads to another page, and wait for that page."""
    with link.page.expect_navigation():
        link.click()


class Complaints:
    """What a browser says while it shows pages: refusals of the content policy, script errors,
    missing files, requests to other hosts."""

    def __init__(self, page, base_url):
        self.found = []
        self.base_url = base_url
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.found.append(f"script: {error}"))
        page.on("request", self._on_request)
        page.on("response", self._on_response)

    def _on_console(self, message):
        # A page that answers 404 on purpose is an error for the console.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.found.append(f"console: {message.text}")

    def _on_request(self, request):
        if not request.url.startswith((self.base_url, "data:", "blob:", "about:")):
            self.found.append(f"another host: {request.url}")

    def _on_response(self, response):
        if response.status >= 400 and not response.request.is_navigation_request():
            self.found.append(f"{response.status}: {response.url}")


@pytest.fixture
def library(live_server):
    """The data that a new local database receives."""
    call_command("loaddata", *settings.LOCAL_FIXTURES, verbosity=0)


@pytest.fixture
def open_page(new_context, base_url):
    """open_page(**context options): a page with its `complaints`."""

    def opened(**options):
        page = new_context(**options).new_page()
        page.complaints = Complaints(page, base_url)
        page.set_default_timeout(15_000)
        return page

    return opened


@pytest.fixture
def axe():
    """axe(page): what the accessibility checker finds on the page, a line for each element."""
    checker = Axe()

    def check(page):
        return [
            f"/{page.url.split('/', 3)[3]} {violation['id']} ({violation['impact']}): "
            f"{node['target']} {node['failureSummary'].splitlines()[-1].strip()}"
            for violation in checker.run(page).response["violations"]
            for node in violation["nodes"]
        ]

    return check


@pytest.fixture
def sign_in():
    """sign_in(page, **user): sign in a superuser, or a person with a role, through the form."""

    def signed_in(page, **values):
        user = UserFactory(**({"superuser": "role" not in values} | values))
        page.goto("/admin/")
        page.get_by_label("Nom d’utilisateur").or_(page.locator("#id_username")).first.fill(
            user.username
        )
        page.locator("#id_password").fill(PASSWORD)
        page.locator("#id_password").press("Enter")
        page.wait_for_url("**/admin/")
        return user

    return signed_in
