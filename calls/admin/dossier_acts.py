"""The acts on a dossier: moves of its instruction, assignment, opinions asked, synthesis, notes."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.urls import path
from django.utils import timezone

from calls import gates, instruction, workflow
from calls.admin.act_pages import Act, ActPages, typed
from calls.forms import (
    AnswerForm,
    AskOpinionForm,
    CompletionForm,
    InformationForm,
    NoteForm,
    OfficerForm,
    ReasonForm,
    SynthesisForm,
    demand,
)
from calls.history import labels
from calls.models import Application, Note

DRAFT = "Un projet de courrier est préparé\u202f; rien ne part sans relecture."
EFFECTS = {
    "declare_admissible": (
        "Le dossier devient «\u00a0recevable\u00a0»\u00a0: il peut être mis en instruction.",
        "La décision est datée d’aujourd’hui.",
    ),
    "declare_inadmissible": (
        "Le dossier devient «\u00a0irrecevable\u00a0»\u00a0: il n’est pas instruit.",
        "La décision est datée d’aujourd’hui.",
        DRAFT,
    ),
    "reconsider": (
        "Le dossier redevient «\u00a0reçu\u00a0»\u00a0: sa recevabilité est à décider de nouveau.",
        "La date et le motif de la décision quittent la fiche et restent dans l’historique.",
        "Un courrier d’irrecevabilité qui n’est pas parti devient caduc.",
    ),
    "start_review": (
        "Le dossier passe «\u00a0en instruction\u00a0».",
        "Son instructeur le trouve parmi ses dossiers.",
    ),
    "cancel_review": (
        "Le dossier redevient «\u00a0recevable\u00a0»\u00a0; ses avis et sa synthèse restent.",
    ),
    "request_information": (
        "Le dossier passe à «\u00a0complément demandé\u00a0» jusqu’à la réponse.",
        DRAFT,
    ),
    "resume_review": (
        "Le dossier revient «\u00a0en instruction\u00a0» et la demande de complément est close.",
        "Un courrier à son sujet qui n’est pas parti devient caduc.",
    ),
    "complete_review": (
        "Le dossier devient «\u00a0instruit\u00a0»\u00a0: il peut être inscrit à l’ordre du jour.",
        "Les avis ne se modifient plus.",
    ),
    "reopen_review": (
        "Le dossier revient «\u00a0en instruction\u00a0»\u00a0; sa synthèse et ses avis restent.",
    ),
    "withdraw": (
        "Le dossier est «\u00a0retiré\u00a0», définitivement\u00a0: rien n’en est plus attendu.",
        "Les avis attendus et le complément demandé sont annulés\u202f; les courriers qui ne sont "
        "pas partis deviennent caducs.",
    ),
}
# The same note by the same person within this time is a second click, or a reload.
SECOND_CLICK = timedelta(minutes=10)
ANCHORS = {
    "declare_admissible": "recevabilite",
    "declare_inadmissible": "recevabilite",
    "reconsider": "recevabilite",
    "request_information": "complements",
    "resume_review": "complements",
}


class DossierActs(ActPages):
    """Views of the acts, each for those who read the dossier in full and may do it."""

    def act_urls(self):
        wrap = self.admin_site.admin_view
        views = (
            ("acte/<slug:action>/", self.transition_view, "act"),
            ("instructeur/", self.assign_view, "assign"),
            ("avis/demander/", self.ask_opinion_view, "ask_opinion"),
            ("synthese/", self.synthesis_view, "synthesis"),
            ("note/", self.note_view, "note"),
        )
        return [
            path(f"<int:object_id>/{route}", wrap(view), name=f"calls_application_{name}")
            for route, view, name in views
        ]

    # Moves --------------------------------------------------------------------------

    def transition_view(self, request, object_id, action):
        transition = workflow.TRANSITIONS.get(action)
        if transition is None:
            raise Http404(f"acte {action}")
        dossier = self.get_dossier(request, object_id)
        application = dossier.application
        if not gates.may(request.user, transition.permissions, application):
            raise PermissionDenied
        standing = ""
        if action not in {found.action for found in dossier.acts}:
            standing = workflow.refusal(application, action, request.user, comment="—")
        form = self._transition_form(request, transition, dossier)

        def run(form):
            done = workflow.apply(
                application, action, by=request.user, comment=form.comment, **form.facts()
            )
            return f"{done.reference}\u00a0: {labels.act(action).lower()}."

        return self.act_page(
            request,
            application,
            Act(
                title=transition.label,
                button=transition.label,
                run=run,
                form=form,
                effects=EFFECTS.get(action, ()),
                warnings=self._warnings(action, dossier),
                standing=standing,
                renew=lambda form: _renew_synthesis(form, application),
                anchor=ANCHORS.get(action, ""),
            ),
        )

    def _transition_form(self, request, transition, dossier):
        data, application, action = typed(request), dossier.application, transition.action
        if action == "request_information":
            form = InformationForm(data)
        elif action == "resume_review":
            form = AnswerForm(data)
        elif action == "complete_review":
            synthesis = {"synthesis": application.synthesis, "known": application.synthesis}
            form = CompletionForm(data, initial=synthesis)
        elif action in ("start_review", "reopen_review"):
            form = OfficerForm(data, application=application)
            if not dossier.may_assign:
                del form.fields["case_officer"]
        else:
            form = ReasonForm(data)
        if "comment" in form.fields:
            form.fields["comment"].label = transition.comment_label
        if transition.needs_reason or self._overrides(action, dossier):
            demand(form, "comment")
        return form

    @staticmethod
    def _overrides(action, dossier):
        """Whether the act goes against a rule, and so asks for a reason."""
        return bool(
            (action == "declare_admissible" and dossier.failures)
            or (action == "complete_review" and dossier.opinions.missing)
        )

    @staticmethod
    def _warnings(action, dossier):
        if action == "declare_admissible":
            return [f"{check.rule.label} — {check.explanation}" for check in dossier.failures]
        if action == "complete_review" and (missing := dossier.opinions.missing):
            names = ", ".join(str(institution) for institution in missing)
            return [f"Avis attendus et non rendus\u00a0: {names}."]
        return ()

    # Assignment -----------------------------------------------------------------------

    def assign_view(self, request, object_id):
        dossier = self.get_dossier(request, object_id)
        application = dossier.application
        if not request.user.has_perm("calls.decide_admissibility", application):
            raise PermissionDenied

        def run(form):
            officer = form.cleaned_data["case_officer"]
            done = instruction.assign(application, officer, by=request.user, comment=form.comment)
            if officer is None:
                return f"{done.reference}\u00a0: plus d’instructeur."
            return f"{done.reference}\u00a0: confié à {gates.person(officer)}."

        return self.act_page(
            request,
            application,
            Act(
                title="Affecter un instructeur",
                button="Affecter",
                run=run,
                form=OfficerForm(typed(request), application=application),
                effects=("La personne choisie trouve le dossier parmi les siens.",),
                anchor="instruction",
            ),
        )

    # Opinions asked --------------------------------------------------------------------

    def ask_opinion_view(self, request, object_id):
        dossier = self.get_dossier(request, object_id)
        application = dossier.application
        if not dossier.may_work:
            raise PermissionDenied

        def run(form):
            values = form.cleaned_data
            review = instruction.ask_opinion(
                application,
                values["institution"],
                by=request.user,
                reviewer=values["reviewer"],
                due_on=values["due_on"],
                question=values["question"],
                reason=values["reason"],
            )
            return f"{application.reference}\u00a0: avis demandé à {review.institution}."

        return self.act_page(
            request,
            application,
            Act(
                title="Demander un avis",
                button="Demander l’avis",
                run=run,
                form=AskOpinionForm(typed(request), application=application),
                effects=(
                    "L’institution voit le projet et ses pièces, sauf celles réservées à "
                    "l’instruction, et rien d’autre du dossier.",
                ),
                anchor="avis",
            ),
        )

    # Texts ---------------------------------------------------------------------------------

    def synthesis_view(self, request, object_id):
        dossier = self.get_dossier(request, object_id)
        application = dossier.application
        if not dossier.may_work:
            raise PermissionDenied
        text = application.synthesis
        form = SynthesisForm(typed(request), initial={"text": text, "known": text})

        def run(form):
            instruction.write_synthesis(
                application,
                form.cleaned_data["text"],
                by=request.user,
                known=form.cleaned_data["known"],
            )
            return f"{application.reference}\u00a0: synthèse enregistrée."

        return self.act_page(
            request,
            application,
            Act(
                title="Synthèse de l’instruction",
                button="Enregistrer la synthèse",
                run=run,
                form=form,
                effects=("Elle figure sur la fiche que lit le comité.",),
                renew=lambda form: _renew_synthesis(form, application),
                anchor="synthese",
            ),
        )

    def note_view(self, request, object_id):
        dossier = self.get_dossier(request, object_id)
        application = dossier.application
        if not dossier.may_note:
            raise PermissionDenied

        def run(form):
            text = form.cleaned_data["text"]
            with transaction.atomic():
                # Its lock makes a second click wait for the first, and then see its note.
                gates.hold(application, by=request.user)
                just_now = timezone.now() - SECOND_CLICK
                twins = Note.objects.filter(author=request.user, text=gates.plain(text))
                if twins.filter(application=application, written_at__gte=just_now).exists():
                    return f"{application.reference}\u00a0: cette note est déjà enregistrée."
                instruction.add_note(application, text, by=request.user)
            return f"{application.reference}\u00a0: note ajoutée."

        return self.act_page(
            request,
            application,
            Act(
                title="Ajouter une note interne",
                button="Ajouter la note",
                run=run,
                form=NoteForm(typed(request)),
                anchor="notes",
            ),
        )


def _renew_synthesis(form, application):
    """Let the person save again, having seen the text that somebody else wrote."""
    if "known" in form.fields:
        data = form.data.copy()
        data["known"] = Application.objects.values_list("synthesis", flat=True).get(
            pk=application.pk
        )
        form.data = data
