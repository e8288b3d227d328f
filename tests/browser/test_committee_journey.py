"""A whole session, by each role with its own account, on the fictional session: from a received
dossier to the printed minutes."""

import datetime
import re

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.urls import reverse

from calls import demo
from calls.history import verify
from calls.models import Application, Committee, Letter, Minutes, Review, Selection
from tests.browser.conftest import DESKTOP

TABLET = {"width": 768, "height": 1024}
RECEIVED, OFFICER, REVIEWER = "FICTIF-01", "demo-instruction-1", "demo-avis-budget"


@pytest.fixture
def fiction(library):
    """The fictional session beside the real one, whose accounts sign in with their own name."""
    return demo.build(password_of=lambda username: f"{username}-local")


@pytest.fixture
def desk(open_page, base_url):
    """desk(username): a browser of that person's own, signed in."""

    def opened(username, viewport=DESKTOP):
        page = open_page(viewport=viewport)
        page.goto("/admin/")
        page.locator("#id_username").fill(username)
        page.locator("#id_password").fill(f"{username}-local")
        page.locator("#id_password").press("Enter")
        page.wait_for_url("**/admin/")
        return page

    return opened


def address(name, *args):
    return reverse(f"admin:calls_{name}", args=args)


def said(page):
    """The message that the last act left at the top of the page."""
    return page.locator(".messagelist").inner_text()


def audit(axe, page):
    """What the accessibility checker finds. It writes styles and asks for style sheets of its own,
    of which the browser complains: that is not the page's doing."""
    before = len(page.complaints.found)
    found = axe(page)
    page.wait_for_timeout(100)
    del page.complaints.found[before:]
    return found


def act(page, application, label, **fields):
    """Open a dossier, press the button of an act, fill its page, confirm."""
    page.goto(address("application_change", application.pk))
    page.locator("#content").get_by_role("link", name=label, exact=True).first.click()
    for name, value in fields.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator(".submit-row input[type=submit]").click()
    page.locator(".messagelist").wait_for()


def propose(page, committee, application, **fields):
    """Type a proposal in its row of the workspace, and wait for the server's word."""
    page.goto(address("committee_sitting", committee.pk))
    row = page.locator("tbody.sitting-item", has_text=application.reference)
    row.locator("details.sitting-act > summary").click()
    fill(row, **fields)
    row.get_by_role("button", name=re.compile("Enregistrer la proposition")).click()
    return row


def fill(row, outcome=None, **fields):
    if outcome:
        row.locator("[name=outcome]").select_option(outcome)
    for name, value in fields.items():
        row.locator(f"[name={name}]").fill(value)


