"""Cards are kept ready to print, escaped, and made again when their template changes."""

from decimal import Decimal

import pytest
from django.urls import set_script_prefix

from laureates import cards, index
from laureates.models import Card, Laureate
from tests.factories import (
    LaureateFactory,
    OrganisationFactory,
    TerritoryFactory,
    ThemeFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def laureate(db):
    return LaureateFactory(
        title="Un <b>titre</b> & des « guillemets »",
        summary='Un résumé <script>alert("x")</script>',
        amount=Decimal("1250000.50"),
        project_state=Laureate.ProjectState.values[0],
        carriers=[OrganisationFactory(name="Préfecture <i>fictive</i>")],
        themes=[ThemeFactory(name="Eau & forêts")],
        territories=[TerritoryFactory(name="Terre d’<u>essai</u>")],
    )


def shown(laureate, role=""):
    return cards.of([laureate.pk])[0].shown(role)


def test_a_card_says_what_its_laureate_is_and_escapes_it(laureate):
    html = shown(laureate)
    for text in (
        "Un &lt;b&gt;titre&lt;/b&gt; &amp; des « guillemets »",
        "Un résumé &lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;",
        "Préfecture &lt;i&gt;fictive&lt;/i&gt;",
        "Eau &amp; forêts",
        "Terre d’&lt;u&gt;essai&lt;/u&gt;",
        "1\u202f250\u202f000,50\u00a0€",
        laureate.announcement.label,
        f'href="{laureate.get_absolute_url()}"',
    ):
        assert text in html
    assert not any(mark in html for mark in ("<script", "<b>", "<i>", "<u>", "\x01", "\x02"))


def test_a_card_says_how_an_organisation_carries_it(laureate):
    assert "<li>Chef de file &lt;1&gt;</li>" in shown(laureate, "chef de file <1>")
    assert shown(laureate, "chef de file").replace("<li>Chef de file</li>", "") == shown(laureate)


def test_addresses_stand_below_the_path_of_the_site(laureate):
    set_script_prefix("/fonds/")
    try:
        assert f'href="/fonds/laureats/{laureate.public_id}-' in shown(laureate)
    finally:
        set_script_prefix("/")
    assert f'href="/laureats/{laureate.public_id}-' in shown(laureate)


def test_a_card_that_another_template_made_is_made_again(laureate, monkeypatch):
    before = Card.objects.get().content
    monkeypatch.setattr(cards, "making", lambda: "autre")
    monkeypatch.setattr(cards, "_made", lambda row: f"<p>{row.title}</p>")
    assert shown(laureate) == f"<p>{laureate.title}</p>"
    assert Card.objects.get().content == before
    index.rebuild_if_lacking()
    assert "<p>" in Card.objects.get().content
    monkeypatch.undo()
    assert shown(laureate).startswith("<article")
    index.restyle()
    assert Card.objects.get().content == before


def test_what_makes_cards_is_told_by_their_print(monkeypatch):
    print_of = cards.making.__wrapped__
    known = print_of()
    assert print_of() == known
    monkeypatch.setattr(cards.fast, "source", lambda name: "<p>autre</p>")
    assert print_of() != known
