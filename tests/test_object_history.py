"""A row's history page: who did what, when and why; read-only, and only what its reader may see."""

import datetime
import re
from decimal import Decimal

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from hypothesis import given
from hypothesis import strategies as st

from calls import history
from calls.models import Event
from ftap import objecthistory
from ftap.objecthistory import Part, compare
from laureates.models import Theme
from tests import factories
from tests.admin_pages import save, url
from tests.events import last, person

CANARY = "zorglubdeport"
# Session, person, row, permissions of the page; events counted, read, with people, texts, names.
BUDGET = 12

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return factories.UserFactory(superuser=True, first_name="Anne", last_name="Martin")


@pytest.fixture
def staff(client, agent):
    client.force_login(agent)
    return client


def read(client, row, **query):
    """The page as a person reads it: words alone, no-break spaces included."""
    response = client.get(url(row, "history"), query)
    assert response.status_code == 200
    main = response.content.decode().partition('id="content"')[2]
    return re.sub(r"\s*\n\s*", " ", re.sub(r"<[^>]+>", "", main)).replace("&#x27;", "'")


def entries(client, row, **query):
    return list(client.get(url(row, "history"), query).context["page"].object_list)


# What it says ------------------------------------------------------------------


def test_it_says_who_did_what_when_and_why(staff, agent):
    application = factories.ApplicationFactory(title="Avant", asked_amount="250000.50")
    moment = datetime.datetime(2027, 3, 1, 23, 30, tzinfo=datetime.UTC)
    with (
        time_machine.travel(moment, tick=False),
        history.acting(agent, "withdraw", "À la demande du porteur"),
    ):
        application.title, application.asked_amount = "Après", None
        application.save()

    entry = entries(staff, application)[0]
    assert (entry.who, entry.what, entry.why) == (
        "Anne Martin",
        "Retiré",
        "À la demande du porteur",
    )
    words = read(staff, application)
    assert "2\u00a0mars 2027 à\u00a000:30" in words.replace("&nbsp;", "\u00a0")
    changes = {change.label: (change.before, change.after) for change in entry.changes}
    assert changes == {
        "titre": ("Avant", "Après"),
        "montant demandé": ("250\u202f000,50\u00a0€", "(vide)"),
    }


def test_values_are_written_as_people_read_them(staff):
    fund = factories.FundFactory(name="Fonds d’essai")
    committee = factories.CommitteeFactory(
        fund=fund, session=None, held_on=datetime.date(2019, 9, 1), quorum=5, envelope=2000000
    )
    application = factories.ApplicationFactory(state="received")
    laureate = factories.LaureateFactory(themes=[factories.ThemeFactory(name="Numérique")])

    def created(row):
        entry = entries(staff, row)[-1]
        return {change.label: change.after for change in entry.changes}

    assert created(committee) | {
        "fonds": "Fonds d’essai",
        "date de la séance": "1er\u00a0septembre 2019",
        "enveloppe de la séance": "2\u202f000\u202f000\u00a0€",
        "quorum": "5",
        "état": "prévue",
    } == created(committee)
    assert created(application)["non détaillée"] == "non"
    assert created(application)["état"] == "reçue"
    themes = entries(staff, laureate)[0].changes[0]
    assert (themes.label, themes.before, themes.after) == ("thèmes", "(vide)", "Numérique")


def test_long_texts_are_compared_word_by_word(staff, agent):
    before = "Le projet simplifie les démarches des usagers et des agents. " * 3
    application = factories.ApplicationFactory(summary=before + "Il dure deux ans.")
    with history.acting(agent, "reconsider"):
        application.summary = before + "Il dure trois ans."
        application.save()

    page = staff.get(url(application, "history")).content.decode()
    assert re.search(r"<del>.*supprimé&nbsp;: </span>deux<span.*</del>", page)
    assert re.search(r"<ins>.*ajouté&nbsp;: </span>trois<span.*</ins>", page)
    assert "passage inchangé non repris" in page


def test_what_people_wrote_is_never_markup(staff):
    application = factories.ApplicationFactory(title="<b>Gras</b>")
    page = staff.get(url(application, "history")).content.decode()
    assert "&lt;b&gt;Gras" in page
    assert "<b>Gras" not in page


def test_rows_that_hang_on_a_row_show_on_its_page(staff, agent):
    selection = factories.SelectionFactory()
    application, committee = selection.application, selection.committee
    bearer = factories.BearerFactory(application=application, declared_name="Agence d’essai")
    member = factories.CommitteeMemberFactory(committee=committee, name="Zoé Durand")
    review = factories.ReviewFactory(application=application, institution__name="Budget")
    rule = factories.EligibilityRuleFactory(session=application.session, label="Un plancher")
    carrier = factories.CarrierFactory()
    bearer.delete()

    def subjects(row):
        return {entry.subject for entry in entries(staff, row)}

    assert subjects(application) == {
        "",
        f"porteur\u00a0: {application.reference} · 1 (supprimé)",
        f"avis\u00a0: Budget sur {application.reference}",
        f"décision du comité\u00a0: {selection}",
    }
    assert subjects(committee) == {
        "",
        f"membre du comité\u00a0: {member.name}",
        f"décision du comité\u00a0: {selection}",
    }
    assert f"règle de recevabilité\u00a0: {rule.label}" in subjects(application.session)
    assert any("Organisme" in subject for subject in subjects(carrier.laureate))
    assert subjects(selection) == {""}
    assert review.pk


