"""What texts mean: each accepted form is read for certain, anything else is refused in French."""

import contextlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import localtime
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ftap.tables import values
from ftap.templatetags.ftap import euros, french_date

READERS = [values.day, values.moment, values.amount, values.integer, values.boolean]
TEXTS = [values.siret, values.email]
DAY = date(2019, 7, 12)
FUZZ = hypothesis_settings(deadline=None, max_examples=200)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("text", ["", " ", "\u00a0\n"])
def test_nothing_is_unknown(read, text):
    assert read(text) is None


@pytest.mark.parametrize("read", TEXTS)
def test_no_text_is_an_empty_text(read):
    assert read(" ") == ""


@pytest.mark.parametrize(
    "text",
    [
        "2019-07-12",
        " 12/07/2019 ",
        "12-07-2019",
        "12.7.2019",
        "12 juillet 2019",
        "vendredi 12 juil. 2019",
        "12\u00a0JUILLET 2019",
        "2019-07-12 14:03:00",
        "2019-07-12T14:03:00.123+02:00",
        "12/07/2019 à 14h03",
    ],
)
def test_days(text):
    assert values.day(text) == DAY


def test_the_first_of_a_month():
    assert values.day("1er août 2019") == date(2019, 8, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2019-07-12 14:03",
        "2019-07-12T12:03:00Z",
        "2019-07-12 14:03:00 +0200",
        "12/07/2019 14h03",
        "12 juillet 2019 à 14 h 03",
        "12 juillet 2019, 14:03",
    ],
)
def test_moments(text):
    assert values.moment(text) == datetime(2019, 7, 12, 12, 3, tzinfo=UTC)


def test_a_day_alone_begins_at_midnight_in_paris():
    assert values.moment("2019-07-12") == datetime(2019, 7, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("01/02/03", "ambiguë"),
        ("07/12/19", "ambiguë"),
        ("2019/07/12", "n’est pas une date"),
        ("07/13/2019", "le jour vient avant le mois"),
        ("2019-02-30", "n’existe pas"),
        ("12 juilet 2019", "n’est pas une date"),
        ("12/07-2019", "n’est pas une date"),
        ("2019-07-12 25:00", "cette heure n’existe pas"),
        ("2019-07-12 14", "n’est pas une date"),
        ("2019-07-12 et 13", "n’est pas une date"),
        ("0019-07-12", "plausible"),
        ("43658", "n’est pas une date"),
        ("12/07/20190", "n’est pas une date"),
    ],
)
def test_dates_that_are_not_certain(text, words):
    for read in (values.day, values.moment):
        with pytest.raises(ValueError, match=words) as caught:
            read(text)
        assert text in str(caught.value)


def test_an_hour_that_summer_time_skips():
    with pytest.raises(ValueError, match="heure d’été"):
        values.moment("2019-03-31 02:30")


@pytest.mark.parametrize(
    ("text", "euros"),
    [
        ("1 234,50 €", "1234.50"),
        ("1\u202f234,5", "1234.50"),
        ("1234.5", "1234.50"),
        ("1 234.5", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1.234.567", "1234567"),
        ("35 M€", "35000000"),
        ("1,5 M€", "1500000"),
        ("200 k€", "200000"),
        ("200 000 euros", "200000"),
        ("1,2 Md€", "1200000000"),
        ("35 millions d’euros", "35000000"),
        ("1 million", "1000000"),
        ("-12,30", "-12.30"),
        ("\u221212,30", "-12.30"),
        ("0", "0"),
        ("0,50", "0.50"),
    ],
)
def test_amounts(text, euros):
    assert values.amount(text) == Decimal(euros)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,234", "ambigu"),
        ("1.234", "ambigu"),
        ("12,34,56", "n’est pas un montant"),
        ("1 23,50", "n’est pas un montant"),
        ("12,", "n’est pas un montant"),
        ("1.234.56", "n’est pas un montant"),
        ("environ 12", "n’est pas un montant"),
        ("non communiqué", "n’est pas un montant"),
        ("12 $", "n’est pas un montant"),
        ("35 M", "n’est pas un montant"),
        ("1e5", "n’est pas un montant"),
        ("0,005", "centime"),
        ("1234567890123456", "plausible"),
        ("999999999 Md€", "plausible"),
        ("٣٥", "n’est pas un montant"),
    ],
)
def test_amounts_that_are_not_certain(text, words):
    with pytest.raises(ValueError, match=words) as caught:
        values.amount(text)
    assert text in str(caught.value)


@FUZZ
@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_what_the_site_shows_of_an_amount_is_read_back(amount):
    assert values.amount(euros(amount)) == amount
    assert values.amount(f"{amount:f}") == amount


@FUZZ
@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 12, 31)))
def test_what_the_site_shows_of_a_day_is_read_back(day):
    for text in (french_date(day), day.isoformat(), f"{day:%d/%m/%Y}"):
        assert values.day(text) == day


@FUZZ
@given(
    st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2200, 12, 31)).map(
        lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
    )
)
def test_moments_with_an_offset_are_read_back(moment):
    assert values.moment(moment.isoformat()) == moment
    local = localtime(moment)
    read = values.moment(f"{local:%d/%m/%Y %H:%M:%S}")
    assert moment - read in (timedelta(0), timedelta(hours=1))


@FUZZ
@given(st.text(max_size=30) | st.text(st.sampled_from("0123456789 /-.,:€kMhTZ+er"), max_size=20))
def test_any_text_is_read_or_refused(text):
    for read in (*READERS, *TEXTS, lambda text: values.choice(text, {"Oui": 1})):
        with contextlib.suppress(ValueError):
            read(text)


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("1 234", 1234), ("-3", -3)])
def test_integers(text, number):
    assert values.integer(text) == number


@pytest.mark.parametrize("text", ["1,5", "1 23", "12 agents", "9" * 16, "²"])
def test_texts_that_are_no_integers(text):
    with pytest.raises(ValueError, match="nombre entier"):
        values.integer(text)


def test_booleans():
    assert [values.boolean(text) for text in ("Oui", "on", "VRAI")] == [True] * 3
    assert [values.boolean(text) for text in ("Non", "off", "faux")] == [False] * 3
    with pytest.raises(ValueError, match="ni oui ni non"):
        values.boolean("peut-être")


def test_sirets():
    assert values.siret("356 000 000 00048") == "35600000000048"
    with pytest.raises(ValueError, match="zéro au début"):
        values.siret("5600000000048")
    with pytest.raises(ValueError, match="quatorze"):
        values.siret("35600000000048A")


def test_addresses():
    assert values.email(" a.b@exemple.fr ") == "a.b@exemple.fr"
    with pytest.raises(ValueError, match="adresse électronique"):
        values.email("a.b@exemple")


def test_choices():
    states = {"Accepté": "accepte", "Refusé": "refuse", "acceptée": "accepte"}
    assert values.choice(" ACCEPTE ", states) == "accepte"
    assert values.choice("acceptée", states) == "accepte"
    assert values.choice("", states) is None
    with pytest.raises(ValueError, match="Accepté, Refusé, acceptée"):
        values.choice("inconnu", states)
    with pytest.raises(ValueError, match="attendues"):
        values.choice("a", {"A": 1, "À": 2})


def test_columns_are_known_by_label_and_rank():
    assert values.columns(["a", "b", "a"]) == [("a", 1), ("b", 1), ("a", 2)]
