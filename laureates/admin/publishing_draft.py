"""The draft of the next version of a public announcement: its pages, from start to publication."""

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.urls import path

from ftap.formfields import say
from ftap.refusals import Stale
from laureates import releases
from laureates.admin.publishing import (
    Act,
    PublishingPages,
    announcement_url,
    attempt,
    compared,
    typed,
)
from laureates.admin.publishing_carriers import CarrierFormSet, organisations
from laureates.admin.publishing_draft_forms import AnnouncementContentForm, LaureateContentForm
from laureates.admin.publishing_forms import ReleaseForm, VersionForm
from laureates.models import ReleaseDraft

VANISHED = "Ce rectificatif n’existe plus\u00a0: il a été publié ou abandonné entre-temps."
HUB = "Rectificatif en préparation"
# Beyond this, a proposed text would be a list that nobody reads.
PROPOSED_MAX = 8
TITLE, FORMER_TITLES = "Titre", "Anciens titres"


class DraftPages(PublishingPages):
    def draft_urls(self):
        wrap = self.admin_site.admin_view
        root = "<int:pk>/rectificatif/"
        one = f"{root}laureats/<str:public_id>/"
        return [
            path(address, wrap(view), name=f"laureates_announcement_{name}")
            for address, name, view in (
                (root, "draft", self.draft_view),
                (f"{root}annonce/", "draft_announcement", self.draft_announcement_view),
                (f"{root}ajouter/", "draft_add", self.draft_laureate_view),
                (one, "draft_laureate", self.draft_laureate_view),
                (f"{one}retirer/", "draft_remove", self.draft_remove_view),
                (f"{root}publier/", "draft_publish", self.draft_publish_view),
                (f"{root}abandonner/", "draft_abandon", self.draft_abandon_view),
            )
        ]

    def get_draft(self, request, pk):
        """(announcement, its draft or None), under the rights of `get_publishable`."""
        announcement = self.get_publishable(request, pk)
        drafts = ReleaseDraft.objects.visible_to(request.user).select_related("updated_by")
        return announcement, drafts.filter(announcement=announcement).first()

    def no_draft(self, request, announcement):
        """Where to go from a page of a draft that is gone, or that was never begun."""
        if request.method == "POST":
            messages.error(request, f"{VANISHED} Rien n’a été fait.")
        return HttpResponseRedirect(announcement_url(announcement, "draft"))

    # What changes -------------------------------------------------------------

    def draft_view(self, request, pk):
        announcement, draft = self.get_draft(request, pk)
        if draft is None:
            return self._start(request, announcement)
        if request.method == "POST":
            # A second click on « Commencer ».
            return HttpResponseRedirect(announcement_url(announcement, "draft"))
        before, after = releases.content.read(announcement), releases.content.of_draft(draft)
        changes = releases.content.differences(before, after)
        return self.render_publishing(
            request,
            "draft",
            announcement,
            title=HUB,
            draft=draft,
            changes=changes,
            rows=_rows(announcement, before, after),
            standing=releases.publish_draft_refusal(announcement, request.user),
        )

    def _start(self, request, announcement):
        def run(form):
            releases.start_draft(announcement, by=request.user)
            return "Le rectificatif est commencé\u00a0: rien n’est public avant sa publication."

        return self.act_page(
            request,
            announcement,
            Act(
                title="Commencer un rectificatif",
                button="Commencer le rectificatif",
                run=run,
                back=announcement_url(announcement),
                after=announcement_url(announcement, "draft"),
                effects=(
                    "Vous travaillez sur une copie de ce qui est public\u00a0: les visiteurs n’en "
                    "voient rien.",
                    "Sa publication fait une nouvelle version, avec la mention de ce qui "
                    "change\u202f; les versions précédentes restent consultables.",
                ),
                standing=releases.start_draft_refusal(announcement, request.user),
            ),
        )

    # Editing ------------------------------------------------------------------

    def draft_announcement_view(self, request, pk):
        announcement, draft = self.get_draft(request, pk)
        if draft is None:
            return self.no_draft(request, announcement)
        written = releases.content.of_draft(draft)
        form = AnnouncementContentForm(
            typed(request),
            entry=written["announcement"],
            version=draft.version,
            content_groups=written.get("groups", []),
        )

        def save():
            releases.save_announcement(
                draft, by=request.user, version=form.cleaned_data["version"], values=form.values
            )
            return "Le rectificatif est enregistré."

        return self._edit(
            request, announcement, draft, form, save, title="Textes et repères de l’annonce"
        )

    def draft_laureate_view(self, request, pk, public_id=None):
        """A project of the draft, or a new one."""
        announcement, draft = self.get_draft(request, pk)
        if draft is None:
            return self.no_draft(request, announcement)
        entry = {} if public_id is None else entry_of(draft, public_id)
        known = organisations()
        form = LaureateContentForm(
            typed(request),
            entry=entry,
            version=draft.version,
            content_groups=releases.content.of_draft(draft).get("groups", []),
        )
        carriers = CarrierFormSet(typed(request), entry=entry, organisations=known)

        def save():
            values = {**form.values, "carriers": carriers.carriers}
            version = form.cleaned_data["version"]
            if public_id is None:
                releases.add_laureate(draft, by=request.user, version=version, values=values)
                return "Le projet est ajouté au rectificatif."
            releases.save_laureate(
                draft, by=request.user, version=version, public_id=public_id, values=values
            )
            return "Le rectificatif est enregistré."

        return self._edit(
            request,
            announcement,
            draft,
            form,
            save,
            title=f"Projet\u00a0: {entry['title']}" if entry else "Ajouter un projet",
            carriers=carriers,
            organisations=known,
        )

    def _edit(self, request, announcement, draft, form, save, *, title, carriers=None, **context):
        hub = announcement_url(announcement, "draft")
        stale = None
        if request.method == "POST":
            # Both are read, so that every error shows at once.
            is_whole = all([form.is_valid(), carriers is None or carriers.is_valid()])
            if is_whole:
                said, error = attempt(save)
                if error is None:
                    messages.success(request, said)
                    return HttpResponseRedirect(hub)
                fresh = ReleaseDraft.objects.filter(pk=draft.pk).first()
                if fresh is None:
                    return self.no_draft(request, announcement)
                if isinstance(error, Stale):
                    if error.stored == error.typed:
                        messages.info(request, "C’était déjà enregistré\u00a0: rien n’a changé.")
                        return HttpResponseRedirect(hub)
                    stale = error
                    form.data = form.data.copy()
                    form.data["version"] = fresh.version
                say(form, error)
        return self.render_publishing(
            request,
            "draft_edit",
            announcement,
            title=title,
            crumbs=[(HUB, hub)],
            back=hub,
            form=form,
            carriers=carriers,
            is_refused=bool(form.errors or (carriers is not None and _has_errors(carriers))),
            stale=compared(stale),
            **context,
        )

    # Ends ---------------------------------------------------------------------

    def draft_remove_view(self, request, pk, public_id):
        announcement, draft = self.get_draft(request, pk)
        if draft is None:
            return self.no_draft(request, announcement)
        entry = entry_of(draft, public_id)
        hub = announcement_url(announcement, "draft")

        def run(form):
            releases.remove_laureate(
                draft,
                by=request.user,
                version=form.cleaned_data["version"],
                public_id=public_id,
            )
            return f"«\u00a0{entry['title']}\u00a0» ne figure plus dans le rectificatif."

        return self.act_page(
            request,
            announcement,
            Act(
                title=f"Renoncer à l’ajout\u00a0: {entry['title']}",
                button="Renoncer à cet ajout",
                run=run,
                back=hub,
                form=self._version_form(request, draft),
                effects=(
                    f"«\u00a0{entry['title']}\u00a0» quitte le rectificatif, sans trace publique.",
                ),
                crumbs=[(HUB, hub)],
            ),
        )

    def draft_publish_view(self, request, pk):
        announcement, draft = self.get_draft(request, pk)
        if draft is None:
            return self.no_draft(request, announcement)
        before, after = releases.content.read(announcement), releases.content.of_draft(draft)
        changes = releases.content.differences(before, after)
        hub = announcement_url(announcement, "draft")
        form = ReleaseForm(
            typed(request),
            initial={"version": draft.version, "changelog": draft.changelog or proposed(changes)},
        )

        def run(form):
            release = releases.publish_draft(draft, by=request.user, **form.cleaned_data)
            return f"La version {release.number} est publique."

        return self.act_page(
            request,
            announcement,
            Act(
                title="Publier le rectificatif",
                button="Publier le rectificatif",
                run=run,
                back=hub,
                after=announcement_url(announcement),
                form=form,
                effects=(
                    "Le rectificatif devient public dès que vous confirmez, avec la mention "
                    "ci-dessous en tête de l’annonce.",
                    "Ses fichiers sont figés\u202f; ceux des versions précédentes restent "
                    "téléchargeables.",
                ),
                standing=releases.publish_draft_refusal(announcement, request.user),
                renew=lambda form: _renew(form, draft),
                is_grave=True,
                crumbs=[(HUB, hub)],
                template="draft_publish",
                context={"changes": changes},
            ),
        )

    def draft_abandon_view(self, request, pk):
        announcement, draft = self.get_draft(request, pk)
        if draft is None:
            return self.no_draft(request, announcement)
        hub = announcement_url(announcement, "draft")

        def run(form):
            releases.abandon_draft(draft, by=request.user)
            return "Le rectificatif est abandonné\u00a0: rien n’a changé pour les visiteurs."

        return self.act_page(
            request,
            announcement,
            Act(
                title="Abandonner le rectificatif",
                button="Abandonner le rectificatif",
                run=run,
                back=hub,
                after=announcement_url(announcement),
                effects=(
                    "Tout ce qui a été saisi dans ce rectificatif est effacé.",
                    "Ce qui est public ne change pas.",
                ),
                is_grave=True,
                crumbs=[(HUB, hub)],
            ),
        )

    def _version_form(self, request, draft):
        return VersionForm(typed(request), initial={"version": draft.version})


