"""The first publication: its minute, its right, its state, what it freezes, all or nothing."""

import datetime
import hashlib
import json
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls import history
from calls.models import Event
from ftap.refusals import Refusal
from laureates import releases
from laureates.models import (
    Announcement,
    Laureate,
    Release,
    ReleaseDraft,
    ReleaseFile,
)
from tests.factories import (
    AnnouncementFactory,
    CommitteeFactory,
    LaureateFactory,
    PublicationFactory,
    RecusalFactory,
    ReleaseFactory,
    SelectionFactory,
    UserFactory,
)
from tests.laureates.published import (
    REASON,
    WORDS,
    drafted,
    fake_files,
    in_an_hour,
    prepared,
    publisher,
)

PARIS = ZoneInfo("Europe/Paris")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def light_files(request, monkeypatch):
    """Setting PDF documents takes a second: tests that read them ask for `real_files`."""
    if "real_files" not in request.fixturenames:
        monkeypatch.setattr(releases.freezing.files, "build", fake_files)


@pytest.fixture
def real_files():
    """The files as they are made."""


def says(refusal) -> str:
    return " ".join(refusal.value.messages).replace("\u00a0", " ").replace("\u202f", " ")


# Minutes ---------------------------------------------------------------------


def test_a_scheduled_announcement_is_public_from_its_minute_on():
    announcement, at = prepared(), in_an_hour()
    release = releases.schedule(announcement, by=publisher(), at=at)
    assert (release.number, release.kind, release.published_at) == (1, "first", at)
    assert release.changelog == "Première publication."
    with time_machine.travel(at - datetime.timedelta(seconds=1), tick=False):
        assert not Announcement.objects.published().exists()
        assert not Laureate.objects.published().exists()
        assert not Release.objects.published().exists()
    with time_machine.travel(at, tick=False):
        assert Announcement.objects.published().get() == announcement
        assert Laureate.objects.published().count() == 2
        assert Release.objects.published().get() == release


@pytest.mark.parametrize(
    ("wall", "utc"),
    [
        # The day before, the minute before and the minute after each change of the clocks.
        ("2027-03-27T10:00", "2027-03-27T09:00"),
        ("2027-03-28T01:59", "2027-03-28T00:59"),
        ("2027-03-28T03:00", "2027-03-28T01:00"),
        ("2027-10-31T01:59", "2027-10-30T23:59"),
        ("2027-10-31T03:00", "2027-10-31T02:00"),
        ("2027-10-31T10:00", "2027-10-31T09:00"),
    ],
)
def test_a_minute_is_that_of_the_clocks_in_paris(wall, utc):
    moment = datetime.datetime.fromisoformat(wall)
    expected = datetime.datetime.fromisoformat(utc).replace(tzinfo=datetime.UTC)
    assert releases.paris(moment) == expected
    announcement = prepared()
    with time_machine.travel(datetime.datetime(2027, 1, 5, tzinfo=datetime.UTC)):
        releases.schedule(announcement, by=publisher(), at=moment)
    announcement.refresh_from_db()
    assert announcement.published_at == expected


@pytest.mark.parametrize(
    ("wall", "sentence"),
    [
        ("2027-03-28T02:30", "Le 28 mars 2027, 2 h 30 n’existe pas à Paris"),
        ("2027-03-28T02:00", "2 h 00 n’existe pas"),
        ("2027-10-31T02:30", "Le 31 octobre 2027, 2 h 30 existe deux fois à Paris"),
        ("2027-10-31T02:00", "existe deux fois"),
    ],
)
def test_a_minute_that_clocks_skip_or_repeat_is_refused(wall, sentence):
    announcement = prepared()
    with (
        time_machine.travel(datetime.datetime(2027, 1, 5, tzinfo=datetime.UTC)),
        pytest.raises(Refusal) as refusal,
    ):
        releases.schedule(announcement, by=publisher(), at=datetime.datetime.fromisoformat(wall))
    assert sentence in says(refusal)
    announcement.refresh_from_db()
    assert announcement.published_at is None


