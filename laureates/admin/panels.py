"""Panels of the staff site's first page."""

from django.urls import reverse

from laureates.admin.publishing import announcement_url
from laureates.admin.shared import in_words, is_draft, under_embargo
from laureates.models import Announcement, ErrorReport, ReleaseDraft

# The next minutes and the latest drafts; the list has the others.
NAMED_MAX = 5


def _name(user):
    return user.get_full_name() or user.get_username()


def to_do(request):
    """Reports waiting, announcements not public yet and versions being written, to those who may
    open them; the nearest minutes and the latest drafts are named."""
    items, named = [], []
    if request.user.has_perm("laureates.view_errorreport"):
        count = ErrorReport.objects.filter(handled_at__isnull=True).count()
        items.append(("Signalements à traiter", count, "errorreport", "suite=a-traiter"))
    if request.user.has_perm("laureates.view_announcement"):
        rows = Announcement.objects.visible_to(request.user)
        scheduled = under_embargo(rows)
        items += [
            (
                "Annonces en brouillon",
                rows.filter(is_draft()).count(),
                "announcement",
                "publication=brouillon",
            ),
            ("Annonces sous embargo", scheduled.count(), "announcement", "publication=embargo"),
        ]
        named = [
            (announcement_url(row), str(row), f"publique {in_words(row.published_at)}")
            for row in scheduled.order_by("published_at", "pk")[:NAMED_MAX]
        ]
    if request.user.has_perm("laureates.view_releasedraft"):
        drafts = ReleaseDraft.objects.visible_to(request.user)
        items.append(
            (
                "Rectificatifs en préparation",
                drafts.count(),
                "announcement",
                "rectificatif=en-preparation",
            )
        )
        latest = drafts.select_related("announcement", "updated_by").order_by("-updated_at")
        named += [
            (
                announcement_url(draft.announcement),
                str(draft.announcement),
                f"rectificatif en préparation, par {_name(draft.updated_by)}",
            )
            for draft in latest[:NAMED_MAX]
        ]
    if not items:
        return None
    return {
        "title": "À suivre",
        "template": "admin/laureates/to_do.html",
        "context": {
            "items": [
                {
                    "label": label,
                    "count": count,
                    "url": f"{reverse(f'admin:laureates_{model}_changelist')}?{query}",
                }
                for label, count, model, query in items
            ],
            "named": [{"url": url, "title": title, "said": said} for url, title, said in named],
        },
    }
