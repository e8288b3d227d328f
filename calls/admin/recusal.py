"""Recusals of a sitting: declared by a member for themselves, recorded or lifted for others."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from calls import recusals
from calls.admin.sitting_views import SittingPages
from calls.models import Application, Committee, Recusal, Selection
from calls.permissions import Hidden, Refusal
from ftap.modelforms import MultilineField


class DeclarationForm(forms.Form):
    """Who stands aside from which dossier, among what the reader may see."""

    member = forms.ModelChoiceField(None, label="Membre", empty_label="Choisissez")
    application = forms.ModelChoiceField(None, label="Dossier", empty_label="Choisissez")
    reason = MultilineField(label="Motif", required=False, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args, committee, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["member"].queryset = committee.members.all()
        self.fields["application"].queryset = on_agenda(committee, user)
        self.fields["application"].label_from_instance = str


class LiftForm(forms.Form):
    reason = MultilineField(
        label="Motif de la levée",
        error_messages={"required": "Indiquez pourquoi ce déport est levé."},
        widget=forms.Textarea({"rows": 3}),
    )


def on_agenda(committee, user):
    """The dossiers of the agenda that exist for `user`, in their reference's order."""
    items = Selection.objects.live().filter(committee=committee)
    return (
        Application.objects.visible_to(user)
        .filter(pk__in=items.values("application"))
        .order_by("reference")
    )


class RecusalViews(SittingPages):
    """Pages of CommitteeAdmin."""

    def recusal_urls(self):
        wrap = self.admin_site.admin_view
        root = "<int:pk>/deports/"
        return [
            path(root, wrap(self.recusals_view), name="calls_committee_recusals"),
            path(
                f"{root}declarer/",
                wrap(require_POST(self.declare_recusal_view)),
                name="calls_committee_recusal_declare",
            ),
            path(
                f"{root}<int:recusal_pk>/lever/",
                wrap(self.lift_recusal_view),
                name="calls_committee_recusal_lift",
            ),
        ]

    def recusals_view(self, request, pk):
        committee = self.get_sitting(request, pk)
        return self._render_recusals(request, committee)

    def declare_recusal_view(self, request, pk):
        committee = self.get_sitting(request, pk)
        own = self._own_membership(request, committee)
        if not request.user.has_perm("calls.add_recusal") and own is None:
            raise PermissionDenied
        data = request.POST.copy()
        if not request.user.has_perm("calls.add_recusal"):
            data["member"] = own.pk
        form = DeclarationForm(data, committee=committee, user=request.user)
        if not form.is_valid():
            return self._render_recusals(request, committee, form, status=422)
        member, application = form.cleaned_data["member"], form.cleaned_data["application"]
        try:
            recusals.declare(
                application, by=request.user, member=member, reason=form.cleaned_data["reason"]
            )
        except Hidden:
            raise Http404 from None
        except Refusal as error:
            form.add_error(None, error)
            return self._render_recusals(request, committee, form, status=422)
        if own is not None and member.pk == own.pk:
            message = (
                f"Votre déport sur le dossier {application.reference} est consigné : il n’apparaît "
                "plus dans vos écrans."
            )
        else:
            message = f"Déport consigné : {member}, dossier {application.reference}."
        messages.success(request, message)
        return HttpResponseRedirect(reverse("admin:calls_committee_recusals", args=[pk]))

    def lift_recusal_view(self, request, pk, recusal_pk):
        committee = self.get_sitting(request, pk)
        recusal = get_object_or_404(self._shown_recusals(request, committee), pk=recusal_pk)
        if not request.user.has_perm("calls.change_recusal"):
            raise PermissionDenied
        form = LiftForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                recusals.lift(recusal, by=request.user, reason=form.cleaned_data["reason"])
            except Hidden:
                raise Http404 from None
            except Refusal as error:
                form.add_error(None, error)
            else:
                messages.success(
                    request,
                    f"Déport levé : {recusal.member or recusal.user}, dossier "
                    f"{recusal.application.reference}.",
                )
                return HttpResponseRedirect(reverse("admin:calls_committee_recusals", args=[pk]))
        return self.render_sitting(
            request,
            "recusal_lift",
            committee,
            title="Lever un déport",
            form=form,
            recusal=recusal,
        )

    def _render_recusals(self, request, committee, form=None, status=200):
        may_record = request.user.has_perm("calls.add_recusal")
        own = self._own_membership(request, committee)
        if form is None:
            form = DeclarationForm(committee=committee, user=request.user)
        if not may_record:
            del form.fields["member"]
        is_closed = committee.state == Committee.State.CLOSED
        response = self.render_sitting(
            request,
            "recusals",
            committee,
            title="Déports",
            form=form,
            rows=self._shown_recusals(request, committee),
            suggestions=recusals.suggestions(committee, request.user) if may_record else (),
            may_record=may_record and not is_closed,
            may_declare=own is not None
            and not may_record
            and committee.state == Committee.State.PLANNED,
            may_lift=request.user.has_perm("calls.change_recusal") and not is_closed,
            own=own,
        )
        response.status_code = status
        return response

    def _shown_recusals(self, request, committee):
        """Those of the sitting's dossiers and members that the reader may know of."""
        items = Selection.objects.live().filter(committee=committee)
        return (
            Recusal.objects.visible_to(request.user)
            .filter(application__in=items.values("application"))
            .select_related("application", "member__committee", "user", "declared_by", "lifted_by")
            .order_by("lifted_at", "application__reference", "pk")
        )

    def _own_membership(self, request, committee):
        return committee.members.filter(user=request.user.pk).first()
