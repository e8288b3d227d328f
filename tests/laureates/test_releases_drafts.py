"""The draft of the next version: written in private, stale saves refused, published at once."""

from decimal import Decimal
from unittest import mock

import pytest

from calls import history
from calls.models import Event
from ftap.refusals import Refusal, Stale
from laureates import freshness, releases
from laureates.models import Announcement, Carrier, Laureate, Release, ReleaseDraft
from laureates.releases import content
from tests.factories import LaureateFactory, OrganisationFactory, ThemeFactory
from tests.laureates.published import REASON, WORDS, drafted, fake_files, published, publisher
from tests.laureates.test_releases import Crash, crashing_after

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def light_files(monkeypatch):
    monkeypatch.setattr(releases.freezing.files, "build", fake_files)


def first_of(draft):
    return draft.announcement.laureates.get(position=1)


def save(draft, by, **values):
    return releases.save_laureate(
        draft, by=by, version=draft.version, public_id=first_of(draft).public_id, values=values
    )


def entry(draft, position=1):
    draft.refresh_from_db()
    entries = content.of_draft(draft)["laureates"]
    return next(row for row in entries if row["position"] == position)


def live():
    return [list(model.objects.order_by("pk").values()) for model in (Announcement, Laureate)]


def test_a_draft_begins_as_what_is_public_and_shows_nowhere():
    by = publisher()
    announcement = published(by=by)
    key, before = freshness.current().key, live()
    draft = releases.start_draft(announcement, by=by)
    assert content.of_draft(draft) == content.read(announcement)
    assert draft.base_sha256 == content.digest(content.read(announcement))
    draft = save(draft, by, title="Un titre corrigé", amount=Decimal("1200000"))
    releases.save_announcement(
        draft, by=by, version=draft.version, values={"public_text": "Texte corrigé."}
    )
    assert live() == before
    assert freshness.current().key == key
    assert "déjà en préparation" in releases.start_draft_refusal(announcement, by)


def test_published_at_once_it_is_version_two():
    by = publisher()
    draft = drafted(by)
    announcement, key = draft.announcement, freshness.current().key
    release = releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)
    assert (release.number, release.kind, release.changelog) == (2, "correction", WORDS)
    assert Release.objects.published().count() == 2
    laureate = announcement.laureates.get(position=1)
    assert laureate.amount == 1_200_000
    assert content.parse(release.content) == content.read(announcement)
    assert freshness.current().key != key
    assert not ReleaseDraft.objects.exists()
    first = Release.objects.get(number=1)
    assert content.parse(first.content)["laureates"][0]["amount"] is None
    assert {file.name for file in first.files.all()}.isdisjoint(
        file.name for file in release.files.all()
    )
    # The history says who changed what, and why.
    event = Event.objects.get(action="publish_release", object_type="laureates.laureate")
    assert event.actor == by
    assert event.object_pk == str(laureate.pk)
    assert history.verify().holds


def test_a_rename_keeps_the_former_title_and_makes_a_new_address():
    by = publisher()
    draft = releases.start_draft(published(by=by), by=by)
    public = first_of(draft)
    draft = save(draft, by, title="L'eau  claire")
    assert entry(draft)["title"] == "L’eau claire"
    assert entry(draft)["slug"] == "l-eau-claire"
    assert entry(draft)["former_titles"] == [public.title]
    # Another title before publication: the one nobody saw is not a former title.
    draft = save(draft, by, title="L’eau vive")
    assert entry(draft)["former_titles"] == [public.title]
    releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)
    renamed = Laureate.objects.get(pk=public.pk)
    assert (renamed.slug, renamed.former_titles) == ("l-eau-vive", public.title)
    # Back to a former title: it is the title, and no longer a former one.
    draft = releases.start_draft(draft.announcement, by=by)
    draft = save(draft, by, title=public.title)
    assert entry(draft)["former_titles"] == ["L’eau vive"]