def test_a_session_from_the_received_dossier_to_the_minutes(fiction, desk, axe):
    application = Application.objects.get(reference=RECEIVED)
    officer = get_user_model().objects.get(username=OFFICER)
    budget = get_user_model().objects.get(username=REVIEWER)

    # The secretariat declares, assigns, asks.
    secretary = desk("demo-secretariat")
    assert "À déclarer recevables" in secretary.locator("#content").inner_text()
    act(secretary, application, "Déclarer recevable")
    application.refresh_from_db()
    assert application.state == "admissible"
    secretary.goto(address("application_assign", application.pk))
    secretary.locator("select").first.select_option(str(officer.pk))
    secretary.locator(".submit-row input[type=submit]").click()
    secretary.locator(".messagelist").wait_for()
    secretary.goto(address("application_ask_opinion", application.pk))
    secretary.locator("[name=institution]").select_option(str(budget.affiliation.organisation_id))
    secretary.locator(".submit-row input[type=submit]").click()
    secretary.locator(".messagelist").wait_for()
    review = Review.objects.get(application=application)

    # The case officer takes it in hand.
    instructor = desk(OFFICER)
    act(instructor, application, "Mettre en instruction")

    # The reviewer of another institution sees what they were asked, and answers.
    reviewer = desk(REVIEWER)
    reviewer.goto(address("review_change", review.pk))
    page_text = reviewer.locator("#content").inner_text()
    assert application.title in page_text
    assert "Notes internes" not in page_text
    reviewer.locator("[name=verdict]").first.wait_for()
    verdict = reviewer.locator("[name=verdict]")
    if verdict.first.evaluate("field => field.tagName") == "SELECT":
        verdict.first.select_option("favourable")
    else:
        reviewer.locator("[name=verdict][value=favourable]").check()
    reviewer.locator("[name=comment]").fill("Des gains établis, un calendrier crédible.")
    assert audit(axe, reviewer) == []
    reviewer.locator(".submit-row input[type=submit]").click()
    reviewer.locator(".messagelist").wait_for()
    review.refresh_from_db()
    assert review.verdict == "favourable"

    # The synthesis is written; the opinion that nobody asked for needs a word.
    instructor.goto(address("application_synthesis", application.pk))
    instructor.locator("[name=text]").fill("Un projet simple, des économies durables.")
    instructor.locator(".submit-row input[type=submit]").click()
    instructor.locator(".messagelist").wait_for()
    act(
        instructor,
        application,
        "Clore l’instruction",
        comment="Le second avis n’a pas été jugé utile.",
    )
    application.refresh_from_db()
    assert application.state == "reviewed"

    # A sitting: its members, its own envelope, its agenda.
    session = fiction.session
    secretary.goto(f"{address('committee_add')}?fund={session.call.fund_id}&session={session.pk}")
    secretary.locator("#id_name").fill("[Fictif] Comité d’essai, troisième séance")
    secretary.locator("#id_held_on").fill(f"{datetime.date.today():%d/%m/%Y}")
    secretary.locator("#id_envelope").fill("300000")
    secretary.locator("#members-group .add-row a").click()
    secretary.locator("#id_members-0-name").fill("Personne fictive")
    secretary.get_by_role("button", name="Enregistrer", exact=True).click()
    secretary.locator(".messagelist .success").wait_for()
    committee = Committee.objects.get(name="[Fictif] Comité d’essai, troisième séance")
    secretary.goto(address("committee_agenda", committee.pk))
    secretary.locator(f"#dossier-{application.pk}").check()
    secretary.get_by_role("button", name="Inscrire à l’ordre du jour").click()
    secretary.locator(".messagelist").wait_for()
    assert Selection.objects.live().filter(committee=committee).count() == 1
    secretary.goto(address("committee_open", committee.pk))
    secretary.locator("[name=chair]").fill("Présidence fictive")
    secretary.locator("[name=quorum]").fill("1")
    secretary.get_by_role("button", name="Ouvrir la séance").click()
    secretary.locator(".messagelist").wait_for()
    secretary.locator("#presences > summary").click()
    secretary.locator("#presences input[value=present]").check()
    secretary.get_by_role("button", name="Enregistrer les présences").click()
    secretary.get_by_text(re.compile("quorum de 1.*atteint")).wait_for()
    assert audit(axe, secretary) == []

    # The case officer proposes more than there is.
    propose(instructor, committee, application, outcome="retained", granted_amount="320 000")
    instructor.locator("tbody.sitting-item .ftap-badge", has_text="retenu").wait_for()

    # The decider is refused the overrun, while a clerk keeps an old page open.
    clerk = desk("demo-secretariat", viewport=TABLET)
    clerk.goto(address("committee_sitting", committee.pk))
    decider = desk("demo-decision")
    decider.goto(address("committee_close", committee.pk))
    assert "Enveloppe dépassée" in decider.locator("#content").inner_text()
    assert audit(axe, decider) == []
    decider.get_by_role("button", name="Clore la séance").click()
    decider.locator(".errorlist, .errornote").first.wait_for()
    committee.refresh_from_db()
    assert committee.state == "open"
    propose(decider, committee, application, outcome="retained", granted_amount="250 000,50")
    decider.get_by_text("250 000,50".replace(" ", "\u202f")).first.wait_for()

    # The clerk's old page is refused, with both values; nothing is overwritten.
    row = clerk.locator("tbody.sitting-item", has_text=application.reference)
    row.locator("details.sitting-act > summary").click()
    fill(row, outcome="retained", granted_amount="299 999")
    row.get_by_role("button", name=re.compile("Enregistrer la proposition")).click()
    clerk.get_by_text("a changé depuis").first.wait_for()
    shown = clerk.locator("#content").inner_text().replace("\u202f", " ").replace("\u00a0", " ")
    assert "250 000,50" in shown
    assert "299 999" in shown
    selection = Selection.objects.live().get(committee=committee)
    assert str(selection.granted_amount) == "250000.50"

    # Closed in one act: a receipt, sealed minutes, drafts of letters and no letter sent.
    decider.goto(address("committee_close", committee.pk))
    decider.get_by_role("button", name="Clore la séance").click()
    decider.wait_for_url("**/admin/calls/bulkact/*/change/")
    assert application.reference in decider.locator("#content").inner_text()
    selection.refresh_from_db()
    assert (selection.state, selection.decided_by.username) == ("validated", "demo-decision")
    letter = Letter.objects.get(selection=selection)
    assert (letter.sent_at, letter.reviewed_at) == (None, None)
    assert mail.outbox == [] or all(application.title not in sent.body for sent in mail.outbox)

    # The minutes are read, printed and downloaded.
    minutes = Minutes.objects.get(committee=committee)
    decider.goto(address("committee_minutes", committee.pk))
    text = decider.locator("#content").inner_text().replace("\u202f", " ")
    assert minutes.seal in re.sub(r"\s", "", text)
    assert "250 000,50" in text
    decider.emulate_media(media="print")
    assert decider.get_by_text(minutes.number).locator("visible=true").count()
    decider.emulate_media(media="screen")
    assert audit(axe, decider) == []
    with decider.expect_download() as download:
        decider.get_by_role("link", name=re.compile("PDF")).first.click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")

    # A reader granted the session reads the decision; a publisher, what will be public.
    reader = desk("demo-lecture")
    reader.goto(address("application_change", application.pk))
    assert "250 000,50" in reader.locator("#content").inner_text().replace("\u202f", " ")
    publisher = desk("demo-publication")
    publisher.goto(address("application_change", application.pk))
    public = publisher.locator("#content").inner_text().replace("\u202f", " ")
    assert "250 000,50" in public
    assert "Des gains établis" not in public
    assert "320 000" not in public

    assert verify().holds
    pages = (secretary, instructor, reviewer, clerk, decider, reader, publisher)
    assert [page.complaints.found for page in pages] == [[]] * len(pages)


