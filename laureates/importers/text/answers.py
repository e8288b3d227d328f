"""What a person may answer about a draft: checked, laid over former answers, told in French.

Answers are a dictionary of parts; in each, a key names what is answered:

- `roles`: {rank of a block: role}
- `header`: {field of the announcement: text}
- `hyphens`: {word: "cut" or "true"}
- `names`: {key of a name, or of a name in one laureate: slug of an organisation, "new" for one
  to be created, "" to go back to what is read}
- `claims`, `documents`, `laureates`: {key: {field: value}}; beside a field of a laureate, under
  drafting.READ and its name, the words of the text that it corrects
- `checks`: list of codes that were seen
"""

from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError

from ftap.refusals import Refusal
from laureates import typography
from laureates.importers.text import cuts, drafting, structure
from laureates.importers.text.settling import FIELDS, WRONG_YEAR, is_year
from laureates.importers.text.structure import Role
from laureates.models import Announcement, Claim, Document, LaureateGroup, Organisation

UNKNOWN = (
    "Cette page parle d’un élément que le brouillon n’a plus\u00a0: rouvrez-la, puis recommencez."
)
CARRIERS_MAX = 60
TEXT_MAX = 200_000
# Fields of an announcement that hold several lines.
_LONG = {"public_text"}
_CLAIM = {
    "is_kept": "repris",
    "subject": "objet",
    "label": "tel qu’annoncé",
    "value": "valeur",
    "lower": "borne basse",
    "upper": "borne haute",
    "exactness": "précision",
    "scope": "périmètre",
}
_DOCUMENT = {
    "is_kept": "repris",
    "title": "titre",
    "format": "format",
    "size_kb": "taille (Ko)",
    "updated_on": "dernière mise à jour",
}
_LAUREATE = {
    "title": "titre",
    "has_own_title": "titre propre",
    "group": "groupe",
    "carriers": "porteurs",
    "description": "description",
}
_EMPTY = "vide"


def checked(changes: dict, found: dict) -> dict:
    """`changes` as they are to be kept; Refusal, in French, for what this draft cannot take."""
    if set(changes) - set(drafting.NO_ANSWER):
        raise Refusal(UNKNOWN)
    known = {
        "roles": {str(index) for index in range(len(found["blocks"]))},
        "header": set(found["header"]),
        "hyphens": {entry["word"] for entry in found["hyphens"]},
        "names": {
            *(entry["key"] for entry in found["names"]),
            *(
                drafting.here_key(one["key"], name)
                for one in found["laureates"]
                for name in one["carriers"]
            ),
        },
        **{
            part: {entry["key"] for entry in found[part]}
            for part in ("claims", "documents", "laureates")
        },
        "checks": {check["code"] for check in found["checks"]},
    }
    for part, given in changes.items():
        if set(given) - known[part]:
            raise Refusal(UNKNOWN)
    kept = {}
    for part, given in changes.items():
        kept[part] = (
            list(given)
            if part == "checks"
            else {name: _CHECKS[part](name, value) for name, value in given.items()}
        )
    _remember_sources(kept.get("laureates", {}), found)
    slugs = set(kept.get("names", {}).values()) - {drafting.NEW, ""}
    if Organisation.objects.filter(slug__in=slugs).count() != len(slugs):
        raise Refusal("Un organisme choisi n’existe plus\u00a0: choisissez de nouveau.")
    return kept


def _remember_sources(laureates, found):
    """Beside each correction, the words that it corrects: they may be read otherwise later."""
    entries = {entry["key"]: entry for entry in found["laureates"]}
    for key, fields in laureates.items():
        sources = entries[key]["sources"]
        fields |= {f"{drafting.READ}{part}": sources[part] for part in sources.keys() & fields}