def test_a_title_given_back_leaves_no_trace():
    by = publisher()
    draft = releases.start_draft(published(by=by), by=by)
    public = first_of(draft)
    draft = save(draft, by, title="Autre")
    draft = save(draft, by, title=public.title)
    assert entry(draft)["former_titles"] == []
    assert entry(draft)["slug"] == public.slug
    with pytest.raises(Refusal, match="ne change rien"):
        releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)


def test_carriers_themes_and_territories_are_written_in_the_draft_then_on_the_rows():
    by = publisher()
    draft = releases.start_draft(published(by=by), by=by)
    new, theme = OrganisationFactory(slug="agence"), ThemeFactory(slug="sante")
    kept = first_of(draft).carriers.get()
    carriers = [
        {"organisation": "agence", "announced_name": "L'Agence", "role": "chef-de-file"},
        {"organisation": kept.organisation.slug, "announced_name": "Le même", "role": None},
    ]
    draft = save(draft, by, carriers=carriers, themes=["sante"], territories=[])
    assert [row["position"] for row in entry(draft)["carriers"]] == [1, 2]
    assert Carrier.objects.filter(laureate=first_of(draft)).count() == 1
    releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)
    laureate = first_of(draft)
    rows = laureate.carriers.order_by("position").values_list(
        "organisation", "announced_name", "role"
    )
    assert list(rows) == [
        (new.pk, "L’Agence", "chef-de-file"),
        (kept.organisation_id, "Le même", None),
    ]
    assert laureate.carriers.get(position=2).pk == kept.pk
    assert list(laureate.themes.all()) == [theme]
    assert not laureate.territories.exists()


def test_a_laureate_is_added_last_then_removed_or_published():
    by = publisher()
    draft = releases.start_draft(published(by=by), by=by)
    public_id = releases.add_laureate(
        draft, by=by, version=draft.version, values={"title": "Oublié", "amount": "5000.5"}
    )
    assert entry(draft, 3)["public_id"] == public_id
    assert (entry(draft, 3)["amount"], entry(draft, 3)["slug"]) == ("5000.50", "oublie")
    draft = releases.remove_laureate(draft, by=by, version=draft.version, public_id=public_id)
    assert len(content.of_draft(draft)["laureates"]) == 2
    public_id = releases.add_laureate(
        draft, by=by, version=draft.version, values={"title": "Oublié"}, public_id="choisi42"
    )
    draft.refresh_from_db()
    releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)
    added = Laureate.objects.published().get(public_id="choisi42")
    assert (added.position, added.title) == (3, "Oublié")
    again = releases.start_draft(draft.announcement, by=by)
    with pytest.raises(Refusal, match="déjà pris"):
        releases.add_laureate(
            again, by=by, version=again.version, values={"title": "X"}, public_id="choisi42"
        )


def test_a_public_laureate_is_not_removed_but_withdrawn():
    by = publisher()
    draft = drafted(by)
    with pytest.raises(Refusal, match="il se retire"):
        releases.remove_laureate(
            draft, by=by, version=draft.version, public_id=first_of(draft).public_id
        )


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "…"}, "title"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "beaucoup"}, "amount"),
        ({"summary": "x" * 401}, "summary"),
        ({"funder_siret": "123"}, "funder_siret"),
        ({"source_url": "javascript:alert(1)"}, "source_url"),
        ({"agreement_signed_on": "hier"}, "agreement_signed_on"),
        ({"project_state": "inconnu"}, "project_state"),
        ({"themes": ["inconnu"]}, "themes"),
        ({"territories": [("region", "99")]}, "territories"),
        ({"carriers": [{"organisation": "rien", "announced_name": "X"}]}, "carriers"),
    ],
)
def test_what_cannot_be_published_is_refused_beside_its_field(values, field):
    by = publisher()
    draft = releases.start_draft(published(by=by), by=by)
    before = draft.content
    with pytest.raises(Refusal) as refusal:
        save(draft, by, **values)
    assert set(refusal.value.message_dict) == {field}
    draft.refresh_from_db()
    assert (draft.content, draft.version) == (before, 1)


