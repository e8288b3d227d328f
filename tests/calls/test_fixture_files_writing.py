"""Values as readable YAML: whatever they are, they are read back the same."""

import datetime
from decimal import Decimal

import pytest
from django.db import models
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calls.fixture_check import values
from calls.fixture_check.reading import read
from calls.fixture_files import writing

# Signs that YAML gives a meaning to, line ends that it knows and signs that do not show.
SIGNS = " \t\n\r:#-?[]{}'\"&*!|>%@`~=<.,0123456789eExoynYN_/+\\\u0085\u00a0\u202f\u2028\ufeff\u200b"
CHARACTERS = st.sampled_from(SIGNS) | st.characters(
    exclude_categories=["Cs"], exclude_characters="\0"
)
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=40),
    st.text(st.sampled_from("ab  :#-"), min_size=90, max_size=250),  # to be folded
    st.text(st.sampled_from("ab \n-#"), max_size=80),  # to be a block
    st.from_regex(r"\A[0-9:+\-.eExo_ T]{0,12}\Z"),  # as numbers and dates are
)
STRUCTURES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXTS, part, max_size=3),
    max_leaves=10,
)
MOMENTS = st.datetimes(timezones=st.just(datetime.UTC))
AMOUNTS = st.decimals(-(10**11), 10**11, places=2, allow_nan=False, allow_infinity=False)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("writing") / "one.yaml"


def back(path, **fields):
    """What is read of the fields of an object, once written."""
    text = writing.document("Titre", [writing.block("a.b", [*fields.items(), ("last", "ici")])])
    path.write_bytes(text.encode())
    (entry,), problems = read(path)
    assert problems == []
    assert entry.values.pop("last") == "ici"
    return entry.values


@settings(deadline=None, max_examples=400)
@given(TEXTS)
@example("no")
@example("1e3")
@example("0777")
@example("2019-09-23")
@example("12:30:45")
@example("=")
@example("<<")
@example("fin de ligne \navec une espace ")
@example("x" * 300)
def test_any_text_is_read_back_the_same(path, text):
    assert back(path, text=text) == {"text": text}


@settings(deadline=None, max_examples=200)
@given(STRUCTURES)
def test_any_structure_is_read_back_the_same(path, value):
    found = values.clean(models.JSONField(), back(path, it=writing.Structure(value))["it"])
    assert repr(found) == repr(value) or found == value


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(TEXTS, TEXTS | st.integers()), min_size=1, max_size=3))
def test_natural_keys_are_read_back_the_same(path, keys):
    assert back(path, one=keys[0], many=keys) == {"one": [*keys[0]], "many": list(map(list, keys))}


@settings(deadline=None, max_examples=200)
@given(MOMENTS, st.dates(), st.times(), AMOUNTS)
@example(
    # The hour that Paris lives twice, a microsecond, an amount with a useless zero.
    datetime.datetime(2024, 10, 27, 0, 30, 0, 1, tzinfo=datetime.UTC),
    datetime.date(2020, 2, 29),
    datetime.time(18, 0, 0, 5),
    Decimal("12.50"),
)
def test_moments_and_numbers_are_read_back_the_same(path, moment, day, hour, amount):
    found = back(path, moment=moment, day=day, hour=hour, amount=amount)
    fields = {
        "moment": (models.DateTimeField(), moment),
        "day": (models.DateField(), day),
        "hour": (models.TimeField(), hour),
        "amount": (models.DecimalField(max_digits=14, decimal_places=2), amount),
    }
    for name, (field, value) in fields.items():
        assert values.clean(field, found[name], as_stored=True) == value


@pytest.mark.parametrize(("one", "other"), [("12.50", "12.5"), ("1E+3", "1000"), ("0.00", "0")])
def test_equal_amounts_are_written_alike(one, other):
    assert writing.number(Decimal(one)) == writing.number(Decimal(other))
