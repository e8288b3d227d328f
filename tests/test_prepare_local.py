"""`prepare_local`: what `make run` does to a database before the server starts."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from calls.permissions import ROLES
from ftap.management.commands import prepare_local
from laureates.models import Laureate, Organisation, Release, Theme
from tests.factories import LaureateFactory, OrganisationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def debug(settings):
    settings.DEBUG = True


@pytest.fixture
def run(capsys):
    def run(**options):
        call_command("prepare_local", **options)
        return capsys.readouterr().out

    return run


def test_an_empty_database_receives_data_and_accounts(run):
    output = run(port="8123")
    assert Laureate.objects.published().count() == 16
    assert Laureate.objects.first().facet_values.exists()
    user = get_user_model().objects.get(username="admin")
    assert user.is_superuser
    assert user.check_password("admin-local")
    assert "http://127.0.0.1:8123/\n" in output
    assert "http://127.0.0.1:8123/admin/\n" in output
    assert "admin-local\n" in output
    assert "chargées" in output


def test_announcements_of_before_versions_get_their_first(run, client):
    announcement = LaureateFactory().announcement
    draft = LaureateFactory(announcement__draft=True).announcement
    run()
    release = Release.objects.published().get(announcement=announcement)
    assert release.number == 1
    file = release.files.exclude(public_id="").get()
    assert client.get(file.get_absolute_url()).status_code == 200
    assert not draft.releases.exists()
    call_command("freeze_releases")
    assert release.files.exclude(public_id="").get() == file


def test_there_is_one_account_for_each_role(run, client):
    output = run()
    assert set(prepare_local.ROLES.values()) == set(ROLES)
    for username, role in prepare_local.ROLES.items():
        user = get_user_model().objects.get(username=username)
        assert [group.name for group in user.groups.all()] == [role]
        assert (user.is_staff, user.is_superuser) == (True, False)
        assert client.login(username=username, password=f"{username}-local")
        assert client.get("/admin/").status_code == 200
        (line,) = [line for line in output.splitlines() if f" {username} " in line]
        assert line.split() == [role, username, f"{username}-local"]


def test_an_account_of_a_role_is_kept_as_it_was_changed(run):
    run()
    user = get_user_model().objects.get(username="secretariat")
    user.set_password("une-autre-phrase")
    user.is_active = False
    user.save()
    user.groups.clear()
    output = run()
    user.refresh_from_db()
    assert (user.is_active, user.groups.count()) == (False, 0)
    assert user.check_password("une-autre-phrase")
    assert "secretariat-local" not in output
    assert get_user_model().objects.count() == 1 + len(ROLES)


def test_without_its_groups_nothing_is_written(run):
    Group.objects.filter(name="Avis").delete()
    with pytest.raises(CommandError, match=r"Avis.*migrate"):
        run()
    assert not get_user_model().objects.exists()
    assert not Organisation.objects.exists()


def test_a_second_run_keeps_edits_and_the_chosen_password(run):
    run()
    laureate = Laureate.objects.order_by("position").first()
    laureate.title = "Titre corrigé"
    laureate.save()
    Theme.objects.filter(slug="telemedecine").delete()
    user = get_user_model().objects.get(username="admin")
    user.set_password("une-autre-phrase")
    user.save()
    output = run()
    laureate.refresh_from_db()
    user.refresh_from_db()
    assert laureate.title == "Titre corrigé"
    assert not Theme.objects.filter(slug="telemedecine").exists()
    assert user.check_password("une-autre-phrase")
    assert get_user_model().objects.count() == 1 + len(ROLES)
    assert "admin-local" not in output
    assert "celui que vous avez choisi" in output
    assert "inchangées" in output


def test_a_database_in_use_receives_no_example(run):
    OrganisationFactory()
    run()
    assert Organisation.objects.count() == 1
    assert not Laureate.objects.exists()
    assert get_user_model().objects.filter(username="admin").exists()


def test_a_failed_load_leaves_nothing(run, settings):
    settings.LOCAL_FIXTURES = ["territories", "organisations", "absent"]
    with pytest.raises(CommandError, match="absent"):
        run()
    assert not Organisation.objects.exists()
    assert not get_user_model().objects.exists()


def test_refused_without_debug(run, settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="développement local"):
        run()
    assert not Organisation.objects.exists()
    assert not get_user_model().objects.exists()
