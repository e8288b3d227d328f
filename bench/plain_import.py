"""The import of the same rows by django-import-export, as its documentation writes it: one resource
of the model, rows one after the other, links by their names, carriers once the laureate is saved.

The models are the project's own: what follows their signals (versions, index) is done for each
row, as it would be in a project that kept it. `bare` is the same without versions nor index, for
scale: it does less than what it is compared with.
"""

import contextlib
import time

import tablib
from django.db.models.signals import m2m_changed, post_save, pre_save
from import_export import fields, resources
from import_export.widgets import ForeignKeyWidget, ManyToManyWidget, Widget

from bench.people import superuser
from ftap import audit
from laureates.models import Announcement, Carrier, Laureate, Organisation, Territory, Theme
from laureates.typography import slugify

RANKS = range(1, 4)
ROLES = {"chef de file": Carrier.Role.LEAD, "co-porteur": Carrier.Role.CO}


class _Announcements(ForeignKeyWidget):
    """An announcement by its title, made where it lacks."""

    def clean(self, value, row=None, **kwargs):
        found, _ = Announcement.objects.get_or_create(
            title=value,
            defaults={
                "slug": slugify(value),
                "call_title": row["Appel à projets"],
                "call_year": row["Année de l’appel"],
            },
        )
        return found


class _Amount(Widget):
    def clean(self, value, row=None, **kwargs):
        return value or None


class PlainResource(resources.ModelResource):
    announcement = fields.Field(
        "announcement", "Annonce", widget=_Announcements(Announcement, "title")
    )
    position = fields.Field("position", "Rang dans l’annonce")
    public_id = fields.Field("public_id", "Identifiant public")
    title = fields.Field("title", "Titre")
    slug = fields.Field("slug", "Titre dans l’adresse")
    summary = fields.Field("summary", "Résumé")
    description = fields.Field("description", "Description")
    amount = fields.Field("amount", "Montant accordé (€)", widget=_Amount())
    themes = fields.Field("themes", "Thèmes", widget=ManyToManyWidget(Theme, "; ", "name"))
    territories = fields.Field(
        "territories", "Territoires", widget=ManyToManyWidget(Territory, "; ", "name")
    )
    source = fields.Field("source", "Source")

    class Meta:
        model = Laureate
        fields = (
            "announcement",
            "position",
            "public_id",
            "title",
            "slug",
            "summary",
            "description",
            "amount",
            "themes",
            "territories",
            "source",
        )
        import_id_fields = ("public_id",)

    def after_save_instance(self, instance, row, **kwargs):
        for rank in RANKS:
            if name := row.get(f"Porteur {rank}"):
                Carrier.objects.update_or_create(
                    laureate=instance,
                    position=rank,
                    defaults={
                        "organisation": Organisation.objects.get(name=name),
                        "announced_name": name,
                        "role": ROLES[row[f"Rôle {rank}"]],
                    },
                )


def measure(lines: list[dict]) -> dict:
    """Rows a second of both; each writes rows of its own."""
    found = {"rows": len(lines), "rate": _import(lines, "p")}
    with audit.paused(), _unheard():
        found["bare"] = _import(lines, "q")
    return found


def _import(lines, prefix):
    rows, positions = [], {}
    for number, line in enumerate(lines, 1):
        title = f"{line['Annonce']} ({prefix})"
        positions[title] = positions.get(title, 0) + 1
        rows.append(
            {
                **line,
                "Annonce": title,
                "Rang dans l’annonce": positions[title],
                "Identifiant public": f"{prefix}{number:09d}",
                "Titre dans l’adresse": slugify(line["Titre"])[:200],
            }
        )
    names = list(dict.fromkeys(name for row in rows for name in row))
    data = tablib.Dataset(headers=names)
    data.extend([[row.get(name, "") for name in names] for row in rows])
    by, start = superuser(), time.monotonic()
    with audit.acting(by, "import"):
        PlainResource().import_data(data, raise_errors=True)
    return len(rows) / (time.monotonic() - start)


@contextlib.contextmanager
def _unheard():
    """Nobody is told of what is saved."""
    signals = (pre_save, post_save, m2m_changed)
    kept = [signal.receivers for signal in signals]
    for signal in signals:
        signal.receivers = []
        signal.sender_receivers_cache.clear()
    try:
        yield
    finally:
        for signal, receivers in zip(signals, kept, strict=True):
            signal.receivers = receivers
            signal.sender_receivers_cache.clear()
