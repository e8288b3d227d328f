"""What can be true of a row of the public house: each constraint is violated here, twice."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.db.models import ProtectedError
from django.test import override_settings

from laureates.models import Announcement, Claim, FacetValue, Laureate, Organisation, Posting
from tests import constraints
from tests.constraints import changed
from tests.factories import (
    PAST,
    AnnouncementFactory,
    AnnouncementTextFactory,
    CarrierFactory,
    ClaimFactory,
    DocumentFactory,
    LaureateFactory,
    LaureateGroupFactory,
    LibraryImportFactory,
    LibraryImportRowFactory,
    MinistryFactory,
    OrganisationFactory,
    ReleaseFactory,
    ReleaseFileFactory,
    TerritoryFactory,
)

pytestmark = pytest.mark.django_db

LEAD = "chef-de-file"
CONSTRAINTS = constraints.of_app("laureates")


def second_carrier(**values):
    """A second carrier of a laureate, changed; the value `first` is that of the first carrier."""
    first = CarrierFactory(role=LEAD)
    second = CarrierFactory(laureate=first.laureate, role="soutien")
    return changed(
        second,
        **{
            name: getattr(first, name) if value == "first" else value
            for name, value in values.items()
        },
    )


def second_facet_value():
    laureate = LaureateFactory()
    FacetValue.objects.filter(laureate=laureate).delete()
    FacetValue.objects.create(laureate=laureate, facet="theme", value="a")
    second = FacetValue.objects.create(laureate=laureate, facet="theme", value="b")
    return changed(second, value="a")


def second_posting():
    first = Posting.objects.create(facet="theme", value="essai", chunk=0, bits=b"x", stamp=1)
    return Posting(facet=first.facet, value=first.value, chunk=0, bits=b"y", stamp=2)


def second_laureate():
    first = LaureateFactory()
    second = LaureateFactory(announcement=first.announcement)
    return changed(second, position=first.position)


def second_document():
    first = DocumentFactory()
    second = DocumentFactory(announcement=first.announcement)
    return changed(second, position=first.position)


def second_release():
    first = ReleaseFactory(announcement=ReleaseFactory().announcement)
    return changed(ReleaseFactory(announcement=first.announcement), number=2)


def second_release_file():
    first = ReleaseFileFactory()
    # A file that is written never changes: this one is not yet.
    return ReleaseFileFactory.build(release=first.release, position=2, name=first.name)


def second_group():
    first = LaureateGroupFactory()
    second = LaureateGroupFactory(announcement=first.announcement)
    return changed(second, position=first.position)


def second_import_row():
    first = LibraryImportRowFactory()
    return changed(LibraryImportRowFactory(job=first.job), position=first.position)


def self_supervised():
    organisation = OrganisationFactory()
    return changed(organisation, supervising_ministry=organisation)


# A saved row, changed so that it breaks the constraint and no other.
VIOLATIONS = {
    "announcement_call_year": lambda: changed(AnnouncementFactory(), call_year=2016),
    "announcement_withdrawn_with_reason": lambda: changed(AnnouncementFactory(), withdrawn_at=PAST),
    "announcement_text_done_has_date": lambda: changed(
        AnnouncementTextFactory(), announcement=AnnouncementFactory()
    ),
    "announcement_text_has_source": lambda: changed(AnnouncementTextFactory(), source=""),
    "carrier_has_announced_name": lambda: changed(CarrierFactory(), announced_name=""),
    "carrier_known_role": lambda: changed(CarrierFactory(), role=""),
    "carrier_one_lead": lambda: second_carrier(role=LEAD),
    "carrier_position_from_one": lambda: changed(CarrierFactory(), position=0),
    "carrier_unique_organisation": lambda: second_carrier(organisation="first"),
    "carrier_unique_position": lambda: second_carrier(position="first"),
    "claim_bounds_in_order": lambda: changed(ClaimFactory(), value=None, lower=3, upper=2),
    "claim_has_source": lambda: changed(ClaimFactory(), source=""),
    "claim_known_scope": lambda: changed(ClaimFactory(), scope="department"),
    "claim_not_negative": lambda: changed(ClaimFactory(), value=-1),
    "claim_unit_of_subject": lambda: changed(ClaimFactory(subject="laureates"), unit="eur"),
    "claim_value_or_bounds": lambda: changed(ClaimFactory(), lower=1, upper=2),
    "document_size_positive": lambda: changed(DocumentFactory(), size_kb=0),
    "document_unique_position": second_document,
    "facet_value_unique": second_facet_value,
    "posting_unique": second_posting,
    "laureate_amount_positive": lambda: changed(LaureateFactory(), amount=0),
    "laureate_group_amount_positive": lambda: changed(LaureateGroupFactory(), amount=0),
    "laureate_group_has_name": lambda: changed(LaureateGroupFactory(), name=""),
    "laureate_group_position_from_one": lambda: changed(LaureateGroupFactory(), position=0),
    "laureate_group_unique_position": second_group,
    "laureate_has_title": lambda: changed(LaureateFactory(), title=""),
    "laureate_known_project_state": lambda: changed(LaureateFactory(), project_state="gelé"),
    "laureate_position_from_one": lambda: changed(LaureateFactory(), position=0),
    "laureate_unique_position": second_laureate,
    "laureate_withdrawn_with_reason": lambda: changed(
        LaureateFactory(), withdrawal_reason="Sans date"
    ),
    "libraryimport_ended_has_date": lambda: changed(LibraryImportFactory(), stage="done"),
    "libraryimport_known_stage": lambda: changed(LibraryImportFactory(), stage="sent"),
    "libraryimport_read_within_total": lambda: changed(LibraryImportFactory(), rows_read=1),
    "libraryimportrow_known_outcome": lambda: changed(LibraryImportRowFactory(), outcome="lost"),
    "libraryimportrow_unique_position": second_import_row,
    "organisation_known_kind": lambda: changed(OrganisationFactory(), kind="association"),
    "organisation_ministry_has_no_ministry": lambda: changed(
        MinistryFactory(), supervising_ministry=MinistryFactory()
    ),
    "organisation_not_its_own_ministry": self_supervised,
    "organisation_unique_siret": lambda: changed(
        OrganisationFactory(), siret=OrganisationFactory(siret="73282932000074").siret
    ),
    "release_file_unique_name": second_release_file,
    "release_first_is_number_one": lambda: changed(ReleaseFactory(), kind="correction"),
    "release_has_changelog": lambda: changed(ReleaseFactory(), changelog=""),
    "release_unique_number": second_release,
    "release_withheld_with_reason": lambda: changed(ReleaseFactory(), withheld_at=PAST),
    "territory_known_kind": lambda: changed(TerritoryFactory(), kind="commune"),
    "territory_region_of_departments_only": lambda: changed(
        TerritoryFactory(), region=TerritoryFactory()
    ),
    "territory_unique_code": lambda: changed(TerritoryFactory(), code=TerritoryFactory().code),
}
# A field of its own (required, or with choices) speaks before the constraint in a full form; the
# constraint speaks where the form leaves that field out.
SHADOWED = {
    "announcement_text_has_source",
    "laureate_group_has_name",
    "libraryimport_known_stage",
    "libraryimportrow_known_outcome",
    "carrier_has_announced_name",
    "claim_has_source",
    "claim_known_scope",
    "laureate_has_title",
    "laureate_known_project_state",
    "organisation_known_kind",
    "organisation_not_its_own_ministry",
    "release_has_changelog",
    "territory_known_kind",
}
# Rows that the program alone writes: nobody reads the message.
DERIVED = {"facet_value_unique", "posting_unique"}


def test_every_constraint_is_violated_here():
    assert set(VIOLATIONS) == set(CONSTRAINTS)


@pytest.mark.parametrize("name", sorted(VIOLATIONS))
def test_a_constraint_refuses_with_its_message(name):
    _, constraint = CONSTRAINTS[name]
    row = VIOLATIONS[name]()
    with pytest.raises(ValidationError):
        row.full_clean()
    if name in DERIVED:
        return
    said = (
        constraints.messages_of_constraints(row)
        if name in SHADOWED
        else constraints.messages_of_form(row)
    )
    assert said == [constraint.get_violation_error_message()]
    assert constraint.violation_error_message != models.BaseConstraint.violation_error_message


@pytest.mark.parametrize("name", sorted(VIOLATIONS))
def test_the_database_refuses_without_the_form(name):
    model, constraint = CONSTRAINTS[name]
    words = constraints.refusal(VIOLATIONS[name]())
    assert constraints.named_in(words, model, constraint), words


@pytest.mark.parametrize(
    ("lower", "upper"),
    [(1, None), (None, 2)],
)
def test_a_claim_has_both_bounds_or_none(lower, upper):
    row = changed(ClaimFactory(), value=None, lower=lower, upper=upper)
    name = "claim_value_or_bounds"
    assert CONSTRAINTS[name][1].violation_error_message in constraints.messages_of_form(row)
    assert constraints.named_in(constraints.refusal(row), *CONSTRAINTS[name])


def test_a_withdrawal_without_a_reason_is_refused_as_well_as_a_reason_without_a_date():
    laureate = changed(LaureateFactory(), withdrawn_at=PAST)
    assert constraints.refusal(laureate)
    announcement = changed(AnnouncementFactory(), withdrawal_reason="Sans date")
    assert constraints.refusal(announcement)


def test_unknown_amounts_roles_and_sirets_may_repeat():
    first = CarrierFactory(role=None)
    CarrierFactory(laureate=first.laureate, role=None)
    OrganisationFactory.create_batch(2, siret="")
    LaureateFactory.create_batch(2, amount=None)


@pytest.mark.parametrize(
    "row",
    [
        lambda: AnnouncementFactory(title="L'annonce : c'est « ici » !"),
        lambda: LaureateFactory(title="L'annonce : c'est « ici » !"),
        lambda: DocumentFactory(title="L'annonce : c'est « ici » !"),
        lambda: OrganisationFactory(name="L'annonce : c'est « ici » !"),
    ],
)
def test_titles_and_names_are_set_in_french_typography(row):
    row = row()
    row.full_clean()
    text = row.name if isinstance(row, Organisation) else row.title
    assert text == "L’annonce\u00a0: c’est «\u00a0ici\u00a0»\u202f!"


@pytest.mark.parametrize("public_id", ["abc", "ABCD", "a-bcd", "é123", "abcd\n", "a" * 33])
def test_a_public_id_that_is_no_part_of_an_address_is_refused(public_id):
    laureate = LaureateFactory()
    with pytest.raises(ValidationError) as caught:
        changed(laureate, public_id=public_id).full_clean()
    assert "public_id" in caught.value.message_dict


def test_fresh_public_ids_are_valid_and_differ():
    fields = {"announcement": AnnouncementFactory(), "slug": "projet", "title": "Projet"}
    rows = [Laureate.objects.create(position=position, **fields) for position in (1, 2)]
    for row in rows:
        row.full_clean()
    assert rows[0].public_id != rows[1].public_id


def test_an_announcement_with_laureates_cannot_be_deleted():
    laureate = LaureateFactory()
    with pytest.raises(ProtectedError):
        laureate.announcement.delete()


def test_an_organisation_that_carries_a_project_cannot_be_deleted():
    carrier = CarrierFactory()
    with pytest.raises(ProtectedError):
        carrier.organisation.delete()


def test_a_document_keeps_the_size_and_format_of_its_file():
    file = SimpleUploadedFile("fiches.ods", b"x" * 3000)
    document = changed(DocumentFactory(format="PDF"), file=file)
    document.full_clean()
    assert (document.format, float(document.size_kb)) == ("ODS", 2.9)


@pytest.mark.parametrize("filename", ["page.html", "image.svg", "programme.exe", "sans-suffixe"])
def test_a_document_of_another_format_is_refused(filename):
    document = changed(DocumentFactory(), file=SimpleUploadedFile(filename, b"x"))
    with pytest.raises(ValidationError) as caught:
        document.full_clean()
    assert "file" in caught.value.message_dict


def test_a_document_that_is_too_heavy_is_refused():
    document = changed(DocumentFactory(), file=SimpleUploadedFile("fiches.pdf", b"x" * 11))
    with override_settings(DOCUMENT_MAX_BYTES=10), pytest.raises(ValidationError) as caught:
        document.full_clean()
    assert "file" in caught.value.message_dict


def test_a_tiny_file_still_has_a_positive_size():
    document = changed(DocumentFactory(), file=SimpleUploadedFile("fiches.csv", b"x"))
    document.full_clean()
    document.save()
    assert document.size_kb > 0


def test_claims_of_the_fund_are_public_and_those_of_an_announcement_follow_it():
    fund = ClaimFactory(announcement=None, scope=Claim.Scope.FUND)
    public = ClaimFactory()
    for trait in ("draft", "embargoed", "withdrawn"):
        ClaimFactory(announcement=AnnouncementFactory(**{trait: True}))
    assert set(Claim.objects.published()) == {fund, public}


def test_published_is_the_same_for_filter_and_annotation():
    public = AnnouncementFactory()
    LaureateFactory(announcement=public)
    LaureateFactory(announcement=public, withdrawn=True)
    for trait in ("draft", "embargoed", "withdrawn"):
        LaureateFactory(announcement=AnnouncementFactory(**{trait: True}))
    for model in (Announcement, Laureate):
        rows = model.objects.with_is_published()
        flagged = {row.pk for row in rows if row.is_published}
        assert flagged == set(model.objects.published().values_list("pk", flat=True))
        assert len(flagged) == 1 < rows.count()


def test_laureate_counts_tell_the_staff_all_and_the_public_what_is_public():
    announcement = AnnouncementFactory()
    LaureateFactory(announcement=announcement)
    LaureateFactory(announcement=announcement, withdrawn=True)
    assert Announcement.objects.with_laureate_count().get().laureate_count == 2
    assert Announcement.objects.with_public_laureate_count().get().laureate_count == 1


def test_natural_keys_find_their_row():
    department = TerritoryFactory(department=True)
    carrier = CarrierFactory()
    document = DocumentFactory()
    rows = [
        department,
        carrier,
        document,
        carrier.laureate,
        carrier.organisation,
        document.announcement,
        ClaimFactory(),
    ]
    for row in rows:
        assert type(row).objects.get_by_natural_key(*row.natural_key()) == row


def test_a_carrier_whose_role_is_unknown_may_follow_a_lead():
    lead = CarrierFactory(role=LEAD)
    CarrierFactory(laureate=lead.laureate, role=None).full_clean()


def test_a_role_that_the_source_does_not_give_is_said_to_be_unknown():
    assert CarrierFactory(role=None).role_label == "rôle non précisé"
    assert CarrierFactory(role=LEAD).role_label == "chef de file"


def test_latest_announcement_comes_first_then_its_own_order():
    old = AnnouncementFactory(published_at=PAST - datetime.timedelta(days=400))
    new = AnnouncementFactory()
    third = LaureateFactory(announcement=old, position=1)
    second = LaureateFactory(announcement=new, position=2)
    first = LaureateFactory(announcement=new, position=1)
    assert list(Laureate.objects.in_public_order()) == [first, second, third]
