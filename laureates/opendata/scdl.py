"""The essential data of grant agreements: SCDL « subventions » 2.1.1.

Columns and rules are those of the annex of the arrêté of 17 November 2017, as the schemas
etalab/format-subventions 1.1.1 and SCDL « subventions » 2.1.1 write them. The beneficiary's SIRET,
which 2.1.1 leaves optional, is asked for: without it a row breaks 1.1.1.

A row is one beneficiary of one agreement, and its `pourcentageSubvention` the share of the amount
that goes to it. No source says how an amount is shared: a project that several organisations
carry is left out, and the share of a sole beneficiary is 1. Organisations that only support a
project receive nothing, and are no beneficiaries.
"""

import re
from collections.abc import Iterator

from django.db.models import QuerySet

from ftap.sheets.cells import guarded
from laureates.models import Carrier, Laureate, Organisation
from laureates.opendata.native import decimal, table
from laureates.opendata.reading import keys_of, laureates_of

VERSION = "2.1.1"
MAX_TEXT = 256
NATURE = "aide en numéraire"
NOTIFIED_TO_EUROPE = "non"
WHOLE_SHARE = "1"
COLUMNS = (
    "nomAttribuant",
    "idAttribuant",
    "dateConvention",
    "referenceDecision",
    "nomBeneficiaire",
    "idBeneficiaire",
    "rnaBeneficiaire",
    "objet",
    "montant",
    "nature",
    "conditionsVersement",
    "datesPeriodeVersement",
    "idRAE",
    "notificationUE",
    "pourcentageSubvention",
    "dispositifAide",
)
_SIRET = re.compile(r"\d{14}", re.ASCII)
_PERIOD = re.compile(r"\d{4}-\d{2}-\d{2}(/\d{4}-\d{2}-\d{2})?", re.ASCII)


def candidates(queryset: QuerySet) -> QuerySet:
    """The laureates of `queryset` that may be accepted: none of the others is."""
    return queryset.filter(amount__isnull=False, agreement_signed_on__isnull=False).exclude(
        funder_siret=""
    )


def refusals(laureate: Laureate) -> list[str]:
    """Why the standard refuses a laureate, in French; empty when it takes it."""
    found = []
    if not laureate.funder_name:
        found.append("le nom de l’attribuant n’est pas communiqué")
    if not _SIRET.fullmatch(laureate.funder_siret):
        found.append("le SIRET de l’attribuant n’est pas communiqué, ou n’a pas 14 chiffres")
    if laureate.agreement_signed_on is None:
        found.append("la date de signature de la convention n’est pas communiquée")
    beneficiaries = _beneficiaries(laureate)
    if not beneficiaries:
        found.append("aucun bénéficiaire n’est connu")
    elif len(beneficiaries) > 1:
        found.append(
            "plusieurs organismes portent le projet, et la part de chacun n’est pas communiquée"
        )
    if not all(_SIRET.fullmatch(organisation.siret) for organisation in beneficiaries):
        found.append("le SIRET d’un bénéficiaire n’est pas connu, ou n’a pas 14 chiffres")
    if len(laureate.title) > MAX_TEXT:
        found.append(f"le titre dépasse {MAX_TEXT} caractères")
    if laureate.amount is None:
        found.append("le montant accordé n’est pas communiqué")
    if not 0 < len(laureate.payment_terms) <= MAX_TEXT:
        found.append("les conditions de versement ne sont pas communiquées")
    if not _PERIOD.fullmatch(laureate.payment_period):
        found.append("les dates de versement ne sont pas communiquées")
    return found


def row(laureate: Laureate) -> list[str]:
    """The cells of a laureate that has no refusal, in the order of COLUMNS."""
    (beneficiary,) = _beneficiaries(laureate)
    cells = {
        "nomAttribuant": laureate.funder_name,
        "idAttribuant": laureate.funder_siret,
        "dateConvention": laureate.agreement_signed_on.isoformat(),
        "referenceDecision": laureate.decision_reference,
        "nomBeneficiaire": beneficiary.name,
        "idBeneficiaire": beneficiary.siret,
        "objet": laureate.title,
        "montant": decimal(laureate.amount),
        "nature": NATURE,
        "conditionsVersement": laureate.payment_terms,
        "datesPeriodeVersement": laureate.payment_period,
        "notificationUE": NOTIFIED_TO_EUROPE,
        "pourcentageSubvention": WHOLE_SHARE,
        "dispositifAide": laureate.programme_code,
    }
    return [guarded(cells.get(name, "")) for name in COLUMNS]


def accepted(queryset: QuerySet) -> Iterator[Laureate]:
    """The laureates of `queryset` that the standard takes, in its order."""
    found = laureates_of(keys_of(candidates(queryset)))
    return (laureate for laureate in found if not refusals(laureate))


def stream_csv(queryset: QuerySet) -> Iterator[bytes]:
    """The CSV of those: UTF-8 without a mark, commas, decimal points, ISO 8601 dates."""
    return table(COLUMNS, map(row, accepted(queryset)), mark=b"")


def _beneficiaries(laureate) -> list[Organisation]:
    return [
        carrier.organisation
        for carrier in laureate.carriers.all()
        if carrier.role != Carrier.Role.SUPPORT
    ]
