"""An organisation merged while an import that found it waits to be confirmed."""

import pytest

from calls.importers import KIND
from calls.models import Application, Bearer, DossierImport
from ftap.imports import running
from ftap.refusals import Refusal
from laureates import merging
from tests import online_form
from tests.calls.test_importers import imported, read
from tests.factories import CallSessionFactory, OrganisationFactory, UserFactory


@pytest.mark.django_db(transaction=True)
def test_what_was_found_and_merged_since_is_read_again():
    person = UserFactory(role="Secrétariat")
    session = CallSessionFactory()
    imported(session, person, online_form.dossiers(2))
    rows = online_form.dossiers(2)
    for rank, row in enumerate(rows):
        row.cells["ID", 1] = str(900_000 + rank)
    other = CallSessionFactory(call=session.call, number=99)
    job = read(other, person, online_form.export(rows, "csv"))
    kept = OrganisationFactory(name="Organisme gardé")
    merging.merge(kept, Bearer.objects.earliest("pk").organisation, by=person, reason="Doublon")

    with pytest.raises(Refusal, match="supprimée ou fusionnée depuis sa lecture"):
        running.apply(job, KIND, by=person)

    assert not Application.objects.filter(session=other).exists()
    job = DossierImport.objects.get(pk=job.pk)
    job = running.start(running.restart(job, KIND, by=person), KIND, by=person)
    job = running.advance(job, KIND, by=person, seconds=60)
    assert running.apply(job, KIND, by=person).counts["created"] == 2
    assert Bearer.objects.filter(application__session=other, organisation=kept).exists()