@pytest.mark.parametrize(("fold", "hour"), [(0, 0), (1, 1)])
def test_a_repeated_minute_may_be_chosen_explicitly(fold, hour):
    wall = datetime.datetime(2027, 10, 31, 2, 30)
    chosen = releases.paris(wall, fold=fold)
    assert chosen == datetime.datetime(2027, 10, 31, hour, 30, tzinfo=datetime.UTC)
    announcement = prepared()
    with time_machine.travel(datetime.datetime(2027, 1, 5, tzinfo=datetime.UTC)):
        releases.schedule(announcement, by=publisher(), at=chosen)
    announcement.refresh_from_db()
    assert announcement.published_at == chosen


def test_an_aware_minute_that_its_own_zone_skips_is_refused():
    skipped = datetime.datetime(2027, 3, 28, 2, 30, tzinfo=PARIS)
    with (
        time_machine.travel(datetime.datetime(2027, 1, 5, tzinfo=datetime.UTC)),
        pytest.raises(Refusal, match="n’existe pas"),
    ):
        releases.schedule(prepared(), by=publisher(), at=skipped)


def test_a_minute_that_is_past_or_has_seconds_is_refused():
    announcement, by, now = prepared(), publisher(), timezone.now()
    with pytest.raises(Refusal) as refusal:
        releases.schedule(announcement, by=by, at=now.replace(second=0, microsecond=0))
    assert "Cette minute est passée" in says(refusal)
    with pytest.raises(Refusal, match="à la minute"):
        releases.schedule(announcement, by=by, at=in_an_hour() + datetime.timedelta(seconds=1))


# Freezing --------------------------------------------------------------------


def test_a_publication_freezes_content_and_files(real_files):
    by, announcement = publisher(), prepared(3)
    Announcement.objects.filter(pk=announcement.pk).update(staff_note="canari privé")
    release = releases.publish(announcement, by=by)
    announcement.refresh_from_db()
    assert release.published_at == announcement.published_at
    assert release.created_by == by
    assert release.content_sha256 == hashlib.sha256(release.content.encode()).hexdigest()
    assert json.loads(release.content)["announcement"]["slug"] == announcement.slug
    files = list(release.files.all())
    stem = f"{announcement.slug}-v1"
    assert [file.name for file in files[:6]] == [
        f"annonce-{stem}.pdf",
        f"laureats-{stem}.csv",
        f"laureats-{stem}.json",
        f"laureats-{stem}.xlsx",
        f"laureats-{stem}.ods",
        f"contenu-{stem}.json",
    ]
    assert [file.public_id for file in files[6:]] == list(
        announcement.laureates.order_by("position").values_list("public_id", flat=True)
    )
    for file in files:
        assert (file.size, file.sha256) == (
            len(file.content),
            hashlib.sha256(file.content).hexdigest(),
        )
        assert b"canari" not in file.content
    assert files[0].content.startswith(b"%PDF-")
    assert files[5].sha256 == release.content_sha256
    rows = bytes(files[1].content).decode("utf-8-sig").splitlines()
    assert len(rows) == 4


def test_the_same_rows_and_the_same_version_make_the_same_files(real_files):
    announcement = prepared()
    release = releases.schedule(announcement, by=publisher(), at=in_an_hour())
    announcement.refresh_from_db()
    once, twice = (releases.freezing.files.build(announcement, release) for _ in range(2))
    assert [file[5] for file in once] == [file[5] for file in twice]
    assert [file[5] for file in once] == [bytes(file.content) for file in release.files.all()]


def test_a_frozen_version_cannot_be_changed():
    release = releases.publish(prepared(), by=publisher())
    file = release.files.first()
    for values in ({"content": b"autre"}, {"name": "autre.csv"}, {"sha256": "0" * 64}):
        with pytest.raises(DatabaseError, match="figée"), transaction.atomic():
            ReleaseFile.objects.filter(pk=file.pk).update(**values)
    for values in ({"content": "{}"}, {"content_sha256": "0" * 64}, {"number": 7}):
        with pytest.raises(DatabaseError, match="figée"), transaction.atomic():
            Release.objects.filter(pk=release.pk).update(**values)
    file.save()  # as it is: nothing changes
    release.save()


# Rights ----------------------------------------------------------------------