def merged(answers: dict, changes: dict) -> dict:
    """Former answers with the new ones over them, field by field."""
    answers = drafting.NO_ANSWER | answers
    result = dict(answers)
    for part, given in changes.items():
        if part == "checks":
            result[part] = sorted({*answers[part], *given})
        elif part in {"claims", "documents", "laureates"}:
            result[part] = answers[part] | {
                name: answers[part].get(name, {}) | fields for name, fields in given.items()
            }
        else:
            result[part] = answers[part] | given
    return result


# One answer ------------------------------------------------------------------


def _role(name, value):
    if value not in set(Role):
        raise Refusal("Choisissez un rôle de la liste pour ce bloc.")
    return str(value)


def _field(name, value):
    value = _typed(value, is_long=name in _LONG)
    _clean(Announcement, name, value, FIELDS[name], is_required=name != "slug")
    if name == "call_year" and not is_year(value):
        raise Refusal(f"{FIELDS[name].capitalize()}\u00a0: {WRONG_YEAR}")
    return value


def _decision(name, value):
    if value not in cuts.DECISIONS:
        raise Refusal(f"«\u00a0{name}\u00a0»\u00a0: choisissez l’une des deux réponses.")
    return value


def _choice(name, value):
    if not isinstance(value, str) or "\0" in value or len(value) > 120:
        raise Refusal(f"«\u00a0{name}\u00a0»\u00a0: choisissez un organisme, ou sa création.")
    return value


def _claim(name, fields):
    kept = {part: _part(_CLAIM, part, value) for part, value in fields.items()}
    for part in ("value", "lower", "upper"):
        if kept.get(part):
            kept[part] = _number(kept[part], _CLAIM[part])
            _clean(Claim, part, kept[part], _CLAIM[part])
    for part in ("subject", "exactness", "scope", "label"):
        if kept.get(part):
            _clean(Claim, part, kept[part], _CLAIM[part])
    bounds = [bool(kept.get(part)) for part in ("lower", "upper")]
    if kept.get("is_kept") and {"value", "lower", "upper"} <= kept.keys():
        if bool(kept["value"]) == all(bounds) or any(bounds) != all(bounds):
            raise Refusal(
                "Un chiffre annoncé a soit une valeur, soit deux bornes\u00a0: complétez "
                f"«\u00a0{kept.get('label', '')}\u00a0»."
            )
        if all(bounds) and Decimal(kept["lower"]) > Decimal(kept["upper"]):
            raise Refusal("La borne basse ne dépasse pas la borne haute.")
    return kept


def _document(name, fields):
    kept = {part: _part(_DOCUMENT, part, value) for part, value in fields.items()}
    if kept.get("size_kb"):
        kept["size_kb"] = _number(kept["size_kb"], _DOCUMENT["size_kb"])
    for part in kept.keys() - {"is_kept"}:
        _clean(Document, part, kept[part], _DOCUMENT[part])
    return kept


def _laureate(name, fields):
    kept = {}
    for part, value in fields.items():
        if part == "carriers":
            kept[part] = _carriers(value)
        else:
            kept[part] = _part(_LAUREATE, part, value, is_long=part == "description")
    if len(kept.get("title", "")) > structure.TITLE_MAX:
        raise Refusal(f"Titre\u00a0: {structure.TITLE_MAX} caractères au plus.")
    if kept.get("group"):
        _clean(LaureateGroup, "name", kept["group"], "groupe")
    return kept


def _carriers(names):
    kept = [name for name in (_typed(name) for name in names) if name]
    if len(kept) > CARRIERS_MAX:
        raise Refusal(f"Porteurs\u00a0: {CARRIERS_MAX} au plus.")
    if any(len(name) > 300 for name in kept):
        raise Refusal("Porteurs\u00a0: un nom a 300 caractères au plus. Écrivez-en un par ligne.")
    return list(dict.fromkeys(kept))


_CHECKS = {
    "roles": _role,
    "header": _field,
    "hyphens": _decision,
    "names": _choice,
    "claims": _claim,
    "documents": _document,
    "laureates": _laureate,
}


