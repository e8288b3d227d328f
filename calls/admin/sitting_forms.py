"""What is typed in a sitting: proposals, attendance, the opening, reasons."""

import re

from django import forms
from django.core.exceptions import ValidationError

from calls.models import CommitteeMember, Selection
from ftap.formfields import AmountField, DayField, LongText, VersionField, say

STALE_PAGE = (
    "Cette page est incomplète\u00a0: rouvrez la séance, puis recommencez. Rien n’a été enregistré."
)


class _Said(forms.Form):
    """A form whose refusals, its own and the gate's, are said in the page."""

    use_required_attribute = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)

    def add_refusal(self, error):
        """Show a gate's refusal: each part by its field where the form has it."""
        say(self, error)


class DecisionForm(_Said):
    """What is decided on a dossier; what the gate makes of it is for the gate to say."""

    outcome = forms.ChoiceField(
        label="Sens",
        choices=[("", "— à choisir —"), *Selection.Outcome.choices],
        error_messages={
            "required": "Choisissez le sens de la proposition.",
            "invalid_choice": "Choisissez le sens dans la liste.",
        },
    )
    granted_amount = AmountField(label="Montant accordé (€)", required=False)
    amount_not_disclosed = forms.BooleanField(label="Montant non communiqué", required=False)
    rank = forms.IntegerField(
        label="Rang sur liste d’attente",
        required=False,
        min_value=1,
        max_value=32767,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "invalid": "Le rang est un nombre entier, à partir de 1.",
            "min_value": "Le rang est un nombre entier, à partir de 1.",
            "max_value": "Ce rang est trop grand.",
        },
    )
    motive = LongText(label="Motif (interne)", required=False, rows=3)
    public_text = LongText(label="Texte public", required=False, rows=3)

    VALUES = ("outcome", "granted_amount", "amount_not_disclosed", "motive", "rank", "public_text")

    @classmethod
    def stored(cls, selection):
        return {name: getattr(selection, name) for name in cls.VALUES}

    @property
    def typed_texts(self) -> list[tuple[str, str]]:
        """(label, text) of each text as it was sent."""
        return [
            (self.fields[name].label, text)
            for name in ("motive", "public_text")
            if (text := self.data.get(name, "").strip())
        ]

    @property
    def values(self):
        """The typed values, as the gates take them."""
        return {name: self.cleaned_data[name] for name in self.VALUES}


class ProposalForm(DecisionForm):
    """A proposal on the dossier of `selection`, typed in its row of the agenda."""

    version = VersionField(incomplete=STALE_PAGE)

    def __init__(self, data=None, *, selection):
        super().__init__(
            data,
            auto_id=f"d{selection.pk}-%s",
            initial={**self.stored(selection), "version": selection.version},
        )


class RectificationForm(DecisionForm):
    """The new version of a validated decision, and why."""

    reason = LongText(
        label="Motif de la rectification",
        rows=3,
        error_messages={"required": "Dites pourquoi la décision est rectifiée."},
    )
    overrun_reason = LongText(
        label="Motif du dépassement de l’enveloppe",
        required=False,
        rows=2,
        help_text="Seulement si la décision rectifiée fait dépasser l’enveloppe.",
    )
    version = VersionField(incomplete=STALE_PAGE)

    def __init__(self, data=None, *, selection):
        super().__init__(data, initial={**self.stored(selection), "version": selection.version})


class ReasonForm(_Said):
    reason = LongText(
        label="Motif",
        rows=4,
        error_messages={"required": "Un motif est nécessaire."},
    )


class OpeningForm(_Said):
    """What a sitting must have to be held."""

    held_on = DayField(
        label="Date de la séance",
        error_messages={
            "required": "Indiquez la date de la séance.",
            "invalid": "Écrivez la date ainsi\u00a0: 23/09/2019.",
        },
    )
    chair = forms.CharField(
        label="Présidence",
        max_length=300,
        error_messages={"required": "Indiquez qui préside la séance."},
    )
    quorum = forms.IntegerField(
        label="Quorum (membres présents requis)",
        min_value=0,
        max_value=32767,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": "Indiquez le quorum\u202f; 0 si aucun n’est exigé.",
            "invalid": "Le quorum est un nombre entier.",
            "min_value": "Le quorum n’est pas négatif.",
            "max_value": "Ce quorum est trop grand.",
        },
    )


class ClosingForm(_Said):
    version = VersionField(incomplete=STALE_PAGE)
    overrun_reason = LongText(label="Motif du dépassement de l’enveloppe", required=False, rows=3)


class VersionForm(_Said):
    version = VersionField(incomplete=STALE_PAGE)


class PlaceForm(_Said):
    """A new place on the agenda, counted among the dossiers that the reader sees, from 1."""

    position = forms.IntegerField(
        min_value=1,
        max_value=32767,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"),
            "La place est un nombre entier, à partir de 1.",
        ),
    )


class AttendanceForm(_Said):
    """For each member of the sitting, present, absent, excused, or not recorded."""

    version = VersionField(incomplete=STALE_PAGE)

    CHOICES = [*CommitteeMember.Attendance.choices, ("", "non relevée")]

    def __init__(self, data=None, *, members, version):
        self.members = members
        super().__init__(data, auto_id="presence-%s", initial={"version": version})
        for member in members:
            self.fields[self._name(member)] = forms.ChoiceField(
                label=member.name,
                choices=self.CHOICES,
                required=False,
                initial=member.attendance,
                error_messages={"invalid_choice": "Choisissez la présence dans la liste."},
            )

    @staticmethod
    def _name(member):
        return f"membre-{member.pk}"

    @property
    def rows(self):
        return [(member, self[self._name(member)]) for member in self.members]

    @property
    def values(self):
        """{primary key of a member: "present", "absent", "excused" or ""}"""
        return {member.pk: self.cleaned_data[self._name(member)] for member in self.members}


class _TickedForm(_Said):
    """A form whose rows are boxes named « dossier », of which nothing is taken on trust."""

    @property
    def ticked(self) -> set[str]:
        return set(self.data.getlist("dossier")) if self.is_bound else set()


class EntryForm(_TickedForm):
    """Which of the shown dossiers enter the agenda, in the order shown."""

    def __init__(self, data=None, *, rows):
        self.rows = rows
        super().__init__(data)

    def clean(self):
        shown = {str(row.pk) for row in self.rows}
        if self.ticked - shown:
            raise ValidationError(
                "Un dossier choisi ne peut plus être inscrit\u00a0: la liste a changé, relisez-la. "
                "Rien n’a été enregistré."
            )
        return super().clean()

    @property
    def chosen(self):
        return [row for row in self.rows if str(row.pk) in self.ticked]


class ScenarioForm(_TickedForm):
    """A scenario to propose on the whole agenda, with the version that each dossier was seen in."""

    motive = LongText(
        label="Motif commun des dossiers non retenus (interne)",
        required=False,
        rows=3,
        help_text=(
            "Pour ceux qui n’ont pas encore de proposition\u202f; chacun se corrige ensuite dans "
            "sa ligne."
        ),
    )

    @property
    def versions(self) -> dict[int, int]:
        """{primary key of a decision: its version}, of the page as it was sent."""
        prefix = "version-"
        return {
            int(name.removeprefix(prefix)): int(value)
            for name, value in self.data.items()
            if re.fullmatch(rf"{prefix}[0-9]{{1,18}}", name) and re.fullmatch(r"[0-9]{1,9}", value)
        }
