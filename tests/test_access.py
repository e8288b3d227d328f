"""Every address × every role × GET and POST: who enters, who acts, and what nobody may learn."""

import re
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client

from tests import access, embargo
from tests.access import FOREIGN, FOREIGN_AMOUNT, INTERNAL, INTERNAL_AMOUNT

pytestmark = pytest.mark.django_db

# Each letter is a role (see `access.ROLES`); « S » stands for the recused secretary too, and
# superusers enter everywhere.
# Of each model: who views, adds, changes, deletes.
SCREENS = {
    "affiliation": ("S", "S", "S", "S"),
    "announcement": ("P", "P", "P", ""),
    "announcementtext": ("P", "P", "", ""),
    "application": ("LIASDP", "S", "S", ""),
    "bulkact": ("SD", "", "", ""),
    "call": ("LISDP", "S", "SP", ""),
    "callsession": ("LISD", "S", "S", ""),
    "claim": ("P", "P", "P", "P"),
    "committee": ("LISD", "S", "S", "S"),
    "dossierimport": ("S", "S", "", ""),
    "errorreport": ("P", "", "P", ""),
    "fund": ("LISDP", "S", "S", ""),
    "group": ("", "", "", ""),
    "laureate": ("P", "P", "P", ""),
    "letter": ("ISD", "", "S", ""),
    "libraryimport": ("P", "P", "", ""),
    "organisation": ("LISDP", "SP", "SP", ""),
    "publication": ("P", "", "", ""),
    "review": ("LIASD", "", "", ""),
    "selection": ("LISDP", "", "", ""),
    "sessionaccess": ("S", "S", "S", "S"),
    "territory": ("LISDP", "SP", "SP", ""),
    "theme": ("LISDP", "SP", "SP", ""),
    "user": ("S", "", "", ""),
}
# Of each other address, on rows that the person sees: who reads it, who acts there.
ACTS = {
    "auth_user_password_change": ("", ""),
    "calls_application_act": ("S", "S"),
    "calls_application_ask_opinion": ("IS", "IS"),
    "calls_application_assign": ("S", "S"),
    "calls_application_attach": ("IS", "IS"),
    "calls_application_attachment": ("LISD", ""),
    "calls_application_bulk": ("SD", "SD"),
    "calls_application_detach": ("IS", "IS"),
    "calls_application_note": ("IS", "IS"),
    "calls_application_sheet": ("LISD", "LISD"),
    "calls_application_synthesis": ("IS", "IS"),
    "calls_bulkact_undo": ("SD", "SD"),
    "calls_call_preview": ("LISDP", ""),
    "calls_call_preview_session": ("LISDP", ""),
    "calls_call_publish": ("P", "P"),
    "calls_call_restore": ("P", "P"),
    "calls_call_unschedule": ("P", "P"),
    "calls_call_withdraw": ("P", "P"),
    "calls_callsession_dashboard": ("LISD", "LISD"),
    "calls_committee_agenda": ("S", "S"),
    "calls_committee_attendance": ("S", "S"),
    "calls_committee_clear": ("ISD", "ISD"),
    "calls_committee_close": ("D", "D"),
    "calls_committee_open": ("SD", "SD"),
    "calls_committee_minutes": ("LISD", "LISD"),
    "calls_committee_minutes_draft": ("LISD", "LISD"),
    "calls_committee_minutes_seal": ("D", "D"),
    "calls_committee_minutes_version": ("LISD", "LISD"),
    "calls_committee_pack": ("ISD", "ISD"),
    "calls_committee_pack_member": ("SD", ""),
    "calls_committee_pack_own": ("ISD", ""),
    "calls_committee_place": ("S", "S"),
    "calls_committee_propose": ("ISD", "ISD"),
    "calls_committee_recusal_declare": ("", "S"),
    "calls_committee_recusal_lift": ("S", "S"),
    "calls_committee_recusals": ("LISD", "LISD"),
    "calls_committee_rectify": ("D", "D"),
    "calls_committee_remove": ("S", "S"),
    "calls_committee_reopen": ("D", "D"),
    "calls_committee_scenario": ("ISD", "ISD"),
    "calls_committee_sheet": ("LISD", "LISD"),
    "calls_committee_sitting": ("LISD", "LISD"),
    "calls_dossierimport_abandon": ("S", "S"),
    "calls_dossierimport_advance": ("", "S"),
    "calls_dossierimport_confirm": ("S", "S"),
    "calls_dossierimport_mapping": ("S", "S"),
    "calls_dossierimport_overwrite": ("S", "S"),
    "calls_dossierimport_problems": ("S", ""),
    "calls_dossierimport_reread": ("", "S"),
    "calls_dossierimport_row": ("S", "S"),
    "calls_letter_email": ("S", "S"),
    "calls_letter_post": ("S", "S"),
    "calls_letter_redraft": ("S", "S"),
    "calls_letter_reminders": ("ISD", "S"),
    "calls_letter_review": ("S", "S"),
    "calls_publication_prepare": ("P", "P"),
    "calls_publication_synchronise": ("P", "P"),
    "calls_publication_discard": ("P", "P"),
    "calls_review_cancel": ("IS", "IS"),
    "laureates_announcement_draft": ("P", "P"),
    "laureates_announcement_draft_abandon": ("P", "P"),
    "laureates_announcement_draft_add": ("P", "P"),
    "laureates_announcement_draft_announcement": ("P", "P"),
    "laureates_announcement_draft_laureate": ("P", "P"),
    "laureates_announcement_draft_preview": ("P", ""),
    "laureates_announcement_draft_preview_laureate": ("P", ""),
    "laureates_announcement_draft_publish": ("P", "P"),
    "laureates_announcement_draft_remove": ("P", "P"),
    "laureates_announcement_preview": ("P", ""),
    "laureates_announcement_preview_laureate": ("P", ""),
    "laureates_announcement_publish": ("P", "P"),
    "laureates_announcement_schedule": ("P", "P"),
    "laureates_announcement_unschedule": ("P", "P"),
    "laureates_announcement_withdraw": ("P", "P"),
    "laureates_announcementtext_abandon": ("P", "P"),
    "laureates_announcementtext_carriers": ("P", "P"),
    "laureates_announcementtext_confirm": ("P", "P"),
    "laureates_announcementtext_figures": ("P", "P"),
    "laureates_announcementtext_header": ("P", "P"),
    "laureates_announcementtext_hyphens": ("P", "P"),
    "laureates_announcementtext_laureate": ("P", "P"),
    "laureates_announcementtext_structure": ("P", "P"),
    "laureates_laureate_withdraw": ("P", "P"),
    "laureates_libraryimport_abandon": ("P", "P"),
    "laureates_libraryimport_advance": ("", "P"),
    "laureates_libraryimport_confirm": ("P", "P"),
    "laureates_libraryimport_filled": ("P", ""),
    "laureates_libraryimport_problems": ("P", ""),
    "laureates_libraryimport_rejected": ("P", ""),
    "laureates_libraryimport_reread": ("", "P"),
    "laureates_libraryimport_row": ("P", "P"),
    "laureates_libraryimport_template": ("P", ""),
    "laureates_organisation_duplicates": ("SP", ""),
    "laureates_organisation_merge": ("SP", "SP"),
}
# Of each list, who takes it away as a file: fewer people than those who read it.
EXPORTS = {
    "auth_group": "",
    "calls_affiliation": "S",
    "calls_application": "ISDP",
    "calls_bulkact": "SD",
    "calls_call": "SDP",
    "calls_callsession": "SD",
    "calls_committee": "SD",
    "calls_dossierimport": "S",
    "calls_fund": "SDP",
    "calls_letter": "SD",
    "calls_publication": "P",
    "calls_review": "ISD",
    "calls_selection": "ISDP",
    "calls_sessionaccess": "S",
    "ftap_user": "",
    "laureates_announcement": "P",
    "laureates_announcementtext": "P",
    "laureates_claim": "P",
    "laureates_errorreport": "P",
    "laureates_laureate": "P",
    "laureates_libraryimport": "P",
    "laureates_organisation": "SDP",
    "laureates_territory": "SDP",
    "laureates_theme": "SDP",
}
ACTS |= {f"{screen}_export": (roles, roles) for screen, roles in EXPORTS.items()}
# Those of the site itself, which whoever is on the staff may use.
SITE = {
    "app_list",
    "autocomplete",
    "index",
    "jsi18n",
    "login",
    "logout",
    "password_change",
    "password_change_done",
}
# Rows that no screen of the site adds, changes or deletes, superusers included.
NEVER = {
    ("announcementtext", "delete"),
    ("bulkact", "add"),
    ("bulkact", "delete"),
    ("dossierimport", "delete"),
    ("errorreport", "add"),
    ("letter", "add"),
    ("letter", "delete"),
    ("libraryimport", "delete"),
    ("publication", "add"),
    ("publication", "delete"),
    ("review", "add"),
    ("selection", "add"),
    ("selection", "delete"),
}
# Rows of the house that are kept: whoever may delete such a row reads why, and cannot.
KEPT = {
    "announcement",
    "application",
    "call",
    "callsession",
    "committee",
    "group",
    "laureate",
    "organisation",
    "review",
}
# Acts without a page of their own.
POST_ONLY = {
    "calls_committee_recusal_declare",
    "calls_dossierimport_advance",
    "calls_dossierimport_reread",
    "laureates_libraryimport_advance",
    "laureates_libraryimport_reread",
}
# Rows that change through acts alone, as a public laureate does, and one that is edited by who
# is asked for it.
READ_ONLY = {
    "announcementtext",
    "bulkact",
    "dossierimport",
    "laureate",
    "libraryimport",
    "publication",
    "selection",
}
EDITED_BY = {"review": "IAS"}
STAFF = "LIASDPXURT"
# Whoever may not see the foreign dossier; those who may not read the inside of the others.
STRANGERS = "LIAPXRT"
OUTSIDERS = "APX"
REFUSED = {403, 404, 405}


