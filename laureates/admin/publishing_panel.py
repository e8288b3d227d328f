"""Where an announcement stands, on its own page: its state, its acts, its versions."""

from dataclasses import dataclass

from django.db.models import Count
from django.urls import reverse

from laureates import releases
from laureates.admin.publishing import PERMISSION, announcement_url
from laureates.admin.shared import in_words
from laureates.models import Announcement, ReleaseDraft


@dataclass(frozen=True)
class Way:
    """An act as the panel offers it; `refusal` says why it is not possible now."""

    label: str
    url: str
    refusal: str = ""
    is_main: bool = False


class Panel:
    """For the template: what `user` may know and do of the publication of `announcement`.

    `announcement` comes with `is_published` and `laureate_count`.
    """

    def __init__(self, announcement, user):
        self.announcement = announcement
        self.user = user
        self.is_locked = releases.is_locked(announcement)
        self.may_publish = (
            user.has_perm(PERMISSION)
            and Announcement.objects.preparable_by(user).filter(pk=announcement.pk).exists()
        )
        drafts = ReleaseDraft.objects.visible_to(user).select_related("updated_by")
        self.draft = (
            drafts.filter(announcement=announcement).first()
            if announcement.is_published and self.may_publish
            else None
        )
        self.draft_url = announcement_url(announcement, "draft")
        self.preview_url = announcement_url(announcement, "preview")
        self.versions = list(
            announcement.releases.listed()
            .select_related("created_by")
            .annotate(file_count=Count("files"))
            .order_by("-number")
        )
        published = announcement.releases.published().values_list("pk", flat=True)
        self.public_versions = set(published) if self.versions else set()
        ways = self._ways() if self.may_publish else []
        self.ways = [way for way in ways if not way.refusal]
        self.refused = [way for way in ways if way.refusal]

    @property
    def state(self) -> str:
        """In a sentence, who sees the announcement and since or from when."""
        row = self.announcement
        if row.withdrawn_at:
            return (
                f"Retirée {in_words(row.withdrawn_at)}. Motif public\u00a0: {row.withdrawal_reason}"
            )
        if row.is_published:
            return f"Publique depuis {in_words(row.published_at)}."
        if row.published_at:
            return (
                f"Publication programmée {in_words(row.published_at)}. Rien n’en est visible avant "
                "cette minute."
            )
        return "Brouillon\u00a0: les visiteurs n’en voient rien."

    @property
    def guidance(self) -> str:
        """Where to go to change what the form shows without letting it be changed."""
        row = self.announcement
        if not self.is_locked:
            return ""
        kept = "Documents, chiffres annoncés et note interne se modifient ci-dessous"
        if row.withdrawn_at:
            return "Une annonce retirée ne se modifie plus\u202f; la note interne, si."
        if row.is_published:
            return f"Ses textes et ses projets se modifient par un rectificatif. {kept}."
        return f"Pour modifier ses textes et ses projets, déprogrammez-la d’abord. {kept}."

    def _ways(self):
        row, user = self.announcement, self.user
        refusal = releases.start_draft_refusal(row, user)
        correction = Way("Commencer un rectificatif", self.draft_url, refusal, is_main=True)
        if self.draft:
            correction = Way("Reprendre le rectificatif", self.draft_url, is_main=True)
        return [
            Way(
                "Programmer la publication",
                announcement_url(row, "schedule"),
                releases.schedule_refusal(row, user),
                is_main=True,
            ),
            Way(
                "Publier maintenant",
                announcement_url(row, "publish"),
                releases.publish_refusal(row, user),
            ),
            Way(
                "Déprogrammer",
                announcement_url(row, "unschedule"),
                releases.unschedule_refusal(row, user),
            ),
            correction,
            Way(
                "Retirer l’annonce",
                announcement_url(row, "withdraw"),
                releases.withdraw_announcement_refusal(row, user),
            ),
        ]


class LaureatePanel:
    """For the template: how one project stands, and where to go to change or withdraw it."""

    def __init__(self, laureate, user):
        self.laureate = laureate
        announcement = laureate.announcement
        self.announcement_url = announcement_url(announcement)
        self.is_locked = laureate.withdrawn_at is not None or releases.is_locked(announcement)
        self.ways, self.refused = [], []
        if not (
            user.has_perm(PERMISSION)
            and Announcement.objects.preparable_by(user).filter(pk=announcement.pk).exists()
        ):
            return
        ways = []
        if self.is_locked:
            refusal = releases.withdraw_laureate_refusal(laureate, user)
            ways.append(
                Way(
                    "Retirer ce lauréat",
                    reverse("admin:laureates_laureate_withdraw", args=[laureate.pk]),
                    refusal,
                )
            )
        if laureate.is_published:
            has_draft = ReleaseDraft.objects.filter(announcement=announcement).exists()
            page = ("draft_laureate", laureate.public_id) if has_draft else ("draft",)
            label = "Modifier dans le rectificatif" if has_draft else "Commencer un rectificatif"
            ways.insert(0, Way(label, announcement_url(announcement, *page), is_main=True))
        self.ways = [
            *(way for way in ways if not way.refusal),
            Way("Aperçu", announcement_url(announcement, "preview_laureate", laureate.public_id)),
        ]
        self.refused = [way for way in ways if way.refusal]

    @property
    def state(self) -> str:
        """In a sentence, whether visitors see the project."""
        announcement = self.laureate.announcement
        if self.laureate.withdrawn_at:
            return f"Retiré {in_words(self.laureate.withdrawn_at)}."
        if announcement.withdrawn_at:
            return f"Retiré avec son annonce, {in_words(announcement.withdrawn_at)}."
        if self.laureate.is_published:
            return f"Public depuis {in_words(announcement.published_at)}."
        if announcement.published_at:
            return f"Sous embargo\u00a0: public {in_words(announcement.published_at)}."
        return "Brouillon\u00a0: les visiteurs n’en voient rien."

    @property
    def guidance(self) -> str:
        """Where to go to change what the page shows without letting it be changed."""
        if self.laureate.withdrawn_at or self.laureate.announcement.withdrawn_at:
            return "Ce qui est retiré ne se modifie plus."
        if self.laureate.is_published:
            return "Ce projet est public\u00a0: il se modifie par un rectificatif de son annonce."
        if self.is_locked:
            return "Pour modifier ce projet, déprogrammez d’abord la publication de son annonce."
        return ""
