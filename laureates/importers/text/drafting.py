"""The draft of an announcement: its text as read, and over it what a person answered.

The two are kept apart: after each answer the text is read again, and no answer is lost. A draft
is plain data, kept in AnnouncementText.content:

- `answers`: what a person said, as `answers` (the module) describes it;
- `blocks`: each with its role, and where the role is not sure the doubt and the other choices;
- `header`: by field, its value, the sentence that gives it, what is to be said of it;
- `hyphens`: each word with a hyphen, as `cuts.review` gives it;
- `claims`, `quotes`, `documents`: as found, each with its sentence;
- `laureates`: in order, each with the words of the text that its fields come from;
- `names`: each carrier once, with the organisation that it means or those that come near;
- `checks`: what a person should look at, « is_seen » once they said so.
"""

from dataclasses import asdict, replace

from laureates import typography
from laureates.importers.text import (
    carriers,
    claims,
    cuts,
    documents,
    header,
    prose,
    reading,
    structure,
)
from laureates.importers.text.checking import checks
from laureates.importers.text.reading import Block
from laureates.importers.text.structure import Role
from laureates.matching import Matcher, key
from laureates.models import Announcement, Organisation

FORMAT = 1
NEW = "new"
# Before the name of a corrected field of a laureate: the words that were read when it was.
READ = "read:"
NO_ANSWER = {
    "roles": {},
    "header": {},
    "hyphens": {},
    "names": {},
    "claims": {},
    "documents": {},
    "laureates": {},
    "checks": [],
}
# Blocks whose words are kept: the others may hold anything.
_READ = frozenset(Role) - {Role.ASIDE, Role.END}


def draft(text: str, answers: dict | None = None, matcher: Matcher | None = None) -> dict:
    """The draft of a plain text (see `reading`), with `answers` over what is read."""
    answers = NO_ANSWER | (answers or {})
    matcher = matcher or Matcher()
    raw = reading.blocks(text)
    given = {int(index): Role(role) for index, role in answers["roles"].items()}
    readings = structure.read(raw, matcher, given)
    pairs = list(zip(raw, readings, strict=True))
    review = cuts.review([b.text for b, r in pairs if r.role in _READ], answers["hyphens"])
    cut = [entry["word"] for entry in review if entry["decision"] == cuts.CUT]
    blocks = [replace(block, text=cuts.repair(block.text, cut)) for block in raw]
    laureates = _laureates(raw, blocks, readings, answers["laureates"], cut, matcher)
    names = _names(laureates, answers["names"], matcher)
    intro = [b for b, r in zip(blocks, readings, strict=True) if r.role == Role.INTRO]
    found = {
        "format": FORMAT,
        "answers": answers,
        "blocks": [
            asdict(block) | {"role": str(r.role), "doubt": r.doubt, "choices": r.choices}
            for block, r in pairs
        ],
        "header": _header(blocks, readings, intro, answers["header"], cut),
        "hyphens": review,
        "claims": _claims(intro, answers["claims"]),
        "quotes": header.quotes(intro),
        "documents": _documents(blocks, readings, answers["documents"]),
        "laureates": laureates,
        "names": names,
        "orphans": _orphans(readings),
        "lost": _lost(laureates, answers["laureates"]),
        "groups": list(dict.fromkeys(one["group"] for one in laureates if one["group"])),
    }
    listed = next((b.text for b, r in pairs if r.role == Role.LIST), "")
    found["announced"] = claims.announced_laureates(listed, found["claims"])
    slug = found["header"]["slug"]["value"]
    found["is_slug_taken"] = bool(slug) and Announcement.objects.filter(slug=slug).exists()
    found["checks"] = checks(found, answers["checks"])
    return found


# Header ----------------------------------------------------------------------