def gates(announcement, by):
    """Every gate that a draft, or a public announcement with a draft, knows."""
    draft = ReleaseDraft.objects.filter(announcement=announcement).first()
    laureate = announcement.laureates.order_by("position").first()
    if draft is None:
        return {
            "schedule": lambda: releases.schedule(announcement, by=by, at=in_an_hour()),
            "publish": lambda: releases.publish(announcement, by=by),
            "unschedule": lambda: releases.unschedule(announcement, by=by, reason=REASON),
            "start_draft": lambda: releases.start_draft(announcement, by=by),
        }
    version = draft.version
    values = {"title": "Autre titre"}
    return {
        "save_announcement": lambda: releases.save_announcement(
            draft, by=by, version=version, values=values
        ),
        "save_laureate": lambda: releases.save_laureate(
            draft, by=by, version=version, public_id=laureate.public_id, values=values
        ),
        "add_laureate": lambda: releases.add_laureate(draft, by=by, version=version, values=values),
        "remove_laureate": lambda: releases.remove_laureate(
            draft, by=by, version=version, public_id=laureate.public_id
        ),
        "save_changelog": lambda: releases.save_changelog(
            draft, by=by, version=version, changelog=WORDS
        ),
        "publish_draft": lambda: releases.publish_draft(
            draft, by=by, version=version, changelog=WORDS
        ),
        "abandon_draft": lambda: releases.abandon_draft(draft, by=by),
        "withdraw_laureate": lambda: releases.withdraw_laureate(laureate, by=by, reason=REASON),
        "withdraw_announcement": lambda: releases.withdraw_announcement(
            announcement, by=by, reason=REASON
        ),
    }


def twins(announcement, by):
    laureate = announcement.laureates.order_by("position").first()
    return [
        releases.schedule_refusal(announcement, by),
        releases.publish_refusal(announcement, by),
        releases.unschedule_refusal(announcement, by),
        releases.start_draft_refusal(announcement, by),
        releases.publish_draft_refusal(announcement, by),
        releases.abandon_draft_refusal(announcement, by),
        releases.add_laureate_refusal(announcement, by),
        releases.withdraw_laureate_refusal(laureate, by),
        releases.withdraw_announcement_refusal(announcement, by),
    ]


def rows():
    return [
        list(model.objects.order_by("pk").values())
        for model in (Announcement, Laureate, Release, ReleaseDraft)
    ]


@pytest.mark.parametrize("role", ["Lecture", "Instruction", "Avis", "Secrétariat", "Décision"])
def test_only_publishers_go_through_the_gates(role):
    stranger = UserFactory(role=role)
    draft = drafted(publisher())
    for announcement in (prepared(), draft.announcement):
        before = rows()
        for name, gate in gates(announcement, stranger).items():
            with pytest.raises(PermissionDenied):
                pytest.fail(f"{name}: {gate()}")
        assert rows() == before
        assert all("Seul le rôle Publication" in said for said in twins(announcement, stranger))


@pytest.mark.parametrize("traits", [{"role": "Publication"}, {"superuser": True}])
def test_whoever_is_recused_from_a_dossier_of_the_sitting_prepares_nothing_of_it(traits):
    recused = UserFactory(**traits)
    committee = CommitteeFactory()
    decision = SelectionFactory(committee=committee)
    by = publisher()
    draft = drafted(by)
    for announcement in (prepared(), draft.announcement):
        PublicationFactory(announcement=announcement, committees=[committee])
        assert gates(announcement, recused)
    RecusalFactory(application=decision.application, user=recused)
    for announcement in Announcement.objects.all():
        before = rows()
        for name, gate in gates(announcement, recused).items():
            with pytest.raises(PermissionDenied):
                pytest.fail(f"{name}: {gate()}")
        assert rows() == before
        assert all(twins(announcement, recused))


def test_what_the_private_house_refuses_is_not_published(settings):
    settings.ANNOUNCEMENT_REFUSALS = "tests.laureates.test_releases.refuse"
    announcement, by = prepared(), publisher()
    for gate in (
        lambda: releases.publish(announcement, by=by),
        lambda: releases.schedule(announcement, by=by, at=in_an_hour()),
    ):
        with pytest.raises(Refusal) as refusal:
            gate()
        assert refusal.value.messages == [f"Refus de {announcement.slug}."]
    assert releases.publish_refusal(announcement, by) == f"Refus de {announcement.slug}."
    assert not Release.objects.exists()


def refuse(announcement):
    return [f"Refus de {announcement.slug}."]


def test_an_announcement_without_laureate_is_not_published():
    announcement = AnnouncementFactory(draft=True)
    LaureateFactory(announcement=announcement, withdrawn=True)
    with pytest.raises(Refusal, match="aucun lauréat"):
        releases.publish(announcement, by=publisher())