@pytest.mark.parametrize(
    ("carriers", "sentence"),
    [
        ([("a", "A", None), ("a", "B", None)], "porteur deux fois"),
        ([("a", "A", "chef-de-file"), ("b", "B", "chef-de-file")], "n’a qu’un chef de file"),
        ([("a", "", None)], "Nom tel qu’annoncé"),
        ([("a", "A", "patron")], "pas un choix valide"),
    ],
)
def test_wrong_carriers_are_refused(carriers, sentence):
    by = publisher()
    draft = releases.start_draft(published(by=by), by=by)
    OrganisationFactory(slug="a")
    OrganisationFactory(slug="b")
    names = ("organisation", "announced_name", "role")
    with pytest.raises(Refusal, match=sentence):
        save(draft, by, carriers=[dict(zip(names, row, strict=True)) for row in carriers])


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": ""}, "title"),
        ({"call_year": 1999}, "call_year"),
        ({"source_on": "x"}, "source_on"),
    ],
)
def test_a_wrong_field_of_the_announcement_is_refused_beside_it(values, field):
    by = publisher()
    draft = releases.start_draft(published(by=by), by=by)
    with pytest.raises(Refusal) as refusal:
        releases.save_announcement(draft, by=by, version=draft.version, values=values)
    assert set(refusal.value.message_dict) == {field}


def test_the_address_of_an_announcement_is_not_a_field_of_the_draft():
    by = publisher()
    draft = releases.start_draft(published(by=by), by=by)
    with pytest.raises(ValueError, match="slug"):
        releases.save_announcement(draft, by=by, version=draft.version, values={"slug": "x"})
    with pytest.raises(ValueError, match="position"):
        save(draft, by, position=9)


def test_a_stale_save_is_refused_with_both_values():
    by, other = publisher(), publisher(first_name="Bo", last_name="Autre")
    draft = releases.start_draft(published(by=by), by=by)
    opened = draft.version
    save(draft, other, title="Un titre", amount="2000")
    public_id = first_of(draft).public_id
    with pytest.raises(Stale) as stale:
        releases.save_laureate(
            draft,
            by=by,
            version=opened,
            public_id=public_id,
            values={"title": "Autre titre", "amount": "2000", "summary": ""},
        )
    assert "par Bo Autre" in stale.value.messages[0]
    assert stale.value.stored == {"Titre": "Un titre"}
    assert stale.value.typed == {"Titre": "Autre titre"}
    for gate in (
        lambda: releases.save_announcement(draft, by=by, version=opened, values={"title": "X"}),
        lambda: releases.add_laureate(draft, by=by, version=opened, values={"title": "X"}),
        lambda: releases.save_changelog(draft, by=by, version=opened, changelog="X"),
        lambda: releases.publish_draft(draft, by=by, version=opened, changelog="X"),
    ):
        with pytest.raises(Stale):
            gate()
    assert entry(draft)["title"] == "Un titre"
    assert Release.objects.count() == 1


def test_a_save_that_changes_nothing_counts_no_version():
    by = publisher()
    draft = drafted(by)
    version, events = draft.version, Event.objects.count()
    assert save(draft, by, amount="1200000.00").version == version
    assert Event.objects.count() == events


def test_the_words_of_the_version_are_kept_and_due():
    by = publisher()
    draft = drafted(by)
    draft = releases.save_changelog(draft, by=by, version=draft.version, changelog=f" {WORDS}\r\n")
    assert draft.changelog == WORDS
    with pytest.raises(Refusal) as refusal:
        releases.publish_draft(draft, by=by, version=draft.version, changelog=" ")
    assert set(refusal.value.message_dict) == {"changelog"}


def test_an_abandoned_draft_changes_nothing_public():
    by = publisher()
    draft = drafted(by)
    key, before = freshness.current().key, live()
    releases.abandon_draft(draft, by=by)
    assert live() == before
    assert freshness.current().key == key
    for gate in (
        lambda: releases.abandon_draft(draft, by=by),
        lambda: save(draft, by, title="X"),
        lambda: releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS),
    ):
        with pytest.raises(Refusal, match="n’existe plus"):
            gate()