def _header(blocks, readings, intro, given, cut):
    found = header.read(blocks, readings)
    found["public_text"] = asdict(header.Found(prose.markdown_of(intro)))
    _over(found, given, cut)
    year = found["call_year"]["value"]
    if year and not found["call_title"]["value"] and "call_title" not in given:
        found["call_title"]["value"] = f"Appel à projets {year}"
    length = Announcement._meta.get_field("slug").max_length
    slug = typography.slugify(found["title"]["value"])[:length].strip("-")
    found["slug"] = asdict(header.Found(slug)) | {"is_given": False}
    if given.get("slug"):
        found["slug"] |= {"value": given["slug"], "is_given": True}
    return found


def _over(found, given, cut):
    for name, field in found.items():
        field["is_given"] = name in given
        if field["is_given"]:
            field |= {"value": cuts.repair(given[name], cut), "is_asked": False}


# Figures and documents -------------------------------------------------------


def _claims(intro, given):
    found = []
    for figure in claims.read(intro):
        name = "|".join(figure[part] for part in ("subject", "scope", "value", "lower", "upper"))
        answer = given.get(name, {})
        found.append({"key": name, **figure, **answer, "is_given": bool(answer)})
    return found


def _documents(blocks, readings, given):
    lines = [b.text for b, r in zip(blocks, readings, strict=True) if r.role == Role.DOCUMENT]
    found = []
    for rank, document in enumerate(documents.read(lines), 1):
        answer = given.get(str(rank), {})
        kept = {"is_kept": True, **document, **answer}
        found.append({"key": str(rank), **kept, "is_given": bool(answer)})
    return found


# Laureates -------------------------------------------------------------------


def _laureates(raw, blocks, readings, given, cut, matcher):
    """One entry for each laureate; its key is the rank of its first block."""
    found = []
    for laureate in _gathered(readings):
        name = str(laureate["first"])
        title = _line(blocks, laureate[Role.TITLE])
        line = _line(blocks, laureate[Role.CARRIERS], ", ")
        names = [part.name for part in carriers.split(line, matcher)] if line else []
        group = "" if laureate["group"] is None else blocks[laureate["group"]].text
        answer = given.get(name, {})
        entry = {
            "key": name,
            "group": typography.normalise(group),
            "title": typography.normalise(title),
            "has_own_title": bool(title),
            "carriers": names,
            "description": prose.markdown_of(blocks[i] for i in laureate[Role.DESCRIPTION]),
            "sources": {
                "title": _line(raw, laureate[Role.TITLE]),
                "carriers": _line(raw, laureate[Role.CARRIERS], "\n"),
                "description": _line(raw, laureate[Role.DESCRIPTION], "\n"),
            },
            "given": sorted(part for part in answer if not part.startswith(READ)),
        }
        entry["is_reread"] = any(
            answer.get(f"{READ}{part}", words) != words for part, words in entry["sources"].items()
        )
        for field in ("group", "title", "description"):
            if field in answer:
                entry[field] = cuts.repair(answer[field], cut)
        if "carriers" in answer:
            entry["carriers"] = [cuts.repair(one, cut) for one in answer["carriers"]]
        if "has_own_title" in answer:
            entry["has_own_title"] = answer["has_own_title"]
        if not entry["has_own_title"]:
            title = ", ".join(entry["carriers"])
            entry["title"] = prose.first_words(title, structure.TITLE_MAX - 2)
        found.append(entry)
    return found


def _lost(laureates, given):
    """Corrections of laureates that the text, read again, no longer gives."""
    keys = {one["key"] for one in laureates}
    return [
        {"key": name, "title": answer.get("title") or answer.get(f"{READ}title", "")}
        for name, answer in given.items()
        if name not in keys
    ]


def _line(blocks: list[Block], ranks, separator=" "):
    return separator.join(blocks[rank].text for rank in ranks)


def _gathered(readings):
    """The blocks of each laureate, by role, in order; a paragraph before the first is nobody's."""
    found, current, group = [], None, None
    for index, role in enumerate(reading_.role for reading_ in readings):
        if role in {Role.LIST, Role.GROUP, Role.END}:
            current = None
            group = index if role == Role.GROUP else None
        elif role in {Role.TITLE, Role.CARRIERS, Role.DESCRIPTION}:
            if current is None or _begins(current, role):
                if role == Role.DESCRIPTION:
                    continue
                current = {part: [] for part in (Role.TITLE, Role.CARRIERS, Role.DESCRIPTION)}
                current |= {"first": index, "group": group}
                found.append(current)
            current[role].append(index)
    return found


