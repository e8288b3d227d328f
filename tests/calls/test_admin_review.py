"""Opinions on screen: the list of those asked, the form, and what others see of it."""

import datetime
import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from calls.models import Application, Event, Review
from tests import factories

pytestmark = pytest.mark.django_db

LIST = "/admin/calls/review/"
State = Application.State


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def address(review):
    return reverse("admin:calls_review_change", args=[review.pk])


def cancel_address(review):
    return reverse("admin:calls_review_cancel", args=[review.pk])


@pytest.fixture
def officer():
    return factories.UserFactory(role="Instruction")


@pytest.fixture
def application(officer):
    return factories.ApplicationFactory(
        reference="D-AVIS",
        title="Projet à juger",
        state=State.UNDER_REVIEW,
        case_officer=officer,
        asked_amount=Decimal(1234567),
        synthesis="Canarisynthese",
    )


@pytest.fixture
def criterion(application):
    return factories.CriterionFactory(
        call=application.session.call, title="Ambition", scale_max=5, weight=2
    )


@pytest.fixture
def review(application):
    return factories.ReviewFactory(application=application, institution__name="Direction visible")


@pytest.fixture
def reviewer(review):
    user = factories.UserFactory(role="Avis")
    factories.AffiliationFactory(user=user, organisation=review.institution)
    return user


def typed(review, **values):
    return {"verdict": "favourable", "comment": "", "version": review.version, **values}


# The list ------------------------------------------------------------------------


def test_a_reviewer_finds_what_they_are_asked_and_nothing_else(review, reviewer, application):
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    late = factories.ReviewFactory(institution=review.institution, due_on=yesterday)
    late.application.state = State.ADMISSIBLE
    done = factories.ReviewFactory(institution=review.institution, rendered=True)
    named = factories.ReviewFactory(reviewer=reviewer, institution=review.institution)
    # Of somebody else: another institution on the same dossier, a colleague, a cancelled one.
    others = [
        factories.ReviewFactory(application=application, institution__name="Autre institution"),
        factories.ReviewFactory(
            institution=review.institution, reviewer=factories.UserFactory(role="Avis")
        ),
        factories.ReviewFactory(
            institution=review.institution,
            cancelled_at=timezone.now(),
            cancel_reason="Erreur",
        ),
    ]
    client = signed_in(reviewer)

    response = client.get(LIST)
    page = response.content.decode()

    found = list(response.context["cl"].result_list)
    assert set(found) == {review, late, done, named}
    # What is late comes first, what is given last.
    assert (found[0], found[-1]) == (late, done)
    assert re.findall(r"ftap-badge--\w+\">([^<]+)", page) == [
        "en retard",
        "à rendre",
        "à rendre",
        "rendu",
    ]
    assert "Autre institution" not in page
    # One click from there to the form.
    assert address(review) in page
    for other in others:
        assert client.get(address(other)).status_code == 404
        assert client.post(address(other), typed(other)).status_code == 404
    for query, expected in (
        ("avancement=a-rendre", {review, late, named}),
        ("avancement=en-retard", {late}),
        ("avancement=rendus", {done}),
        ("avancement=annules", set()),
        ("q=Autre", set()),
        ("q=D-AVIS", {review}),
    ):
        assert set(client.get(f"{LIST}?{query}").context["cl"].result_list) == expected, query


def test_the_list_costs_the_same_at_one_and_three(reviewer, review, django_assert_num_queries):
    client = signed_in(reviewer)
    client.get(LIST)
    with django_assert_num_queries(7):
        client.get(LIST)
    factories.ReviewFactory.create_batch(2, institution=review.institution)
    with django_assert_num_queries(7):
        assert client.get(LIST).context["cl"].result_count == 3


@pytest.mark.parametrize(
    ("role", "count"),
    [("Lecture", 0), ("Instruction", 0), ("Secrétariat", 2), ("Décision", 2)],
)
def test_others_see_the_opinions_of_the_dossiers_they_read(role, count, review):
    factories.ReviewFactory()
    client = signed_in(factories.UserFactory(role=role))
    assert client.get(LIST).context["cl"].result_count == count
    assert client.get(address(review)).status_code == (200 if count else 404)


