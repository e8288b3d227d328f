"""`prepare_local`: what `make run` does to a database before the server starts."""

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from laureates.models import Laureate, Organisation, Theme
from tests.factories import OrganisationFactory

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


def test_an_empty_database_receives_data_and_an_account(run):
    output = run(port="8123")
    assert Laureate.objects.published().count() == 16
    assert Laureate.objects.first().facet_values.exists()
    user = get_user_model().objects.get()
    assert user.is_superuser
    assert user.check_password("admin-local")
    assert "http://127.0.0.1:8123/\n" in output
    assert "http://127.0.0.1:8123/admin/\n" in output
    assert "«\u00a0admin\u00a0», mot de passe «\u00a0admin-local\u00a0»" in output
    assert "chargées" in output


def test_a_second_run_keeps_edits_and_the_chosen_password(run):
    run()
    laureate = Laureate.objects.order_by("position").first()
    laureate.title = "Titre corrigé"
    laureate.save()
    Theme.objects.filter(slug="telemedecine").delete()
    user = get_user_model().objects.get()
    user.set_password("une-autre-phrase")
    user.save()
    output = run()
    laureate.refresh_from_db()
    user.refresh_from_db()
    assert laureate.title == "Titre corrigé"
    assert not Theme.objects.filter(slug="telemedecine").exists()
    assert user.check_password("une-autre-phrase")
    assert get_user_model().objects.count() == 1
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