def _orphans(readings):
    """The ranks of paragraphs that describe no laureate: none stands before them."""
    found, has_laureate = [], False
    for index, role in enumerate(reading_.role for reading_ in readings):
        if role in {Role.LIST, Role.GROUP, Role.END}:
            has_laureate = False
        elif role in {Role.TITLE, Role.CARRIERS}:
            has_laureate = True
        elif role == Role.DESCRIPTION and not has_laureate:
            found.append(index)
    return found


def _begins(current, role):
    """Whether a block of this role belongs to the next laureate rather than to this one."""
    if role == Role.TITLE:
        return bool(current[Role.TITLE] or current[Role.DESCRIPTION])
    return role == Role.CARRIERS and bool(current[Role.DESCRIPTION])


# Carriers --------------------------------------------------------------------


def _names(laureates, given, matcher):
    """Each name of carriers once: the organisation that it means, else those that come near.

    Each laureate learns the organisations that its own carriers mean, which may be others: two
    ministries have each their « Direction des ressources humaines ».
    """
    found = {}
    for laureate in laureates:
        for name in laureate["carriers"]:
            same = name_key(name)
            entry = found.setdefault(same, {"key": same, "name": name, "laureates": []})
            if laureate["key"] not in entry["laureates"]:
                entry["laureates"].append(laureate["key"])
    for name, entry in found.items():
        match = matcher.find(entry["name"])
        # Several bodies may share an acronym, of which the list knows one: it is asked.
        is_known = match.organisation is not None and match.by != "short"
        near = match.near or ((match.organisation,) if match.organisation else ())
        entry["known"] = match.organisation.slug if is_known else ""
        entry["near"] = [] if is_known else [row.slug for row in near]
        # Two organisations never have one name: it may have been created since it was asked.
        entry["may_be_new"] = match.by != "name"
        answer = given.get(name, "")
        entry["is_given"] = bool(answer) and (answer != NEW or entry["may_be_new"])
        entry["choice"] = answer if entry["is_given"] else entry["known"]
    here = {
        (one["key"], name_key(name)): given[scoped]
        for one in laureates
        for name in one["carriers"]
        if (scoped := here_key(one["key"], name)) in given
    }
    labels = _labels(found.values(), here.values())
    for entry in found.values():
        if entry["choice"] not in labels and entry["choice"] != NEW:
            entry |= {"choice": entry["known"], "is_given": False}
        spoken = {entry["known"], entry["choice"], *entry["near"]}
        entry["labels"] = {slug: labels[slug] for slug in sorted(spoken & labels.keys())}
        waiting = [one for one in entry["laureates"] if here.get((one, entry["key"])) not in labels]
        entry["is_asked"] = not entry["choice"] and bool(waiting)
    for laureate in laureates:
        laureate["organisations"] = []
        for name in laureate["carriers"]:
            own = here.get((laureate["key"], name_key(name)), "")
            choice = own if own in labels else found[name_key(name)]["choice"]
            laureate["organisations"].append(
                {"slug": choice, "label": labels.get(choice, ""), "is_own": own in labels}
            )
    return list(found.values())


def _labels(entries, others):
    """The name of each organisation that these entries speak of, by slug."""
    slugs = {slug for one in entries for slug in (one["known"], one["choice"], *one["near"])}
    rows = Organisation.objects.filter(slug__in={*slugs, *others} - {"", NEW}).order_by("pk")
    return dict(rows.values_list("slug", "name"))


def here_key(laureate: str, name: str) -> str:
    """The key of an answer about a name in one laureate alone."""
    return f"{laureate}:{name_key(name)}"


def name_key(name: str) -> str:
    """What two ways of writing one carrier have in common."""
    return key(name) or typography.fold(name)
