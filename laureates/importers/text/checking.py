"""What of a draft a person should look at before it becomes an announcement.

A check is {"code", "message", "page", "key", "is_seen"}. Its code holds the values that it is
about: seen once, it is asked again when they change.
"""

import re
from collections import Counter
from zlib import crc32

from laureates.models import Announcement, Claim
from laureates.typography import fold

_YEAR = re.compile(r"\b20\d\d\b")


def checks(found: dict, seen: list[str]) -> list[dict]:
    """The checks of a draft, those of the page that they are about together."""
    return [
        {"code": code, "message": text, "page": page, "key": key, "is_seen": code in seen}
        for code, text, page, key in (
            *_counts(found),
            *_orphans(found),
            *_lost(found),
            *_years(found),
            *_same_announcement(found),
            *_laureates(found),
        )
    ]


def _counts(found):
    count, announced = len(found["laureates"]), found["announced"]
    if count and announced is not None and count != announced:
        text = (
            f"Le texte annonce {announced}\u00a0lauréats, la liste en donne {count}\u00a0: "
            "vérifiez où chacun commence."
        )
        yield f"count:{announced}:{count}", text, "structure", ""
    stated = {
        (one["subject"], one["scope"]): int(one["value"])
        for one in reversed(found["claims"])
        if one["is_kept"] and one["subject"] in _COUNTED and one["value"].isdecimal()
    }
    received = stated.get((Claim.Subject.APPLICATIONS, Claim.Scope.SESSION))
    retained = stated.get((Claim.Subject.LAUREATES, Claim.Scope.SESSION))
    if received is not None and retained is not None and retained > received:
        text = f"Le texte annonce {retained}\u00a0lauréats pour {received}\u00a0dossiers reçus."
        yield f"received:{received}:{retained}", text, "figures", ""


_COUNTED = (Claim.Subject.APPLICATIONS, Claim.Subject.LAUREATES)


def _orphans(found):
    runs, previous = [], None
    for index in found["orphans"]:
        if previous is None or index != previous + 1:
            runs.append([])
        runs[-1].append(index)
        previous = index
    for run in runs:
        text = (
            "Un paragraphe de la liste ne décrit aucun projet\u00a0: il ne sera pas repris."
            if len(run) == 1
            else f"{len(run)}\u00a0paragraphes de la liste ne décrivent aucun projet\u00a0: ils ne "
            "seront pas repris."
        )
        yield f"orphan:{run[0]}:{len(run)}", text, "structure", str(run[0])


def _lost(found):
    for one in found["lost"]:
        text = (
            f"Vous aviez corrigé un projet, «\u00a0{one['title'] or 'sans titre'}\u00a0», que la "
            "structure du texte ne donne plus."
        )
        yield f"lost:{one['key']}", text, "structure", one["key"]


def _years(found):
    title = found["header"]["title"]["value"]
    year = found["header"]["call_year"]["value"]
    others = sorted(set(_YEAR.findall(title)) - {year})
    if year and others:
        text = (
            f"Le titre nomme {', '.join(others)}, et l’année de l’appel est {year}\u00a0: l’un "
            "des deux est-il à corriger\u202f?"
        )
        yield f"year:{year}:{'-'.join(others)}", text, "header", "title"


def _same_announcement(found):
    """A published announcement of the same session: this one may be there already."""
    fields = {name: field["value"] for name, field in found["header"].items()}
    year, session = fields["call_year"], fields["session_label"]
    if not (year.isascii() and year.isdecimal() and len(year) == 4):
        return
    same = Announcement.objects.published().filter(call_year=int(year), session_label=session)
    for slug, title in same.order_by("slug").values_list("slug", "title")[:1]:
        text = f"Une annonce publiée parle de la même session\u00a0: «\u00a0{title}\u00a0»."
        yield f"same:{slug}", text, "header", "session_label"


def _laureates(found):
    titles = Counter(fold(one["title"]) for one in found["laureates"])
    has_descriptions = any(one["description"] for one in found["laureates"])
    for rank, one in enumerate(found["laureates"], 1):
        key, label = one["key"], f"Projet {rank}, «\u00a0{one['title'] or 'sans titre'}\u00a0»"
        if one["is_reread"]:
            words = "\n".join(one["sources"].values()).encode()
            text = f"{label}\u00a0: le texte a été relu autrement depuis votre correction."
            yield f"reread:{key}:{crc32(words)}", text, "laureate", key
        if one["title"] and titles[fold(one["title"])] > 1:
            text = f"{label}\u00a0: un autre projet de la liste porte ce titre."
            yield f"title:{key}:{fold(one['title'])}", text, "laureate", key
        if not one["carriers"]:
            yield f"carriers:{key}", f"{label}\u00a0: aucun porteur n’est nommé.", "laureate", key
        if has_descriptions and not one["description"]:
            yield f"description:{key}", f"{label}\u00a0: aucune description.", "laureate", key