def test_opinions_are_filtered_by_the_institutions_that_were_asked(review):
    factories.OrganisationFactory(name="Jamais consultée")
    hidden = factories.ReviewFactory(institution__name="Institution cachée")
    secretary = factories.UserFactory(role="Secrétariat")
    factories.RecusalFactory(application=hidden.application, user=secretary)
    other = factories.ReviewFactory()
    client = signed_in(secretary)

    page = client.get(LIST).content.decode()
    assert "Direction visible" in page
    assert "Jamais consultée" not in page
    assert "Institution cachée" not in page
    for value, expected in (
        (review.institution_id, {review}),
        (hidden.institution_id, {review, other}),
        ("abc", {review, other}),
    ):
        found = client.get(f"{LIST}?institution={value}").context["cl"].result_list
        assert set(found) == expected, value


def test_a_publisher_has_no_opinions(review):
    factories.SelectionFactory(application=review.application, retained=True)
    client = signed_in(factories.UserFactory(role="Publication"))
    assert client.get(LIST).status_code == 403
    assert client.get(address(review)).status_code == 403


@pytest.mark.parametrize("superuser", [False, True])
def test_a_recused_person_has_no_opinion_to_give(superuser, review, reviewer):
    user = factories.UserFactory(superuser=True) if superuser else reviewer
    assert signed_in(user).get(address(review)).status_code == 200
    factories.RecusalFactory(application=review.application, user=user)
    client = signed_in(user)

    assert client.get(LIST).context["cl"].result_count == 0
    for path in (address(review), cancel_address(review)):
        assert client.get(path).status_code == 404
        assert client.post(path, typed(review, comment="x")).status_code == 404
    review.refresh_from_db()
    assert review.rendered_at is None


# Giving an opinion ---------------------------------------------------------------


def test_a_reviewer_gives_their_opinion_beside_the_project(review, reviewer, criterion):
    client = signed_in(reviewer)
    page = client.get(address(review)).content.decode()
    assert "1\u202f234\u202f567" in page
    assert "Canarisynthese" not in page
    assert "Annuler cette demande" not in page

    response = client.post(
        address(review),
        typed(
            review,
            verdict="reserved",
            comment="À étayer",
            confidential_comment="Entre nous",
            **{f"score_{criterion.pk}": "3,5"},
        ),
        follow=True,
    )

    assert response.redirect_chain == [(LIST, 302)]
    assert "avis enregistré, réservé" in response.content.decode()
    review.refresh_from_db()
    assert (review.verdict, review.comment) == ("reserved", "À étayer")
    assert (review.confidential_comment, review.rendered_by) == ("Entre nous", reviewer)
    assert review.scores.get().score == Decimal("3.5")


def test_a_second_click_is_told_that_it_is_done(review, reviewer):
    client = signed_in(reviewer)
    data = typed(review, comment="Bien")

    client.post(address(review), data)
    again = client.post(address(review), data, follow=True)

    assert "déjà enregistré" in again.content.decode()
    assert Event.objects.filter(action="give_opinion", object_type="calls.review").count() == 1


