"""Forms of the acts on a dossier. They read what was typed; the gates decide.

A gate's refusal is said with `ftap.formfields.say`, beside the field it is about where there is
one.
"""

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q

from calls import gates
from calls.models import Recusal, Review
from ftap.formfields import INCOMPLETE, DayField, LongText
from ftap.modelforms import MultilineField
from laureates.models import Organisation

_BACKEND = "django.contrib.auth.backends.ModelBackend"


def demand(form, name) -> None:
    """Mark a field as compulsory for the reader; the gate alone says what its absence prevents."""
    form.fields[name].widget.attrs["required"] = True


def holders(*permissions):
    """Active accounts that hold one of these permissions by their role, in order of name."""
    users = get_user_model().objects
    found = Q(pk__in=())
    for permission in permissions:
        found |= Q(
            pk__in=users.with_perm(permission, backend=_BACKEND, include_superusers=False)
            .order_by()
            .values("pk")
        )
    return users.filter(found, is_active=True).order_by("last_name", "first_name", "username")


class PersonField(forms.ModelChoiceField):
    """A person, by name rather than by account."""

    def label_from_instance(self, person):
        name = person.get_full_name()
        return f"{name} ({person.username})" if name else person.username


class ActForm(forms.Form):
    """A form of one act; `facts` is what its gate takes besides the comment."""

    def facts(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name != "comment"}

    @property
    def comment(self) -> str:
        return self.cleaned_data.get("comment", "")


class ReasonForm(ActForm):
    """An act and its reason."""

    comment = LongText(
        label="Motif", required=False, rows=4, help_text="Conservé dans l’historique du dossier."
    )


class OfficerForm(ActForm):
    """The person who instructs the dossier: of those who may, and are not recused from it."""

    case_officer = PersonField(queryset=None, label="Instructeur", required=False)
    comment = LongText(label="Commentaire", required=False, rows=3)

    def __init__(self, *args, application, **kwargs):
        super().__init__(*args, **kwargs)
        recused = Recusal.objects.in_force().filter(application=application)
        field = self.fields["case_officer"]
        field.queryset = holders("calls.instruct_application", "calls.manage_review").exclude(
            Q(pk__in=recused.filter(user__isnull=False).values("user"))
            | Q(pk__in=recused.filter(member__user__isnull=False).values("member__user"))
        )
        field.empty_label = "— Personne —"
        field.initial = application.case_officer_id


class InformationForm(ActForm):
    comment = LongText(
        label="Complément demandé",
        required=False,
        rows=8,
        help_text="Repris dans le projet de courrier au porteur.",
    )
    due_on = DayField(
        label="Réponse attendue pour le", required=False, help_text="Vide\u00a0: sans échéance."
    )


class AnswerForm(ActForm):
    answer = LongText(
        label="Ce que le porteur a répondu",
        required=False,
        rows=6,
        help_text="Résumez la réponse\u202f; joignez les documents reçus aux pièces du dossier.",
    )


class CompletionForm(ActForm):
    synthesis = LongText(
        label="Synthèse de l’instruction",
        required=False,
        rows=12,
        help_text="Lue par le comité\u00a0: objet, intérêt, risques, proposition.",
    )
    comment = LongText(label="Motif des avis manquants", required=False, rows=3)
    known = MultilineField(required=False, widget=forms.HiddenInput, strip=False)


class InstitutionField(forms.ModelChoiceField):
    """An institution, those expected for the session first."""

    def group(self, expected):
        """Set the choices in groups; `expected` holds the keys of the first."""
        groups = {"Attendues pour la session": [], "Autres institutions": []}
        for row in self.queryset:
            name = "Attendues pour la session" if row.pk in expected else "Autres institutions"
            groups[name].append((row.pk, str(row)))
        self.choices = [
            ("", "— Choisir une institution —"),
            *((name, rows) for name, rows in groups.items() if rows),
        ]


