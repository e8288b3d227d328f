"""The acts on a whole announcement: schedule, publish, unschedule, withdraw; and on one project."""

from django.conf import settings
from django.db.models import Count, Q
from django.http import Http404
from django.urls import path, reverse

from ftap.templatetags.ftap import number
from laureates import releases
from laureates.admin.publishing import Act, PublishingPages, announcement_url, typed
from laureates.admin.publishing_forms import (
    LaureateWithdrawalForm,
    PublicationForm,
    ReasonForm,
    ScheduleForm,
    WithdrawalForm,
)
from laureates.admin.shared import in_words
from laureates.models import Announcement, Laureate


class ActPages(PublishingPages):
    def act_urls(self):
        wrap = self.admin_site.admin_view
        return [
            path(f"<int:pk>/{address}/", wrap(view), name=f"laureates_announcement_{name}")
            for address, name, view in (
                ("programmer", "schedule", self.schedule_view),
                ("publier", "publish", self.publish_view),
                ("deprogrammer", "unschedule", self.unschedule_view),
                ("retirer", "withdraw", self.withdraw_view),
            )
        ]

    def schedule_view(self, request, pk):
        announcement = self.get_publishable(request, pk)

        def run(form):
            release = releases.schedule(
                announcement,
                by=request.user,
                at=form.moment,
                changelog=form.cleaned_data["changelog"],
            )
            return f"Publication programmée pour {in_words(release.published_at)}."

        return self.act_page(
            request,
            announcement,
            Act(
                title="Programmer la publication",
                button="Programmer",
                run=run,
                back=announcement_url(announcement),
                form=ScheduleForm(typed(request)),
                effects=(
                    *what_becomes_public(announcement),
                    "À cette minute, tout apparaît d’un coup aux visiteurs\u00a0: page, recherche, "
                    "fichiers. Rien n’en est visible avant, et il n’y a plus rien à faire.",
                    "D’ici là les fiches ne se modifient plus\u00a0: pour corriger, déprogrammez.",
                ),
                warnings=what_is_missing(announcement),
                standing=releases.schedule_refusal(announcement, request.user),
                done=lambda: self._already(announcement, "scheduled"),
            ),
        )

    def publish_view(self, request, pk):
        announcement = self.get_publishable(request, pk)

        def run(form):
            releases.publish(
                announcement, by=request.user, changelog=form.cleaned_data["changelog"]
            )
            return "L’annonce est publique."

        return self.act_page(
            request,
            announcement,
            Act(
                title="Publier maintenant",
                button="Publier maintenant",
                run=run,
                back=announcement_url(announcement),
                form=PublicationForm(typed(request)),
                effects=(
                    *what_becomes_public(announcement),
                    "Tout est public dès que vous confirmez. Une annonce publique se rectifie ou "
                    "se retire\u202f; elle ne redevient pas un brouillon.",
                ),
                warnings=what_is_missing(announcement),
                standing=releases.publish_refusal(announcement, request.user),
                done=lambda: self._already(announcement, "public"),
                is_grave=True,
            ),
        )

    def unschedule_view(self, request, pk):
        announcement = self.get_publishable(request, pk)

        def run(form):
            releases.unschedule(announcement, by=request.user, reason=form.cleaned_data["reason"])
            return "La publication est déprogrammée\u00a0: l’annonce redevient un brouillon."

        effects = ["L’annonce redevient un brouillon, que vous pouvez modifier et reprogrammer."]
        if announcement.published_at and not announcement.is_published:
            effects.insert(
                0, f"La publication prévue {in_words(announcement.published_at)} n’aura pas lieu."
            )
        return self.act_page(
            request,
            announcement,
            Act(
                title="Déprogrammer la publication",
                button="Déprogrammer",
                run=run,
                back=announcement_url(announcement),
                form=ReasonForm(typed(request)),
                effects=effects,
                standing=releases.unschedule_refusal(announcement, request.user),
                done=lambda: self._already(announcement, "draft"),
            ),
        )

    def withdraw_view(self, request, pk):
        announcement = self.get_publishable(request, pk)

        laureates = _counted(announcement.laureate_count, "lauréat", "lauréats")

        def run(form):
            releases.withdraw_announcement(
                announcement, by=request.user, reason=form.cleaned_data["reason"]
            )
            return "L’annonce est retirée\u00a0: ses pages disent pourquoi."

        return self.act_page(
            request,
            announcement,
            Act(
                title="Retirer l’annonce",
                button="Retirer l’annonce",
                run=run,
                back=announcement_url(announcement),
                form=WithdrawalForm(typed(request)),
                effects=(
                    "L’annonce et ses projets quittent la bibliothèque, la recherche et les "
                    f"données ouvertes\u00a0: {laureates}.",
                    "Leurs adresses, versions et fichiers compris, répondent «\u00a0retiré\u00a0» "
                    "avec le motif que vous écrivez ici.",
                    "Un retrait ne s’annule pas.",
                ),
                standing=releases.withdraw_announcement_refusal(announcement, request.user),
                done=lambda: self._already(announcement, "withdrawn"),
                is_grave=True,
            ),
        )

    def _already(self, announcement, wanted):
        """What to say when a second click asks for what the first has done."""
        row = Announcement.objects.with_is_published().get(pk=announcement.pk)
        if row.withdrawn_at:
            return "L’annonce est déjà retirée." if wanted == "withdrawn" else ""
        if row.is_published:
            return "L’annonce est déjà publique." if wanted == "public" else ""
        if row.published_at and wanted == "scheduled":
            return f"La publication est déjà programmée, {in_words(row.published_at)}."
        if row.published_at is None and wanted == "draft":
            return "L’annonce est déjà un brouillon."
        return ""