def test_a_draft_of_something_else_than_what_is_public_is_not_published():
    by = publisher()
    draft = drafted(by)
    row = draft.announcement.laureates.get(position=2)
    row.summary = "Changé autrement."
    row.save()
    assert "a changé depuis" in releases.publish_draft_refusal(draft.announcement, by)
    with pytest.raises(Refusal, match="a changé depuis"):
        releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)
    assert Release.objects.count() == 1


def test_a_reference_that_is_gone_is_named():
    by = publisher()
    draft = releases.start_draft(published(by=by), by=by)
    theme = ThemeFactory(slug="ephemere")
    draft = save(draft, by, themes=["ephemere"])
    theme.delete()
    with pytest.raises(Refusal, match="ephemere"):
        releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)


def test_what_was_public_without_version_gets_its_first_when_it_changes():
    by, laureate = publisher(), LaureateFactory(position=1)
    announcement = laureate.announcement
    draft = releases.start_draft(announcement, by=by)
    first = Release.objects.get()
    assert (first.number, first.published_at) == (1, announcement.published_at)
    draft = save(draft, by, title="Corrigé")
    assert releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS).number == 2


STEPS = [
    (content, "apply", 1),
    (releases.freezing.checking, "save", 1),
    (releases.freezing, "_freeze_content", 1),
    (releases.freezing, "_freeze_files", 1),
    (history.chain, "append", 1),
]


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_correction_that_dies_leaves_nothing(step):
    by = publisher()
    draft = drafted(by)
    before, events = live(), Event.objects.count()
    with crashing_after(*step), pytest.raises(Crash):
        releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)
    assert live() == before
    assert Event.objects.count() == events
    assert Release.objects.count() == 1
    draft.refresh_from_db()
    releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)
    assert history.verify().holds


# Withdrawals -----------------------------------------------------------------


def test_a_withdrawn_laureate_leaves_only_its_rank_and_reason():
    by = publisher()
    announcement = published(3, by=by)
    laureate = announcement.laureates.get(position=2)
    release = releases.withdraw_laureate(laureate, by=by, reason=f" {REASON} ")
    assert (release.number, release.kind) == (2, "withdrawal")
    assert release.changelog.replace("\u00a0", " ") == (
        f"Le projet nᵒ 2 a été retiré. Motif : {REASON}"
    )
    assert laureate.title not in release.content
    assert laureate.title not in release.changelog
    laureate.refresh_from_db()
    assert (laureate.withdrawal_reason, laureate.withdrawn_at) == (REASON, release.published_at)
    assert list(Laureate.objects.withdrawn()) == [laureate]
    assert not release.files.filter(public_id=laureate.public_id).exists()
    first = Release.objects.get(number=1)
    assert first.withheld_at is None
    assert laureate.title in first.content
    event = Event.objects.get(action="withdraw_laureate", object_type="laureates.laureate")
    assert event.actor == by
    with pytest.raises(Refusal, match="déjà été retiré"):
        releases.withdraw_laureate(laureate, by=by, reason=REASON)


def test_files_of_earlier_versions_are_withheld_on_demand():
    by = publisher()
    announcement = published(2, by=by)
    laureate = announcement.laureates.get(position=1)
    last = releases.withdraw_laureate(laureate, by=by, reason=REASON, withhold_files=True)
    first = Release.objects.get(number=1)
    assert (first.withheld_reason, first.withheld_at) == (REASON, last.published_at)
    assert last.withheld_at is None
    assert first.files.exists()  # kept, and no longer served


