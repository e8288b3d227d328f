"""The last acts of the person signed in, as far as they may still see them."""

import pytest

from calls import recusals
from calls.admin import recent
from calls.history import acting
from tests.factories import ApplicationFactory, OrganisationFactory, UserFactory

pytestmark = pytest.mark.django_db


def items_of(user, rf):
    request = rf.get("/admin/")
    request.user = type(user).objects.get(pk=user.pk)
    panel = recent.panel(request)
    return [str(item["subject"]) for item in panel["context"]["items"]] if panel else None


def edit(row, user, **values):
    for name, value in values.items():
        setattr(row, name, value)
    with acting(user, "changed"):
        row.save()


def test_one_sees_one_s_own_acts_newest_first(rf):
    user, other = UserFactory(role="Secrétariat"), UserFactory(role="Secrétariat")
    assert items_of(user, rf) is None
    first, second = ApplicationFactory(), OrganisationFactory()
    edit(first, user, title="Un titre revu")
    edit(second, user, name="Un nom revu")
    found = items_of(user, rf)
    assert len(found) == 2
    assert "Un nom revu" in found[0]
    assert "Un titre revu" in found[1]
    assert items_of(other, rf) is None


def test_a_dossier_one_is_recused_from_since_is_gone_from_there_too(rf, client):
    user = UserFactory(role="Secrétariat")
    application = ApplicationFactory(title="Le dossier du déport")
    edit(application, user, summary="Revu")
    assert items_of(user, rf)
    recusals.declare(application, by=user, user=user)
    assert items_of(user, rf) is None
    client.force_login(user)
    page = client.get("/admin/").content.decode()
    assert "Le dossier du déport" not in page
    assert application.reference not in page


def test_the_list_is_short_and_costs_the_same(rf, django_assert_num_queries):
    user = UserFactory(role="Secrétariat")

    def count():
        request = rf.get("/admin/")
        request.user = type(user).objects.get(pk=user.pk)
        request.user.has_perm("calls.view_application")
        return request

    for _ in range(2):
        edit(ApplicationFactory(), user, title="Un titre")
    request = count()
    with django_assert_num_queries(2):
        assert len(recent.panel(request)["context"]["items"]) == 2
    for _ in range(10):
        edit(ApplicationFactory(), user, title="Un titre")
    request = count()
    with django_assert_num_queries(2):
        assert len(recent.panel(request)["context"]["items"]) == recent.SHOWN
