"""Panels of the staff site's first page."""

from django.urls import reverse

from laureates.admin.shared import is_draft, under_embargo
from laureates.models import Announcement, ErrorReport


def to_do(request):
    """Reports waiting and announcements not public yet, to those who may open them."""
    items = []
    if request.user.has_perm("laureates.view_errorreport"):
        count = ErrorReport.objects.filter(handled_at__isnull=True).count()
        items.append(("Signalements à traiter", count, "errorreport", "suite=a-traiter"))
    if request.user.has_perm("laureates.view_announcement"):
        rows = Announcement.objects.all()
        drafts, embargoed = rows.filter(is_draft()).count(), under_embargo(rows).count()
        items += [
            ("Annonces en brouillon", drafts, "announcement", "publication=brouillon"),
            ("Annonces sous embargo", embargoed, "announcement", "publication=embargo"),
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
            ]
        },
    }
