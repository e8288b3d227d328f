"""Dossiers of the online-forms service: recognised, compared field by field, never lost."""

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calls.importers import KIND, absent, mapping
from calls.models import (
    Application,
    Bearer,
    ColumnMapping,
    DossierImport,
    Event,
    FormRecord,
    Selection,
)
from ftap.imports import running
from ftap.imports.running import StillOpen
from ftap.refusals import Refusal
from laureates.models import Organisation
from tests import online_form
from tests.factories import (
    AffiliationFactory,
    CallSessionFactory,
    OrganisationFactory,
    RecusalFactory,
    ReviewFactory,
    SelectionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return UserFactory(role="Secrétariat")


@pytest.fixture
def session():
    return CallSessionFactory()


def read(session, person, content, name="export.csv"):
    """The import of a file, its columns taken as proposed, ready to be verified."""
    job = running.receive(KIND, SimpleUploadedFile(name, content), by=person, session=session)
    columns = {column.key: column.target for column in mapping.proposal(job)}
    mapping.save(job, columns, by=person)
    job = running.start(job, KIND, by=person)
    return running.advance(job, KIND, by=person, seconds=60)


def imported(session, person, rows, format="csv", **options):
    job = read(session, person, online_form.export(rows, format, **options), f"export.{format}")
    return running.apply(job, KIND, by=person)


def outcomes(job, person):
    return {name: count for name, count in running.outcomes(job, KIND, person).items() if count}


def problems(job):
    return [
        (row.number, problem["column"], problem["message"].replace("\u00a0", " "))
        for row in job.rows.order_by("position")
        for problem in row.problems
    ]


def test_the_whole_column_list_of_the_service_is_understood(session, person):
    job = running.receive(
        KIND,
        SimpleUploadedFile("e.csv", online_form.export(online_form.dossiers(3), "csv")),
        by=person,
        session=session,
    )
    proposed = {
        (column.label, column.rank): column.target
        for column in mapping.proposal(job)
        if column.target
    }
    assert proposed == {
        ("ID", 1): "form_number",
        ("Email", 1): "contact_email",
        ("Établissement SIRET", 1): "bearer_siret",
        ("Entreprise raison sociale", 1): "bearer_name",
        ("État du dossier", 1): "form_state",
        ("Déposé le", 1): "received_on",
        ("Titre du projet", 1): "title",
        ("Résumé du projet", 1): "summary",
        ("Montant demandé au fonds (en euros)", 1): "asked_amount",
        ("Coût total du projet", 1): "total_cost",
        ("Nom du contact", 1): "contact_name",
    }


@pytest.mark.parametrize("format", ["csv", "xlsx", "ods"])
def test_importing_twice_creates_and_changes_nothing(session, person, format):
    rows = online_form.dossiers(6)
    assert imported(session, person, rows, format).counts["created"] == 6
    before = list(Application.objects.values()), list(Bearer.objects.values())
    events = Event.objects.count()
    job = read(session, person, online_form.export(rows, format), f"encore.{format}")
    assert outcomes(job, person) == {"unchanged": 6}
    running.apply(job, KIND, by=person)
    assert (list(Application.objects.values()), list(Bearer.objects.values())) == before
    assert Event.objects.filter(action="import_dossiers").count() > 6
    assert Event.objects.exclude(action="save_column_mapping").count() <= events
    assert Organisation.objects.count() == len(online_form.NAMES)


def test_columns_without_a_field_are_kept_with_the_dossier(session, person):
    rows = online_form.dossiers(1)
    imported(session, person, rows, "xlsx")
    kept = {sheet["sheet"]: sheet["rows"] for sheet in FormRecord.objects.get().values}
    cells = {(label, rank): text for label, rank, text in kept[""][0]}
    assert cells["Commentaire", 1] == "=SOMME(1;2) n’est pas une formule"
    assert cells["Commentaire", 2] == f"Deuxième commentaire du dossier {rows[0].number}"
    assert cells["Établissement code postal", 1] == "01000"
    assert cells["Instructeurs", 1] == rows[0].cells["Instructeurs", 1]
    assert set(kept) == {"", "Etablissements", "Avis", online_form.PARTNERS, online_form.BUDGET}
    bearers = Bearer.objects.order_by("position").values_list("organisation__name", "role")
    assert list(bearers) == [(online_form.NAMES[0], None), (online_form.NAMES[1], "co-porteur")]


def test_who_reads_the_dossier_in_full_reads_what_was_kept(session, person, client):
    rows = online_form.dossiers(1)
    imported(session, person, rows, "xlsx")
    dossier = Application.objects.get(form_number=rows[0].number)
    review = ReviewFactory(application=dossier)
    reviewer = UserFactory(role="Avis")
    AffiliationFactory(user=reviewer, organisation=review.institution)
    address = reverse("admin:calls_application_change", args=[dossier.pk])
    kept = f"Deuxième commentaire du dossier {rows[0].number}"
    client.force_login(person)
    page = client.get(address).content.decode()
    assert kept in page
    assert "Budget prévisionnel" in page
    client.force_login(reviewer)
    answer = client.get(address)
    assert answer.status_code == 200
    assert kept not in answer.content.decode()


def test_an_emptied_cell_is_a_change_that_is_shown(session, person):
    rows = online_form.dossiers(2)
    imported(session, person, rows)
    rows[0].cells["Résumé du projet", 1] = ""
    rows[1].cells["Commentaire", 2] = "Autre chose"
    job = read(session, person, online_form.export(rows, "csv"), "b.csv")
    assert outcomes(job, person) == {"changed": 2}
    first, second = job.rows.order_by("position")
    assert [change[0] for change in first.changes] == ["Résumé du projet"]
    assert first.changes[0][2] == "vide"
    assert [change[0] for change in second.changes] == ["Commentaire (2)"]


def test_a_decided_dossier_is_never_changed_silently(session, person):
    rows = online_form.dossiers(1)
    imported(session, person, rows)
    dossier = Application.objects.get(form_number=rows[0].number)
    decision = SelectionFactory(application=dossier, retained=True)
    rows[0].cells["Titre du projet", 1] = "Titre après la décision"
    rows[0].cells["État du dossier", 1] = "Refusé"
    job = read(session, person, online_form.export(rows, "csv"), "b.csv")
    assert outcomes(job, person) == {"held": 1}
    running.apply(job, KIND, by=person)
    assert Application.objects.get().title != "Titre après la décision"

    job = read(session, person, online_form.export(rows, "csv"), "c.csv")
    running.decide(job.rows.get(), KIND, "overwrite", "Titre corrigé par le porteur", by=person)
    assert outcomes(job, person) == {"changed": 1}
    running.apply(job, KIND, by=person)
    dossier.refresh_from_db()
    assert (dossier.title, dossier.form_state) == ("Titre après la décision", "refuse")
    # The committee's decision is another field.
    kept = Selection.objects.get(pk=decision.pk)
    assert (kept.state, kept.outcome) == ("validated", "retained")


def test_a_treated_dossier_may_go_back_to_instruction(session, person):
    rows = online_form.dossiers(1)
    rows[0].cells["État du dossier", 1] = "Accepté"
    imported(session, person, rows)
    state = Application.objects.get().state
    rows[0].cells["État du dossier", 1] = "En instruction"
    job = read(session, person, online_form.export(rows, "csv"), "b.csv")
    (change,) = job.rows.get().changes
    assert change[1] == "Accepté"
    assert "repassé en instruction" in change[2]
    running.apply(job, KIND, by=person)
    dossier = Application.objects.get()
    assert (dossier.form_state, dossier.state) == ("en_instruction", state)


def test_duplicates_and_unknown_states_are_named_with_their_rows(session, person):
    rows = online_form.dossiers(3)
    rows[2].cells["ID", 1] = rows[0].number
    rows[1].cells["État du dossier", 1] = "Envolé"
    rows[1].cells["Montant demandé au fonds (en euros)", 1] = "beaucoup"
    job = read(session, person, online_form.export(rows, "csv"))
    found = problems(job)
    assert {(number, column) for number, column, _ in found} == {
        (2, "ID"),
        (3, "État du dossier"),
        (3, "Montant demandé au fonds (en euros)"),
        (4, "ID"),
    }
    assert "aussi ligne 4" in found[0][2]
    assert "En construction, En instruction" in next(text for _, _, text in found if "État" in text)
    with pytest.raises(Refusal, match="illisibles"):
        running.apply(job, KIND, by=person)
    assert not Application.objects.filter(form_number__isnull=False).exists()


def test_a_dossier_of_another_session_is_not_taken(session, person):
    rows = online_form.dossiers(1)
    imported(CallSessionFactory(), person, rows)
    job = read(session, person, online_form.export(rows, "csv"), "b.csv")
    assert "déjà dans une autre session" in problems(job)[0][2]


def test_organisations_by_siret_then_name_then_former_name(session, person):
    by_siret = OrganisationFactory(name="Tout autre nom", siret=online_form.SIRETS[0])
    by_former = OrganisationFactory(name="Nouvelle agence", former_names=online_form.NAMES[1])
    rows = online_form.dossiers(2)
    rows[1].cells["Établissement SIRET", 1] = ""
    job = read(session, person, online_form.export(rows, "csv"))
    for row in job.rows.filter(outcome="unreadable"):
        for question in running.questions(row):
            running.decide(row, KIND, question["name"], by_siret.slug, by=person)
    assert outcomes(job, person) == {"created": 2}
    running.apply(job, KIND, by=person)
    found = [row.organisation for row in Bearer.objects.order_by("application__form_number")]
    assert found == [by_siret, by_former]


def test_a_near_duplicate_is_asked_and_never_chosen(session, person):
    known = OrganisationFactory(name="Agence de l’exemple publique")
    rows = online_form.dossiers(2)[1:]
    job = read(session, person, online_form.export(rows, "csv"))
    assert outcomes(job, person) == {"unreadable": 1}
    (question,) = running.questions(job.rows.get())
    assert [value for value, _ in question["choices"]] == [known.slug, "new"]
    row = running.decide(job.rows.get(), KIND, question["name"], "new", by=person)
    assert row.outcome == "created"
    running.apply(job, KIND, by=person)
    assert Bearer.objects.get().organisation != known


def test_whoever_is_recused_neither_reads_nor_writes_the_dossier(session, person):
    rows = online_form.dossiers(2)
    imported(session, person, rows)
    dossier = Application.objects.get(form_number=rows[0].number)
    before = dossier.title
    RecusalFactory(application=dossier, user=person)
    rows[0].cells["Titre du projet", 1] = "Changé en déport"
    rows[1].cells["Titre du projet", 1] = "Changé"
    job = read(session, person, online_form.export(rows, "csv"), "b.csv")
    held = job.rows.get(key=str(rows[0].number))
    assert held.outcome == "held"
    assert (held.changes, held.stored) == ([], "")
    running.apply(job, KIND, by=person)
    dossier.refresh_from_db()
    assert dossier.title == before
    assert Application.objects.get(form_number=rows[1].number).title == "Changé"


def test_what_changed_since_the_reading_is_not_overwritten(session, person):
    rows = online_form.dossiers(2)
    imported(session, person, rows)
    rows[0].cells["Titre du projet", 1] = "Titre du fichier"
    job = read(session, person, online_form.export(rows, "csv"), "b.csv")
    dossier = Application.objects.get(form_number=rows[0].number)
    dossier.title = "Titre saisi entre-temps"
    dossier.save()
    with pytest.raises(Refusal):
        running.apply(job, KIND, by=person)
    dossier.refresh_from_db()
    assert dossier.title == "Titre saisi entre-temps"
    assert DossierImport.objects.get(pk=job.pk).stage == "ready"


def test_dossiers_that_the_file_lacks_are_told_and_kept(session, person):
    rows = online_form.dossiers(3)
    imported(session, person, rows)
    job = read(session, person, online_form.export(rows[:2], "csv"), "b.csv")
    assert [row.form_number for row in absent(job, person)] == [int(rows[2].number)]
    running.apply(job, KIND, by=person)
    assert Application.objects.filter(form_number__isnull=False).count() == 3


def test_only_the_secretariat_brings_dossiers_in(session):
    content = online_form.export(online_form.dossiers(1), "csv")
    for role in ("Lecture", "Instruction", "Avis", "Décision", "Publication"):
        with pytest.raises(PermissionDenied):
            running.receive(
                KIND,
                SimpleUploadedFile("e.csv", content),
                by=UserFactory(role=role),
                session=session,
            )
    assert not DossierImport.objects.exists()


def test_the_same_file_under_way_is_pointed_at(session, person):
    content = online_form.export(online_form.dossiers(1), "csv")
    job = read(session, person, content)
    with pytest.raises(StillOpen) as refused:
        read(session, UserFactory(role="Secrétariat"), content)
    assert refused.value.job == job


def test_a_mapping_is_saved_for_the_call_and_proposed_to_another(session, person):
    rows = online_form.dossiers(1)
    renamed = {("Titre du projet", 1): "Dénomination retenue"}
    content = online_form.export(rows, "csv", renamed=renamed)
    job = running.receive(KIND, SimpleUploadedFile("e.csv", content), by=person, session=session)
    chosen = {column.key: column.target for column in mapping.proposal(job)}
    with pytest.raises(Refusal, match="ne peut venir que d’une"):
        mapping.save(job, chosen | {("", "Email", 1): "form_number"}, by=person)
    assert not ColumnMapping.objects.exists()
    mapping.save(job, chosen | {("", "Dénomination retenue", 1): "title"}, by=person)
    other = running.receive(
        KIND, SimpleUploadedFile("f.csv", content + b"\n"), by=person, session=CallSessionFactory()
    )
    found = {column.label: (column.target, column.origin) for column in mapping.proposal(other)}
    assert found["Dénomination retenue"] == ("title", "other call")


COLUMNS = online_form.columns()


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kept=st.sets(st.sampled_from(range(1, len(COLUMNS))), min_size=1),
    seed=st.integers(0, 5),
    order=st.randoms(use_true_random=False),
)
def test_no_value_is_lost_whatever_the_columns(session, person, kept, seed, order):
    """Each cell is in a field, or kept with the dossier under its label and rank."""
    shown = [COLUMNS[0], *(COLUMNS[index] for index in sorted(kept))]
    # A dossier has a title, and an organisation that nobody knows a name.
    needed = (("Titre du projet", 1), ("Entreprise raison sociale", 1))
    shown += [column for column in needed if column not in shown]
    order.shuffle(shown)
    # A rank is that of the file: of two equal labels, the second alone is the first there.
    ranks = online_form.ranked([label for label, _ in shown])
    with transaction.atomic():
        (row,) = online_form.dossiers(1, seed=seed)
        job = read(session, person, online_form.export([row], "csv", shown=shown))
        targets = {(c.label, c.rank): c.target for c in mapping.proposal(job)}
        running.apply(job, KIND, by=person)
        dossier = Application.objects.get(form_number=row.number)
        record = FormRecord.objects.filter(application=dossier).first()
        cells = {(a, b): text for a, b, text in record.values[0]["rows"][0]} if record else {}
        for source, place in zip(shown, ranks, strict=True):
            text = row.cells[source]
            if text and not targets[place]:
                assert cells[place] == text.strip(), place
        assert dossier.title == row.cells["Titre du projet", 1]
        transaction.set_rollback(True)


