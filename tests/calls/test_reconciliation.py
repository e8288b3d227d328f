"""Announced figures beside the records, for the staff: every gap, and nothing they may not know."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from calls import reconciliation
from laureates.models import Claim
from tests.calls.sittings import item, sitting
from tests.factories import (
    AnnouncementFactory,
    ApplicationFactory,
    ClaimFactory,
    LaureateFactory,
    PublicationFactory,
    RecusalFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
SUBJECT, SCOPE, UNIT = Claim.Subject, Claim.Scope, Claim.Unit


@pytest.fixture
def announcement():
    return AnnouncementFactory()


def lines(user=None):
    return [(row.line, row.differs) for row in reconciliation.comparisons(user)]


def test_claims_on_laureates_are_compared_with_public_ones(announcement):
    LaureateFactory.create_batch(2, announcement=announcement)
    LaureateFactory(announcement=AnnouncementFactory(draft=True))
    ClaimFactory(announcement=announcement, value=2, label="2 lauréats", position=1)
    ClaimFactory(
        announcement=announcement, value=63, label="63 lauréats", scope=SCOPE.FUND, position=2
    )
    assert lines() == [
        ("Annoncé\u00a0: 2 lauréats — recensés ici\u00a0: 2", False),
        ("Annoncé\u00a0: 63 lauréats — recensés ici\u00a0: 2", True),
    ]
    (gap,) = reconciliation.gaps()
    assert gap.why == "61 des lauréats annoncés ne sont pas recensés ici."


def test_a_claim_of_a_draft_is_compared_with_its_own_laureates():
    draft = AnnouncementFactory(draft=True)
    LaureateFactory.create_batch(2, announcement=draft)
    LaureateFactory(announcement=draft, withdrawn=True)
    ClaimFactory(announcement=draft, value=2, label="2 lauréats")
    assert lines() == [
        ("Annoncé\u00a0: 2 lauréats — recensés ici\u00a0: 2 (annonce non publique)", False)
    ]


def linked(announcement, received=3, retained=1):
    """The closed sitting that the announcement was prepared from."""
    committee = sitting("closed")
    PublicationFactory(announcement=announcement, committees=[committee])
    for _ in range(retained):
        item(committee, "retained")
    ApplicationFactory.create_batch(received - retained, session=committee.session)
    return committee


def received(announcement, value):
    return ClaimFactory(
        announcement=announcement,
        subject=SUBJECT.APPLICATIONS,
        value=value,
        label=f"{value} dossiers reçus",
    )


def test_dossiers_received_and_retained_are_counted_in_the_linked_sittings(announcement):
    linked(announcement)
    ApplicationFactory()
    received(announcement, 29)
    ClaimFactory(announcement=announcement, value=2, label="2 lauréats", position=2)
    first, second, third = reconciliation.comparisons()
    assert first.line == "Annoncé\u00a0: 29 dossiers reçus — dossiers enregistrés ici\u00a0: 3"
    assert (first.differs, first.why) == (True, "26 de moins que l’annonce.")
    assert second.line == "Annoncé\u00a0: 2 lauréats — recensé ici\u00a0: 0"
    assert third.line.endswith("décision «\u00a0retenu\u00a0» en vigueur\u00a0: 1")
    assert third.differs


def test_the_same_numbers_are_no_gap(announcement):
    linked(announcement)
    received(announcement, 3)
    assert reconciliation.gaps() == []


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        ({"subject": SUBJECT.APPLICATIONS}, "Aucune séance n’est liée"),
        ({"announcement": None, "scope": SCOPE.SESSION}, "de quelle annonce"),
        (
            {"announcement": None, "subject": SUBJECT.ENDOWMENT, "unit": UNIT.EUR},
            "Une dotation ne se calcule pas",
        ),
    ],
)
def test_what_cannot_be_compared_says_why(claim, why):
    ClaimFactory(**claim)
    (row,) = reconciliation.comparisons()
    assert (row.recorded, row.differs) == ("", False)
    assert why in row.why


def test_sittings_without_session_have_no_dossiers_to_count(announcement):
    PublicationFactory(announcement=announcement, committees=[sitting("closed", session=None)])
    received(announcement, 29)
    (row,) = reconciliation.comparisons()
    assert "au fil de l’eau" in row.why


def test_sums_are_compared_with_known_amounts(announcement):
    LaureateFactory(announcement=announcement, amount=10)
    LaureateFactory(announcement=announcement)
    ClaimFactory(announcement=announcement, subject=SUBJECT.AMOUNT, value=10, unit=UNIT.EUR)
    (row,) = reconciliation.gaps()
    assert row.why == "Un montant n’est pas communiqué."


# Who may know -----------------------------------------------------------------------


def test_the_number_of_dossiers_is_shown_to_those_who_read_them_all(announcement):
    committee = linked(announcement)
    received(announcement, 29)
    superuser = UserFactory(superuser=True)
    assert "dossiers enregistrés ici\u00a0: 3" in lines(superuser)[0][0]
    assert lines(UserFactory(role="Publication")) == [("Annoncé\u00a0: 29 dossiers reçus", False)]
    application = committee.session.applications.filter(selections=None).first()
    RecusalFactory(application=application, user=superuser)
    assert lines(superuser) == [("Annoncé\u00a0: 29 dossiers reçus", False)]


def test_claims_of_what_is_kept_from_a_person_do_not_exist_for_them():
    draft = AnnouncementFactory(draft=True)
    committee = linked(draft)
    ClaimFactory(announcement=draft, value=16)
    for user in (UserFactory(superuser=True), UserFactory(role="Publication")):
        assert lines(user)
        application = committee.selections.first().application
        RecusalFactory(application=application, user=user)
        assert lines(user) == []


def test_decisions_are_not_counted_for_whoever_is_recused_from_one(announcement):
    committee = linked(announcement, retained=2)
    ClaimFactory(announcement=announcement, value=1, label="1 lauréat")
    for user in (UserFactory(superuser=True), UserFactory(role="Publication")):
        assert any("en vigueur\u00a0: 2" in line for line, _ in lines(user))
        application = committee.selections.first().application
        RecusalFactory(application=application, user=user)
        assert [line for line, _ in lines(user)] == [
            "Annoncé\u00a0: 1 lauréat — recensé ici\u00a0: 0"
        ]


@pytest.mark.parametrize("count", [1, 3])
def test_query_budget(django_assert_num_queries, count):
    for _ in range(count):
        row = AnnouncementFactory()
        linked(row)
        received(row, 3)
    with django_assert_num_queries(4 + count):
        assert len(reconciliation.comparisons()) == count


# The panel ---------------------------------------------------------------------------


def panel(client):
    panels = client.get(reverse("admin:index")).context["panels"]
    found = [row for row in panels if row["title"] == "Écarts de chiffres"]
    return found[0]["context"] if found else None


def test_the_first_page_lists_gaps_and_leads_to_the_rows(client, announcement):
    linked(announcement)
    received(announcement, 29)
    ClaimFactory(announcement=announcement, value=16, label="16 lauréats", position=2)
    ClaimFactory(announcement=announcement, value=63, scope=SCOPE.FUND, position=3)
    client.force_login(UserFactory(superuser=True))
    page = client.get(reverse("admin:index")).content.decode()
    assert "Annoncé\u00a0: 29 dossiers reçus — dossiers enregistrés ici\u00a0: 3" in page
    gaps = panel(client)["gaps"]
    assert len(gaps) == 4
    for gap, count in zip(gaps, (3, 0, 1, 0), strict=True):
        rows = client.get(gap["rows_url"])
        assert rows.status_code == 200
        assert rows.context["cl"].result_count == count, gap["rows_url"]


def test_the_panel_counts_the_gaps_it_does_not_show(client):
    for _ in range(10):
        ClaimFactory(value=3)
    client.force_login(UserFactory(role="Publication"))
    found = panel(client)
    assert (len(found["gaps"]), found["others"]) == (8, 2)


@pytest.mark.parametrize("role", ["Lecture", "Secrétariat", "Décision", "Avis"])
def test_those_who_do_not_read_claims_have_no_panel(client, role):
    ClaimFactory(value=3)
    client.force_login(UserFactory(role=role))
    assert panel(client) is None


def test_without_gap_the_panel_says_so(client):
    client.force_login(UserFactory(role="Publication"))
    assert panel(client) == {"gaps": [], "others": 0}
    assert "Aucun dans ce que vous pouvez lire" in client.get("/admin/").content.decode()


# The command --------------------------------------------------------------------------


def test_the_command_lists_gaps_and_exits_with_0(capsys, announcement):
    LaureateFactory(announcement=announcement)
    ClaimFactory(announcement=announcement, value=1, label="1 lauréat", position=1)
    ClaimFactory(
        announcement=announcement, value=63, label="63 lauréats", scope=SCOPE.FUND, position=2
    )
    call_command("check_figures")
    said = capsys.readouterr().out
    assert "Annoncé\u00a0: 63 lauréats — recensé ici\u00a0: 1" in said
    assert "1 lauréat —" not in said
    assert "Source\u00a0: Communiqué des essais" in said
    assert said.endswith("2 chiffres annoncés, 1 écart avec ce qui est recensé ici.\n")


def test_the_command_may_be_strict_and_list_everything(capsys, announcement):
    ClaimFactory(announcement=announcement, value=63)
    with pytest.raises(SystemExit) as stop:
        call_command("check_figures", "--strict")
    assert stop.value.code == 1
    capsys.readouterr()
    Claim.objects.update(subject=SUBJECT.APPLICATIONS)
    call_command("check_figures", "--strict", "--all")
    said = capsys.readouterr().out
    assert "Aucune séance n’est liée" in said
    assert said.endswith("1 chiffre annoncé, aucun écart avec ce qui est recensé ici.\n")


def test_the_command_without_claim(capsys):
    call_command("check_figures", "--strict")
    assert "il n’y a rien à comparer" in capsys.readouterr().out


def test_the_seed_has_the_gap_of_its_fund(capsys):
    call_command("loaddata", "territories", "themes", "organisations", "ftap_2019_session_2")
    capsys.readouterr()
    call_command("check_figures")
    said = capsys.readouterr().out
    assert "63 lauréats depuis février 2018 — recensés ici\u00a0: 16" in said
    assert "29 dossiers de candidature" not in said
