"""What the page of a sitting shows to one person, in a number of queries that does not grow."""

from dataclasses import dataclass, field
from functools import cached_property

from django.urls import reverse

from calls import envelope, sheet
from calls.admin.sitting_forms import AttendanceForm, ProposalForm
from calls.deliberation import locks
from calls.minutes import may_read
from calls.models import BulkAct, Committee, CommitteeMember, Letter, Minutes, Selection
from calls.permissions import Stale
from calls.sheet import Sheet

MASKED = "masqué\u00a0: déport"
PARTIAL = "masqué\u00a0: vous ne lisez pas tous les dossiers de la séance"


@dataclass(frozen=True)
class Conflict:
    """What a stale page would have undone: (label, stored, typed) of each value."""

    message: str
    rows: list[tuple[str, str, str]]

    @classmethod
    def of(cls, error: Stale, stored: dict[str, str] | None = None) -> "Conflict":
        """Of a gate's refusal; `stored` is read since, with the version that the page now holds."""
        stored = error.stored if stored is None else stored
        labels = dict.fromkeys([*stored, *error.typed])
        return cls(
            " ".join(error.messages),
            [(label, stored.get(label, "—"), error.typed.get(label, "—")) for label in labels],
        )


@dataclass
class Item:
    """One dossier of the agenda. `number` is its place among those that the reader sees."""

    number: int
    selection: Selection
    sheet: Sheet | None
    form: ProposalForm | None = None
    stale: Conflict | None = None
    may_clear: bool = False
    may_place: bool = False
    may_remove: bool = False
    may_rectify: bool = False
    is_published: bool = False

    @property
    def tells_more(self) -> bool:
        """Whether there are texts to read whole, where no form holds them."""
        return self.form is None and bool(self.selection.motive or self.selection.public_text)

    @property
    def is_open(self) -> bool:
        """Whether its panel shows unfolded: what was refused is in it."""
        return bool(self.stale or (self.form and self.form.is_bound))