def test_organisations_of_one_file_are_made_once(session, person):
    """By the same name in other words, or by the same SIRET under another name."""
    rows = online_form.dossiers(4)
    names = ["Agence inventée", "AGENCE INVENTEE", "Nom d’usage", "Bureau à part"]
    sirets = [online_form.SIRETS[0], "", online_form.SIRETS[0], ""]
    for row, name, siret in zip(rows, names, sirets, strict=True):
        row.cells["Entreprise raison sociale", 1] = name
        row.cells["Établissement SIRET", 1] = siret
    job = read(session, person, online_form.export(rows, "csv"))
    running.apply(job, KIND, by=person)
    found = Bearer.objects.order_by("application__form_number")
    assert [row.organisation.name for row in found] == [*["Agence inventée"] * 3, "Bureau à part"]
    assert [row.declared_name for row in found] == names
    assert DossierImport.objects.get().counts["organisations"] == 2


def test_making_many_organisations_looks_for_no_near_name(session, person, monkeypatch):
    """Near names were asked when the file was compared: in the writing they would take hours."""
    rows = online_form.dossiers(3)
    for row in rows:
        row.cells["Entreprise raison sociale", 1] = f"Organisme inventé {row.number}"
        row.cells["Établissement SIRET", 1] = ""
    job = read(session, person, online_form.export(rows, "csv"))

    def unwanted(*args):
        raise AssertionError("near names are looked for")

    monkeypatch.setattr("laureates.matching.matcher.Matcher._ranked", unwanted)
    running.apply(job, KIND, by=person)
    assert Organisation.objects.filter(name__startswith="Organisme inventé").count() == 3
