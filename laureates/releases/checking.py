"""Values typed for a version, checked as the rows they will make, and written canonically."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError

from ftap import refusals
from ftap.refusals import Refusal
from laureates import typography
from laureates.models import (
    Announcement,
    Carrier,
    Laureate,
    LaureateGroup,
    Organisation,
    Territory,
    Theme,
)
from laureates.releases.shape import (
    EDITABLE_ANNOUNCEMENT,
    EDITABLE_LAUREATE,
    LAUREATE_FIELDS,
    OPTIONAL,
    RELATIONS,
    is_withdrawn,
)

# Constraints that the database holds, of rows that are not there yet.
_OF_ROWS = {"laureate_unique_position", "carrier_unique_position", "carrier_unique_organisation"}


# Gates save only valid rows.
save = refusals.save


def announcement_values(values: dict) -> dict:
    """Checked values of the announcement's fields, as Python values; Refusal by field otherwise.

    Only the names of EDITABLE_ANNOUNCEMENT are taken; ValueError for any other.
    """
    _refuse_unknown(values, EDITABLE_ANNOUNCEMENT)
    row = Announcement(slug="rectificatif")
    return _cleaned(row, values)


def groups(rows: Iterable[dict], entries: Iterable[dict]) -> list[dict]:
    """The groups of an announcement, [{"name", "amount"}] in order, checked and numbered.

    Refusal where one is wrong, or where a laureate of `entries` is in one that is gone.
    """
    found, problems = [], []
    for position, row in enumerate(rows, 1):
        group = LaureateGroup(position=position)
        try:
            values = _cleaned(group, {"name": row["name"], "amount": row["amount"]})
        except Refusal as refusal:
            problems += [f"Groupe nᵒ\u00a0{position}\u00a0: {text}" for text in refusal.messages]
            continue
        found.append({"position": position, **values})
    problems += [
        f"Le projet nᵒ\u00a0{entry['position']} est dans le groupe nᵒ\u00a0{entry['group']}, qui "
        "n’est plus dans la liste\u00a0: changez d’abord son groupe."
        for entry in entries
        if entry.get("group", 0) > len(found) and not problems
    ]
    if problems:
        raise Refusal({"laureate_groups": problems})
    return found


def laureate_values(entry: dict, values: dict, groups: Iterable[dict] = ()) -> dict:
    """The entry of a laureate once `values` are written on it: plain Python and canonical lists.

    `values` may hold the names of EDITABLE_LAUREATE: `former_titles` is a list of titles, `themes`
    a list of slugs, `territories` a list of (kind, code), `carriers` a list of {"organisation":
    slug, "announced_name": …, "role": … or None} in order, `group` the position of one of
    `groups` or None. Refusal by field where one is wrong.
    """
    _refuse_unknown(values, EDITABLE_LAUREATE)
    entry = {**entry, **{name: values[name] for name in values if name in RELATIONS}}
    row = Laureate(public_id=entry["public_id"], position=entry["position"], slug="rectificatif")
    errors = {}
    try:
        plain = _cleaned(row, {name: entry[name] for name in LAUREATE_FIELDS[3:]} | _own(values))
    except Refusal as refusal:
        errors = refusal.error_dict
        plain = {}
    for name, check in (
        ("former_titles", _former_titles),
        ("themes", _themes),
        ("territories", _territories),
        ("carriers", _carriers),
    ):
        try:
            plain[name] = check(entry[name])
        except ValidationError as error:
            errors[name] = error.error_list
    entry = {**entry, **plain}
    for name in OPTIONAL:
        entry[name] = values.get(name, entry.get(name))
    if entry["group"] not in {None, *(group["position"] for group in groups)}:
        errors["group"] = "Ce groupe n’existe plus\u00a0: choisissez-en un autre."
    if errors:
        raise Refusal(errors)
    if entry["has_own_title"] is not False:
        del entry["has_own_title"]
    if entry["group"] is None:
        del entry["group"]
    return entry


def require_references(entries: Iterable[dict]) -> None:
    """Refusal where an organisation, a theme or a territory named by these laureates is gone."""
    problems = []
    for entry in entries:
        if is_withdrawn(entry):
            continue
        for check, rows in (
            (_carriers, entry["carriers"]),
            (_themes, entry["themes"]),
            (_territories, entry["territories"]),
        ):
            try:
                check(rows)
            except ValidationError as error:
                where = f"Projet nᵒ\u00a0{entry['position']} «\u00a0{entry['title']}\u00a0»"
                problems += [f"{where}\u00a0: {message}" for message in error.messages]
    if problems:
        raise Refusal(problems)


def _own(values):
    apart = {*RELATIONS, *OPTIONAL}
    return {name: value for name, value in values.items() if name not in apart}


def _refuse_unknown(values, names):
    if unknown := sorted(set(values) - set(names)):
        raise ValueError(f"not a field of a version: {', '.join(unknown)}")


def _cleaned(row, values):
    """Values of a row's own fields, checked by the model: its fields, its typography, its rules."""
    fields = {name: row._meta.get_field(name) for name in values}
    errors = {}
    for name, field in fields.items():
        value = values[name]
        if isinstance(value, str):
            value = value.replace("\r\n", "\n").replace("\r", "\n").strip()
        if value in (None, "") and not field.null:
            value = ""
        elif value == "":
            value = None
        setattr(row, name, value)
    others = {field.name for field in row._meta.fields} - set(fields)
    for step in (
        lambda: row.clean_fields(exclude=others),
        row.clean,
        lambda: _check_constraints(row, set(fields)),
    ):
        try:
            step()
        except ValidationError as error:
            errors = error.update_error_dict(errors)
            break
    if errors:
        raise Refusal(errors)
    return {name: getattr(row, name) for name in fields}


