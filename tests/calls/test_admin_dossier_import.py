"""Screens of imports of dossiers: what is answered there, by whom, and what stays hidden."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from calls.importers import KIND, mapping
from calls.importers.comparing import OTHERS_MAX
from calls.models import Application, ColumnMapping, DossierImport
from calls.models.event import EventText
from ftap.imports import running
from tests import online_form
from tests.calls.test_importers import imported, outcomes, problems, read
from tests.factories import (
    ApplicationFactory,
    CallSessionFactory,
    RecusalFactory,
    SelectionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
SECRET = "Titre qu’un déport cache"


@pytest.fixture
def session():
    return CallSessionFactory()


@pytest.fixture
def person():
    return UserFactory(role="Secrétariat")


@pytest.fixture
def other():
    return UserFactory(role="Secrétariat")


@pytest.fixture
def browse(client):
    """browse(user, page, job or row, posted): the answer of a page of an import."""

    def browsed(user, page, *args, posted=None):
        client.force_login(user)
        address = reverse(f"admin:calls_dossierimport_{page}", args=args)
        return client.get(address) if posted is None else client.post(address, posted)

    return browsed


def received(session, person, rows, format="csv", name="export"):
    content = online_form.export(rows, format)
    upload = SimpleUploadedFile(f"{name}.{format}", content)
    return running.receive(KIND, upload, by=person, session=session)


def chosen(page, **changed):
    """What the form of the mapping would send, with some of it changed."""
    form = page.context["form"]
    sent = {f"column-{index}": column.target for index, column in enumerate(form.columns)}
    sent["seen"] = page.context["seal"]
    for index, column in enumerate(form.columns):
        if column.name in changed:
            sent[f"column-{index}"] = changed[column.name]
    return sent


# The mapping ----------------------------------------------------------------------------


def test_another_mapping_saved_meanwhile_is_not_overwritten(browse, session, person, other):
    job = received(session, person, online_form.dossiers(2))
    page = browse(person, "mapping", job.pk)
    meanwhile = browse(other, "mapping", job.pk)
    sent = chosen(meanwhile, **{"Commentaire": "contact_name", "Nom du contact": ""})
    assert browse(other, "mapping", job.pk, posted=sent).status_code == 302

    stale = browse(person, "mapping", job.pk, posted=chosen(page))
    assert stale.status_code == 409
    assert stale.context["compared"] == [
        ("Nom du contact", "gardée avec le dossier, sans champ", "Nom du contact"),
        ("Commentaire", "Nom du contact", "gardée avec le dossier, sans champ"),
    ]
    assert ColumnMapping.objects.get(target="contact_name").label == "Commentaire"
    # Once read, the same choice may be saved.
    sent = {**chosen(page), "seen": stale.context["seal"]}
    assert browse(person, "mapping", job.pk, posted=sent).status_code == 302
    assert ColumnMapping.objects.get(target="contact_name").label == "Nom du contact"


def test_the_same_mapping_sent_twice_is_saved_once(browse, session, person):
    job = received(session, person, online_form.dossiers(2))
    sent = chosen(browse(person, "mapping", job.pk))
    first, second = (browse(person, "mapping", job.pk, posted=sent) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert ColumnMapping.objects.count() == len(job.headers[0]["labels"])


def test_a_field_is_never_given_to_two_columns(browse, session, person):
    job = received(session, person, online_form.dossiers(1))
    page = browse(person, "mapping", job.pk)
    answer = browse(person, "mapping", job.pk, posted=chosen(page, Commentaire="title"))
    assert answer.status_code == 409
    (told,) = answer.context["errors"]
    assert "choisissez entre «\u00a0Titre du projet\u00a0» et «\u00a0Commentaire\u00a0»" in told
    assert not ColumnMapping.objects.exists()


# Rows -------------------------------------------------------------------------------------


def test_cells_that_nobody_touched_may_be_sent_back_whole(browse, session, person):
    """A page of a row sends every cell: long ones, and ones with spaces around them."""
    rows = online_form.dossiers(1)
    rows[0].cells["Commentaire", 1] = "long " * 5_000
    rows[0].cells["Commentaire", 2] = "  des espaces autour "
    rows[0].cells["État du dossier", 1] = "Envolé"
    job = read(session, person, online_form.export(rows, "csv"))
    row = job.rows.get()
    page = browse(person, "row", job.pk, row.pk)
    sent = {cell.name: cell.value for cell in page.context["shown"].every}
    state = next(cell for cell in page.context["shown"].every if cell.problems)
    answer = browse(person, "row", job.pk, row.pk, posted={**sent, state.name: "Accepté"})
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.corrections == {str(state.index): "Accepté"}
    assert row.outcome == "created"


def test_a_dossier_named_by_many_rows_says_a_few_of_them(session, person):
    rows = online_form.dossiers(9)
    for row in rows[:8]:
        row.cells["ID", 1] = rows[0].number
    job = read(session, person, online_form.export(rows, "csv"))
    assert outcomes(job, person) == {"unreadable": 8, "created": 1}
    assert problems(job)[0] == (
        2,
        "ID",
        f"Le dossier nᵒ {rows[0].number} est aussi ligne 3, 4, 5, 6, 7 et 2 de plus du fichier : "
        "gardez-en une et écartez les autres.",
    )
    _, *others = job.rows.filter(outcome="unreadable").order_by("position")
    for row in others:
        running.set_aside(row, KIND, True, by=person)
    assert outcomes(job, person) == {"created": 2, "set_aside": 7}


def test_a_dossier_with_too_many_rows_elsewhere_is_told(session, person):
    rows = online_form.dossiers(2)
    rows[0].budget = [("2020", "1")] * OTHERS_MAX
    job = read(session, person, online_form.export(rows, "ods"), "export.ods")
    assert outcomes(job, person) == {"unreadable": 1, "created": 1}
    assert "a 2 003 lignes dans les autres feuilles" in problems(job)[0][2].replace("\u202f", " ")


def test_rows_are_called_by_their_number_and_title(browse, session, person):
    job = read(session, person, online_form.export(online_form.dossiers(1), "csv"))
    page = browse(person, "change", job.pk).content.decode()
    assert "dossier nᵒ\u00a0480001, Guichet d’essai nᵒ 480001" in page


# Confirming ---------------------------------------------------------------------------------


def test_a_confirmation_sent_twice_imports_once(browse, session, person):
    job = read(session, person, online_form.export(online_form.dossiers(3), "csv"))
    seal = browse(person, "confirm", job.pk).context["seal"]
    first, second = (browse(person, "confirm", job.pk, posted={"seen": seal}) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert Application.objects.filter(form_number__isnull=False).count() == 3
    assert DossierImport.objects.get().counts["created"] == 3


def test_a_confirmation_of_what_changed_meanwhile_imports_nothing(browse, session, person, other):
    job = read(session, person, online_form.export(online_form.dossiers(3), "csv"))
    seal = browse(person, "confirm", job.pk).context["seal"]
    running.set_aside(job.rows.first(), KIND, True, by=other)
    answer = browse(person, "confirm", job.pk, posted={"seen": seal})
    assert answer.status_code == 409
    assert "Des lignes ont changé" in answer.content.decode()
    assert not Application.objects.filter(form_number__isnull=False).exists()


def test_an_import_given_up_by_another_cannot_be_confirmed(browse, session, person, other):
    job = read(session, person, online_form.export(online_form.dossiers(1), "csv"))
    seal = browse(person, "confirm", job.pk).context["seal"]
    browse(other, "abandon", job.pk, posted={})
    answer = browse(person, "confirm", job.pk, posted={"seen": seal})
    assert answer.status_code == 302
    assert "Import abandonné" in browse(person, "change", job.pk).content.decode()
    assert not Application.objects.filter(form_number__isnull=False).exists()


@pytest.mark.parametrize("state", ["withdrawn", "inadmissible"])
def test_a_dossier_that_left_the_session_keeps_its_state(session, person, state):
    rows = online_form.dossiers(1)
    imported(session, person, rows)
    reasons = {"withdrawn": "withdrawal_reason", "inadmissible": "admissibility_reason"}
    Application.objects.filter(form_number=rows[0].number).update(
        state=state, **{reasons[state]: "Motif"}
    )
    rows[0].cells["État du dossier", 1] = "Classé sans suite"
    job = read(session, person, online_form.export(rows, "csv"), "b.csv")
    assert [change[0] for change in job.rows.get().changes] == ["État du dossier en ligne"]
    running.apply(job, KIND, by=person)
    dossier = Application.objects.get(form_number=rows[0].number)
    assert (dossier.state, dossier.form_state) == (state, "sans_suite")


def test_an_undisclosed_dossier_stays_as_it_is(session, person):
    """It has no number: a row never stands for it, even under the reference it would take."""
    rows = online_form.dossiers(1)
    hidden = ApplicationFactory(
        session=session,
        reference=f"{session.slug[: 39 - len(rows[0].number)]}-{rows[0].number}",
        is_undisclosed=True,
        title="",
        asked_amount=None,
        received_on=None,
    )
    job = read(session, person, online_form.export(rows, "csv"))
    assert "porte déjà la référence" in problems(job)[0][2]
    hidden.refresh_from_db()
    assert (hidden.title, hidden.form_number) == ("", None)


# A recusal ------------------------------------------------------------------------------------


@pytest.fixture
def hidden(session, person, other):
    """A file brought by `person`, with a dossier from which `other` is recused."""
    rows = online_form.dossiers(3)
    imported(session, person, rows)
    dossier = Application.objects.get(form_number=rows[0].number)
    RecusalFactory(application=dossier, user=other)
    for row in rows:
        row.cells["Titre du projet", 1] = f"{SECRET} {row.number}"
    rows[1].cells["Titre du projet", 1] = rows[2].cells["Titre du projet", 1] = "Visible"
    return rows, dossier


def test_examples_of_columns_are_masked(browse, session, person, other, hidden):
    rows, _ = hidden
    job = received(session, person, rows, name="b")
    assert SECRET in browse(person, "mapping", job.pk).content.decode()
    page = browse(other, "mapping", job.pk).content.decode()
    assert SECRET not in page
    assert "masqué\u00a0: déport" in page


def test_reading_again_shows_no_hidden_row(browse, session, person, other, hidden):
    rows, dossier = hidden
    job = read(session, person, online_form.export(rows, "csv"), "b.csv")
    browse(other, "reread", job.pk, posted={})
    while DossierImport.objects.get(pk=job.pk).stage == "reading":
        browse(other, "advance", job.pk, posted={})
    held = job.rows.get(key=rows[0].number)
    assert (held.outcome, held.application) == ("held", dossier)
    for page in ("change", "confirm", "problems"):
        shown = browse(other, page, job.pk).content.decode()
        assert SECRET not in shown
        assert rows[0].number not in shown
    assert browse(other, "row", job.pk, held.pk).status_code == 404
    assert "à cause d’un déport" in browse(other, "change", job.pk).content.decode()
    # Whoever may see it reads again, and finds it.
    browse(person, "reread", job.pk, posted={})
    running.advance(job, KIND, by=person, seconds=60)
    assert SECRET in browse(person, "change", job.pk).content.decode()


def test_a_receipt_tells_no_total_to_the_recused(browse, session, person, other, hidden):
    rows, _ = hidden
    job = read(session, person, online_form.export(rows, "csv"), "b.csv")
    running.apply(job, KIND, by=person)
    assert "3 lignes modifiées" in browse(person, "change", job.pk).content.decode()
    page = browse(other, "change", job.pk).content.decode()
    assert "masqué\u00a0: déport" in page
    assert "lignes modifiées" not in page


def test_nobody_is_asked_a_reason_for_what_they_may_not_change(browse, session, other, hidden):
    rows, _ = hidden
    job = read(session, other, online_form.export(rows, "csv"), "b.csv")
    held = job.rows.get(outcome="held")
    page = browse(other, "row", job.pk, held.pk)
    assert "une autre personne du" in page.content.decode().lower()
    assert "Modifier quand même" not in page.content.decode()


def test_a_decided_dossier_asks_a_reason(browse, session, person):
    rows = online_form.dossiers(1)
    imported(session, person, rows)
    SelectionFactory(application=Application.objects.get(form_number=rows[0].number), retained=True)
    rows[0].cells["Titre du projet", 1] = "Autre titre"
    job = read(session, person, online_form.export(rows, "csv"), "b.csv")
    row = job.rows.get()
    page = browse(person, "row", job.pk, row.pk)
    assert "Modifier quand même" in page.content.decode()
    refused = browse(person, "row", job.pk, row.pk, posted={"_overwrite": "1", "reason": " "})
    assert refused.status_code == 409
    answer = browse(person, "row", job.pk, row.pk, posted={"_overwrite": "1", "reason": "Erratum"})
    assert answer.status_code == 302
    assert outcomes(job, person) == {"changed": 1}


def test_nothing_of_an_import_outlives_it(browse, session, person):
    job = read(session, person, online_form.export(online_form.dossiers(1), "csv"))
    kept = mapping.proposal(job)
    assert kept
    browse(person, "abandon", job.pk, posted={})
    job.refresh_from_db()
    assert (job.stage, job.rows.count(), job.file.name) == ("abandoned", 0, "")
    assert not Application.objects.filter(form_number__isnull=False).exists()


def test_one_reason_is_given_to_all_the_rows_held(browse, session, person, other):
    """As when the form repeats what the committee decided of every dossier."""
    rows = online_form.dossiers(4)
    imported(session, person, rows)
    dossiers = list(Application.objects.order_by("form_number"))
    for dossier in dossiers[:3]:
        SelectionFactory(application=dossier, retained=True)
    RecusalFactory(application=dossiers[0], user=other)
    for row in rows:
        row.cells["État du dossier", 1] = "Accepté"
    job = read(session, other, online_form.export(rows, "csv"), "b.csv")
    assert outcomes(job, other) == {"held": 3, "changed": 1}
    assert "2 lignes bloquées" in browse(other, "change", job.pk).content.decode()
    empty = browse(other, "overwrite", job.pk, posted={"reason": " "})
    assert empty.status_code == 409
    assert "Indiquez le motif" in empty.content.decode()
    assert browse(other, "overwrite", job.pk, posted={"reason": "Suites"}).status_code == 302
    # Not the dossier from which the person is recused.
    assert outcomes(job, other) == {"held": 1, "changed": 3}
    running.apply(job, KIND, by=other)
    states = Application.objects.order_by("form_number").values_list("form_state", flat=True)
    assert list(states) == ["en_instruction", "accepte", "accepte", "accepte"]
    told = EventText.objects.filter(name="comment", event__action="import_dossiers", text="Suites")
    assert set(told.values_list("event__application", flat=True)) == {
        dossier.pk for dossier in dossiers[1:3]
    }