@dataclass
class Workspace:
    """The page of `committee` as `user` sees it.

    `forms` holds, by primary key of a decision, the proposals that were refused, and `stale` the
    refusals themselves where somebody else had changed the row; the same of the attendance.
    """

    committee: Committee
    user: object
    forms: dict[int, ProposalForm] = field(default_factory=dict)
    stale: dict[int, Conflict] = field(default_factory=dict)
    attendance: AttendanceForm | None = None
    stale_attendance: Conflict | None = None

    # Who reads -----------------------------------------------------------------

    @cached_property
    def is_masked(self) -> bool:
        return Committee.objects.masked_for(self.user).filter(pk=self.committee.pk).exists()

    @cached_property
    def is_partial(self) -> bool:
        """Whether some dossiers of the agenda do not exist for the reader."""
        rows = Selection.objects.live().filter(committee=self.committee)
        return len(self.selections) != rows.count()

    @property
    def hidden(self) -> str:
        """Why no total shows; empty where totals do."""
        if self.is_masked or self.envelope.masked:
            return MASKED
        return PARTIAL if self.is_partial else ""

    def _may(self, permission, obj=None):
        return self.user.has_perm(f"calls.{permission}", obj)

    @property
    def is_closed(self) -> bool:
        return self.committee.state == Committee.State.CLOSED

    @property
    def is_planned(self) -> bool:
        return self.committee.state == Committee.State.PLANNED

    @property
    def may_manage(self) -> bool:
        return not self.is_closed and self._may("manage_agenda")

    @property
    def may_open(self) -> bool:
        return self.is_planned and self._may("open_committee")

    @property
    def may_close(self) -> bool:
        return (
            self.committee.state == Committee.State.OPEN
            and self._may("decide")
            and not self.is_masked
        )

    @property
    def may_reopen(self) -> bool:
        return self.is_closed and self._may("decide") and not self.is_masked

    @property
    def may_weigh(self) -> bool:
        """Whether scenarios are open: they are made of totals, and propose on every dossier."""
        if self.is_closed or self.hidden or not self._may("propose_decision"):
            return False
        return all(self._may("propose_decision", row) for row in self.selections)

    @property
    def absences(self) -> list[str]:
        """Why buttons that the role gives are absent."""
        found = []
        if self.is_masked and self._may("decide") and not self.is_planned:
            found.append(locks.MASKED)
        if self.hidden == MASKED and self._may("propose_decision") and not self.is_closed:
            found.append(
                "«\u00a0Scénarios\u00a0» est absent\u00a0: vous êtes déporté d’un dossier que les "
                "totaux compteraient."
            )
        return found

    # The agenda ----------------------------------------------------------------

    @cached_property
    def selections(self) -> list[Selection]:
        rows = list(
            Selection.objects.visible_to(self.user)
            .live()
            .filter(committee=self.committee)
            .in_agenda_order()
            .select_related("application__session__call", "application__case_officer", "laureate")
        )
        for row in rows:
            row.committee = self.committee
        return rows

    @cached_property
    def items(self) -> list[Item]:
        sheets = sheet.sheets([row.application for row in self.selections], self.user)
        published = set()
        if self.is_closed:
            pks = [row.pk for row in self.selections]
            published = set(
                Selection.objects.published().filter(pk__in=pks).values_list("pk", flat=True)
            )
        return [
            self._item(number, row, sheets.get(row.application_id), row.pk in published)
            for number, row in enumerate(self.selections, 1)
        ]

    def _item(self, number, selection, sheet, is_published):
        may_propose = not self.is_closed and self._may("propose_decision", selection)
        proposed = selection.state == Selection.State.PROPOSED
        form = None
        if may_propose:
            form = self.forms.get(selection.pk) or ProposalForm(selection=selection)
        return Item(
            number=number,
            selection=selection,
            sheet=sheet,
            form=form,
            stale=self.stale.get(selection.pk),
            may_clear=may_propose and proposed,
            may_place=self.may_manage and len(self.selections) > 1,
            may_remove=self.may_manage and not proposed,
            may_rectify=self.may_reopen and selection.state == Selection.State.VALIDATED,
            is_published=is_published,
        )

    @property
    def decided(self) -> int:
        """How many of the shown dossiers have a proposal or a decision."""
        return sum(row.state != Selection.State.TO_EXAMINE for row in self.selections)

    # The money -----------------------------------------------------------------

    @cached_property
    def envelope(self):
        return envelope.of(self.committee, self.user)

    @property
    def bar(self) -> dict[str, int] | None:
        """Lengths, out of 1000, of what was granted before, of what is proposed here, of the
        envelope itself and of what exceeds it; None where a length is not known or is hidden."""
        shown = self.envelope
        if self.hidden or shown.amount is None:
            return None
        before, here = shown.before.known_sum, shown.here.known_sum
        whole = max(shown.amount, before + here)
        if not whole:
            return None
        return {
            "before": int(before * 1000 / whole),
            "here": int(here * 1000 / whole),
            "limit": int(shown.amount * 1000 / whole),
            "over": 1000 - int(shown.amount * 1000 / whole),
        }

    # Who sits ------------------------------------------------------------------

    @cached_property
    def members(self) -> list[CommitteeMember]:
        return list(self.committee.members.select_related("institution").order_by("position"))

    @cached_property
    def attendance_form(self) -> AttendanceForm | None:
        if not self.may_manage or not self.members:
            return None
        return self.attendance or AttendanceForm(
            members=self.members, version=self.committee.version
        )

    @property
    def has_marks(self) -> bool:
        return any(member.attendance for member in self.members)

    @property
    def is_recorded(self) -> bool:
        return bool(self.members) and all(member.attendance for member in self.members)

    @property
    def voting_present(self) -> int:
        return sum(
            member.is_voting and member.attendance == CommitteeMember.Attendance.PRESENT
            for member in self.members
        )

    @property
    def has_quorum(self) -> bool | None:
        """None where the quorum is not known."""
        quorum = self.committee.quorum
        return None if quorum is None else self.voting_present >= quorum

    # Where else to go ----------------------------------------------------------

    @property
    def links(self) -> list[tuple[str, str]]:
        """(label, address) of the sitting's other pages, for who may open them."""
        has_seat = any(member.user_id == self.user.pk for member in self.members)
        rights = ("manage_agenda", "decide", "export_application")
        pages = (
            ("Déports", "recusals", True),
            ("Relevé de décisions", "minutes", may_read(self.committee, self.user)),
            ("Dossier de séance", "pack", has_seat or any(map(self._may, rights))),
        )
        return [
            (label, reverse(f"admin:calls_committee_{name}", args=[self.committee.pk]))
            for label, name, is_open in pages
            if is_open
        ]

    # What is kept --------------------------------------------------------------

    @cached_property
    def receipts(self) -> list[BulkAct]:
        return list(
            BulkAct.objects.visible_to(self.user)
            .filter(committee=self.committee, kind=BulkAct.Kind.CLOSE_COMMITTEE)
            .select_related("done_by")
        )

    @cached_property
    def minutes(self) -> list[Minutes]:
        return list(
            Minutes.objects.visible_to(self.user)
            .filter(committee=self.committee)
            .select_related("sealed_by")
        )

    @cached_property
    def letter_count(self) -> int:
        return (
            Letter.objects.visible_to(self.user)
            .filter(selection__committee=self.committee)
            .pending()
            .count()
        )
