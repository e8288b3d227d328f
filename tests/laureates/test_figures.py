"""Figures as announced, beside what is computed here: neither corrects the other."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from laureates import figures
from laureates.models import Claim
from tests.factories import AnnouncementFactory, ClaimFactory, LaureateFactory

pytestmark = pytest.mark.django_db

SUBJECT, SCOPE, UNIT = Claim.Subject, Claim.Scope, Claim.Unit
PARTIAL = "Session connue en partie\u00a0: "
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
    with django_assert_num_queries(2):
        assert [figure.scope for figure in figures.announcement_figures(announcement)]
    with django_assert_num_queries(2):
        assert [figure.scope for figure in figures.fund_figures()]


# The gap, in one line -----------------------------------------------------------------


def figure_of(claim):
    (figure,) = (
        figures.announcement_figures(claim.announcement)
        if claim.announcement
        else figures.fund_figures()
    )
    return figure


@pytest.mark.parametrize(
    ("announced", "here", "gap"),
    [
        (2, "recensés ici\u00a0: 2", ""),
        (3, "recensés ici\u00a0: 2", "1 des lauréats annoncés n’est pas recensé ici"),
        (63, "recensés ici\u00a0: 2", "61 des lauréats annoncés ne sont pas recensés ici"),
        (1, "recensés ici\u00a0: 2", "1 de plus que ce qui a été annoncé"),
    ],
)
def test_what_is_recorded_is_told_beside_what_was_announced(announcement, announced, here, gap):
    LaureateFactory.create_batch(2, announcement=announcement)
    figure = figure_of(ClaimFactory(announcement=announcement, value=announced))
    assert (figure.here, figure.gap) == (here, gap)


def test_bounds_hold_a_number_between_them(announcement):
    LaureateFactory.create_batch(2, announcement=announcement)
    claim = ClaimFactory(announcement=announcement, value=None, lower=2, upper=4)
    assert not figure_of(claim).differs
    claim.lower = 3
    claim.save()
    assert figure_of(claim).gap == "1 des lauréats annoncés n’est pas recensé ici"


@pytest.mark.parametrize(
    ("amounts", "gap"),
    [
        ([None, None], "la comparaison attend des montants publiés"),
        ([1, None], "un montant n’est pas communiqué"),
        ([1, None, None], "2 montants ne sont pas communiqués"),
        ([1, 2], "les deux chiffres diffèrent"),
        ([1, 9], ""),
    ],
)
def test_the_gap_of_a_sum_says_what_is_unknown(announcement, amounts, gap):
    for amount in amounts:
        LaureateFactory(announcement=announcement, amount=amount)
    claim = ClaimFactory(announcement=announcement, subject=SUBJECT.AMOUNT, value=10, unit=UNIT.EUR)
    assert figure_of(claim).gap == gap


# Completeness ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("announced", "recorded", "withdrawn", "partial", "words"),
    [
        (3, 3, 0, False, "Liste complète\u00a0: les 3 lauréats annoncés sont recensés ici."),
        (1, 1, 0, False, "Liste complète\u00a0: le lauréat annoncé est recensé ici."),
        (
            16,
            2,
            0,
            True,
            f"{PARTIAL}2 lauréats recensés ici sur 16 annoncés.",
        ),
        (16, 0, 0, True, f"{PARTIAL}0 lauréat recensé ici sur 16 annoncés."),
        (3, 2, 1, False, "2 lauréats recensés ici sur 3 annoncés, 1 retiré depuis."),
        (
            4,
            1,
            2,
            True,
            f"{PARTIAL}1 lauréat recensé ici sur 4 annoncés, 2 retirés depuis.",
        ),
        (1, 2, 0, False, "2 lauréats recensés ici, 1 annoncé\u00a0: les deux nombres diffèrent."),
    ],
)
def test_a_session_known_in_part_never_reads_as_whole(
    announcement, announced, recorded, withdrawn, partial, words
):
    LaureateFactory.create_batch(recorded, announcement=announcement)
    LaureateFactory.create_batch(withdrawn, announcement=announcement, withdrawn=True)
    ClaimFactory(announcement=announcement, value=announced)
    found = figures.completeness(announcement)
    assert (found.recorded, found.announced, found.withdrawn) == (recorded, announced, withdrawn)
    assert found.is_partial is partial
    assert found.is_whole is (announced == recorded)
    assert found.sentence == words


@pytest.mark.parametrize(
    "values",
    [
        None,
        {"scope": SCOPE.FUND},
        {"exactness": "approximate"},
        {"value": None, "lower": 10, "upper": 20},
        {"subject": SUBJECT.APPLICATIONS},
    ],
    ids=["none", "fund", "approximate", "bounds", "received"],
)
def test_without_an_exact_number_completeness_is_unknown(announcement, values):
    LaureateFactory.create_batch(16, announcement=announcement)
    if values is not None:
        ClaimFactory(announcement=announcement, **values)
    found = figures.completeness(announcement)
    assert found.is_unknown
    assert not found.is_whole
    assert not found.is_partial
    assert found.sentence.startswith("Rien ne dit si la liste est complète")


def test_a_laureate_withdrawn_before_it_was_public_is_not_told_of(announcement):
    before = announcement.published_at - timedelta(days=1)
    LaureateFactory(announcement=announcement, withdrawn_at=before, withdrawal_reason="Erreur.")
    ClaimFactory(announcement=announcement, value=1)
    assert figures.completeness(announcement).withdrawn == 0


@pytest.mark.parametrize("count", [1, 3])
def test_completeness_has_a_query_budget(django_assert_num_queries, count):
    rows = AnnouncementFactory.create_batch(count)
    for row in rows:
        LaureateFactory(announcement=row)
        ClaimFactory(announcement=row, value=1)
    with django_assert_num_queries(3):
        assert all(row.completeness.is_whole for row in figures.with_completeness(rows))


def test_pages_say_that_a_session_is_known_in_part(client, announcement):
    LaureateFactory(announcement=announcement)
    ClaimFactory(announcement=announcement, value=16)
    words = "Session connue en partie\u00a0: 1 lauréat recensé ici sur 16 annoncés."
    for url in (
        announcement.get_absolute_url(),
        "/",
        reverse("laureates:announcements"),
        reverse("laureates:about_data"),
    ):
        assert words in client.get(url).content.decode(), url


def test_pages_show_the_announced_and_the_recorded_in_one_line(client, announcement):
    LaureateFactory(announcement=announcement)
    ClaimFactory(announcement=announcement, label="63 lauréats", value=63, scope=SCOPE.FUND)
    text = re.sub(r"<[^>]+>", "", client.get(announcement.get_absolute_url()).content.decode())
    line = "Annoncé\u00a0: 63 lauréats — recensé ici\u00a0: 1"
    assert line in re.sub(r"[ \n]+", " ", text)
    assert "62 des lauréats annoncés ne sont pas recensés ici." in text