@pytest.fixture
def house():
    return access.build()


def enters(letters: str) -> set[str]:
    return {*letters, "U", "R", *("T" if "S" in letters else "")}


def client_of(house, letter) -> Client:
    client = Client()
    client.force_login(house.people[letter])
    return client


def status_of(method, url) -> int:
    response = method(url)
    if response.streaming:
        # Read to its end, a file is closed.
        b"".join(response.streaming_content)
    return response.status_code


def rows_of(house, letter) -> dict:
    return house.published if letter == "P" else house.own


def split(name):
    """("application", "change") of a stock page; (None, name) of any other address."""
    for prefix, model in access.models_by_prefix().items():
        page = name.removeprefix(prefix)
        if name.startswith(prefix) and page in {
            "changelist",
            "add",
            "change",
            "delete",
            "history",
        }:
            return model, page
    return None, name


def readers(name) -> set[str]:
    model, page = split(name)
    if name in POST_ONLY:
        return set()
    if model is None:
        return enters(ACTS[name][0])
    view, add, change, delete = SCREENS[model]
    wanted = {
        "changelist": {*view, *change},
        "add": {*add},
        "change": {*view, *change},
        "delete": {*delete},
        "history": {*view, *change},
    }[page]
    if (model, page) in NEVER:
        return set()
    return enters("".join(wanted))


