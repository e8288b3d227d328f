"""Figures as announced, beside what is computed here: neither corrects the other."""

from decimal import Decimal

import pytest

from laureates import figures
from laureates.models import Claim
from tests.factories import AnnouncementFactory, ClaimFactory, LaureateFactory

pytestmark = pytest.mark.django_db

SUBJECT, SCOPE, UNIT = Claim.Subject, Claim.Scope, Claim.Unit
NO_AMOUNT = "aucun montant par projet n’est communiqué"


@pytest.fixture
def announcement():
    return AnnouncementFactory()


def computed(claim):
    (figure,) = (
        figures.announcement_figures(claim.announcement)
        if claim.announcement
        else figures.fund_figures()
    )
    return figure.computed, figure.differs


def test_laureates_of_the_session_are_counted_in_the_announcement_alone(announcement):
    LaureateFactory.create_batch(2, announcement=announcement)
    LaureateFactory()
    claim = ClaimFactory(announcement=announcement, value=2)
    assert computed(claim) == ("2 lauréats", False)


def test_laureates_of_the_fund_are_counted_in_every_public_announcement(announcement):
    LaureateFactory(announcement=announcement)
    LaureateFactory()
    claim = ClaimFactory(announcement=announcement, value=63, scope=SCOPE.FUND)
    assert computed(claim) == ("2 lauréats", True)


def test_what_is_not_public_is_never_counted(announcement):
    LaureateFactory(announcement=announcement)
    LaureateFactory(announcement=announcement, withdrawn=True)
    for trait in ("draft", "embargoed", "withdrawn"):
        LaureateFactory(announcement=AnnouncementFactory(**{trait: True}), amount=5_000_000)
    claim = ClaimFactory(announcement=announcement, value=16, scope=SCOPE.FUND)
    assert computed(claim) == ("1 lauréat", True)
    claim.subject, claim.value, claim.unit = SUBJECT.AMOUNT, Decimal(350_000_000), UNIT.EUR
    claim.save()
    assert computed(claim) == (NO_AMOUNT, True)


def test_applications_received_and_the_endowment_are_announced_only(announcement):
    LaureateFactory(announcement=announcement)
    claim = ClaimFactory(announcement=announcement, subject=SUBJECT.APPLICATIONS, value=29)
    assert computed(claim) == ("", False)
    claim.delete()
    claim = ClaimFactory(
        announcement=None,
        subject=SUBJECT.ENDOWMENT,
        value=700_000_000,
        unit=UNIT.EUR,
        scope=SCOPE.FUND,
    )
    assert computed(claim) == ("", False)


def test_a_sum_says_how_many_amounts_it_leaves_out(announcement):
    claim = ClaimFactory(
        announcement=announcement, subject=SUBJECT.AMOUNT, value=3_000_000, unit=UNIT.EUR
    )
    unknown = LaureateFactory(announcement=announcement)
    assert computed(claim) == (NO_AMOUNT, True)
    LaureateFactory(announcement=announcement, amount=1_000_000)
    assert computed(claim)[0] == (
        "1\u202f000\u202f000\u00a0€ pour le seul montant communiqué, sur 2 lauréats"
    )
    LaureateFactory(announcement=announcement, amount=2_000_000)
    assert computed(claim) == (
        "3\u202f000\u202f000\u00a0€ pour les 2 montants communiqués, sur 3 lauréats",
        True,
    )
    unknown.delete()
    assert computed(claim) == ("3\u202f000\u202f000\u00a0€", False)


def test_a_sum_that_happens_to_equal_the_claim_is_not_the_same_when_amounts_are_missing(
    announcement,
):
    claim = ClaimFactory(
        announcement=announcement, subject=SUBJECT.AMOUNT, value=1_000_000, unit=UNIT.EUR
    )
    LaureateFactory(announcement=announcement, amount=1_000_000)
    LaureateFactory(announcement=announcement)
    assert computed(claim)[1]


def test_bounds_are_those_of_the_known_amounts(announcement):
    claim = ClaimFactory(
        announcement=announcement,
        subject=SUBJECT.PROJECT_AMOUNT,
        value=None,
        lower=200_000,
        upper=35_000_000,
        unit=UNIT.EUR,
    )
    LaureateFactory(announcement=announcement, amount=200_000)
    assert computed(claim) == ("200\u202f000\u00a0€", True)
    LaureateFactory(announcement=announcement, amount=35_000_000)
    assert computed(claim) == ("de 200\u202f000\u00a0€ à 35\u202f000\u202f000\u00a0€", False)


def test_a_scope_names_the_session_and_says_nothing_of_an_endowment(announcement):
    announcement.session_label = "2de session"
    announcement.save()
    ClaimFactory(announcement=announcement, position=1)
    ClaimFactory(announcement=announcement, position=2, scope=SCOPE.FUND)
    session, fund = figures.announcement_figures(announcement)
    assert session.scope == f"{announcement.call_title}, 2de session"
    assert fund.scope == "le fonds depuis son origine"
    ClaimFactory(announcement=None, subject=SUBJECT.ENDOWMENT, unit=UNIT.EUR, scope=SCOPE.FUND)
    assert figures.fund_figures()[0].scope == ""


def test_claims_of_an_announcement_that_is_not_public_are_not_given():
    hidden = AnnouncementFactory(embargoed=True)
    ClaimFactory(announcement=hidden)
    assert figures.announcement_figures(hidden) == []
    assert figures.fund_figures() == []


@pytest.mark.parametrize("count", [1, 3])
def test_query_budget(announcement, django_assert_num_queries, count):
    ClaimFactory.create_batch(count, announcement=announcement)
    ClaimFactory.create_batch(count, announcement=None, scope=SCOPE.FUND)
    with django_assert_num_queries(3):
        assert [figure.scope for figure in figures.announcement_figures(announcement)]
    with django_assert_num_queries(2):
        assert [figure.scope for figure in figures.fund_figures()]
