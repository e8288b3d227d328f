"""What must hold between rows: the database's own constraints, then what spans several objects."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, connections, models

from calls.fixture_check.rows import Row, Rows
from calls.models import (
    Application,
    Bearer,
    Criterion,
    EligibilityRule,
    FormerDeadline,
    FundAim,
    Selection,
)
from laureates.models import (
    Carrier,
    Claim,
    Document,
    Laureate,
    LaureateGroup,
    Organisation,
    OrganisationRedirect,
    Release,
    Territory,
)

CALCULATOR = "fixture_check"
# Rows numbered 1, 2, 3… among those that share the parent.
NUMBERED = (
    (Laureate, "announcement"),
    (LaureateGroup, "announcement"),
    (Carrier, "laureate"),
    (Document, "announcement"),
    (Bearer, "application"),
    (FundAim, "fund"),
    (Criterion, "call"),
    (EligibilityRule, "session"),
    (FormerDeadline, "session"),
)


@contextmanager
def calculator() -> Iterator[str]:
    """The alias of an in-memory SQLite without any table, which computes constraints.

    The project's own database may be out of reach: it is never asked.
    """
    memory = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    configured = connections.configure_settings({DEFAULT_DB_ALIAS: memory})
    connections.settings[CALCULATOR] = configured[DEFAULT_DB_ALIAS]
    try:
        yield CALCULATOR
    finally:
        connections[CALCULATOR].close()
        del connections[CALCULATOR]
        del connections.settings[CALCULATOR]


def check(rows: Rows) -> None:
    """Report on `rows` every rule that they break."""
    with calculator() as using:
        for row in rows:
            if not row.is_reference:
                _check_constraints(rows, row, using)
        for model in rows.by_model:
            _check_unique(rows, model, using)
    for model, parent in NUMBERED:
        _check_numbers(rows, model, parent)
    _check_links(rows)
    _check_releases(rows)
    _check_claims(rows)


def _check_constraints(rows: Rows, row: Row, using: str) -> None:
    for constraint in row.model._meta.constraints:
        if isinstance(constraint, models.CheckConstraint):
            try:
                constraint.validate(row.model, row.instance, exclude=row.invalid, using=using)
            except ValidationError as error:
                rows.report(row, " ".join(error.messages))


def _check_unique(rows: Rows, model, using: str) -> None:
    simple = [
        ((f.name,), None, f"ce champ est unique ({f.verbose_name})")
        for f in model._meta.concrete_fields
        if f.unique and not f.primary_key
    ]
    declared = [
        (c.fields, c.condition, c.violation_error_message.rstrip("."))
        for c in model._meta.constraints
        if isinstance(c, models.UniqueConstraint) and c.fields
    ]
    for names, condition, message in simple + declared:
        attributes = [model._meta.get_field(name).attname for name in names]
        seen: dict[tuple, Row] = {}
        for row in rows[model]:
            value = tuple(getattr(row.instance, attribute) for attribute in attributes)
            if None in value or row.invalid.intersection(names):
                continue
            if condition is not None and not _holds(condition, row, using):
                continue
            first = seen.setdefault(value, row)
            if first is not row:
                late, early = (first, row) if row.is_reference else (row, first)
                place = f"{early.entry.path}, ligne {early.entry.line}"
                rows.report(late, f"{message} : voir aussi {early.name} ({place}).", names[-1])


def _holds(condition, row: Row, using: str) -> bool:
    """Whether the condition is true of the row: unknown (a null in it) is not true."""
    contrary = models.CheckConstraint(condition=~condition, name="contrary")
    try:
        contrary.validate(row.model, row.instance, exclude=row.invalid, using=using)
    except ValidationError:
        return True
    return False


def _check_numbers(rows: Rows, model, parent: str) -> None:
    groups = defaultdict(list)
    for row in rows[model]:
        if parent in row.related and "position" not in row.invalid:
            groups[row.related[parent]].append(row)
    for owner, members in groups.items():
        members.sort(key=lambda row: row.instance.position)
        found = [row.instance.position for row in members]
        for expected, row in enumerate(members, 1):
            if row.instance.position != expected:
                listed = ", ".join(map(str, found))
                message = (
                    f"les rangs de {model._meta.verbose_name_plural} sous {owner.name} sont "
                    f"{listed} : numérotez-les de 1 à {len(members)}, sans trou ni doublon."
                )
                rows.report(row, message, "position")
                break


def _check_links(rows: Rows) -> None:
    carried = {row.related.get("laureate") for row in rows[Carrier]}
    for row in rows[Laureate]:
        if row not in carried:
            rows.report(row, "aucun porteur : ajoutez au moins un objet laureates.carrier.")
        group = row.related.get("group")
        if group and group.related.get("announcement") is not row.related.get("announcement"):
            rows.report(row, f"{group.name} est un groupe d’une autre annonce.", "group")
    addresses = {row.instance.slug for row in rows[Organisation]}
    for row in rows[OrganisationRedirect]:
        if row.instance.slug in addresses:
            message = "un organisme de ces fichiers a déjà cette adresse : gardez l’un des deux."
            rows.report(row, message, "slug")
    for row in rows[Organisation]:
        ministry = row.related.get("supervising_ministry")
        if ministry and ministry.instance.kind != Organisation.Kind.MINISTRY:
            message = f"{ministry.name} n’est pas un ministère (kind: ministere)."
            rows.report(row, message, "supervising_ministry")
    for row in rows[Territory]:
        region = row.related.get("region")
        if region and region.instance.kind != Territory.Kind.REGION:
            rows.report(row, f"{region.name} n’est pas une région (kind: region).", "region")
    for model, link, what in (
        (Bearer, "application", "a un porteur"),
        (Selection, "laureate", "est liée à un lauréat"),
    ):
        for row in rows[model]:
            application = row.related.get("application")
            if application and link in row.related and application.instance.is_undisclosed:
                message = (
                    f"la candidature {application.name} est non détaillée mais {what} : "
                    "rien d’elle n’est connu, retirez l’un ou l’autre."
                )
                rows.report(row, message, link)


def _check_releases(rows: Rows) -> None:
    """Versions are numbered 1, 2, 3…, and the first has the minute of its announcement."""
    groups = defaultdict(list)
    for row in rows[Release]:
        if (owner := row.related.get("announcement")) and "number" not in row.invalid:
            groups[owner].append(row)
    for owner, members in groups.items():
        members.sort(key=lambda row: row.instance.number)
        found = [row.instance.number for row in members]
        if found != list(range(1, len(members) + 1)):
            listed = ", ".join(map(str, found))
            message = (
                f"les versions de {owner.name} sont {listed} : numérotez-les de 1 à "
                f"{len(members)}, sans trou ni doublon."
            )
            rows.report(members[-1], message, "number")
        first, opened = members[0], owner.instance.published_at
        minute = first.instance.published_at
        if first.instance.number != 1 or {"published_at"} & (first.invalid | owner.invalid):
            continue
        if opened is None:
            message = f"{owner.name} est un brouillon, sans published_at : il n’a pas de version."
            rows.report(first, message, "announcement")
        elif minute != opened:
            message = f"la version 1 a la minute de {owner.name} : écrivez {opened.isoformat()}."
            rows.report(first, message, "published_at")


def _check_claims(rows: Rows) -> None:
    """Exact counts announced for a session, against what the files hold."""
    laureates, sessions, received = defaultdict(int), defaultdict(set), defaultdict(int)
    for row in rows[Laureate]:
        laureates[row.related.get("announcement")] += 1
    for row in rows[Application]:
        received[row.related.get("session")] += 1
    for row in rows[Selection]:
        laureate, application = row.related.get("laureate"), row.related.get("application")
        if laureate and application:
            announcement = laureate.related.get("announcement")
            sessions[announcement].add(application.related.get("session"))
    for row in rows[Claim]:
        claim, announcement = row.instance, row.related.get("announcement")
        exact = claim.exactness == Claim.Exactness.EXACT and claim.scope == Claim.Scope.SESSION
        if not (exact and announcement and claim.value is not None) or "value" in row.invalid:
            continue
        if claim.subject == Claim.Subject.LAUREATES:
            found, noun = laureates[announcement], "lauréats"
        elif claim.subject == Claim.Subject.APPLICATIONS and sessions[announcement]:
            found = sum(received[session] for session in sessions[announcement])
            noun = "candidatures, les non détaillées comprises"
        else:
            continue
        if claim.value != found:
            message = (
                f"le chiffre annoncé est {claim.value:f}, mais les fichiers contiennent "
                f"{found} {noun}. Ajoutez ce qui manque, ou corrigez le chiffre."
            )
            rows.report(row, message, "value")