class LaureateActPages(PublishingPages):
    """For the screen of laureates: the withdrawal of one."""

    def act_urls(self):
        view = self.admin_site.admin_view(self.withdraw_view)
        return [path("<int:pk>/retirer/", view, name="laureates_laureate_withdraw")]

    def withdraw_view(self, request, pk):
        laureate = self.get_queryset(request).filter(pk=pk).first()
        if laureate is None:
            raise Http404(f"laureates.Laureate {pk}")
        announcement = self.get_publishable(request, laureate.announcement_id)

        def run(form):
            releases.withdraw_laureate(laureate, by=request.user, **form.cleaned_data)
            return f"Le projet n°\u00a0{laureate.position} est retiré\u00a0: sa page dit pourquoi."

        def done():
            withdrawn = Laureate.objects.filter(pk=laureate.pk, withdrawn_at__isnull=False)
            return "Ce projet est déjà retiré." if withdrawn.exists() else ""

        return self.act_page(
            request,
            announcement,
            Act(
                title=f"Retirer un lauréat\u00a0: {laureate}",
                button="Retirer ce lauréat",
                run=run,
                back=reverse("admin:laureates_laureate_change", args=[laureate.pk]),
                form=LaureateWithdrawalForm(typed(request)),
                effects=(
                    f"«\u00a0{laureate}\u00a0» quitte la bibliothèque, la recherche et les "
                    "données ouvertes\u202f; son adresse répond «\u00a0retiré\u00a0» avec le motif "
                    "que vous écrivez ici.",
                    "Une nouvelle version de l’annonce est publiée aussitôt\u00a0: elle garde le "
                    "rang du projet, la date et le motif, sans son texte.",
                    "Un retrait ne s’annule pas.",
                ),
                standing=releases.withdraw_laureate_refusal(laureate, request.user),
                done=done,
                is_grave=True,
                crumbs=[(str(laureate), reverse("admin:laureates_laureate_change", args=[pk]))],
            ),
        )


def what_becomes_public(announcement) -> list[str]:
    """What a first publication shows, counted: projects, amounts known, documents, figures."""
    rows = announcement.laureates.filter(withdrawn_at__isnull=True)
    counts = rows.aggregate(laureates=Count("pk"), amounts=Count("amount"))
    laureates = _counted(counts["laureates"], "lauréat", "lauréats")
    said = f"Deviennent publics\u00a0: l’annonce et {laureates}"
    if counts["laureates"]:
        known = _counted(counts["amounts"], "montant connu", "montants connus")
        said += f", {known} sur {number(counts['laureates'])}"
    documents, claims = announcement.documents.count(), announcement.claims.count()
    return [
        f"{said}.",
        f"Avec eux\u00a0: {_counted(documents, 'document', 'documents')} et "
        f"{_counted(claims, 'chiffre annoncé', 'chiffres annoncés')}.",
    ]


def _counted(count, one, several):
    """« aucun document », « 1 document », « 12 documents »."""
    if not count:
        return f"aucun {one}"
    return f"{number(count)}\u00a0{one if count == 1 else several}"


def what_is_missing(announcement) -> list[str]:
    """What visitors will look for and not find; nothing of it prevents a publication."""
    rows = announcement.laureates.filter(withdrawn_at__isnull=True)
    found = []
    if not announcement.public_text:
        found.append("L’annonce n’a pas de texte public.")
    if not announcement.source:
        found.append("L’annonce ne dit pas sa source.")
    if not settings.SITE_URL:
        found.append(
            "L’adresse publique du site n’est pas réglée (SITE_URL)\u00a0: les fichiers figés "
            "porteront des adresses incomplètes, pour toujours."
        )
    for condition, one, several in (
        (Q(carriers__isnull=True), "projet sans porteur", "projets sans porteur"),
        (Q(description="", summary=""), "projet sans texte", "projets sans texte"),
        (Q(themes__isnull=True), "projet sans thème", "projets sans thème"),
    ):
        if count := rows.filter(condition).count():
            found.append(f"{_counted(count, one, several)}.")
    return found
