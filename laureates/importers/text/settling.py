"""What is left to settle before a draft becomes an announcement, in French, each with its place."""

from dataclasses import dataclass

from laureates.importers.text import drafting, prose
from laureates.models import Announcement, Carrier, Laureate, LaureateGroup, Organisation

# The pages on which a draft is settled, in the order of the work.
PAGES = {
    "structure": "Structure du texte",
    "header": "En-tête",
    "hyphens": "Mots coupés",
    "carriers": "Porteurs",
    "figures": "Chiffres et documents",
    "laureate": "Lauréats",
}
FIELDS = {
    name: str(Announcement._meta.get_field(name).verbose_name)
    for name in (
        "title",
        "slug",
        "call_title",
        "call_year",
        "session_label",
        "committee_name",
        "committee_chair",
        "committee_on",
        "source_on",
        "public_text",
    )
}
YEARS = range(2017, 2101)
WRONG_YEAR = "l’année de l’appel est comprise entre 2017 et 2100."
_REQUIRED = ("title", "call_title", "call_year")


@dataclass(frozen=True)
class Item:
    """Something to settle, on a page of PAGES, at what `key` names there.

    `code` is that of a check: it is settled by saying that it was seen.
    """

    page: str
    key: str
    message: str
    code: str = ""


def left(found: dict) -> list[Item]:
    """What is left to settle of a draft, page after page; empty where it may be confirmed."""
    items = [
        *_structure(found),
        *_header(found),
        *_hyphens(found),
        *_carriers(found),
        *_figures(found),
        *_laureates(found),
        *(
            Item(check["page"], check["key"], check["message"], check["code"])
            for check in found["checks"]
            if not check["is_seen"]
        ),
    ]
    order = list(PAGES)
    return sorted(items, key=lambda item: order.index(item.page))


def _quoted(text, length=80):
    return f"«\u00a0{prose.first_words(text, length)}\u00a0»"


def _structure(found):
    for index, block in enumerate(found["blocks"]):
        if block["doubt"]:
            yield Item("structure", str(index), f"{_quoted(block['text'])}. {block['doubt']}")
    if not found["laureates"]:
        yield Item(
            "structure",
            "",
            "Aucun lauréat n’a été trouvé\u00a0: dites où commence la liste, ou quels blocs sont "
            "des titres.",
        )


def _header(found):
    for name, field in found["header"].items():
        label = FIELDS[name].capitalize()
        if field["is_asked"]:
            yield Item("header", name, f"{label}\u00a0: {field['note']}")
        elif name == "call_title" and found["header"]["call_year"]["is_asked"]:
            # It follows from the year.
            continue
        elif name in _REQUIRED and not field["value"]:
            yield Item("header", name, f"{label}\u00a0: à indiquer.")
        elif name == "call_year" and not is_year(field["value"]):
            yield Item("header", name, f"{label}\u00a0: {WRONG_YEAR}")
        elif _is_too_long(Announcement, name, field["value"]):
            yield Item("header", name, f"{label}\u00a0: trop long, à raccourcir.")
    if found["is_slug_taken"]:
        yield Item(
            "header",
            "slug",
            "Identifiant d’adresse\u00a0: une autre annonce l’a déjà. Choisissez-en un autre.",
        )
    elif found["header"]["title"]["value"] and not found["header"]["slug"]["value"]:
        yield Item("header", "slug", "Identifiant d’adresse\u00a0: à indiquer.")


def is_year(text: str) -> bool:
    """Whether an announcement may be of this year."""
    return text.isascii() and text.isdecimal() and len(text) == 4 and int(text) in YEARS


def _is_too_long(model, name, value):
    length = getattr(model._meta.get_field(name), "max_length", None)
    return bool(length) and len(value) > length


def _hyphens(found):
    for entry in found["hyphens"]:
        if not entry["decision"]:
            yield Item(
                "hyphens",
                entry["word"],
                f"«\u00a0{entry['word']}\u00a0»\u00a0: mot coupé ou vrai trait d’union\u202f?",
            )


def _carriers(found):
    for entry in found["names"]:
        name, choice = entry["name"], entry["choice"]
        if entry["is_asked"]:
            near = " Des noms en sont proches." if entry["near"] else ""
            yield Item(
                "carriers",
                entry["key"],
                f"{_quoted(name)} n’est pas dans la liste des organismes.{near} Choisissez.",
            )
        elif choice == drafting.NEW and _is_too_long(Organisation, "name", name):
            yield Item(
                "carriers",
                entry["key"],
                f"{_quoted(name)} est trop long pour un nom d’organisme\u00a0: corrigez-le sur la "
                "page du projet.",
            )


def _figures(found):
    for figure in found["claims"]:
        if figure["is_kept"] and not figure["subject"]:
            text = f"{_quoted(figure['label'])}\u00a0: de quoi s’agit-il\u202f?"
            yield Item("figures", figure["key"], text)


def _laureates(found):
    for rank, one in enumerate(found["laureates"], 1):
        label = f"Projet {rank}"
        if not one["title"]:
            yield Item("laureate", one["key"], f"{label}\u00a0: un titre est à indiquer.")
        elif _is_too_long(Laureate, "title", one["title"]):
            yield Item("laureate", one["key"], f"{label}\u00a0: titre trop long, à raccourcir.")
        if _is_too_long(LaureateGroup, "name", one["group"]):
            text = f"{label}\u00a0: intitulé de groupe trop long, à raccourcir."
            yield Item("laureate", one["key"], text)
        meant = {}
        for name, organisation in zip(one["carriers"], one["organisations"], strict=True):
            choice = organisation["slug"]
            choice = drafting.name_key(name) if choice in ("", drafting.NEW) else choice
            if choice in meant:
                yield Item(
                    "laureate",
                    one["key"],
                    f"{label}\u00a0: {_quoted(meant[choice])} et {_quoted(name)} désignent le même "
                    "organisme\u00a0: n’en gardez qu’un.",
                )
            meant.setdefault(choice, name)
            if _is_too_long(Carrier, "announced_name", name):
                yield Item(
                    "laureate",
                    one["key"],
                    f"{label}\u00a0: {_quoted(name)} est trop long pour un nom de porteur.",
                )
