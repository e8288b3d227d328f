"""Many audited rows written at once: the same rows, versions and events as one by one."""

import pytest
from django.db import IntegrityError

from calls import history
from calls.models import Application, Bearer, Event, EventText
from laureates import freshness
from laureates.models import Carrier, IndexEntry, Laureate
from tests.factories import (
    ApplicationFactory,
    CallSessionFactory,
    LaureateFactory,
    OrganisationFactory,
    ThemeFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def told(rows):
    """What the history says of rows: action, effect, changes and texts of each event, in order."""
    return [
        (
            event.action,
            event.kind,
            event.actor_id,
            event.application_id,
            history_changes(event),
            sorted((text.name, text.text) for text in event.texts.all()),
        )
        for row in rows
        for event in Event.objects.of(row).filter(object_type=row._meta.label_lower)
    ]


def history_changes(event):
    part = event.canonical.partition('"changes":')[2]
    return part[: part.index(',"committee"')]


def unsaved(count=2, **values):
    session = values.pop("session", None) or CallSessionFactory()
    return [
        Application(reference=f"N-{rank}", session=session, title=f"Titre {rank}", **values)
        for rank in range(count)
    ]


def write_then_fail(person, row):
    with history.acting(person, "import_dossiers"):
        history.save_many([row], by=person, action="import_dossiers")
        raise ZeroDivisionError


def test_new_rows_are_told_as_when_saved_one_by_one():
    person, session, themes = UserFactory(), CallSessionFactory(), ThemeFactory.create_batch(2)
    many = unsaved(2, session=session, asked_amount=1000)
    keys = [theme.pk for theme in themes]
    history.save_many(
        many, by=person, action="import", comment="Fichier", relations=[(many[0], "themes", keys)]
    )
    alone = Application(reference="A", session=session, title="Titre 0", asked_amount=1000)
    with history.acting(person, "import", "Fichier"):
        alone.save()
        alone.themes.set(themes)
    ((action, kind, actor, owner, changes, texts),) = told([many[0]])
    ((_, _, _, _, expected_changes, expected_texts),) = told([alone])
    assert (action, kind, actor, owner) == ("import", "+", person.pk, many[0].pk)
    assert changes == expected_changes
    assert texts == sorted(
        (name, "N-0" if name == "after:reference" else text) for name, text in expected_texts
    )
    assert [*Application.objects.get(reference="N-0").themes.all()] == themes
    version = many[0].history.get()
    assert (version.history_user, version.history_change_reason) == (person, "import")
    assert {link.theme_id for link in version.themes.all()} == set(keys)
    assert not many[1].history.get().themes.exists()
    assert history.verify().broken_at is None


def test_changed_rows_are_told_with_what_they_held():
    rows, theme = ApplicationFactory.create_batch(3), ThemeFactory()
    rows[0].themes.add(theme)
    person = UserFactory()
    before = [row.title for row in rows]
    for row in rows:
        row.title += " bis"
    rows[1].asked_amount = 5
    history.save_many(
        changed=[
            (rows[0], ["title"]),
            (rows[1], ["title", "asked_amount"]),
            (rows[2], ["title"]),
        ],
        by=person,
        action="import",
    )
    for row, title in zip(rows, before, strict=True):
        event = Event.objects.filter(action="import").of(row).get()
        texts = dict(EventText.objects.filter(event=event).values_list("name", "text"))
        assert texts == {"before:title": title, "after:title": f"{title} bis"}
        assert row.history.first().title == f"{title} bis"
        assert Application.objects.get(pk=row.pk).title == f"{title} bis"
    assert (
        '"asked_amount":[null,"5.00"]'
        in Event.objects.filter(action="import").of(rows[1])[0].canonical
    )
    assert [link.theme_id for link in rows[0].history.first().themes.all()] == [theme.pk]
    assert history.verify().broken_at is None


def test_only_the_named_fields_are_written():
    row = ApplicationFactory(title="Un")
    row.title, row.summary = "Deux", "Autre"
    history.save_many(changed=[(row, ["title"])], by=UserFactory(), action="import")
    stored = Application.objects.get(pk=row.pk)
    assert (stored.title, stored.summary) == ("Deux", "")


def test_rows_of_a_parent_created_with_them():
    parents, organisation = unsaved(2), OrganisationFactory()
    rows = [Bearer(application=row, organisation=organisation, position=1) for row in parents]
    history.save_many([*parents, *rows], by=UserFactory(), action="import")
    assert {event.application_id for event in Event.objects.filter(object_type="calls.bearer")} == {
        row.pk for row in parents
    }


def test_all_or_nothing():
    person, rows = UserFactory(), unsaved(3)
    rows[2].reference = rows[0].reference
    events = Event.objects.count()
    with pytest.raises(IntegrityError):
        history.save_many(rows, by=person, action="import")
    assert not Application.objects.exists()
    assert Event.objects.count() == events
    assert not Application.history.exists()


def test_inside_an_act_its_events_wait_for_the_end():
    person, rows = UserFactory(), unsaved(1)
    with history.acting(person, "import_dossiers"):
        history.save_many(rows, by=person, action="import_dossiers")
        rows[0].title = "Repris"
        rows[0].save()
        assert not Event.objects.of(rows[0]).exists()
    first, second = Event.objects.of(rows[0])
    assert (first.kind, second.kind) == ("+", "~")
    with pytest.raises(ZeroDivisionError):
        write_then_fail(person, Application(reference="P", session=rows[0].session, title="P"))
    assert not Application.objects.filter(reference="P").exists()
    assert Event.objects.count() == second.number


def test_the_library_is_indexed_and_its_version_moves():
    announcement = LaureateFactory().announcement
    version = freshness.current()
    row = Laureate(announcement=announcement, position=9, slug="x", title="Phare neuf")
    carrier = Carrier(
        laureate=row, organisation=OrganisationFactory(), position=1, announced_name="Phares"
    )
    history.save_many([row, carrier], by=UserFactory(), action="import")
    entry = IndexEntry.objects.get(laureate=row)
    assert "phar" in entry.title_tokens
    assert "phar" in entry.name_tokens
    assert freshness.current() != version


def test_a_private_row_moves_no_public_version():
    announcement = LaureateFactory(announcement__published_at=None).announcement
    version = freshness.current()
    row = Laureate(announcement=announcement, position=9, slug="x", title="Phare neuf")
    history.save_many([row], by=UserFactory(), action="import")
    assert freshness.current() == version