def test_an_erased_text_is_shown_as_erased(staff, agent):
    application = factories.ApplicationFactory(title=CANARY)
    number = last().number
    history.erase(number, name="after:title", reason="Demande de la personne")

    first, erasure = reversed(entries(staff, application))
    assert {c.label: c.after for c in first.changes}["titre"] == "[texte effacé]"
    assert (erasure.who, erasure.why) == ("Système", "Demande de la personne")
    assert ("textes", "titre (après)") in erasure.details


def test_a_history_is_read_page_by_page(staff, agent):
    application = factories.ApplicationFactory()
    for rank in range(52):
        history.record("export", application, by=agent, comment=f"Tour {rank}")

    assert [entry.why for entry in entries(staff, application)][:2] == ["Tour 51", "Tour 50"]
    assert len(entries(staff, application)) == objecthistory.PER_PAGE
    assert [entry.why for entry in entries(staff, application, p="2")] == ["Tour 1", "Tour 0", ""]
    for strange in ("0", "-1", "abc", "9" * 30, ""):
        assert staff.get(url(application, "history"), {"p": strange}).status_code == 200
    page = staff.get(url(application, "history")).content.decode()
    assert 'aria-current="page"' in page
    assert "53&nbsp;événements" in page


def test_a_row_that_was_loaded_says_that_nothing_is_known(staff):
    theme = factories.ThemeFactory()
    assert "Aucune modification n’a été enregistrée" in read(staff, theme)


def test_rows_that_the_history_does_not_follow_keep_the_log_of_the_site(staff, agent):
    theme = factories.ThemeFactory(name="Ancien")
    assert save(staff, theme, name="Nouveau").status_code == 302

    entry = entries(staff, theme)[0]
    assert (entry.who, LogEntry.objects.count()) == ("Anne Martin", 1)
    assert "nom" in entry.what.lower()
    assert not Event.objects.filter(object_type=Theme._meta.label_lower).exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_whatever_it_shows(count, staff, agent, django_assert_num_queries):
    selections = [factories.SelectionFactory() for _ in range(count)]
    committee = selections[0].committee
    for selection in selections:
        selection.committee = committee
        with history.acting(agent, "propose", "Motif"):
            selection.save()
    history.record(
        "reorder_agenda",
        committee,
        by=agent,
        details={"applications": [selection.application for selection in selections]},
    )
    staff.get(url(committee, "history"))

    with django_assert_num_queries(BUDGET):
        page = staff.get(url(committee, "history"))
    assert len(page.context["page"].object_list) >= 2 + count


# Who may read it -----------------------------------------------------------------


def test_it_only_reads(staff):
    application = factories.ApplicationFactory()
    before = Event.objects.count(), application.history.count(), application.title

    for method in (staff.post, staff.put, staff.delete, staff.patch):
        assert method(url(application, "history"), {"title": "Forgé"}).status_code == 405
    assert staff.head(url(application, "history")).status_code == 200

    application.refresh_from_db()
    assert (Event.objects.count(), application.history.count(), application.title) == before


def test_someone_who_may_only_read_changes_nothing_there(client):
    """The stock page of the versions reverted a row at such a request."""
    reader = person("Lecture")
    application = factories.ApplicationFactory(title="Avant")
    factories.SessionAccessFactory(user=reader, session=application.session)
    application.title = "Après"
    application.save()
    client.force_login(reader)

    assert client.get(url(application, "history")).status_code == 200
    for version in application.history.all():
        address = f"{url(application, 'history')}{version.history_id}/"
        assert client.post(address, {"title": "Avant"}, follow=True).status_code == 404
    assert client.post(url(application, "history"), {"title": "Avant"}).status_code == 405
    application.refresh_from_db()
    assert application.title == "Après"


def test_a_row_that_does_not_exist_for_someone_has_no_page(client, agent):
    secret = factories.ApplicationFactory(title=CANARY)
    stranger, reviewer = person("Instruction"), person("Avis")
    recused, recused_superuser = person("Secrétariat"), factories.UserFactory(superuser=True)
    for user in (recused, recused_superuser):
        factories.RecusalFactory(application=secret, user=user)
    own = factories.ApplicationFactory(case_officer=stranger)
    factories.ReviewFactory(application=own, reviewer=reviewer)

    for user in (stranger, reviewer, recused, recused_superuser):
        client.force_login(user)
        assert client.get(url(secret, "history")).status_code == 404
        assert client.get(url(own, "history")).status_code == 200
        assert client.post(url(secret, "history")).status_code == 405
    client.force_login(agent)
    assert CANARY in read(client, secret)


