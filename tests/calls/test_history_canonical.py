"""What the chain holds is written in one way, whatever the engine."""

import datetime
import json
import re
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from calls import history
from calls.history import canonical
from calls.models import (
    Application,
)
from tests import factories
from tests.events import texts

stored_text = st.text(
    alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | stored_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(stored_text, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(stored_text, json_values, max_size=4))
def test_the_canonical_text_says_what_it_was_given_in_one_way(values):
    text = canonical.dumps(values)
    assert json.loads(text) == values
    assert canonical.dumps(dict(reversed(values.items()))) == text


@given(st.decimals(min_value=0, max_value=10**11, places=2))
def test_an_amount_is_written_in_one_way(amount):
    field = Application._meta.get_field("asked_amount")
    text = canonical.plain(field, amount)
    assert re.fullmatch(r"\d+\.\d\d", text)
    assert Decimal(text) == amount
    assert canonical.plain(field, str(amount)) == canonical.plain(field, amount.normalize()) == text


@given(st.datetimes(timezones=st.timezones(), min_value=datetime.datetime(1900, 1, 1)))
def test_a_moment_is_written_in_universal_time_to_the_microsecond(moment):
    text = canonical.moment(moment)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", text)
    assert datetime.datetime.fromisoformat(text) == moment.astimezone(datetime.UTC)


@pytest.mark.django_db
@given(title=stored_text.filter(bool), summary=stored_text)
def test_any_text_is_kept_as_it_was_and_still_proves_itself(title, summary):
    with transaction.atomic():
        application = factories.ApplicationFactory(title=title[:300], summary=summary)
        assert texts()["after:title"] == title[:300]
        assert texts().get("after:summary", "") == summary
        assert history.verify().holds
        Application.objects.filter(pk=application.pk).exists()
        transaction.set_rollback(True)