def _check_constraints(row, names):
    for constraint in row._meta.constraints:
        if constraint.name not in _OF_ROWS and hasattr(constraint, "condition"):
            concerned = {name for name in names if name in repr(constraint.condition)}
            if not concerned:
                continue
            try:
                constraint.validate(type(row), row)
            except ValidationError as error:
                raise ValidationError({sorted(concerned)[0]: error.messages}) from error


def _former_titles(titles):
    return [line for title in titles if (line := typography.normalise(title))]


def _themes(slugs):
    slugs = sorted(set(slugs))
    known = set(Theme.objects.filter(slug__in=slugs).values_list("slug", flat=True))
    _refuse_gone("Ce thème n’existe plus", [slug for slug in slugs if slug not in known])
    return slugs


def _territories(keys):
    keys = sorted({tuple(key) for key in keys})
    known = set(
        Territory.objects.filter(code__in=[code for _, code in keys]).values_list("kind", "code")
    )
    _refuse_gone(
        "Ce territoire n’existe plus", [code for kind, code in keys if (kind, code) not in known]
    )
    return [list(key) for key in keys]


def _carriers(rows):
    slugs = [row["organisation"] for row in rows]
    organisations = Organisation.objects.in_bulk(slugs, field_name="slug")
    _refuse_gone(
        "Cet organisme n’existe plus", [slug for slug in slugs if slug not in organisations]
    )
    problems = []
    for slug in dict.fromkeys(slug for slug in slugs if slugs.count(slug) > 1):
        problems.append(f"«\u00a0{organisations[slug]}\u00a0» est porteur deux fois.")
    if sum(row.get("role") == Carrier.Role.LEAD for row in rows) > 1:
        problems.append("Un projet n’a qu’un chef de file.")
    cleaned = []
    for position, row in enumerate(rows, 1):
        carrier = Carrier(
            position=position,
            announced_name=typography.normalise(row.get("announced_name") or ""),
            role=row.get("role") or None,
        )
        try:
            carrier.clean_fields(exclude={"laureate", "organisation"})
        except ValidationError as error:
            problems += [
                f"Porteur nᵒ\u00a0{position}\u00a0: {message}"
                for message in refusals.sentences(carrier, error)
            ]
        cleaned.append(
            {
                "position": position,
                "organisation": row["organisation"],
                "announced_name": carrier.announced_name,
                "role": carrier.role,
            }
        )
    if problems:
        raise ValidationError(problems)
    return cleaned


def _refuse_gone(sentence, names):
    if names:
        raise ValidationError(f"{sentence}\u00a0: {', '.join(names)}. Choisissez-en un autre.")