def entry_of(draft, public_id) -> dict:
    """What the draft says of a project; a 404 for one that is not there, or is withdrawn."""
    for entry in releases.content.of_draft(draft)["laureates"]:
        if entry["public_id"] == public_id and "withdrawn_at" not in entry:
            return entry
    raise Http404(public_id)


def proposed(changes) -> str:
    """What a publisher may say of these changes, a line each; a former title goes with the new."""
    renamed = {change.public_id for change in changes if change.label == TITLE}
    kept = [
        change
        for change in changes
        if change.label != FORMER_TITLES or change.public_id not in renamed
    ]
    said = [change.sentence for change in kept[:PROPOSED_MAX]]
    if others := len(kept) - len(said):
        said.append(f"Et {others} autre{'s' * (others > 1)} changement{'s' * (others > 1)}.")
    return "\n".join(said)


def _renew(form, draft):
    form.data = form.data.copy()
    form.data["version"] = ReleaseDraft.objects.get(pk=draft.pk).version


def _has_errors(formset):
    return bool(formset.non_form_errors() or any(formset.errors))


def _rows(announcement, before, after):
    """The projects of the draft, as its page lists them."""
    public = {entry["public_id"]: entry for entry in before["laureates"]}
    for entry in after["laureates"]:
        public_id = entry["public_id"]
        is_withdrawn = "withdrawn_at" in entry
        yield {
            "position": entry["position"],
            "title": entry.get("title", ""),
            "is_withdrawn": is_withdrawn,
            "is_new": public_id not in public,
            "is_changed": public_id in public and public[public_id] != entry,
            "edit": announcement_url(announcement, "draft_laureate", public_id),
            "preview": announcement_url(announcement, "draft_preview_laureate", public_id),
            "remove": announcement_url(announcement, "draft_remove", public_id),
        }
