"""The pack of a sitting: each copy holds what its reader may see, and bears their name."""

import io
import re
from decimal import Decimal

import openpyxl
import pypdf
import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from odf import opendocument, teletype
from odf.table import TableRow

from calls import pack
from calls.models import Event
from tests import factories
from tests.calls import sittings

pytestmark = pytest.mark.django_db


@pytest.fixture
def committee():
    """An open sitting with three dossiers, the second of which is worth telling."""
    session = factories.CallSessionFactory(envelope=Decimal(5_000_000))
    committee = sittings.sitting(session=session)
    for rank in range(3):
        sittings.item(
            committee,
            "retained",
            application=sittings.dossier(
                committee,
                title=f"Projet {'canari' if rank == 1 else rank}",
                synthesis=f"Fiche {rank}",
            ),
        )
    return committee


@pytest.fixture
def member(committee):
    return committee.members.first()


@pytest.fixture
def canary(committee):
    return committee.selections.get(application__title="Projet canari").application


def pages(document):
    reader = pypdf.PdfReader(io.BytesIO(document))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def texts_of_xlsx(document):
    book = openpyxl.load_workbook(io.BytesIO(document))
    return [[[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book]


def texts_of_ods(document):
    book = opendocument.load(io.BytesIO(document))
    return "\n".join(teletype.extractText(row) for row in book.getElementsByType(TableRow))


def address(committee, page="pack", *arguments):
    return reverse(f"admin:calls_committee_{page}", args=[committee.pk, *arguments])


def shown(response):
    text = re.sub(r"<script.*?</script>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", text)


# What a copy holds -----------------------------------------------------------------


def test_a_copy_holds_every_dossier_in_order_and_its_reader_on_each_page(committee, member):
    copy = pack.of_member(member, by=sittings.secretary())
    said = pages(pack.pdf(copy))
    assert all(f"Exemplaire de {member.name}" in page for page in said)
    text = " ".join(said)
    places = [
        text.index(f"{rank}. {item.selection.application.reference}")
        for rank, item in enumerate(copy.items, 1)
    ]
    assert places == sorted(places)
    assert len(places) == 3
    assert "Projet canari" in text
    assert "3\u202f000\u202f000\u00a0€" in text or "3 000 000 €" in text


@pytest.mark.parametrize("by_account", [True, False])
def test_a_recused_member_gets_a_copy_that_tells_nothing(committee, member, canary, by_account):
    if by_account:
        member.user = factories.UserFactory(role="Lecture")
        member.save()
        factories.RecusalFactory(application=canary, user=member.user)
    else:
        factories.RecusalFactory(application=canary, user=None, member=member)
    by = sittings.secretary()
    copy = pack.of_member(member, by=by)
    text = " ".join(pages(pack.pdf(copy)))
    assert "canari" not in text
    assert canary.reference not in text
    assert pack.MASKED.split("\u00a0")[0] in text
    assert [item.number for item in copy.items] == [1, 2]
    assert copy.envelope is None
    for format, read in (("xlsx", texts_of_xlsx), ("ods", texts_of_ods)):
        document = read(pack.table(copy, format))
        assert "canari" not in str(document)
        assert canary.reference not in str(document)
        assert "masqué" in str(document)
    other = pack.of_member(committee.members.last(), by=by)
    assert "canari" in " ".join(pages(pack.pdf(other)))
    assert other.envelope is not None


def test_a_copy_never_holds_more_than_who_prepares_it_sees(committee, member, canary):
    by = factories.UserFactory(superuser=True)
    assert len(pack.of_member(member, by=by).items) == 3
    factories.RecusalFactory(application=canary, user=by)
    copy = pack.of_member(member, by=by)
    assert canary not in [item.selection.application for item in copy.items]
    assert copy.hidden == pack.MASKED
    assert pack.preparing_refusal(committee, by)


def test_a_recusal_elsewhere_in_the_session_masks_totals(committee, member):
    other = sittings.sitting("closed", session=committee.session)
    row = sittings.item(other, "retained")
    factories.RecusalFactory(application=row.application, user=None, member=member)
    copy = pack.of_member(member, by=sittings.secretary())
    assert len(copy.items) == 3
    assert copy.hidden == pack.MASKED


def test_a_case_officer_gets_their_own_dossiers_without_totals(committee, canary):
    officer = factories.UserFactory(role="Instruction")
    canary.case_officer = officer
    canary.save()
    copy = pack.of_reader(committee, officer)
    assert [item.selection.application for item in copy.items] == [canary]
    assert copy.hidden == pack.PARTIAL


@hypothesis_settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hidden=st.sets(st.integers(0, 2)), lifted=st.sets(st.integers(0, 2)))
def test_a_copy_holds_exactly_the_dossiers_that_nothing_hides(committee, member, hidden, lifted):
    rows = [row.application for row in committee.selections.in_agenda_order()]
    member.recusals.all().delete()
    for rank in hidden:
        recusal = factories.RecusalFactory(application=rows[rank], user=None, member=member)
        if rank in lifted:
            recusal.lifted_at, recusal.lift_reason = recusal.declared_at, "Erreur."
            recusal.lifted_by = recusal.declared_by
            recusal.save()
    copy = pack.of_member(member, by=sittings.secretary())
    expected = [row for rank, row in enumerate(rows) if rank not in hidden - lifted]
    assert [item.selection.application for item in copy.items] == expected
    assert [item.number for item in copy.items] == list(range(1, len(expected) + 1))
    assert bool(copy.hidden) == bool(hidden - lifted)


def test_the_confidential_part_of_opinions_and_notes_are_in_no_copy(committee, member, canary):
    factories.ReviewFactory(
        application=canary,
        rendered=True,
        comment="Avis lisible",
        confidential_comment="secret-a",
    )
    factories.NoteFactory(application=canary, text="secret-b")
    text = " ".join(pages(pack.pdf(pack.of_member(member, by=sittings.secretary()))))
    assert "Avis lisible" in text
    assert "secret" not in text


# Tables ------------------------------------------------------------------------------


def test_the_table_reads_back_with_its_types(committee, member):
    application = committee.selections.first().application
    application.asked_amount, application.total_cost = Decimal(400_000), Decimal(1_000_000)
    application.save()
    undisclosed = sittings.item(committee, "undisclosed")
    header, *rows = texts_of_xlsx(
        pack.table(pack.of_member(member, by=sittings.secretary()), "xlsx")
    )[0]
    found = [dict(zip(header, row, strict=True)) for row in rows]
    first = next(row for row in found if row["Référence"] == application.reference)
    assert (first["Montant demandé"], first["Part demandée"]) == (400_000, 0.4)
    last = next(row for row in found if row["Référence"] == undisclosed.application.reference)
    assert last["Montant accordé"] == "non communiqué"
    assert last["Montant demandé"] is None


@pytest.mark.parametrize("title", ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1"])
def test_no_title_is_a_formula(member, committee, title):
    application = committee.selections.first().application
    application.title = title
    application.save()
    copy = pack.of_member(member, by=sittings.secretary())
    book = openpyxl.load_workbook(io.BytesIO(pack.table(copy, "xlsx")))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert any(str(cell.value).startswith("'") for cell in cells)


def test_a_fictional_session_is_marked_on_each_page_and_in_tables():
    committee = sittings.sitting(session__call__is_fictional=True)
    sittings.item(committee, "retained")
    copy = pack.of_member(committee.members.first(), by=sittings.secretary())
    assert all("fictive" in page for page in pages(pack.pdf(copy)))
    book = openpyxl.load_workbook(io.BytesIO(pack.table(copy, "xlsx")))
    assert all(name.startswith("Fictif") for name in book.sheetnames)
    assert all(
        "fictive" in str(sheet.oddFooter.left.text) + str(sheet.oddFooter.center.text)
        for sheet in book
    )


def test_an_empty_agenda_has_a_pack():
    committee = sittings.sitting()
    copy = pack.of_member(committee.members.first(), by=sittings.secretary())
    assert "Aucun dossier" in " ".join(pages(pack.pdf(copy)))
    assert pack.table(copy, "ods")


def test_queries_do_not_grow_with_dossiers(committee, member, django_assert_max_num_queries):
    by = sittings.secretary()
    with django_assert_max_num_queries(40) as one:
        pack.pdf(pack.of_member(member, by=by))
    for _ in range(4):
        sittings.item(committee, "retained")
    with django_assert_max_num_queries(len(one.captured_queries)):
        pack.pdf(pack.of_member(member, by=by))


# Screens ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "page", "copy_of_other"),
    [
        ("Secrétariat", 200, 200),
        ("Décision", 200, 200),
        ("Avis", 404, 404),
        ("Publication", 404, 404),
        ("Lecture", 403, 403),
    ],
)
def test_who_downloads_what(client, committee, member, role, page, copy_of_other):
    user = factories.UserFactory(role=role)
    factories.SessionAccessFactory(user=user, session=committee.session)
    client.force_login(user)
    assert client.get(address(committee)).status_code == page
    own = client.get(address(committee, "pack_own", "xlsx"))
    assert own.status_code == page
    answer = client.get(address(committee, "pack_member", member.pk, "xlsx"))
    assert answer.status_code == copy_of_other
    assert client.post(address(committee, "pack_own", "xlsx")).status_code in (405, 403)


def test_a_member_downloads_their_own_copy_and_no_other(client, committee, member):
    member.user = factories.UserFactory(role="Lecture", last_name="Œuvrard-Été")
    member.save()
    client.force_login(member.user)
    page = client.get(address(committee))
    assert page.status_code == 200
    other = committee.members.last()
    assert other.name not in shown(page)
    assert client.get(address(committee, "pack_member", member.pk, "ods")).status_code == 200
    assert client.get(address(committee, "pack_member", other.pk, "ods")).status_code == 403
    answer = client.get(address(committee, "pack_own", "pdf"))
    assert answer["Content-Type"] == "application/pdf"
    name = re.search(r'filename="([^"]+)"', answer["Content-Disposition"])[1]
    assert name.isascii()
    assert name.startswith("dossier-de-seance-")
    assert name.endswith("vrard-ete.pdf")
    assert address(committee) in client.get(address(committee, "sitting")).content.decode()
    assert Event.objects.filter(action="download_pack", actor=member.user).count() == 2


def test_the_history_does_not_tell_how_many_dossiers(client, committee, member):
    client.force_login(sittings.secretary())
    client.get(address(committee, "pack_member", member.pk, "xlsx"))
    event = Event.objects.get(action="download_pack")
    assert sorted(text.text for text in event.texts.all()) == sorted([member.name, "xlsx"])
    assert event.application is None


def test_whoever_is_recused_does_not_prepare_copies_of_others(client, committee, member, canary):
    user = factories.UserFactory(superuser=True)
    client.force_login(user)
    page = address(committee, "pack_member", member.pk, "xlsx")
    assert client.get(page).status_code == 200
    factories.RecusalFactory(application=canary, user=user)
    answer = client.get(page, follow=True)
    assert "seraient incomplets" in shown(answer)
    assert "canari" not in str(
        texts_of_xlsx(client.get(address(committee, "pack_own", "xlsx")).content)
    )


@pytest.mark.parametrize("format", ["csv", "pdfx", "html"])
def test_an_unknown_format_is_not_found(client, committee, format):
    client.force_login(sittings.secretary())
    assert client.get(address(committee, "pack_own", format)).status_code == 404


def test_a_member_of_another_sitting_is_not_found(client, committee):
    client.force_login(sittings.secretary())
    stranger = factories.CommitteeMemberFactory()
    assert client.get(address(committee, "pack_member", stranger.pk, "pdf")).status_code == 404