def writers(name) -> set[str]:
    model, page = split(name)
    if model is None:
        return enters(ACTS[name][1])
    if page == "changelist":
        return readers(name)
    if page == "history" or (model, page) in NEVER:
        return set()
    if (page == "delete" and model in KEPT) or (page == "change" and model in READ_ONLY):
        return set()
    if page == "change" and model in EDITED_BY:
        return enters(EDITED_BY[model])
    _, add, change, delete = SCREENS[model]
    return enters({"add": add, "change": change, "delete": delete}[page])


def addresses(rows):
    """(name, address) of everything on these rows but the site's own pages."""
    for name, pattern in access.patterns().items():
        if name not in SITE:
            yield name, access.address(name, pattern, rows)


@contextmanager
def no_write():
    """Fails if anything but a session is written inside."""
    written = []

    def watch(execute, sql, params, many, context):
        match = re.match(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", sql)
        if match and match[2] != "django_session":
            written.append(sql[:200])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield
    assert not written, written


def text_of(response) -> str:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return body.decode(errors="replace") + str(dict(response.headers))


def leaks(response, words, amounts=()) -> list[str]:
    """Which of these words and amounts the answer holds, however an amount is written."""
    text = text_of(response)
    digits = re.sub(r"[\s\u00a0\u202f.,]|&nbsp;", "", text)
    return [word for word in words if word in text] + [
        str(amount) for amount in amounts if str(int(amount)) in digits
    ]


# The table is whole --------------------------------------------------------------


def test_every_screen_is_in_the_table():
    assert set(SCREENS) == set(access.models_by_prefix().values())
    assert set(access.ROW_OF) == set(SCREENS)


def test_every_other_address_is_in_the_table():
    others = {name for name in access.patterns() if split(name)[0] is None}
    assert set(ACTS) | SITE == others


# Own rows ------------------------------------------------------------------------


@pytest.mark.parametrize("letter", STAFF)
def test_who_reads_what(house, letter):
    client = client_of(house, letter)
    wrong = []
    for name, url in addresses(rows_of(house, letter)):
        status = status_of(client.get, url)
        may = letter in readers(name)
        if (status in {200, 302}) != may or not (may or status in REFUSED):
            wrong.append(f"{name} {status}, expected {'in' if may else 'out'}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("letter", STAFF)
def test_who_acts_where(house, letter):
    """An empty POST: refused by right, or by the form; nothing is written by the first."""
    client = client_of(house, letter)
    wrong = []
    for name, url in addresses(rows_of(house, letter)):
        if letter in writers(name):
            status = status_of(client.post, url)
            if status in REFUSED - {405}:
                wrong.append(f"{name} {status}, expected in")
        else:
            with no_write():
                status = status_of(client.post, url)
            if status not in REFUSED:
                wrong.append(f"{name} {status}, expected out")
    assert not wrong, "\n".join(wrong)


# Others' rows --------------------------------------------------------------------


def test_the_house_holds_something_to_leak(house):
    secretary = client_of(house, "S")
    found = [url for _, url in addresses(house.foreign) if leaks(secretary.get(url), [FOREIGN])]
    assert len(found) > 20
    inside = [url for _, url in addresses(house.own) if leaks(secretary.get(url), [INTERNAL])]
    assert len(inside) > 10
    assert leaks(secretary.get(found[0]), [], [FOREIGN_AMOUNT]) or any(
        leaks(secretary.get(url), [], [FOREIGN_AMOUNT]) for url in found
    )


@pytest.mark.parametrize("letter", STRANGERS)
def test_a_dossier_of_others_is_nowhere(house, letter):
    client = client_of(house, letter)
    told, seen = [], []
    for rows in (house.foreign, rows_of(house, letter)):
        for name, url in addresses(rows):
            for method in (client.get, client.post):
                if leaks(method(url), [FOREIGN], [FOREIGN_AMOUNT]):
                    told.append(f"{name} {method.__name__} {url}")
    mine = {address for _, address in addresses(rows_of(house, letter))}
    own_rows = {"application", "selection", "review", "letter", "bulkact"}
    for name, url in addresses(house.foreign):
        model, _ = split(name)
        of_the_dossier = model in own_rows or name.startswith("calls_application_")
        if of_the_dossier and url not in mine and arguments(name):
            status = status_of(client.get, url)
            if status not in REFUSED:
                seen.append(f"{name} {status}")
    assert not told, "\n".join(told)
    assert not seen, "\n".join(seen)


def arguments(name):
    return access.arguments(access.patterns()[name])


@pytest.mark.parametrize("letter", OUTSIDERS)
def test_the_inside_of_a_dossier_stays_inside(house, letter):
    client = client_of(house, letter)
    told = [
        f"{name} {method.__name__}"
        for rows in (house.own, house.published)
        for name, url in addresses(rows)
        for method in (client.get, client.post)
        if leaks(method(url), [INTERNAL], [INTERNAL_AMOUNT])
    ]
    assert not told, "\n".join(told)


@pytest.mark.parametrize("letter", STRANGERS)
@pytest.mark.parametrize("word", [FOREIGN, "987654321", f"{FOREIGN}-1"])
def test_a_search_tells_nothing_of_a_dossier_of_others(house, letter, word):
    client = client_of(house, letter)
    for name, pattern in access.patterns().items():
        if not name.endswith("_changelist"):
            continue
        found = client.get(access.address(name, pattern, house.own), {"q": word})
        if found.status_code == 200:
            assert found.context["cl"].result_count == 0, name


@pytest.mark.parametrize("letter", STRANGERS)
def test_a_choice_of_a_form_never_names_a_dossier_of_others(house, letter):
    client = client_of(house, letter)
    for model, field in (
        ("selection", "application"),
        ("review", "application"),
        ("letter", "application"),
        ("bearer", "application"),
    ):
        answer = client.get(
            "/admin/autocomplete/",
            {"term": "zorglub", "app_label": "calls", "model_name": model, "field_name": field},
        )
        assert answer.status_code in {200, 403}, model
        assert not leaks(answer, [FOREIGN]), model


# Nobody, and everybody -------------------------------------------------------------


def test_whoever_is_not_signed_in_is_asked_to(house, client):
    for name, url in addresses(house.own):
        for method in (client.get, client.post):
            with no_write():
                answer = method(url)
            assert answer.status_code == 302, name
            assert answer.url.startswith("/admin/login/"), name


@pytest.mark.parametrize("letter", STAFF)
def test_the_site_s_own_pages_open_to_the_staff(house, letter):
    client = client_of(house, letter)
    for name in sorted(SITE - {"app_list", "autocomplete", "logout", "login"}):
        pattern = access.patterns()[name]
        answer = client.get(access.address(name, pattern, house.own))
        assert answer.status_code == 200, name
        if letter in STRANGERS:
            assert not leaks(answer, [FOREIGN], [FOREIGN_AMOUNT]), name


@pytest.mark.parametrize("letter", STAFF)
def test_public_pages_are_the_same_for_every_role(house, letter):
    site = embargo.build_public_site()
    visitor, client = Client(), client_of(house, letter)
    for name, urls in embargo.examples(site).items():
        for url in urls[:3]:
            public, signed_in = visitor.get(url), client.get(url)
            assert signed_in.status_code == public.status_code, url
            assert text_of(signed_in).partition("{'")[0] == text_of(public).partition("{'")[0], url
            assert not leaks(public, [FOREIGN, INTERNAL], [FOREIGN_AMOUNT, INTERNAL_AMOUNT]), url
            if name != "laureates:report":
                with no_write():
                    status = status_of(client.post, url)
                assert status == status_of(visitor.post, url), url
