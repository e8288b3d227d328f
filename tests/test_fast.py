"""Addresses written without being resolved again are those that resolve."""

import pytest
from django.urls import reverse

from ftap.fast import address


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("laureates:organisation", ["dgfip"]),
        ("laureates:laureate", ["2019s2n01", "un-projet"]),
        ("laureates:release_file", ["ftap-2019", 2, "annonce.pdf"]),
        ("laureates:release_file", ["7310", 7311, "7312"]),
    ],
)
def test_an_address_is_the_one_that_resolves(name, parts):
    assert address(name, *parts) == reverse(name, args=parts)