def test_a_stale_opinion_is_refused_with_both_values_then_saved_knowingly(
    review, reviewer, officer, criterion
):
    score = f"score_{criterion.pk}"
    signed_in(officer).post(address(review), typed(review, comment="Du collègue", **{score: "2"}))
    client = signed_in(reviewer)

    response = client.post(
        address(review),
        typed(review, verdict="unfavourable", comment="De moi", **{score: "4"}),
    )

    page = response.content.decode()
    assert response.status_code == 200
    rows = re.findall(r'<th scope="row">([^<]+)</th>\s*<td>([^<]*)</td>\s*<td>([^<]*)</td>', page)
    assert ("Sens de l’avis", "favorable", "défavorable") in rows
    assert ("Commentaire", "Du collègue", "De moi") in rows
    assert ("Note — Ambition", "2", "4") in rows
    review.refresh_from_db()
    assert review.comment == "Du collègue"
    form = response.context["form"]
    assert form["comment"].value() == "De moi"
    again = typed(review, verdict="unfavourable", comment="De moi", version=form["version"].value())
    assert client.post(address(review), again).status_code == 302
    review.refresh_from_db()
    assert (review.verdict, review.comment) == ("unfavourable", "De moi")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"verdict": ""}, "Ce champ est obligatoire"),
        ({"verdict": "forgé"}, "Sélectionnez un choix valide"),
        ({"verdict": "unfavourable"}, "défavorable est commenté"),
        ({"version": ""}, "Cette page est incomplète"),
        ({"version": "abc"}, "Cette page est incomplète"),
        ({"comment": "a" * 30_000}, "au plus"),
        ({"score": "5,5"}, "inférieure ou égale à 5"),
        ({"score": "-1"}, "supérieure ou égale à 0"),
        ({"score": "2,55"}, "après la virgule"),
        ({"score": "beaucoup"}, "Saisissez un nombre"),
        ({"score": "NaN"}, "Saisissez un nombre"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_is_kept(
    values, said, review, reviewer, criterion
):
    if "score" in values:
        values = {f"score_{criterion.pk}": values["score"]}

    response = signed_in(reviewer).post(
        address(review), typed(review, confidential_comment="Gardez-moi", **values)
    )

    assert response.status_code == 200
    assert said in response.content.decode()
    assert "Gardez-moi" in response.content.decode()
    review.refresh_from_db()
    assert review.rendered_at is None


def test_the_officer_records_an_opinion_and_comes_back_to_the_dossier(review, officer):
    response = signed_in(officer).post(address(review), typed(review))
    assert response.url == f"/admin/calls/application/{review.application_id}/change/#avis"
    assert Event.objects.filter(action="record_opinion").exists()


def test_once_the_instruction_is_closed_an_opinion_is_read(review, reviewer):
    signed_in(reviewer).post(
        address(review), typed(review, comment="Bien", confidential_comment="Entre nous")
    )
    Application.objects.update(state=State.REVIEWED, reviewed_at=timezone.now())
    client = signed_in(reviewer)

    page = client.get(address(review)).content.decode()
    response = client.post(address(review), typed(review, version=2, comment="Autre"))

    assert "Entre nous" in page
    assert 'name="verdict"' not in page
    assert "avant la clôture" in response.content.decode()
    review.refresh_from_db()
    assert review.comment == "Bien"


def test_those_who_only_read_give_nothing(review):
    reader = factories.UserFactory(role="Lecture")
    factories.SessionAccessFactory(user=reader, session=review.application.session)
    client = signed_in(reader)

    assert 'name="verdict"' not in client.get(address(review)).content.decode()
    assert client.post(address(review), typed(review)).status_code == 403
    assert client.get(cancel_address(review)).status_code == 403


def test_a_criterion_without_a_scale_is_not_scored(review, reviewer):
    criterion = factories.CriterionFactory(call=review.application.session.call)
    page = signed_in(reviewer).get(address(review)).content.decode()
    assert f"score_{criterion.pk}" not in page


# Giving up an opinion ----------------------------------------------------------------


def test_an_opinion_is_cancelled_with_a_reason_by_those_who_conduct(review, reviewer, officer):
    client = signed_in(officer)

    assert signed_in(reviewer).post(cancel_address(review), {"comment": "x"}).status_code == 403
    refused = client.post(cancel_address(review), {"comment": " "})
    done = client.post(cancel_address(review), {"comment": "Demandé deux fois"})
    again = client.post(cancel_address(review), {"comment": "Encore"})

    assert "motif" in refused.content.decode()
    assert done.status_code == 302
    assert "a été annulé" in again.content.decode()
    review.refresh_from_db()
    assert review.cancel_reason == "Demandé deux fois"
    assert signed_in(reviewer).get(address(review)).status_code == 404


def test_an_opinion_is_neither_added_nor_deleted_here(review):
    client = signed_in(factories.UserFactory(superuser=True))
    assert client.get(f"{LIST}add/").status_code == 403
    delete = reverse("admin:calls_review_delete", args=[review.pk])
    assert "s’annule, avec un motif" in client.get(delete).content.decode()
    assert client.post(delete, {"post": "yes"}).status_code == 403
    assert Review.objects.filter(pk=review.pk).exists()


@pytest.mark.parametrize("pk", ["0", "99999999999999999999", "abc"])
def test_an_absent_opinion_is_404(pk, officer):
    client = signed_in(officer)
    for tail in ("change/", "annuler/"):
        path = f"{LIST}{pk}/{tail}"
        assert client.get(path, follow=True).status_code == 404
        assert client.post(path, {"comment": "x"}, follow=True).status_code == 404
