"""From a closed sitting to what visitors read: prepared, scheduled, public at its minute, then
corrected, withdrawn and downloaded, with the publisher’s browser and a visitor’s."""

import csv
import datetime
import hashlib
import io
import re

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calls import demo
from calls.history import verify
from calls.models import Application, Call, Committee, Publication, Selection
from ftap.templatetags.ftap import french_date
from laureates.models import Announcement, Release, ReleaseFile
from tests.browser.conftest import DESKTOP, follow
from tests.browser.test_committee_journey import audit

SECOND = datetime.timedelta(seconds=1)


@pytest.fixture
def closed(library):
    """The closed sitting of the demonstration, whose call is no more marked as fictional: nothing
    fictional can be published."""
    fiction = demo.build(password_of=lambda username: f"{username}-local")
    Call.objects.filter(is_fictional=True).update(is_fictional=False)
    return Committee.objects.get(session=fiction.session, state="closed")


@pytest.fixture
def publisher(open_page):
    page = open_page(viewport=DESKTOP)
    page.goto("/admin/")
    page.locator("#id_username").fill("demo-publication")
    page.locator("#id_password").fill("demo-publication-local")
    page.locator("#id_password").press("Enter")
    page.wait_for_url("**/admin/")
    return page


@pytest.fixture
def visitor(open_page):
    return open_page(viewport=DESKTOP)


def screen(name, *args):
    return reverse(f"admin:laureates_{name}", args=args)


def submit(page, label):
    follow(page.get_by_role("button", name=label, exact=True))
    page.locator(".messagelist").wait_for()
    return page.locator(".messagelist").inner_text()


def prepare(page, committee):
    """The announcement of a sitting, with the amounts and the numbers that it states."""
    page.goto(reverse("admin:calls_publication_prepare"))
    follow(page.get_by_role("link", name=f"Préparer l’annonce de {committee}"))
    page.locator("[name=tous-everywhere][value=amount]").check()
    for box in page.locator("[name=chiffres-numbers]").all():
        box.check()
    submit(page, "Préparer l’annonce")
    return Publication.objects.get(committees=committee).announcement


def public_addresses(announcement):
    return [
        reverse(f"laureates:{name}")
        for name in ("home", "library", "announcements", "sitemap", "statistics")
    ] + [
        f"{reverse('laureates:library')}?annonce={announcement.slug}",
        f"{reverse('laureates:library')}?q=fictif",
        reverse("laureates:library_export", args=["csv"]),
        reverse("laureates:feed"),
    ]


def seen(words, addresses):
    """{address: which of these words it shows}, by a client without cookie or cache."""
    client, found = Client(), {}
    for address in addresses:
        response = client.get(address)
        content = b"".join(response.streaming_content) if response.streaming else response.content
        found[address] = {word for word in words if word in content.decode(errors="replace")}
    return found


def test_from_the_closed_sitting_to_the_public_page(closed, publisher, visitor, axe):
    retained = Selection.objects.retained().filter(committee=closed)
    titles = [row.application.title for row in retained.in_agenda_order()]
    others = {
        row.title
        for row in Application.objects.filter(session=closed.session).exclude(title="")
        if row.title not in titles
    }
    assert titles
    assert others

    # Prepared in the agenda's order, from what was ticked; nothing of it is public.
    announcement = prepare(publisher, closed)
    rows = list(announcement.laureates.order_by("position"))
    assert [row.title for row in rows] == titles
    granted = [row.granted_amount for row in retained.in_agenda_order()]
    assert [row.amount for row in rows] == granted
    publisher.goto(screen("announcement_preview", announcement.pk))
    assert "rien de ceci n’est public" in publisher.locator("body").inner_text().lower()
    assert all(title in publisher.locator("main").inner_text() for title in titles)
    assert audit(axe, publisher) == []
    assert visitor.goto(announcement.get_absolute_url()).status == 404

    # Scheduled to the minute.
    minute = (timezone.localtime() + datetime.timedelta(minutes=30)).replace(
        second=0, microsecond=0
    )
    publisher.goto(screen("announcement_schedule", announcement.pk))
    publisher.locator("[name=day]").fill(f"{minute:%Y-%m-%d}")
    publisher.locator("[name=hour]").fill(f"{minute:%H:%M}")
    assert audit(axe, publisher) == []
    said = submit(publisher, "Programmer").replace("\u00a0", " ")
    assert f"à {minute.hour} h {minute:%M}" in said

    # A second before, nothing shows anywhere; at the minute, everything does.
    pages = public_addresses(announcement)
    with time_machine.travel(minute - SECOND, tick=False):
        assert visitor.goto(announcement.get_absolute_url()).status == 404
        assert visitor.goto(rows[0].get_absolute_url()).status == 404
        visitor.goto(reverse("laureates:home"))
        assert announcement.title not in visitor.locator("main").inner_text()
        assert set().union(*seen([*titles, announcement.slug], pages).values()) == set()
        settle(visitor)
    with time_machine.travel(minute, tick=False):
        assert visitor.goto(announcement.get_absolute_url()).status == 200
        assert all(title in visitor.locator("main").inner_text() for title in titles)
        assert visitor.goto(rows[0].get_absolute_url()).status == 200
        found = seen([titles[0], announcement.slug], pages)
        assert [address for address, words in found.items() if not words] == []
        assert set().union(*seen(others, pages).values()) == set()
        settle(visitor)

    with time_machine.travel(minute + SECOND):
        downloaded(visitor, announcement, titles)
        corrected(publisher, visitor, announcement, rows[0])
        withdrawn(publisher, visitor, announcement, rows[-1])
        settle(publisher, visitor)
    assert verify().holds
    assert [page.complaints.found for page in (publisher, visitor)] == [[], []]