class AskOpinionForm(ActForm):
    institution = InstitutionField(queryset=Organisation.objects.none(), label="Institution")
    reviewer = PersonField(
        queryset=None,
        label="Rapporteur",
        required=False,
        help_text="Vide\u00a0: toute personne rattachée à l’institution peut rendre l’avis.",
    )
    due_on = DayField(
        label="Avis attendu pour le", required=False, help_text="Vide\u00a0: sans échéance."
    )
    question = LongText(label="Question posée", required=False, rows=4)
    reason = LongText(
        label="Motif",
        required=False,
        rows=2,
        help_text=(
            "Seulement si l’institution, ou un organisme qui lui est rattaché, porte le dossier."
        ),
    )

    def __init__(self, *args, application, **kwargs):
        super().__init__(*args, **kwargs)
        asked = application.reviews.live().values("institution")
        field = self.fields["institution"]
        field.queryset = Organisation.objects.exclude(pk__in=asked).order_by("name")
        field.group(set(application.session.expected_institutions.values_list("pk", flat=True)))
        people = self.fields["reviewer"]
        people.queryset = holders("calls.give_opinion").select_related("affiliation__organisation")
        people.empty_label = "— Toute personne de l’institution —"
        people.label_from_instance = _name_with_institution


def _name_with_institution(person):
    affiliation = getattr(person, "affiliation", None)
    institution = affiliation.organisation if affiliation else "sans institution"
    return f"{gates.person(person)}, {institution}"


class OpinionForm(ActForm):
    """An opinion: its sense, its scores on the call's criteria, its two texts."""

    verdict = forms.ChoiceField(
        label="Sens de l’avis", choices=Review.Verdict, widget=forms.RadioSelect
    )
    comment = LongText(
        label="Commentaire",
        required=False,
        rows=8,
        help_text="Obligatoire pour un avis réservé ou défavorable.",
    )
    confidential_comment = LongText(
        label="Partie confidentielle",
        required=False,
        rows=4,
        help_text="Pour les agents qui instruisent\u00a0: ni relevé ni courrier ne la reprennent.",
    )
    version = forms.IntegerField(
        widget=forms.HiddenInput,
        min_value=1,
        max_value=2**31 - 1,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), INCOMPLETE),
    )

    def __init__(self, *args, criteria, **kwargs):
        super().__init__(*args, **kwargs)
        self.criteria = [criterion for criterion in criteria if criterion.scale_max]
        for criterion in self.criteria:
            field = forms.DecimalField(
                label=criterion.title,
                required=False,
                min_value=0,
                max_value=criterion.scale_max,
                max_digits=5,
                decimal_places=1,
                localize=True,
                help_text=f"De 0 à {criterion.scale_max}\u202f; vide\u00a0: sans note.",
            )
            field.widget.attrs |= {"inputmode": "decimal", "size": "6"}
            self.fields[self.score_name(criterion)] = field
        self.order_fields(
            ["verdict", *map(self.score_name, self.criteria), "comment", "confidential_comment"]
        )

    @staticmethod
    def score_name(criterion):
        return f"score_{criterion.pk}"

    def facts(self):
        kept = ("verdict", "comment", "confidential_comment", "version")
        scores = {
            criterion.pk: self.cleaned_data[self.score_name(criterion)]
            for criterion in self.criteria
        }
        return {**{name: self.cleaned_data[name] for name in kept}, "scores": scores}


class SynthesisForm(ActForm):
    """The synthesis; `known` is the text that the form was opened on."""

    text = LongText(
        label="Synthèse de l’instruction",
        required=False,
        rows=14,
        help_text="Lue par le comité\u00a0: objet, intérêt, risques, proposition.",
    )
    known = MultilineField(required=False, widget=forms.HiddenInput, strip=False)


class NoteForm(ActForm):
    text = LongText(
        label="Note interne",
        rows=4,
        help_text="Entre agents qui lisent tout le dossier\u00a0: jamais publiée ni citée.",
    )


class AttachmentForm(ActForm):
    file = forms.FileField(label="Fichier")
    title = forms.CharField(
        label="Intitulé",
        max_length=250,
        required=False,
        help_text="Vide\u00a0: le nom du fichier.",
    )
    is_internal = forms.BooleanField(
        label="Réservée à l’instruction",
        required=False,
        help_text="Les institutions consultées pour avis ne la voient pas.",
    )

    def __init__(self, *args, accepted=(), limit="", **kwargs):
        super().__init__(*args, **kwargs)
        field = self.fields["file"]
        field.widget.attrs["accept"] = ",".join(f".{extension}" for extension in accepted)
        field.help_text = f"{', '.join(accepted)}\u202f; {limit} au plus."