SCREENS = [
    ("demo-secretariat", "index"),
    ("demo-secretariat", "calls_application_changelist"),
    ("demo-secretariat", "calls_callsession_dashboard"),
    ("demo-secretariat", "calls_committee_sitting"),
    ("demo-secretariat", "calls_committee_recusals"),
    ("demo-secretariat", "calls_committee_scenario"),
    ("demo-secretariat", "calls_committee_minutes"),
    ("demo-secretariat", "calls_committee_pack"),
    ("demo-secretariat", "calls_committee_history"),
    ("demo-secretariat", "calls_letter_changelist"),
    ("demo-secretariat", "calls_bulkact_changelist"),
    ("demo-secretariat", "calls_selection_changelist"),
    ("demo-decision", "calls_committee_close"),
    ("demo-decision", "index"),
    ("demo-instruction-1", "index"),
    ("demo-avis-budget", "index"),
    ("demo-avis-budget", "calls_review_changelist"),
    ("demo-membre", "calls_committee_sitting"),
    ("demo-publication", "calls_application_changelist"),
]
ROWS = {"committee": "sitting", "callsession": "session"}


@pytest.mark.parametrize("viewport", [DESKTOP, TABLET], ids=["desktop", "tablet"])
def test_each_screen_is_accessible_and_fits(fiction, desk, axe, viewport):
    problems, desks = [], {}
    for username, name in SCREENS:
        if username not in desks:
            desks[username] = desk(username, viewport=viewport)
        page = desks[username]
        model = name.split("_")[1] if "_" in name else ""
        of_a_row = model in ROWS and not name.endswith("changelist")
        args = [getattr(fiction, ROWS[model]).pk] if of_a_row else []
        answer = page.goto(reverse(f"admin:{name}", args=args))
        if answer.status != 200:
            problems.append(f"{username} {name}: {answer.status}")
            continue
        problems += audit(axe, page)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > viewport["width"]:
            problems.append(f"{username} {name}: {width} px wide")
    problems += [found for page in desks.values() for found in page.complaints.found]
    assert not problems, "\n".join(problems)
