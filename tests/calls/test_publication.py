"""From closed sittings to a draft announcement, and what parts them afterwards."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from calls import deliberation, publication
from calls.models import Event, Publication, Selection
from calls.permissions import Hidden, Refusal
from calls.publication import Preparation, Prepared
from laureates import releases
from laureates.models import Announcement, Carrier, Claim, Laureate, ReleaseDraft
from tests.calls.sittings import decider, dossier, fresh, item, sitting
from tests.factories import (
    AnnouncementFactory,
    ApplicationFactory,
    BearerFactory,
    FundFactory,
    LaureateFactory,
    MinutesFactory,
    OrganisationFactory,
    PublicationFactory,
    RecusalFactory,
    TerritoryFactory,
    ThemeFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
SIRET = "13002526500013"


def publisher():
    return UserFactory(role="Publication")


def retained(committee, **values):
    """A retained decision on a dossier that two organisations bear."""
    application = values.pop("application", None) or dossier(
        committee, summary="Ce que le projet change."
    )
    for name in ("Direction pilote", "Université associée"):
        BearerFactory(application=application, declared_name=name)
    return item(committee, values.pop("kind", "retained"), application, **values)


def closed(count=2, **values):
    """A closed sitting with retained dossiers, and one that it did not retain."""
    values.setdefault("session__call__fund", FundFactory(siret=SIRET))
    committee = sitting("closed", **values)
    for _ in range(count):
        retained(committee)
    item(committee, "not_retained")
    return committee


def typed(committees, user, published=(), **values):
    """What a publisher sends who changes nothing of what is proposed."""
    offer = publication.offer(committees, user)
    dossiers = {
        row.selection.pk: Prepared(
            version=row.selection.version,
            title=row.title,
            summary=row.summary,
            description=row.description,
            published=frozenset(published),
        )
        for row in offer.dossiers
    }
    given = {"announcement": offer.announcement, "dossiers": dossiers}
    return Preparation(**(given | values))


def prepared(committee=None, by=None, **values):
    committee = committee or closed()
    by = by or publisher()
    values = typed([committee], by, **values)
    return publication.prepare([committee], by=by, values=values)


def kinds(row):
    return [difference.kind for difference in publication.differences(fresh(row))]


def refused(gate, *args, **values):
    """The sentences of a refusal, after which nothing is written."""
    before = Announcement.objects.count(), Laureate.objects.count(), Event.objects.count()
    with pytest.raises(Refusal) as error:
        gate(*args, **values)
    assert before == (
        Announcement.objects.count(),
        Laureate.objects.count(),
        Event.objects.count(),
    )
    return " ".join(error.value.messages)


def reopen(committee):
    return deliberation.reopen(committee, by=decider(), reason="Une erreur de saisie.")


def close(committee):
    committee = fresh(committee)
    return deliberation.close(committee, by=decider(), version=committee.version)


# What may be announced -------------------------------------------------------------


def test_closed_sittings_with_free_retained_decisions_wait():
    user, committee = publisher(), closed()
    sitting("open")
    item(sitting("closed"), "not_retained")
    (row,) = publication.waiting(user)
    assert (row, row.retained_count) == (committee, 2)
    prepared(committee, user)
    assert not publication.waiting(user)


@pytest.mark.parametrize("superuser", [False, True])
@pytest.mark.parametrize("outcome", ["retained", "not_retained", "deferred"])
def test_whoever_is_recused_from_a_dossier_of_a_sitting_never_meets_it(superuser, outcome):
    committee = closed()
    row = retained(committee, kind=outcome)
    user = UserFactory(superuser=True) if superuser else publisher()
    assert committee in publication.waiting(user)
    values = typed([committee], user)
    RecusalFactory(application=row.application, user=user)
    assert not publication.waiting(user)
    with pytest.raises(Hidden):
        publication.prepare([committee], by=user, values=values)
    assert not Announcement.objects.exists()


def test_a_number_of_dossiers_received_is_not_offered_to_whoever_is_recused_from_one():
    user, committee = publisher(), closed()
    subjects = {"applications_received": 3, "laureates": 2}
    assert publication.offer([committee], user).claims == subjects
    other = ApplicationFactory(session=committee.session)
    RecusalFactory(application=other, user=user)
    assert publication.offer([committee], user).claims == {"laureates": 2}


def test_only_publishers_prepare():
    committee = closed()
    values = typed([committee], publisher())
    for role in ("Secrétariat", "Décision", "Lecture"):
        by = UserFactory(role=role)
        assert not publication.waiting(by)
        with pytest.raises(PermissionDenied):
            publication.prepare([committee], by=by, values=values)
    assert not Announcement.objects.exists()


# Preparing --------------------------------------------------------------------------


def test_the_announcement_is_a_draft_with_its_laureates_in_agenda_order():
    committee = closed(count=3)
    first, second, third = Selection.objects.retained().in_agenda_order()
    for row, place in ((first, 7), (second, 9), (third, 2)):
        Selection.objects.filter(pk=row.pk).update(agenda_position=place)
    made = prepared(committee)
    announcement = made.announcement
    assert announcement.published_at is None
    assert not Announcement.objects.published().exists()
    laureates = list(announcement.laureates.order_by("position"))
    assert [row.position for row in laureates] == [1, 2, 3]
    assert [row.selection for row in laureates] == [third, first, second]
    assert announcement.committee_on == committee.held_on
    assert announcement.call_year == committee.session.call.year
    assert list(made.committees.all()) == [committee]
    assert publication.differences(made) == []
    assert publication.refusals(announcement) == []


def test_carriers_are_as_declared_and_in_their_order():
    made = prepared(closed(count=1))
    carriers = Carrier.objects.filter(laureate__announcement=made.announcement)
    names = list(carriers.order_by("position").values_list("position", "announced_name"))
    assert names == [(1, "Direction pilote"), (2, "Université associée")]


def test_nothing_but_texts_and_carriers_is_published_unless_ticked():
    committee = closed(count=1)
    MinutesFactory(committee=committee, number="2019-001")
    laureate = prepared(committee).announcement.laureates.get()
    assert laureate.amount is None
    for name in ("funder_name", "funder_siret", "decision_reference", "programme_code"):
        assert getattr(laureate, name) == ""
    assert laureate.classification_source == ""


def test_what_is_ticked_is_published():
    committee = closed(count=1)
    MinutesFactory(committee=committee, number="2019-001")
    application = Selection.objects.retained().get().application
    theme, territory = ThemeFactory(), TerritoryFactory()
    application.themes.add(theme)
    application.territories.add(territory)
    made = prepared(committee, published=publication.PUBLISHABLE)
    laureate = made.announcement.laureates.get()
    assert laureate.amount == Decimal("1000000.00")
    assert laureate.funder_name == committee.fund.name
    assert laureate.funder_siret == SIRET
    assert laureate.decision_reference == "2019-001"
    assert laureate.programme_code == committee.session.call.slug
    assert list(laureate.themes.all()) == [theme]
    assert list(laureate.territories.all()) == [territory]


@pytest.mark.parametrize(
    "values", [{"kind": "undisclosed"}, {"granted_amount": Decimal(0)}], ids=["unknown", "zero"]
)
def test_an_amount_that_is_not_one_is_never_published(values):
    committee = sitting("closed")
    retained(committee, **values)
    assert prepared(committee, published=["amount"]).announcement.laureates.get().amount is None


def test_public_texts_are_those_typed():
    by, committee = publisher(), closed(count=1)
    values = typed([committee], by)
    (pk,) = values.dossiers
    text = Prepared(values.dossiers[pk].version, "L'autre  titre", "Résumé.", "Le *texte*.")
    values = Preparation(announcement=values.announcement, dossiers={pk: text})
    laureate = publication.prepare([committee], by=by, values=values).announcement.laureates.get()
    assert (laureate.title, laureate.summary) == ("L’autre titre", "Résumé.")
    assert (laureate.description, laureate.slug) == ("Le *texte*.", "l-autre-titre")


def test_claims_are_those_ticked_with_their_day_and_source():
    made = prepared(
        claims=frozenset({("applications_received", 3), ("laureates", 2)}),
        stated_on=datetime.date(2019, 9, 25),
    )
    rows = list(Claim.objects.order_by("position").values_list("subject", "label", "value"))
    assert rows == [
        ("applications_received", "3 dossiers reçus", 3),
        ("laureates", "2 dossiers retenus", 2),
    ]
    claim = Claim.objects.first()
    assert claim.source == made.announcement.title
    assert claim.stated_on == datetime.date(2019, 9, 25)
    assert not Claim.objects.published().exists()


def test_a_long_summary_is_cut_and_said_so():
    committee = sitting("closed")
    retained(committee, application=dossier(committee, summary="mot " * 200))
    (row,) = publication.offer([committee], publisher()).dossiers
    assert len(row.summary) <= 400
    assert row.is_summary_cut


def test_a_session_s_sittings_are_announced_together():
    first = closed(count=1)
    second = sitting("closed", session=first.session, held_on=datetime.date(2019, 10, 1))
    retained(second)
    by = publisher()
    values = typed([first, second], by)
    made = publication.prepare([second, first], by=by, values=values)
    committees = [row.selection.committee for row in made.announcement.laureates.all()]
    assert committees == [first, second]
    assert made.announcement.committee_on == second.held_on


def test_two_announcements_of_one_title_have_two_addresses():
    first = prepared()
    AnnouncementFactory(slug=f"{first.announcement.slug}-2")
    committee = sitting("closed", session=first.committees.get().session)
    retained(committee)
    second = prepared(committee)
    assert second.announcement.slug == f"{first.announcement.slug}-3"


# Refusals ---------------------------------------------------------------------------


def prepare_refused(committees, by=None, values=None):
    by = by or publisher()
    values = values or typed(committees, by)
    return refused(publication.prepare, committees, by=by, values=values)


def test_a_second_preparation_finds_nothing_left():
    by, committee = publisher(), closed()
    values = typed([committee], by)
    publication.prepare([committee], by=by, values=values)
    assert "pas, ou plus, de décision" in prepare_refused([committee], values=values)
    assert Announcement.objects.count() == 1


@pytest.mark.parametrize("state", ["planned", "open"])
def test_a_sitting_that_is_not_closed_has_nothing_to_announce(state):
    committee = sitting(state)
    item(committee, "retained")
    assert "de décision à annoncer" in prepare_refused([committee])


def test_a_superseded_decision_is_not_announced():
    committee = closed(count=1)
    Selection.objects.retained().update(superseded_at=timezone.now())
    assert "de décision à annoncer" in prepare_refused([committee])


def test_fictional_dossiers_are_refused():
    committee = closed(session__call__is_fictional=True)
    assert "appel fictif" in prepare_refused([committee])


def test_undisclosed_dossiers_are_refused():
    committee = closed(count=1)
    row = item(committee, "retained", ApplicationFactory(undisclosed=True))
    assert f"{row.application.reference} : candidature non détaillée" in prepare_refused(
        [committee]
    ).replace("\u00a0", " ")


def test_dossiers_without_bearer_are_refused():
    committee = sitting("closed")
    item(committee, "retained")
    assert "aucun porteur" in prepare_refused([committee])


def test_sittings_of_two_sessions_are_not_announced_together():
    assert "même session" in prepare_refused([closed(), closed()])


def test_a_decision_changed_since_it_was_shown_is_refused():
    by, committee = publisher(), closed()
    values = typed([committee], by)
    row = Selection.objects.retained().first()
    deliberation.rectify(
        row, by=decider(), reason="Montant.", outcome="retained", granted_amount=Decimal(5)
    )
    assert "ont changé" in prepare_refused([committee], by, values)
    by = publisher()
    publication.prepare([committee], by=by, values=typed([committee], by))


def test_a_number_changed_since_it_was_shown_is_refused():
    by, committee = publisher(), closed()
    values = typed([committee], by, claims=frozenset({("applications_received", 3)}))
    ApplicationFactory(session=committee.session)
    assert "nombre de dossiers a changé" in prepare_refused([committee], by, values)


def test_all_or_nothing():
    by, committee = publisher(), closed()
    values = typed([committee], by)
    *_, last = values.dossiers
    bad = Prepared(values.dossiers[last].version, "x" * 301)
    values = Preparation(announcement=values.announcement, dossiers={**values.dossiers, last: bad})
    reference = Selection.objects.get(pk=last).application.reference
    assert reference in prepare_refused([committee], by, values)
    assert not Selection.objects.filter(laureate__isnull=False).exists()


def test_preparing_is_one_act_of_the_history():
    by = publisher()
    made = prepared(by=by)
    acts = Event.objects.filter(actor=by)
    assert set(acts.values_list("action", flat=True)) == {"prepare_announcement"}
    models = set(acts.values_list("object_type", flat=True))
    assert {"laureates.announcement", "laureates.laureate", "calls.publication"} <= models
    assert made.prepared_by == by


# Where they part --------------------------------------------------------------------


def test_a_published_amount_that_is_not_the_granted_one_is_told():
    made = prepared(closed(count=1), published=["amount"])
    row = Selection.objects.retained().get()
    deliberation.rectify(
        row, by=decider(), reason="Montant.", outcome="retained", granted_amount=Decimal(5)
    )
    assert kinds(made) == ["amount"]
    assert publication.refusals(made.announcement) == []


def test_an_amount_that_is_not_published_is_no_difference():
    made = prepared(closed(count=1))
    assert kinds(made) == []


def test_another_title_is_told_and_forbids_nothing():
    made = prepared(closed(count=1))
    application = Selection.objects.retained().get().application
    application.title = "Un autre intitulé"
    application.save()
    assert kinds(made) == ["title"]
    assert publication.refusals(made.announcement) == []
    laureate = made.announcement.laureates.get()
    laureate.former_titles = "Un autre intitulé"
    laureate.save()
    assert kinds(made) == []


def test_a_laureate_without_decision_forbids_to_publish():
    made = prepared()
    LaureateFactory(announcement=made.announcement, position=9, title="Ajouté à la main")
    assert kinds(made) == ["undecided"]
    (sentence,) = publication.refusals(made.announcement)
    assert "Ajouté à la main" in sentence
    with pytest.raises(Refusal, match="Ajouté à la main"):
        releases.publish(made.announcement, by=publisher())


def test_a_retained_dossier_left_out_forbids_to_publish_without_being_named():
    made = prepared()
    row = retained(made.committees.get())
    assert kinds(made) == ["missing"]
    (sentence,) = publication.refusals(made.announcement)
    assert row.application.reference not in sentence
    assert row.application.title not in sentence


def test_a_withdrawn_laureate_forbids_nothing():
    made = prepared(closed(count=1))
    LaureateFactory(announcement=made.announcement, position=9, withdrawn=True)
    assert publication.refusals(made.announcement) == []


def test_an_announcement_without_sittings_has_no_refusal():
    assert publication.refusals(LaureateFactory().announcement) == []


def test_many_laureates_without_decision_are_counted():
    made = PublicationFactory(announcement__draft=True, committees=[sitting("closed")])
    LaureateFactory.create_batch(5, announcement=made.announcement)
    (sentence,) = publication.refusals(made.announcement)
    assert sentence.startswith("5\u00a0lauréats")
    assert "et 2 autres" in sentence


@pytest.mark.parametrize("count", [1, 3])
def test_differences_have_a_query_budget(django_assert_num_queries, count):
    rows = [prepared(closed(count=count)) for _ in range(count)]
    for row in rows:
        retained(row.committees.get())
    with django_assert_num_queries(4):
        found = publication.differences_of(rows)
    assert all(len(found[row.pk]) == 1 for row in rows)


# Reopening, closing again, rectifying --------------------------------------------------


def test_a_reopened_sitting_leaves_laureates_that_cannot_be_published_and_a_closing_mends_them():
    by, committee = publisher(), closed()
    made = prepared(committee, by)
    laureates = set(made.announcement.laureates.values_list("pk", "public_id"))
    before = dict(Selection.objects.retained().values_list("laureate", "application"))
    reopen(committee)
    assert kinds(made) == ["reopened", "undecided", "undecided"]
    assert not Selection.objects.filter(laureate__isnull=False).exists()
    with pytest.raises(Refusal, match="rouverte"):
        releases.publish(made.announcement, by=by)
    assert "rouverte" in refused(publication.synchronise, made, by=by)
    close(committee)
    assert sorted(kinds(made)) == ["missing", "missing", "undecided", "undecided"]
    done = publication.synchronise(made, by=by)
    assert (len(done.linked), done.added, done.removed) == (2, [], [])
    assert set(made.announcement.laureates.values_list("pk", "public_id")) == laureates
    assert dict(Selection.objects.retained().values_list("laureate", "application")) == before
    assert kinds(made) == []
    releases.publish(made.announcement, by=by)
    assert Laureate.objects.published().count() == 2


def test_a_draft_loses_who_is_no_longer_retained_and_gains_who_is():
    by, committee = publisher(), closed(count=3)
    made = prepared(committee, by)
    lost = Selection.objects.retained().in_agenda_order()[1]
    title = lost.laureate.title
    deliberation.rectify(
        lost, by=decider(), reason="Erreur.", outcome="not_retained", motive="Hors champ."
    )
    refusal = Selection.objects.validated().filter(outcome="not_retained").last()
    gained = Selection.objects.validated().exclude(outcome="retained").exclude(pk=lost.pk)
    gained = gained.exclude(application=lost.application).get()
    BearerFactory(application=gained.application)
    deliberation.rectify(
        gained, by=decider(), reason="Recours.", outcome="retained", granted_amount=Decimal(9)
    )
    assert refusal is not None
    assert sorted(kinds(made)) == ["missing", "undecided"]
    done = publication.synchronise(made, by=by)
    assert [row.title for row in done.removed] == [title]
    assert [row.application for row in done.added] == [gained.application]
    laureates = list(made.announcement.laureates.order_by("position"))
    assert [row.position for row in laureates] == [1, 2, 3]
    assert laureates[-1].title == gained.application.title
    assert laureates[-1].amount is None
    assert kinds(made) == []


def test_synchronising_what_follows_changes_nothing():
    by = publisher()
    made = prepared(by=by)
    count = Event.objects.count()
    assert publication.synchronise(made, by=by).is_empty
    assert Event.objects.count() == count


def test_a_scheduled_announcement_is_not_synchronised_nor_its_decisions_rectified():
    by, committee = publisher(), closed()
    made = prepared(committee, by)
    at = (timezone.now() + datetime.timedelta(days=1)).replace(second=0, microsecond=0)
    releases.schedule(made.announcement, by=by, at=at)
    made = fresh(made)
    assert "déprogrammez" in refused(publication.synchronise, made, by=by)
    row = Selection.objects.retained().first()
    with pytest.raises(Refusal, match="déprogrammez"):
        deliberation.rectify(
            row, by=decider(), reason="Erreur.", outcome="not_retained", motive="Non."
        )
    with pytest.raises(Refusal, match="déprogrammez"):
        reopen(committee)
    releases.unschedule(fresh(made).announcement, by=by, reason="Une erreur.")
    deliberation.rectify(row, by=decider(), reason="Erreur.", outcome="not_retained", motive="Non.")


def published(count=2):
    """(publication, publisher) of an announcement that is public."""
    by = publisher()
    made = prepared(closed(count=count), by)
    releases.publish(made.announcement, by=by)
    return fresh(made), by


def test_a_public_laureate_no_longer_retained_is_left_to_its_withdrawal():
    made, by = published()
    row = Selection.objects.retained().first()
    laureate = row.laureate
    deliberation.rectify(row, by=decider(), reason="Erreur.", outcome="not_retained", motive="Non.")
    found = publication.plan(made)
    assert (found.withdrawable, found.removed) == ([laureate], [])
    assert publication.synchronise(made, by=by).is_empty
    assert Laureate.objects.published().count() == 2
    releases.withdraw_laureate(laureate, by=by, reason="Décision rectifiée.")
    assert kinds(made) == []


def test_a_dossier_retained_later_comes_with_the_next_version_of_a_public_announcement():
    made, by = published()
    row = Selection.objects.validated().exclude(outcome="retained").get()
    BearerFactory(application=row.application)
    row = deliberation.rectify(
        row, by=decider(), reason="Recours.", outcome="retained", granted_amount=Decimal(9)
    )
    assert kinds(made) == ["missing"]
    done = publication.synchronise(made, by=by)
    assert [added.pk for added in done.added] == [row.pk]
    assert Laureate.objects.count() == 2
    assert kinds(made) == ["pending"]
    assert publication.synchronise(fresh(made), by=by).is_empty
    draft = ReleaseDraft.objects.get()
    releases.publish_draft(
        draft, by=by, version=draft.version, changelog="Rectificatif : un lauréat de plus."
    )
    assert Laureate.objects.published().count() == 3
    assert fresh(row).laureate.title == row.application.title
    assert kinds(made) == []


def test_a_draft_abandoned_leaves_its_dossier_missing():
    made, by = published()
    row = Selection.objects.validated().exclude(outcome="retained").get()
    BearerFactory(application=row.application)
    deliberation.rectify(
        row, by=decider(), reason="Recours.", outcome="retained", granted_amount=Decimal(9)
    )
    publication.synchronise(made, by=by)
    releases.abandon_draft(ReleaseDraft.objects.get(), by=by)
    assert kinds(made) == ["missing"]
    publication.synchronise(fresh(made), by=by)
    assert kinds(made) == ["pending"]
    assert len(fresh(made).pending) == 1


def test_whoever_is_recused_does_not_synchronise():
    made = prepared()
    for user in (publisher(), UserFactory(superuser=True)):
        row = Selection.objects.validated().exclude(outcome="retained").get()
        RecusalFactory(application=row.application, user=user)
        with pytest.raises(Hidden):
            publication.synchronise(made, by=user)
    with pytest.raises(PermissionDenied):
        publication.synchronise(made, by=UserFactory(role="Secrétariat"))


def test_notices_of_a_rectification_send_to_the_synchronisation():
    made = prepared()
    row = Selection.objects.validated().exclude(outcome="retained").get()
    assert "déjà préparée" in deliberation.publication_notice(row, "retained")
    assert deliberation.publication_notice(row, "deferred") == ""
    row = Selection.objects.retained().first()
    assert "synchronisez" in deliberation.publication_notice(row, "not_retained")
    assert made.committees.get() == row.committee


def test_an_organisation_named_twice_by_its_own_name_is_told():
    committee = sitting("closed")
    application = dossier(committee)
    BearerFactory(application=application, organisation=OrganisationFactory(), declared_name="")
    item(committee, "retained", application)
    (row,) = publication.offer([committee], publisher()).dossiers
    assert row.carriers[0].announced_name == row.carriers[0].organisation.name
    assert Publication.objects.count() == 0
