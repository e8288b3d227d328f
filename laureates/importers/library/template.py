"""The template as a file: blank, with its instructions and lists, or filled with laureates."""

from django.db.models import Count, Max, Prefetch, QuerySet
from django.utils import timezone

from ftap import sheets
from ftap.exports import CHUNK
from ftap.sheets import Column, Kind, Sheet
from laureates.importers.library.columns import BESIDES, CARRIERS_SHOWN, in_order
from laureates.importers.library.values import FIELDS
from laureates.matching.references import References, plain
from laureates.models import Announcement, Carrier, Laureate, Organisation
from laureates.models.public import publication_label

MAIN = "Lauréats"
GUIDE = "Mode d’emploi"
THEMES, TERRITORIES = "Thèmes", "Territoires"
ANNOUNCEMENTS, ORGANISATIONS = "Annonces", "Organismes"
# Of the template too, and never read.
OTHER_SHEETS = {plain(name) for name in (GUIDE, THEMES, TERRITORIES, ANNOUNCEMENTS, ORGANISATIONS)}
_WHOLE = (
    (
        "Une ligne",
        "Un lauréat. Gardez les intitulés de la première ligne\u202f; l’ordre des colonnes est "
        "libre, et une colonne inutile peut être supprimée.",
    ),
    (
        "Cellule vide",
        "Vide le champ du lauréat. Pour l’annonce et le groupe, ne dit rien\u00a0: il suffit de "
        "remplir une ligne. Une colonne absente ne touche à rien.",
    ),
    (
        "Ce qui est écrit",
        "Rien avant votre confirmation. Une nouvelle annonce est un brouillon\u00a0: la publier "
        "reste un acte à part.",
    ),
    (
        "Recommencer",
        "Réimporter le même fichier ne change rien. Un lauréat est reconnu à son identifiant "
        "public, sinon à son titre (ou à ses porteurs) dans l’annonce.",
    ),
)


def help_rows() -> list[tuple[str, str, str, str, str]]:
    """(label, what it holds, what may be written, when it is due, an example) of each column."""
    found, seen = [], set()
    for _, column, _ in in_order(1):
        if column.name not in seen:
            seen.add(column.name)
            found.append(_help(column))
    return found + [_help(column) for column in BESIDES]


def _help(column):
    ranked = column.name in ("carrier", "role", "siret")
    label = f"{column.label} 1, 2…" if ranked else column.label
    return label, column.holds, column.values, column.required, column.example


def blank(format: str, user) -> bytes:
    """The template, without laureates; with its instructions and what is known, but in CSV."""
    return _write(format, [_main((), CARRIERS_SHOWN)], user)


def filled(format: str, laureates: QuerySet, user) -> bytes:
    """The template filled with these laureates: brought back as it is, it changes nothing.

    Raises SheetError for more than a spreadsheet can hold.
    """
    rows = laureates.select_related("announcement", "group").prefetch_related(
        Prefetch("carriers", Carrier.objects.select_related("organisation")),
        "themes",
        "territories",
    )
    counted = laureates.order_by().annotate(count=Count("carriers"))
    most = counted.aggregate(most=Max("count"))["most"] or 0
    references = References()
    cells = (_cells(row, references) for row in rows.iterator(chunk_size=CHUNK))
    return _write(format, [_main(cells, max(CARRIERS_SHOWN, most))], user)


def _main(rows, count):
    columns = [
        Column(key, label, column.kind, column.width) for key, column, label in in_order(count)
    ]
    keys = [column.key for column in columns]
    return Sheet(MAIN, columns, ({key: row.get(key) for key in keys} for row in rows))


def _cells(laureate, references):
    found = {
        "public_id": laureate.public_id,
        "announcement": laureate.announcement.slug,
        "position": laureate.position,
    }
    rows = {Announcement: laureate.announcement, Laureate: laureate}
    for name, (model, field, _) in FIELDS.items():
        row = rows.get(model, laureate.group)
        found[name] = getattr(row, field) if row else None
    found["title"] = laureate.title if laureate.has_own_title else None
    found["project_state"] = laureate.get_project_state_display()
    found["themes"] = "; ".join(theme.name for theme in laureate.themes.all())
    found["territories"] = "; ".join(map(references.written, laureate.territories.all()))
    for rank, carrier in enumerate(laureate.carriers.all(), 1):
        found[f"carrier_{rank}"] = carrier.announced_name
        found[f"role_{rank}"] = carrier.get_role_display() if carrier.role else None
        found[f"siret_{rank}"] = carrier.organisation.siret
    return found


def _write(format, found, user):
    if format != "csv":
        found += [_guide(), *_lists(user)]
    now = timezone.localtime()
    return sheets.write(
        found,
        format,
        title="Modèle d’import de lauréats",
        footer=f"Modèle d’import de lauréats, document interne, {now:%d/%m/%Y}",
        created_at=now.replace(hour=0, minute=0, second=0, microsecond=0),
    )


def _sheet(title, labels, rows, widths=()):
    widths = dict(enumerate(widths))
    columns = [
        Column(str(rank), label, Kind.TEXT, widths.get(rank)) for rank, label in enumerate(labels)
    ]
    return Sheet(
        title, columns, ({str(rank): cell for rank, cell in enumerate(row)} for row in rows)
    )


def _guide():
    labels = ("Colonne", "Ce qu’elle contient", "Valeurs acceptées", "Obligatoire", "Exemple")
    whole = ((label, text, None, None, None) for label, text in _WHOLE)
    return _sheet(GUIDE, labels, [*whole, *help_rows()], (30, 60, 50, 26, 40))


def _lists(user):
    references = References()
    announcements = Announcement.objects.visible_to(user).with_is_published().order_by("slug")
    organisations = Organisation.objects.order_by("slug").values_list("name", "short_name", "siret")
    return [
        _sheet(
            ANNOUNCEMENTS,
            ("Identifiant d’adresse", "Titre de l’annonce", "État"),
            (
                (row.slug, row.title, publication_label(row, is_published=row.is_published))
                for row in announcements
            ),
            (40, 60, 16),
        ),
        _sheet(
            ORGANISATIONS, ("Nom", "Sigle", "SIRET"), organisations.iterator(CHUNK), (60, 16, 18)
        ),
        _sheet(THEMES, ("Thème",), ((name,) for name in references.theme_names), (60,)),
        _sheet(
            TERRITORIES,
            ("Territoire", "Code officiel"),
            ((references.written(row), row.code) for row in references.territory.values()),
            (48, 14),
        ),
    ]


def filename(format: str, what: str = "") -> str:
    """« modele-laureats.ods », or with what fills it and the day."""
    day = f"{what}-{timezone.localdate():%Y-%m-%d}" if what else ""
    return "-".join(filter(None, ("modele-laureats", day))) + f".{format}"