def test_without_the_right_to_view_a_model_its_history_is_refused(client):
    organisation = factories.OrganisationFactory()
    client.force_login(factories.UserFactory(staff=True))
    assert client.get(url(organisation, "history")).status_code == 403
    client.logout()
    assert client.get(url(organisation, "history")).status_code == 302


def test_a_reviewer_sees_the_page_of_the_dossier_and_no_act(client):
    review = factories.ReviewFactory(reviewer=person("Avis"), application__title=CANARY)
    client.force_login(review.reviewer)

    assert entries(client, review.application) == []


@pytest.fixture
def sitting(agent):
    """A sitting with two dossiers, one of them secret to somebody: (sitting, secret, other)."""
    selection = factories.SelectionFactory(
        application__title=CANARY, application__reference=f"D-{CANARY}"
    )
    committee, secret = selection.committee, selection.application
    other = factories.SelectionFactory(
        committee=committee, application__session=secret.session, application__title="Visible"
    ).application
    committee.overrun_reason = f"Pour {CANARY}"
    with history.acting(agent, "close", f"Comme dit pour {CANARY}"):
        committee.save()
    history.record(
        "reorder_agenda",
        committee,
        by=agent,
        details={
            "applications": [secret, other],
            "amount": Decimal("98765432.10"),
            "note": f"Avec {CANARY}",
        },
    )
    return committee, secret, other


@pytest.mark.parametrize("role", ["Secrétariat", "Décision", "superuser"])
def test_the_page_of_a_sitting_tells_nothing_of_a_dossier_to_the_recused(role, client, sitting):
    committee, secret, other = sitting
    user = factories.UserFactory(superuser=True) if role == "superuser" else person(role)
    client.force_login(user)
    words = read(client, committee)
    assert words.count(CANARY) >= 4
    assert "98\u202f765\u202f432,10" in words
    before = len(entries(client, committee))

    factories.RecusalFactory(application=secret, user=user)

    words = read(client, committee)
    assert CANARY not in words
    assert "765\u202f432" not in words
    assert "98765432" not in words
    assert "masqué\u00a0: déport" in words
    assert other.reference in words
    assert len(entries(client, committee)) < before
    assert CANARY not in read(client, other)


def test_an_event_that_names_only_hidden_rows_shows_none(client, sitting, agent):
    committee, secret, _ = sitting
    user = person("Secrétariat")
    factories.RecusalFactory(application=secret, user=user)
    history.record("put_on_agenda", committee, by=agent, details={"applications": [secret]})
    client.force_login(user)

    entry = entries(client, committee)[0]
    assert (entry.what, entry.details, entry.changes) == ("Inscrit à l’ordre du jour", [], [])


def test_a_value_that_is_a_hidden_row_is_absent(client, agent):
    """A letter of a dossier in sight may name the decision on one that is not."""
    secret = factories.SelectionFactory(application__reference=CANARY)
    letter = factories.LetterFactory(selection=secret)
    client.force_login(agent)
    assert CANARY in read(client, letter.application)

    user = person("Secrétariat")
    factories.RecusalFactory(application=secret.application, user=user)
    client.force_login(user)
    entry = next(entry for entry in entries(client, letter.application) if entry.subject)
    labels = {change.label for change in entry.changes}
    assert "objet du courrier" in labels
    assert "décision" not in labels
    assert CANARY not in read(client, letter.application)


def test_numbers_of_events_are_for_superusers(client, staff):
    organisation = factories.OrganisationFactory()
    assert entries(staff, organisation)[0].number == last().number
    client.force_login(person("Secrétariat"))
    assert entries(client, organisation)[0].number is None
    assert "événement nᵒ" not in read(client, organisation)


# Word by word ------------------------------------------------------------------

words = st.lists(st.sampled_from(["le", "projet", "des", "usagers", "est", ",", "l’État", "2 025"]))


def side(parts, *kinds):
    return "".join(part.text for part in parts if part.kind in (*kinds, "same", "cut"))


@given(words, words, st.sampled_from([" ", "\n", ""]))
def test_a_comparison_loses_nothing(old, new, space):
    before, after = space.join(old), space.join(new)
    parts = compare(before, after)
    assert side(parts, "gone") == before
    assert side(parts, "added") == after


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_comparison_of_any_text_loses_nothing(before, after):
    parts = compare(before, after)
    assert side(parts, "gone") == before
    assert side(parts, "added") == after


def test_words_are_compared_where_texts_are_alike():
    assert compare("Il dure deux ans.", "Il dure trois ans.") == [
        Part("same", "Il dure "),
        Part("gone", "deux"),
        Part("added", "trois"),
        Part("same", " ans."),
    ]
    assert compare("Un texte", "Rien de commun ici") == [
        Part("gone", "Un texte"),
        Part("added", "Rien de commun ici"),
    ]


def test_very_long_texts_are_not_weighed_word_by_word():
    before = " ".join(f"a{rank}" for rank in range(3000))
    after = " ".join(f"b{rank}" for rank in range(3000))
    assert [part.kind for part in compare(before, after)] == ["gone", "added"]
