"""Days as French texts write them."""

import datetime

import pytest

from laureates.importers.text.days import days

NEAR = datetime.date(2019, 9, 25)


@pytest.mark.parametrize(
    ("text", "value", "problem"),
    [
        ("le 1er août 2019", datetime.date(2019, 8, 1), ""),
        ("LUNDI 23 SEPTEMBRE 2019", datetime.date(2019, 9, 23), ""),
        ("le 23/09/2019", datetime.date(2019, 9, 23), ""),
        ("lundi 23 septembre", datetime.date(2019, 9, 23), ""),
        ("dimanche 23 septembre", None, "est un lundi, et non un dimanche"),
        ("le 23 septembre", None, "L’année n’est pas écrite"),
        ("le 29 février 2019", None, "n’existe pas"),
    ],
)
def test_a_day_is_read_or_says_why_not(text, value, problem):
    (day,) = days(text, NEAR)
    assert day.value == value
    assert problem in day.problem
    assert bool(day.problem) == (value is None)


def test_a_year_is_inferred_only_where_the_weekday_agrees():
    inferred, written = days("lundi 23 septembre, puis mardi 24 septembre 2019", NEAR)
    assert inferred.is_inferred
    assert not written.is_inferred


def test_no_year_is_inferred_from_nothing():
    (day,) = days("lundi 23 septembre")
    assert day.value is None


def test_numbers_are_no_days():
    assert list(days("12 départements, 18h00 et 3,5 M€", NEAR)) == []
