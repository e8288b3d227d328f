"""The last acts of the person signed in, on the staff site's first page.

Read in the history, of which only what the person may still see exists: a list of their own past
edits would name a dossier that they are recused from since.
"""

from django.apps import apps
from django.contrib.admin import site

from calls.history import labels
from calls.models import Event
from ftap.modeladmin import change_link, visible

SHOWN = 8


def panel(request):
    """Their newest acts, one line for each row and act; None for whoever has done nothing."""
    events = Event.objects.filter(actor=request.user.pk).visible_to(request.user).newest_first()
    lines, seen = [], set()
    for event in events[: 4 * SHOWN]:
        key = (event.object_type, event.object_pk, event.action)
        if key not in seen:
            seen.add(key)
            lines.append(event)
    lines = lines[:SHOWN]
    rows = _rows(lines, request.user)
    items = [
        {
            "label": labels.act(event.action),
            "kind": apps.get_model(event.object_type)._meta.verbose_name,
            "moment": event.occurred_at,
            "subject": _subject(rows[event.object_type, event.object_pk]),
        }
        for event in lines
        if (event.object_type, event.object_pk) in rows
    ]
    if not items:
        return None
    return {
        "title": "Mes derniers actes",
        "template": "admin/calls/panels/recent.html",
        "context": {"items": items},
    }


def _rows(events, user):
    """{(model, primary key): row} of what these events are about and that `user` may see."""
    keys = {}
    for event in events:
        keys.setdefault(event.object_type, set()).add(event.object_pk)
    found = {}
    for label, pks in keys.items():
        model = apps.get_model(label)
        model_admin = site._registry.get(model)
        names = getattr(model_admin, "str_select_related", ())
        rows = visible(model._default_manager.all(), user).filter(pk__in=pks)
        for row in rows.select_related(*names) if names else rows:
            found[label, str(row.pk)] = row
    return found


def _subject(row):
    return change_link(row) if type(row) in site._registry else str(row)