# States ----------------------------------------------------------------------


def in_state(state, by):
    announcement = prepared()
    if state == "scheduled":
        releases.schedule(announcement, by=by, at=in_an_hour())
    elif state != "draft":
        releases.publish(announcement, by=by)
    if state == "drafted":
        releases.start_draft(announcement, by=by)
    if state == "withdrawn":
        releases.withdraw_announcement(announcement, by=by, reason=REASON)
    return Announcement.objects.get(pk=announcement.pk)


ALLOWED = {
    "draft": {"schedule", "publish"},
    "scheduled": {"unschedule"},
    "public": {"start_draft", "withdraw_laureate", "withdraw_announcement"},
    "drafted": {"abandon_draft", "withdraw_laureate", "withdraw_announcement"},
    "withdrawn": set(),
}
ACTS = {
    "schedule": lambda row, by: releases.schedule(row, by=by, at=in_an_hour()),
    "publish": lambda row, by: releases.publish(row, by=by),
    "unschedule": lambda row, by: releases.unschedule(row, by=by, reason=REASON),
    "start_draft": lambda row, by: releases.start_draft(row, by=by),
    "abandon_draft": lambda row, by: releases.abandon_draft(
        ReleaseDraft.objects.filter(announcement=row).first() or ReleaseDraft(announcement=row),
        by=by,
    ),
    "withdraw_laureate": lambda row, by: releases.withdraw_laureate(
        row.laureates.first(), by=by, reason=REASON
    ),
    "withdraw_announcement": lambda row, by: releases.withdraw_announcement(
        row, by=by, reason=REASON
    ),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", ALLOWED)
def test_each_act_starts_from_its_states_and_its_twin_says_so(state, act):
    by = publisher()
    announcement = in_state(state, by)
    target = announcement
    if act == "withdraw_laureate":
        target = announcement.laureates.first()
    said = getattr(releases, f"{act}_refusal")(target, by)
    if act in ALLOWED[state]:
        assert said == ""
        ACTS[act](announcement, by)
        event = Event.objects.filter(action=act).latest("pk")
        assert event.actor == by
        assert history.verify().holds
        return
    assert said
    before = rows()
    with pytest.raises(Refusal):
        ACTS[act](announcement, by)
    assert rows() == before


def test_unscheduling_needs_a_reason_and_leaves_a_draft():
    by = publisher()
    announcement = in_state("scheduled", by)
    with pytest.raises(Refusal) as refusal:
        releases.unschedule(announcement, by=by, reason="  ")
    assert set(refusal.value.message_dict) == {"reason"}
    releases.unschedule(announcement, by=by, reason=REASON)
    announcement.refresh_from_db()
    assert announcement.published_at is None
    assert not Release.objects.exists()
    assert not ReleaseFile.objects.exists()
    assert not releases.is_locked(announcement)
    releases.schedule(announcement, by=by, at=in_an_hour())
    assert Release.objects.get().number == 1


def test_at_its_minute_it_is_too_late_to_unschedule():
    by = publisher()
    announcement = in_state("scheduled", by)
    with time_machine.travel(announcement.published_at, tick=False):
        assert "déjà publique" in releases.unschedule_refusal(announcement, by)
        with pytest.raises(Refusal, match="déjà publique"):
            releases.unschedule(announcement, by=by, reason=REASON)
    assert Release.objects.exists()


@pytest.mark.parametrize("state", ALLOWED)
def test_rows_are_edited_in_place_in_a_draft_only(state):
    announcement = in_state(state, publisher())
    assert releases.is_locked(announcement) == (state != "draft")
    with transaction.atomic():
        if state == "draft":
            assert releases.hold_editable(announcement) == announcement
        else:
            with pytest.raises(Refusal):
                releases.hold_editable(announcement)


# All or nothing --------------------------------------------------------------


class Crash(Exception):
    """The process dies."""


def crashing_after(module, name, rank=1):
    """A patch of `module.name` that works `rank` - 1 times, then works and dies."""
    real, calls = getattr(module, name), []

    def wrapped(*args, **kwargs):
        value = real(*args, **kwargs)
        calls.append(name)
        if len(calls) == rank:
            raise Crash(name)
        return value

    return mock.patch.object(module, name, wrapped)


STEPS = [
    (releases.freezing.checking, "save", 1),
    (releases.freezing.checking, "save", 2),
    (releases.freezing, "_freeze_content", 1),
    (releases.freezing, "_freeze_files", 1),
    (history.chain, "append", 1),
]


@pytest.mark.parametrize("act", ["schedule", "publish"])
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_publication_that_dies_leaves_nothing(act, step):
    announcement, by = prepared(), publisher()
    before = rows(), Event.objects.count()
    with crashing_after(*step), pytest.raises(Crash):
        ACTS[act](announcement, by)
    assert (rows(), Event.objects.count()) == before
    assert not ReleaseFile.objects.exists()
    assert history.verify().holds
    ACTS[act](announcement, by)
    assert Release.objects.count() == 1


@pytest.mark.parametrize("kind", ["begin_announcement", "begin_laureates"])
def test_the_files_that_cannot_be_made_publish_nothing(monkeypatch, kind):
    def begin(*args, **kwargs):
        def failing():
            raise releases.freezing.files.pdf.PdfError("typst")

        return failing

    monkeypatch.undo()
    monkeypatch.setattr(releases.freezing.files.paper, kind, begin)
    announcement = prepared()
    before = rows()
    with pytest.raises(Refusal, match="un document PDF ne se compose pas"):
        releases.publish(announcement, by=publisher())
    assert rows() == before


# Loads -----------------------------------------------------------------------


def test_what_was_loaded_without_version_is_frozen_once():
    public = LaureateFactory().announcement
    ReleaseFactory(announcement=LaureateFactory().announcement)
    AnnouncementFactory(draft=True)
    assert releases.freeze_missing() == 2
    release = Release.objects.get(announcement=public)
    assert (release.number, release.published_at) == (1, public.published_at)
    assert all(row.content and row.files.count() == 2 for row in Release.objects.all())
    before = rows()
    assert releases.freeze_missing() == 0
    assert rows() == before


def test_the_seed_is_version_one_and_loading_it_again_changes_nothing(settings, real_files):
    call_command("loaddata", *settings.LOCAL_FIXTURES, verbosity=0)
    release = Release.objects.get()
    assert (str(release.announcement.slug), release.number) == ("ftap-2019-session-2", 1)
    entries = json.loads(release.content)["laureates"]
    assert [entry["position"] for entry in entries] == list(range(1, 17))
    assert {entry["amount"] for entry in entries} == {None}
    # Six files of the whole, and a sheet of each project.
    assert release.files.count() == 6 + 16
    assert "La source se contredit" not in release.content  # what agents tell each other
    before = rows(), list(ReleaseFile.objects.order_by("pk").values_list("pk", "sha256"))
    call_command("loaddata", *settings.LOCAL_FIXTURES, verbosity=0)
    after = rows(), list(ReleaseFile.objects.order_by("pk").values_list("pk", "sha256"))
    for old, new in zip(before[0], after[0], strict=True):
        assert [{**row, "updated_at": None} for row in old] == [
            {**row, "updated_at": None} for row in new
        ]
    assert before[1] == after[1]


# Previews --------------------------------------------------------------------


@pytest.mark.parametrize("state", ["draft", "scheduled", "public"])
def test_a_preview_shows_what_will_be_and_leaves_nothing(state):
    by = publisher()
    announcement = in_state(state, by)
    content = releases.content.read(announcement)
    content["laureates"][0]["title"] = "Un titre corrigé"
    before, events = rows(), Event.objects.count()
    with releases.as_if_published(announcement, content=content, changelog=WORDS) as shown:
        assert Announcement.objects.published().get() == shown
        assert Laureate.objects.published().filter(title="Un titre corrigé").exists()
        last = Release.objects.published().latest("number")
        assert last.changelog == WORDS
    assert rows() == before
    assert Event.objects.count() == events
    with pytest.raises(ZeroDivisionError), releases.as_if_published(announcement):
        raise ZeroDivisionError
    assert rows() == before


def test_publishing_sixty_laureates_asks_no_more_queries_than_publishing_three():
    by, counts = publisher(), []
    for count in (3, 60):
        announcement = prepared(count)
        with CaptureQueriesContext(connection) as queries:
            releases.publish(announcement, by=by)
        counts.append(len(queries))
    assert counts[1] <= counts[0] < 110
