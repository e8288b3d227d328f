"""What a bulk act asks of the person, once for all its dossiers."""

from django import forms
from django.db.models import Q

from calls import workflow
from calls.bulk import OUTCOMES
from calls.forms import ActForm, InstitutionField, PersonField, holders
from calls.models import Application, CallSession, Committee, Selection
from ftap.formfields import DayField, LongText
from laureates.models import Organisation

KEPT = "Conservé sur le reçu de l’acte et dans l’historique de chaque dossier."
KEPT_ON_RECEIPT = "Conservé sur le reçu de l’acte."


class BulkForm(ActForm):
    """A form of one act, for `user`, on the dossiers `pks`; its facts are the act's parameters."""

    comment = LongText(label="Commentaire", required=False, rows=3, help_text=KEPT)

    def __init__(self, *args, user, pks, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        self.user, self.pks = user, pks

    def unasked(self) -> dict | None:
        """What the form holds if nobody types anything; None where it asks for something."""
        data = {}
        for name, field in self.fields.items():
            initial = self.get_initial_for_field(field, name)
            if field.required and not initial:
                return None
            data[name] = "" if initial is None else initial
        return data


class AssignForm(BulkForm):
    officer = PersonField(
        queryset=None, label="Instructeur", empty_label="— Choisir une personne —"
    )
    field_order = ("officer", "comment")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["officer"].queryset = holders(
            "calls.instruct_application", "calls.manage_review"
        )


class MoveForm(BulkForm):
    """A move of the table: its comment, which some moves require."""

    def __init__(self, *args, action, **kwargs):
        super().__init__(*args, **kwargs)
        transition = workflow.TRANSITIONS[action]
        field = self.fields["comment"]
        field.label, field.required = transition.comment_label, transition.needs_reason
        if action == "declare_admissible":
            field.help_text = (
                "Demandé dès qu’un dossier ne respecte pas une règle, et gardé sur ces seuls "
                "dossiers. Les dossiers qui les respectent toutes n’en ont pas besoin."
            )


class AskOpinionForm(BulkForm):
    institution = InstitutionField(queryset=Organisation.objects.none(), label="Institution")
    reviewer = PersonField(
        queryset=None,
        label="Rapporteur",
        required=False,
        empty_label="— Toute personne de l’institution —",
        help_text="Une personne rattachée à l’institution\u202f; vide\u00a0: n’importe laquelle.",
    )
    due_on = DayField(
        label="Avis attendu pour le", required=False, help_text="Vide\u00a0: sans échéance."
    )
    question = LongText(label="Question posée", required=False, rows=4)
    field_order = ("institution", "reviewer", "due_on", "question", "comment")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        sessions = CallSession.objects.filter(applications__in=self.pks)
        expected = Organisation.objects.filter(expected_in_sessions__in=sessions)
        field = self.fields["institution"]
        field.queryset = Organisation.objects.order_by("name")
        field.group(set(expected.values_list("pk", flat=True)))
        people = self.fields["reviewer"]
        people.queryset = holders("calls.give_opinion").select_related("affiliation__organisation")
        comment = self.fields["comment"]
        comment.label = "Motif, si l’institution porte un des dossiers"
        comment.help_text = (
            "Demander son avis à une institution qui porte un dossier, ou en est le ministère de "
            "rattachement, se motive."
        )


class CommitteeForm(BulkForm):
    """An act on the agenda of a sitting that is not closed."""

    committee = forms.ModelChoiceField(
        queryset=None, label="Séance", empty_label="— Choisir une séance —"
    )
    field_order = ("committee", "outcome", "motive", "comment")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["comment"].help_text = KEPT_ON_RECEIPT
        field = self.fields["committee"]
        field.queryset = (
            Committee.objects.visible_to(self.user)
            .exclude(state=Committee.State.CLOSED)
            .filter(self.sittings())
            .order_by("held_on", "name", "pk")
        )
        found = list(field.queryset[:2])
        if len(found) == 1:
            field.initial = found[0].pk
        elif not found:
            field.help_text = self.no_sitting

    def sittings(self) -> Q:
        raise NotImplementedError


class AgendaForm(CommitteeForm):
    no_sitting = (
        "Aucune séance n’est prévue pour la session de ces dossiers\u00a0: créez-la d’abord."
    )

    def sittings(self):
        """Of the dossiers' sessions or, without session, of their funds; a sitting that follows up
        dossiers of a former session is of their fund too."""
        rows = Application.objects.filter(pk__in=self.pks)
        return Q(fund__in=rows.values("session__call__fund"))


class OnAgendaForm(CommitteeForm):
    no_sitting = (
        "Aucun de ces dossiers n’est à l’ordre du jour d’une séance prévue ou ouverte\u00a0: "
        "inscrivez-les d’abord."
    )

    def sittings(self):
        items = Selection.objects.live().filter(application__in=self.pks)
        return Q(pk__in=items.values("committee"))


class ProposeForm(OnAgendaForm):
    outcome = forms.ChoiceField(
        label="Proposition", choices=[("", "— Choisir —"), *OUTCOMES.items()]
    )
    motive = LongText(
        label="Motif de la proposition",
        required=False,
        rows=4,
        help_text=(
            "Le même pour tous ces dossiers\u202f; interne, jamais publié. Obligatoire pour "
            "«\u00a0non retenu\u00a0»."
        ),
    )

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("outcome") == "not_retained" and not cleaned.get("motive"):
            self.add_error("motive", "Un dossier non retenu a un motif\u00a0: écrivez-le.")
        return cleaned


class ClearForm(OnAgendaForm):
    pass
