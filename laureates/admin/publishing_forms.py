"""Forms of the acts of publication: when, why, what changes. They read; the gates decide."""

from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError

from ftap.formfields import DayField, LongText, VersionField

# Of the years that an announcement may have.
YEARS = range(2017, 2101)


class ActForm(forms.Form):
    use_required_attribute = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)


class PublicationForm(ActForm):
    """The words that go with the first version."""

    changelog = LongText(
        label="Mention publiée avec la version 1",
        required=False,
        rows=2,
        help_text="Vide\u00a0: «\u00a0Première publication.\u00a0»",
    )


class ScheduleForm(PublicationForm):
    """The minute of the first publication, in Paris time."""

    day = DayField(
        label="Jour",
        error_messages={"required": "Indiquez le jour de la publication."},
    )
    hour = forms.TimeField(
        label="Heure (heure de Paris)",
        input_formats=["%H:%M", "%Hh%M", "%H h %M", "%Hh", "%H h"],
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        help_text="À la minute, par exemple 10:00.",
        error_messages={
            "required": "Indiquez l’heure et la minute de la publication.",
            "invalid": "Écrivez l’heure et la minute ainsi\u00a0: 10:00.",
        },
    )
    field_order = ("day", "hour", "changelog")

    def clean_day(self):
        day = self.cleaned_data["day"]
        if not YEARS.start <= day.year < YEARS.stop:
            raise ValidationError(
                "Vérifiez l’année\u00a0: elle est comprise entre %(first)d et %(last)d.",
                code="year",
                params={"first": YEARS.start, "last": YEARS.stop - 1},
            )
        return day

    @property
    def moment(self) -> datetime:
        """What a clock in Paris will show; the gate says whether that minute exists, and once."""
        return datetime.combine(self.cleaned_data["day"], self.cleaned_data["hour"])


class ReasonForm(ActForm):
    """Why, kept in the history."""

    reason = LongText(
        label="Motif",
        rows=3,
        help_text="Conservé dans l’historique, jamais publié.",
        error_messages={"required": "Dites pourquoi\u00a0: le motif est conservé."},
    )


class WithdrawalForm(ActForm):
    """Why what visitors saw is withdrawn, in words that they will read."""

    reason = LongText(
        label="Motif public du retrait",
        rows=4,
        help_text="Les visiteurs le lisent à la place de la page retirée.",
        error_messages={
            "required": "Dites aux visiteurs pourquoi\u00a0: un retrait a toujours un motif public."
        },
    )


class LaureateWithdrawalForm(WithdrawalForm):
    withhold_files = forms.BooleanField(
        label="Retirer aussi les fichiers des versions précédentes",
        required=False,
        help_text=(
            "Coché\u00a0: tous les fichiers (listes, PDF, fiches) des versions déjà publiées de "
            "cette annonce cessent d’être téléchargeables et donnent ce motif à la place. Non "
            "coché\u00a0: ils restent téléchargeables tels qu’ils étaient, projet retiré compris."
        ),
    )


class ReleaseForm(ActForm):
    """The words of the next version, and the version of the draft that was read."""

    version = VersionField()
    changelog = LongText(
        label="Ce qui change",
        rows=8,
        help_text=(
            "Publié en tête de l’annonce, sous le titre «\u00a0Rectificatif\u00a0», et avec la "
            "version. Proposé d’après les différences."
        ),
        error_messages={"required": "Dites aux visiteurs ce qui change."},
    )


class VersionForm(ActForm):
    version = VersionField()
