"""What goes out of the database: which rows, in which files, in which order.

Without what is private, only rows that visitors see now, and of those nothing that they do not see.
Accounts, the history, and what a person wrote or declared during an instruction never go out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import models

from calls.fixture_check import loadable_models
from calls.models import (
    Application,
    Bearer,
    Call,
    CallDocument,
    CallSession,
    ColumnMapping,
    Committee,
    CommitteeMember,
    Criterion,
    EligibilityRule,
    FormerDeadline,
    FormRecord,
    Fund,
    FundAim,
    Publication,
    Selection,
)
from laureates.models import (
    Announcement,
    Carrier,
    Claim,
    Document,
    Laureate,
    LaureateGroup,
    Organisation,
    OrganisationRedirect,
    Release,
    ReleaseDraft,
    ReleaseFile,
    Territory,
    Theme,
)

# Written in files of their own, beside the objects.
BYTES = {Release: "content", ReleaseDraft: "content", ReleaseFile: "content"}
# What no visitor sees of a row that they see.
_STAFF_ONLY = {
    Announcement: {"staff_note"},
    Call: {"staff_note"},
    CallSession: {"staff_note", "expected_institutions"},
    Release: {"created_at", "created_by"},
}
_KINDS = list(Territory.Kind)


@dataclass
class Part:
    """A file to write: its path without a suffix, what it is, and its rows in order."""

    path: str
    title: str
    rows: list[models.Model] = field(default_factory=list)


class Content:
    """The rows that go out, read once: by model in order, and their natural keys.

    `keys` maps each model to {primary key: natural key} of the rows that go out, `links` each field
    with several values to {primary key: natural keys}.
    """

    def __init__(self, *, is_private: bool):
        self.is_private = is_private
        self.rows: dict[type[models.Model], list] = {}
        self.keys: dict[type[models.Model], dict] = {}
        self.links: dict[models.Field, dict] = {}
        public = {} if is_private else _public_rows()
        for model in loadable_models().values():
            rows = model._base_manager.all() if is_private else public.get(model)
            self._read(model, model._base_manager.none() if rows is None else rows)
        for model in self.rows:
            for relation in model._meta.many_to_many:
                if relation.remote_field.through._meta.auto_created:
                    self.links[relation] = self._linked(relation)

    def _read(self, model, rows):
        if model in BYTES:
            rows = rows.defer(BYTES[model])
        found = model._base_manager.filter(pk__in=rows.order_by().values("pk"))
        keys = found.order_by().values_list("pk", *model.NATURAL_KEY)
        self.keys[model] = {pk: key for pk, *key in keys}
        # In Python: engines do not sort texts alike.
        self.rows[model] = sorted(rows.order_by("pk"), key=lambda row: (*self._rank(row), row.pk))

    def _rank(self, row) -> tuple:
        key = self.key(row)
        if isinstance(row, Territory):
            return (_KINDS.index(row.kind), row.code)
        if isinstance(row, Theme):
            return (row.position, row.slug)
        if isinstance(row, Organisation):
            return (row.kind != Organisation.Kind.MINISTRY, row.slug)
        if isinstance(row, Claim):
            return (row.position, row.slug)
        if isinstance(row, Laureate):
            return (row.announcement_id, row.position, row.public_id)
        if isinstance(row, ColumnMapping):
            return (key[0],)  # then in the order of the columns, as they were first read
        if isinstance(row, Selection):
            moment = row.superseded_at.timestamp() if row.superseded_at else float("inf")
            return (*key, moment)
        if isinstance(row, ReleaseFile):
            return (*key[:2], row.position, row.name)
        return tuple(key)

    def _linked(self, relation) -> dict:
        through = relation.remote_field.through
        source, target = relation.m2m_column_name(), relation.m2m_reverse_name()
        pairs = through._base_manager.order_by().values_list(source, target)
        known, targets = self.keys[relation.model], self.keys[relation.related_model]
        linked: dict = {}
        for pk, other in pairs:
            if pk in known and other in targets:
                linked.setdefault(pk, []).append(tuple(targets[other]))
        return {pk: sorted(keys) for pk, keys in linked.items()}

    def key(self, row) -> list:
        return self.keys[type(row)][row.pk]

    def hidden_fields(self, row) -> set[str]:
        """The fields of a row that goes out which stay here."""
        if self.is_private:
            return set()
        hidden = set(_STAFF_ONLY.get(type(row), ()))
        if isinstance(row, CallSession) and not row.envelope_is_public:
            hidden.add("envelope")
        return hidden

    # Files -------------------------------------------------------------------

    def parts(self) -> Iterator[Part]:
        """Every file that has a row, in the order in which one leans on the other."""
        for part in (*self._references(), *self._calls(), *self._announcements()):
            if part.rows:
                yield part
        for part in self._private():
            if part.rows:
                yield part

    def _references(self):
        yield Part("territories", "Territoires.", self.rows[Territory])
        yield Part("themes", "Thèmes de classement.", self.rows[Theme])
        yield Part(
            "organisations",
            "Organismes, ministères d’abord, puis adresses des organismes fusionnés.",
            self.rows[Organisation] + self.rows[OrganisationRedirect],
        )

    def _calls(self):
        open_calls = _keys_of(Call.objects.published())
        funds = {row.fund_id for row in self.rows[Call] if row.pk in open_calls}
        aims = _by(self.rows[FundAim], "fund_id")
        public = Part("fund_and_calls", "Fonds, appels à projets publics, sessions et règles.")
        private = Part("private/calls", "Fonds et appels à projets qui ne sont pas publics.")
        for fund in self.rows[Fund]:
            part = public if fund.pk in funds else private
            part.rows += [fund, *aims.get(fund.pk, ())]
        sessions = _by(self.rows[CallSession], "call_id")
        of_calls = [_by(self.rows[model], "call_id") for model in (CallDocument, Criterion)]
        of_sessions = [
            _by(self.rows[model], "session_id") for model in (FormerDeadline, EligibilityRule)
        ]
        for call in self.rows[Call]:
            rows = (public if call.pk in open_calls else private).rows
            rows.append(call)
            for session in sessions.get(call.pk, ()):
                rows.append(session)
                rows += [row for group in of_sessions for row in group.get(session.pk, ())]
            rows += [row for group in of_calls for row in group.get(call.pk, ())]
        yield from (public, private)

    def _announcements(self):
        public = _keys_of(Announcement.objects.published())
        claims = _by(self.rows[Claim], "announcement_id")
        yield Part("claims", "Chiffres annoncés, hors de toute annonce.", claims.get(None, []))
        groups, documents, releases, laureates = (
            _by(self.rows[model], "announcement_id")
            for model in (LaureateGroup, Document, Release, Laureate)
        )
        files = _by(self.rows[ReleaseFile], "release_id")
        carriers = _by(self.rows[Carrier], "laureate_id")
        for row in self.rows[Announcement]:
            folder = "announcements" if row.pk in public else "private/announcements"
            title = f"Annonce « {row.slug} », ses versions et ses lauréats."
            part = Part(f"{folder}/{row.slug}", title, [row])
            for group in (groups, documents, claims):
                part.rows += group.get(row.pk, ())
            for release in releases.get(row.pk, ()):
                part.rows += [release, *files.get(release.pk, ())]
            for laureate in laureates.get(row.pk, ()):
                part.rows += [laureate, *carriers.get(laureate.pk, ())]
            yield part

    def _private(self):
        yield Part(
            "private/column_mappings",
            "Colonnes des exports du formulaire en ligne et champs qu’elles remplissent.",
            self.rows[ColumnMapping],
        )
        bearers = _by(self.rows[Bearer], "application_id")
        records = _by(self.rows[FormRecord], "application_id")
        applications = _by(self.rows[Application], "session_id")
        for session in self.rows[CallSession]:
            title = f"Dossiers de la session « {session.slug} », porteurs et réponses."
            part = Part(f"private/applications/{session.slug}", title)
            for row in applications.get(session.pk, ()):
                part.rows += [row, *bearers.get(row.pk, ()), *records.get(row.pk, ())]
            yield part
        members = _by(self.rows[CommitteeMember], "committee_id")
        sittings = Part("private/committees", "Séances des comités et leurs membres.")
        for row in self.rows[Committee]:
            sittings.rows += [row, *members.get(row.pk, ())]
        yield sittings
        yield Part("private/selections", "Décisions des comités.", self.rows[Selection])
        yield Part(
            "private/publications",
            "Séances dont chaque annonce publie les décisions.",
            self.rows[Publication],
        )
        yield Part("private/drafts", "Rectificatifs en préparation.", self.rows[ReleaseDraft])


def _public_rows() -> dict[type[models.Model], models.QuerySet]:
    """What visitors see now, by model; a model that is not here has nothing public.

    A version whose files are withheld stays: what was withdrawn must not be found there.
    """
    announcements = Announcement.objects.published()
    laureates = Laureate.objects.published()
    organisations = Organisation.objects.public()
    releases = Release.objects.published().filter(withheld_at__isnull=True)
    calls = Call.objects.published()
    return {
        Territory: Territory.objects.all(),
        Theme: Theme.objects.filter(pk__in=laureates.order_by().values("themes")),
        Organisation: organisations,
        OrganisationRedirect: OrganisationRedirect.objects.filter(
            was_public=True, organisation__in=organisations.order_by().values("pk")
        ),
        Fund: Fund.objects.filter(pk__in=calls.order_by().values("fund")),
        FundAim: FundAim.objects.filter(fund__in=calls.order_by().values("fund")),
        Call: calls,
        CallSession: CallSession.objects.filter(call__in=calls.order_by().values("pk")),
        **{
            model: model._base_manager.filter(session__call__in=calls.order_by().values("pk"))
            for model in (FormerDeadline, EligibilityRule)
        },
        **{
            model: model._base_manager.filter(call__in=calls.order_by().values("pk"))
            for model in (CallDocument, Criterion)
        },
        Announcement: announcements,
        LaureateGroup: LaureateGroup.objects.filter(pk__in=laureates.order_by().values("group")),
        Document: Document.objects.filter(announcement__in=announcements.order_by().values("pk")),
        Claim: Claim.objects.published(),
        Release: releases,
        ReleaseFile: ReleaseFile.objects.filter(release__in=releases.order_by().values("pk")),
        Laureate: laureates,
        Carrier: Carrier.objects.filter(laureate__in=laureates.order_by().values("pk")),
    }


def _keys_of(rows) -> set[int]:
    return set(rows.order_by().values_list("pk", flat=True))


def _by(rows, attribute) -> dict:
    """Rows under the value of an attribute, in their order."""
    found: dict = {}
    for row in rows:
        found.setdefault(getattr(row, attribute), []).append(row)
    return found
