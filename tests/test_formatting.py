"""ftap.templatetags.ftap: amounts and figures as they are printed."""

from decimal import Decimal

import pytest
from django.template import Context, Template

from ftap.templatetags.ftap import euros, number


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0\u00a0€"),
        (1, "1\u00a0€"),
        (999, "999\u00a0€"),
        (200_000, "200\u202f000\u00a0€"),
        (35_000_000, "35\u202f000\u202f000\u00a0€"),
        (Decimal("700000000.00"), "700\u202f000\u202f000\u00a0€"),
        (Decimal("1234.50"), "1\u202f234,50\u00a0€"),
        (Decimal("0.05"), "0,05\u00a0€"),
        (None, "montant non communiqué"),
    ],
)
def test_euros(value, expected):
    assert euros(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (16, "16"),
        (9500, "9\u202f500"),
        (1_234_567, "1\u202f234\u202f567"),
        (Decimal("1201.7"), "1\u202f201,7"),
        (Decimal("1201.70"), "1\u202f201,7"),
        (Decimal("1200.00"), "1\u202f200"),
        (Decimal("1E+3"), "1\u202f000"),
        (Decimal("0.000001"), "0,000001"),
        (None, ""),
    ],
)
def test_number(value, expected):
    assert number(value) == expected


def test_the_filters_need_no_load_tag():
    template = Template("{{ amount|euros }} ; {{ unknown|euros }} ; {{ count|number }}")
    context = Context({"amount": 1000, "unknown": None, "count": 1000})
    assert template.render(context) == ("1\u202f000\u00a0€ ; montant non communiqué ; 1\u202f000")
