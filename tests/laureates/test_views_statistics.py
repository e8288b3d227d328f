"""What the statistics say of the announcements known in part: that of a naive reading."""

import random

import pytest

from laureates import catalogue, figures, freshness
from laureates.models import Announcement
from laureates.views import statistics as views
from tests.factories import AnnouncementFactory, ClaimFactory, LaureateFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", range(3))
def test_announcements_known_in_part_are_those_that_a_naive_reading_gives(seed, monkeypatch):
    monkeypatch.setattr(views, "MAX_UNKNOWN", 2)
    draw = random.Random(seed)
    for _ in range(12):
        trait = draw.choice([{}, {}, {}, {"draft": True}, {"embargoed": True}, {"withdrawn": True}])
        announcement = AnnouncementFactory(**trait)
        for _ in range(draw.randint(0, 3)):
            LaureateFactory(announcement=announcement, withdrawn=draw.random() < 0.3)
        for _ in range(draw.randint(0, 2)):
            ClaimFactory(
                announcement=announcement,
                position=draw.randint(1, 2),
                value=draw.randint(0, 4),
                exactness=draw.choice(["exact", "approximate"]),
                scope=draw.choice(["session", "fund"]),
            )
    rows = figures.with_completeness(Announcement.objects.published().latest_first())
    unknown = [row for row in rows if row.completeness.is_unknown]
    found = views.incomplete(catalogue.current().public(freshness.current()))
    assert found == {
        "partial": [row for row in rows if row.completeness.is_partial],
        "unknown": unknown[:2],
        "more_unknown": max(len(unknown) - 2, 0),
    }
    expected = {row.pk: row.completeness for row in rows}
    for row in (*found["partial"], *found["unknown"]):
        assert row.completeness == expected[row.pk]