def settle(*pages):
    """Let the server end what it began at this hour: a connection to the database is given up by
    the clock, and one opened at another hour would be kept."""
    for page in pages:
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(300)


def downloaded(visitor, announcement, titles):
    """What the page displays is what its file holds, and the frozen file is the one announced."""
    visitor.goto(announcement.get_absolute_url())
    with visitor.expect_download() as download:
        visitor.locator(f"a[href^='{announcement.get_absolute_url()}laureats.csv']").first.click()
    text = download.value.path().read_bytes().decode("utf-8-sig")
    assert [row["titre"] for row in csv.DictReader(io.StringIO(text))] == titles
    file = ReleaseFile.objects.get(
        release__announcement=announcement, format="PDF", public_id="", release__number=1
    )
    visitor.goto(file.release.get_absolute_url())
    assert file.sha256 in re.sub(r"\s", "", visitor.locator("main").inner_text())
    with visitor.expect_download() as download:
        visitor.locator(f"a[href='{file.get_absolute_url()}']").first.click()
    content = download.value.path().read_bytes()
    assert content.startswith(b"%PDF-")
    assert hashlib.sha256(content).hexdigest() == file.sha256


def corrected(publisher, visitor, announcement, laureate):
    """Another title: written apart, then public at once, the former one still leading there."""
    former, address = laureate.title, laureate.get_absolute_url()
    publisher.goto(screen("announcement_draft", announcement.pk))
    submit(publisher, "Commencer le rectificatif")
    publisher.goto(screen("announcement_draft_laureate", announcement.pk, laureate.public_id))
    publisher.locator("[name=title]").fill("Un titre rectifié")
    submit(publisher, "Enregistrer dans le rectificatif")
    visitor.goto(address)
    assert visitor.locator("h1").inner_text() == former
    publisher.goto(screen("announcement_draft_publish", announcement.pk))
    publisher.locator("[name=changelog]").fill("le premier projet change de titre.")
    submit(publisher, "Publier le rectificatif")
    visitor.goto(announcement.get_absolute_url())
    shown = visitor.locator("main").inner_text().replace("\u00a0", " ")
    assert f"Rectificatif du {french_date(timezone.localdate())}".replace("\u00a0", " ") in shown
    assert "Le premier projet change de titre." in shown
    visitor.goto(address)
    assert visitor.locator("h1").inner_text() == "Un titre rectifié"
    assert "un-titre-rectifie" in visitor.url
    visitor.goto(f"{reverse('laureates:library')}?q={former}")
    assert "Un titre rectifié" in visitor.locator("#resultats").inner_text()


def withdrawn(publisher, visitor, announcement, laureate):
    publisher.goto(screen("laureate_withdraw", laureate.pk))
    publisher.locator("[name=reason]").fill("Le porteur a renoncé au projet.")
    submit(publisher, "Retirer ce lauréat")
    gone = visitor.goto(laureate.get_absolute_url())
    assert gone.status == 410
    assert "Le porteur a renoncé au projet." in visitor.locator("main").inner_text()
    visitor.goto(announcement.get_absolute_url())
    assert laureate.title not in visitor.locator("main").inner_text()
    numbers = Release.objects.published().filter(announcement=announcement)
    assert list(numbers.order_by("number").values_list("number", "kind")) == [
        (1, "first"),
        (2, "correction"),
        (3, "withdrawal"),
    ]
    assert Announcement.objects.published().filter(pk=announcement.pk).exists()
