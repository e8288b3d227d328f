"""The pages are valid HTML: the Nu checker finds nothing to say of any public page."""

import pytest
from django.conf import settings
from django.core.management import call_command

from tests import html_checker, run
from tests.browser.addresses import public_pages


@pytest.fixture
def checker():
    if html_checker.find_jar() is None:
        pytest.fail("the requirements of development bring no HTML checker", pytrace=False)
    if html_checker.find_java() is None:
        reason = f"Java est absent : {run.install_line(html_checker.JAVA_PACKAGE)}"
        if run.in_ci():
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return html_checker.check


def test_the_checker_sees_errors(checker, tmp_path):
    good = (
        "<!doctype html><html lang=fr><head><title>Titre</title></head>"
        "<body><p>Texte en français.</p></body></html>"
    )
    bad = good.replace("<p>", '<p id="a"><span id="a"></span>').replace("</p>", "</div>")
    messages = checker({"/bon/": good, "/mauvais/": bad}, tmp_path)
    assert {message.page for message in messages if message.kind == "error"} == {"/mauvais/"}


@pytest.mark.django_db
def test_public_pages_are_valid(client, checker, tmp_path):
    call_command("loaddata", *settings.LOCAL_FIXTURES, verbosity=0)
    pages = {}
    for address, status in public_pages().items():
        response = client.get(address)
        assert response.status_code == status, address
        pages[address] = response.content.decode()
    messages = checker(pages, tmp_path)
    assert not messages, "\n".join(map(str, messages))
