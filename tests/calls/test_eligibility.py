"""What each rule says of a dossier, in figures, and that what is unknown never holds."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls import eligibility
from calls.models import Application, Bearer, EligibilityRule
from laureates.models import Organisation
from tests.factories import (
    ApplicationFactory,
    BearerFactory,
    CallSessionFactory,
    EligibilityRuleFactory,
    OrganisationFactory,
)

Kind = EligibilityRule.Kind


def judged(kind, value=None, field="", carrier_kind="", bearers=(), **values):
    """The check of one rule on one dossier, whose bearers are (kind, role)."""
    rule = EligibilityRuleFactory(kind=kind, value=value, field=field, carrier_kind=carrier_kind)
    application = ApplicationFactory(session=rule.session, **values)
    for organisation_kind, role in bearers:
        BearerFactory(application=application, organisation__kind=organisation_kind, role=role)
    (check,) = eligibility.check(Application.objects.get(pk=application.pk))
    assert check.rule == rule
    return check


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "asked", "holds", "said"),
    [
        (Kind.AMOUNT_MIN, "150000", False, "Montant demandé : 150 000 € ; minimum : 200 000 €."),
        (
            Kind.AMOUNT_MIN,
            "199999.99",
            False,
            "Montant demandé : 199 999,99 € ; minimum : 200 000 €.",
        ),
        (Kind.AMOUNT_MIN, "200000", True, "Montant demandé : 200 000 € ; minimum : 200 000 €."),
        (Kind.AMOUNT_MIN, "0", False, "Montant demandé : 0 € ; minimum : 200 000 €."),
        (Kind.AMOUNT_MIN, None, None, "Montant demandé : non communiqué ; minimum : 200 000 €."),
        (Kind.AMOUNT_MAX, "200000", True, "Montant demandé : 200 000 € ; maximum : 200 000 €."),
        (
            Kind.AMOUNT_MAX,
            "200000.01",
            False,
            "Montant demandé : 200 000,01 € ; maximum : 200 000 €.",
        ),
        (Kind.AMOUNT_MAX, None, None, "Montant demandé : non communiqué ; maximum : 200 000 €."),
    ],
)
def test_bounds_of_the_amount(kind, asked, holds, said):
    check = judged(kind, 200_000, asked_amount=asked)
    assert check.holds is holds
    assert plain(check.explanation) == said


def plain(text):
    """With ordinary spaces, to read the expected sentence in the test."""
    assert " €" not in text
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "cost", "holds", "said"),
    [
        (50, 100, True, "Taux de cofinancement : 50 % (50 € sur 100 €) ; maximum : 50 %."),
        (1, 3, True, "Taux de cofinancement : 33,33 % (1 € sur 3 €) ; maximum : 50 %."),
        (
            "50.01",
            100,
            False,
            "Taux de cofinancement : 50,01 % (50,01 € sur 100 €) ; maximum : 50 %.",
        ),
        (
            500_001,
            1_000_000,
            False,
            "Taux de cofinancement : 50,01 % (500 001 € sur 1 000 000 €) ; maximum : 50 %.",
        ),
        (200, 100, False, "Taux de cofinancement : 200 % (200 € sur 100 €) ; maximum : 50 %."),
        (
            None,
            100,
            None,
            "Taux de cofinancement incalculable, non communiqué : montant demandé ; "
            "maximum : 50 %.",
        ),
        (
            None,
            None,
            None,
            "Taux de cofinancement incalculable, non communiqué : montant demandé, coût total ; "
            "maximum : 50 %.",
        ),
        (0, 0, None, "Taux de cofinancement incalculable, coût total : 0 € ; maximum : 50 %."),
    ],
)
def test_the_rate_of_financing(asked, cost, holds, said):
    check = judged(Kind.RATE_MAX, 50, asked_amount=asked, total_cost=cost)
    assert check.holds is holds
    assert plain(check.explanation) == said


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "values", "holds", "said"),
    [
        ("title", {"title": "Un titre"}, True, "Titre : information présente."),
        ("title", {"title": " "}, False, "Titre : information manquante."),
        ("summary", {"summary": "Court."}, True, "Résumé : information présente."),
        ("summary", {"summary": " \n"}, False, "Résumé : information manquante."),
        ("asked_amount", {"asked_amount": 0}, True, "Montant demandé : 0 €."),
        ("asked_amount", {}, False, "Montant demandé : information manquante."),
        ("total_cost", {"total_cost": 10}, True, "Coût total : 10 €."),
        ("total_cost", {}, False, "Coût total : information manquante."),
        ("bearers", {"bearers": [("operateur", None)]}, True, "Porteur : information présente."),
        ("bearers", {}, False, "Porteur : information manquante."),
    ],
)
def test_what_is_required(field, values, holds, said):
    check = judged(Kind.REQUIRED, field=field, **values)
    assert (check.holds, plain(check.explanation)) == (holds, said)


def test_every_field_and_kind_of_a_rule_has_its_judge():
    assert set(eligibility._JUDGES) == set(Kind)
    names = {field.name for field in Application._meta.get_fields()}
    assert set(EligibilityRule.Field.values) <= names


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("bearers", "holds", "applies"),
    [
        # The rule is for universities; the amount is too small.
        ([("universite", "chef-de-file"), ("operateur", "co-porteur")], False, True),
        ([("operateur", "co-porteur"), ("universite", "chef-de-file")], False, True),
        ([("operateur", "chef-de-file"), ("universite", "co-porteur")], True, False),
        # No lead: the first in order, who does more than support.
        ([("universite", None), ("operateur", None)], False, True),
        ([("operateur", None), ("universite", None)], True, False),
        ([("operateur", "soutien"), ("universite", None)], False, True),
        # Nobody answers for the project, or nobody knows what they are.
        ([("universite", "soutien")], None, True),
        ([("", "chef-de-file"), ("universite", None)], None, True),
        ([], None, True),
    ],
)
def test_a_rule_of_one_kind_follows_who_answers_for_the_project(bearers, holds, applies):
    check = judged(
        Kind.AMOUNT_MIN, 200_000, carrier_kind="universite", bearers=bearers, asked_amount=1
    )
    assert (check.holds, check.applies) == (holds, applies)
    if holds is None:
        assert "à apprécier" in check.explanation
    if not applies:
        assert check.explanation.startswith("Sans objet")
        assert "opérateur" in check.explanation


@pytest.mark.django_db
def test_what_fails_is_what_does_not_hold_or_cannot_be_judged():
    session = CallSessionFactory()
    for kind, value in ((Kind.AMOUNT_MIN, 1), (Kind.AMOUNT_MAX, 2), (Kind.RATE_MAX, 50)):
        EligibilityRuleFactory(session=session, kind=kind, value=value)
    EligibilityRuleFactory(session=CallSessionFactory(), value=10**9)
    application = ApplicationFactory(session=session, asked_amount=3)
    assert [check.holds for check in eligibility.check(application)] == [True, False, None]
    assert [check.rule.kind for check in eligibility.failed(application)] == [
        Kind.AMOUNT_MAX,
        Kind.RATE_MAX,
    ]
    assert eligibility.failed(ApplicationFactory()) == []


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 3])
def test_many_are_checked_in_as_many_queries_as_one(django_assert_num_queries, size):
    session = CallSessionFactory()
    EligibilityRuleFactory(session=session, carrier_kind="operateur")
    for _ in range(size):
        BearerFactory(application__session=session)
    applications = list(Application.objects.all())
    # Sessions, their rules, bearers, their organisations.
    with django_assert_num_queries(4):
        assert len(eligibility.check_many(applications)) == size


@given(
    asked=st.decimals(0, 10**10, places=2),
    cost=st.decimals(Decimal("0.01"), 10**10, places=2),
    limit=st.decimals(Decimal("0.01"), 100, places=2),
)
def test_the_rate_shown_never_contradicts_the_judgement(asked, cost, limit):
    rule = EligibilityRule(kind=Kind.RATE_MAX, value=limit)
    check = eligibility._judge(rule, Application(asked_amount=asked, total_cost=cost))
    shown = plain(check.explanation).split(" : ")[1].split(" % ")[0]
    assert (Decimal(shown.replace(" ", "").replace(",", ".")) <= limit) is check.holds
    assert check.holds is (asked * 100 <= limit * cost)


@given(st.permutations(list(Organisation.Kind.values)))
def test_the_lead_is_the_lead_wherever_it_stands(kinds):
    """In memory: the order of the bearers does not depend on the order they are read in."""
    bearers = [
        Bearer(position=rank, role=None, organisation=Organisation(kind=kind))
        for rank, kind in enumerate(kinds, 1)
    ]
    bearers[-1].role = Bearer.Role.LEAD

    class Dossier:
        class bearers:
            @staticmethod
            def all():
                return reversed(bearers)

    assert eligibility.principal_bearer(Dossier) is bearers[-1]
    bearers[-1].role = None
    assert eligibility.principal_bearer(Dossier) is bearers[0]


@pytest.mark.django_db
def test_an_organisation_is_named_where_its_kind_is_not_known():
    rule = EligibilityRuleFactory(carrier_kind="universite")
    organisation = OrganisationFactory(name="Agence sans type", kind="")
    bearer = BearerFactory(application__session=rule.session, organisation=organisation)
    (check,) = eligibility.check(bearer.application)
    assert "« Agence sans type »" in plain(check.explanation)