def _part(labels, part, value, *, is_long=False):
    if part not in labels:
        raise Refusal(UNKNOWN)
    if part in {"is_kept", "has_own_title"}:
        return bool(value)
    return _typed(value, is_long=is_long)


def _typed(value, *, is_long=False):
    """What was typed, as it will be kept; a long text keeps its lines."""
    value = str(value).replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    if len(value) > TEXT_MAX:
        raise Refusal(f"Ce texte est trop long\u00a0: {TEXT_MAX} caractères au plus.")
    return value.strip() if is_long else typography.normalise(value)


def _number(value, label):
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise Refusal(f"{label.capitalize()}\u00a0: écrivez un nombre.") from error
    if not number.is_finite():
        raise Refusal(f"{label.capitalize()}\u00a0: écrivez un nombre.")
    return f"{number:f}" if abs(number.adjusted()) < 20 else str(number)


def _clean(model, name, value, label, *, is_required=True):
    field = model._meta.get_field(name)
    if not value and (not is_required or field.blank):
        return
    try:
        field.clean(value, None)
    except ValidationError as error:
        raise Refusal([f"{label.capitalize()}\u00a0: {text}" for text in error.messages]) from error


# What differs, in French -----------------------------------------------------


def compared(found: dict, changes: dict) -> tuple[dict[str, str], dict[str, str]]:
    """By French label, what the draft says now and what `changes` would make of it, where the two
    differ."""
    stored, typed = {}, {}
    for label, before, after in _differences(found, changes):
        if before != after:
            stored[label], typed[label] = before or _EMPTY, after or _EMPTY
    return stored, typed


def _differences(found, changes):
    for index, role in changes.get("roles", {}).items():
        block = found["blocks"][int(index)]
        before = "à choisir" if block["doubt"] else structure.LABELS[block["role"]]
        yield f"Bloc {int(index) + 1}", before, structure.LABELS[role]
    for name, value in changes.get("header", {}).items():
        yield FIELDS[name], found["header"][name]["value"], value
    words = {entry["word"]: entry for entry in found["hyphens"]}
    for word, decision in changes.get("hyphens", {}).items():
        before = cuts.DECISIONS.get(words[word]["decision"], "")
        yield f"«\u00a0{word}\u00a0»", before, cuts.DECISIONS[decision]
    yield from _differing_names(found, changes.get("names", {}))
    for part, labels in (("claims", _CLAIM), ("documents", _DOCUMENT), ("laureates", _LAUREATE)):
        entries = {entry["key"]: (rank, entry) for rank, entry in enumerate(found[part], 1)}
        for key, fields in changes.get(part, {}).items():
            rank, entry = entries[key]
            noun = {"claims": "Chiffre", "documents": "Document", "laureates": "Projet"}[part]
            for name, value in fields.items():
                if name.startswith(drafting.READ):
                    continue
                label = f"{noun} {rank}, {labels[name]}"
                yield label, _shown(entry[name]), _shown(value)


def _differing_names(found, changes):
    slugs = set(changes.values()) - {drafting.NEW, ""}
    labels = dict(Organisation.objects.filter(slug__in=slugs).values_list("slug", "name"))
    labels |= {drafting.NEW: "à créer", "": "comme ailleurs"}
    for entry in found["names"]:
        known = labels | entry["labels"]
        if entry["key"] in changes:
            yield entry["name"], known.get(entry["choice"], ""), known[changes[entry["key"]]]
    for rank, one in enumerate(found["laureates"], 1):
        for name, organisation in zip(one["carriers"], one["organisations"], strict=True):
            choice = changes.get(drafting.here_key(one["key"], name))
            if choice is not None:
                yield f"Projet {rank}, {name}", organisation["label"], labels[choice]


def _shown(value):
    if isinstance(value, bool):
        return "oui" if value else "non"
    return "\n".join(value) if isinstance(value, list) else str(value)