def test_a_draft_survives_a_withdrawal_without_the_laureate():
    by = publisher()
    draft = drafted(by, 3)
    laureate = draft.announcement.laureates.get(position=2)
    version = draft.version
    releases.withdraw_laureate(laureate, by=by, reason=REASON)
    assert entry(draft, 2)["withdrawal_reason"] == REASON
    assert laureate.title not in draft.content
    assert draft.version == version + 1
    with pytest.raises(Refusal, match="a été retiré"):
        releases.save_laureate(
            draft,
            by=by,
            version=draft.version,
            public_id=laureate.public_id,
            values={"title": "Revenu"},
        )
    release = releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)
    assert release.number == 3
    assert first_of(draft).amount == 1_200_000
    laureate.refresh_from_db()
    assert laureate.withdrawn_at is not None


def test_withdrawing_an_announcement_drops_its_draft():
    by = publisher()
    draft = drafted(by)
    announcement = releases.withdraw_announcement(draft.announcement, by=by, reason=REASON)
    assert not ReleaseDraft.objects.exists()
    assert not Announcement.objects.published().exists()
    assert not Release.objects.published().exists()
    assert list(Announcement.objects.withdrawn()) == [announcement]
    assert Laureate.objects.withdrawn().count() == 2


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_withdrawal_has_a_public_reason(reason):
    by = publisher()
    announcement = published(by=by)
    for gate, target in (
        (releases.withdraw_announcement, announcement),
        (releases.withdraw_laureate, announcement.laureates.first()),
    ):
        with pytest.raises(Refusal) as refusal:
            gate(target, by=by, reason=reason)
        assert set(refusal.value.message_dict) == {"reason"}
    assert Release.objects.count() == 1


@pytest.mark.parametrize("step", STEPS[1:], ids=str)
def test_a_withdrawal_that_dies_leaves_nothing(step):
    by = publisher()
    announcement = drafted(by).announcement
    before = live(), list(Release.objects.values()), list(ReleaseDraft.objects.values())
    laureate = announcement.laureates.first()
    with crashing_after(*step), pytest.raises(Crash):
        releases.withdraw_laureate(laureate, by=by, reason=REASON, withhold_files=True)
    after = live(), list(Release.objects.values()), list(ReleaseDraft.objects.values())
    assert after == before
    with (
        mock.patch.object(releases.drafts, "drop", side_effect=Crash),
        pytest.raises(Crash),
    ):
        releases.withdraw_announcement(announcement, by=by, reason=REASON)
    assert live() == before[0]


# Groups ----------------------------------------------------------------------


def test_groups_are_corrected_in_a_draft():
    by = publisher()
    draft = drafted(by)
    releases.save_announcement(
        draft,
        by=by,
        version=draft.version,
        values={"laureate_groups": [{"name": "Tiers-lieux", "amount": Decimal(1500000)}]},
    )
    draft.refresh_from_db()
    save(draft, by, group=1, has_own_title=False)
    assert (entry(draft)["group"], entry(draft)["has_own_title"]) == (1, False)
    assert not draft.announcement.groups.exists()
    releases.publish_draft(draft, by=by, version=draft.version, changelog=WORDS)
    laureate = draft.announcement.laureates.get(position=1)
    assert (laureate.group.name, laureate.group.amount) == ("Tiers-lieux", 1500000)
    assert not laureate.has_own_title


def test_a_group_that_is_used_or_wrong_is_refused():
    by = publisher()
    draft = drafted(by)

    def groups(*rows):
        draft.refresh_from_db()
        releases.save_announcement(
            draft, by=by, version=draft.version, values={"laureate_groups": rows}
        )

    with pytest.raises(Refusal, match="Ce groupe n’existe plus"):
        save(draft, by, group=1)
    groups({"name": "Un", "amount": None}, {"name": "Deux", "amount": None})
    draft.refresh_from_db()
    save(draft, by, group=2)
    with pytest.raises(Refusal, match="changez d’abord son groupe"):
        groups({"name": "Un", "amount": None})
    with pytest.raises(Refusal, match="Le montant du groupe est supérieur à 0"):
        groups({"name": "Un", "amount": None}, {"name": "Deux", "amount": Decimal(0)})
    draft.refresh_from_db()
    save(draft, by, group=None)
    groups()
    draft.refresh_from_db()
    assert "groups" not in content.of_draft(draft)
    assert "group" not in entry(draft)
