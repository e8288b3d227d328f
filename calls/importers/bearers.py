"""The organisations that a row names as bearers, found among those known, or to be created.

The depositing organisation comes first, then the partners in their order. An organisation that is
only near is asked, never chosen; one that nobody knows is created.
"""

from dataclasses import dataclass

from django.core.exceptions import ValidationError

from calls.importers.mapping import Layout
from calls.importers.reading import Problem, Reading
from calls.models import Bearer
from ftap.tables import values
from laureates import matching, typography
from laureates.models import Organisation

NEW = "new"
_NAME_MAX = Organisation._meta.get_field("name").max_length
_ROLES = {
    **{label: code for code, label in Bearer.Role.choices},
    **{code: code for code in Bearer.Role.values},
    "coporteur": Bearer.Role.CO,
    "chef de projet": Bearer.Role.LEAD,
}


@dataclass
class Declared:
    """An organisation as a row declares it. `role` is None where the form does not tell.

    `organisation` is the one found; None where it is to be created under `name`.
    """

    name: str
    siret: str = ""
    role: str | None = None
    tells_role: bool = False
    column: object = None
    siret_column: object = None
    where: str = ""
    organisation: Organisation | None = None

    @property
    def identity(self):
        """Equal for two mentions of one organisation, created or not."""
        return self.organisation.pk if self.organisation else matching.key(self.name)

    def as_values(self) -> dict:
        return {
            "organisation": self.organisation.pk if self.organisation else None,
            "name": self.name,
            "siret": self.siret,
            "role": self.role,
        }


def tells_bearers(layout: Layout) -> bool:
    return _tells_first(layout) or _tells_partners(layout)


def _tells_first(layout):
    return bool(layout.column("bearer_name") or layout.column("bearer_siret"))


def _tells_partners(layout):
    return layout.partners is not None and bool(
        layout.column("partner_name", layout.partners)
        or layout.column("partner_siret", layout.partners)
    )


def read(row, others, layout: Layout, found: Reading, matcher, current) -> list[Declared] | None:
    """The bearers of the dossier after the import, in order; None where the file tells none.

    `others` are the rows of other sheets of this dossier and `current` its bearers here. What the
    file does not tell stays: partners where it has no sheet of them, the first where no column
    gives it.
    """
    if not tells_bearers(layout):
        return None
    kept = [
        Declared(bearer.declared_name, role=bearer.role, organisation=bearer.organisation)
        for bearer in current
    ]
    first = [one] if _tells_first(layout) and (one := _first(row, layout, found)) else []
    partners = _partners(others, layout, found) if _tells_partners(layout) else []
    for index, one in enumerate((*first, *partners)):
        _identify(one, index, found, matcher, current, row.decisions)
    if not _tells_first(layout):
        first = kept[:1]
    if not _tells_partners(layout):
        partners = kept[1:]
    return _distinct([*first, *partners], found)


def _first(row, layout, found):
    name_column, siret_column = layout.column("bearer_name"), layout.column("bearer_siret")
    name = typography.normalise(row.read(name_column.index)) if name_column else ""
    siret = ""
    if siret_column:
        try:
            siret = values.siret(row.read(siret_column.index)) or ""
        except ValueError as error:
            found.problems.append(Problem(siret_column.label, siret_column.index, str(error)))
    if not name and not siret:
        return None
    return Declared(name, siret, column=name_column or siret_column, siret_column=siret_column)


def _partners(others, layout, found):
    rows = [row for row in others if row.sheet == layout.partners]
    order = []
    for position, row in enumerate(rows):
        where = f"Feuille «\u00a0{row.sheet}\u00a0», ligne {row.number}"
        texts = {
            target: row.read(column.index) if column else ""
            for target in ("partner_name", "partner_siret", "partner_role", "partner_line")
            for column in [layout.column(target, layout.partners)]
        }
        one = Declared(
            typography.normalise(texts["partner_name"]),
            tells_role=layout.column("partner_role", layout.partners) is not None,
            where=where,
        )
        line = None
        try:
            one.siret = values.siret(texts["partner_siret"]) or ""
            line = values.integer(texts["partner_line"])
            one.role = _role(texts["partner_role"])
        except ValueError as error:
            found.problems.append(Problem(where, None, str(error)))
        if one.name or one.siret:
            order.append((line is None, line or 0, position, one))
    return [one for *_, one in sorted(order, key=lambda item: item[:3])]


def _role(text):
    if not text.strip():
        return None
    try:
        return values.choice(text, _ROLES)
    except ValueError:
        raise ValueError(
            f"Rôle inconnu\u00a0: «\u00a0{text}\u00a0». Rôles acceptés\u00a0: chef de file, "
            "co-porteur, soutien, ou vide. Corrigez le fichier, ou laissez la colonne du rôle "
            "sans champ."
        ) from None


# Which organisation ----------------------------------------------------------


def _identify(one, index, found, matcher, current, decisions):
    """Give a declared organisation its row, or ask which it is, or check that it can be made."""
    match = matcher.find(one.name, one.siret)
    before = next((b for b in current if one.name and b.declared_name == one.name), None)
    if before and (match.organisation is None or match.by != "siret"):
        # The same name as at the last import: what was answered then, or corrected since, stands.
        one.organisation = before.organisation
    elif match.organisation and match.by != "short":
        one.organisation = match.organisation
    elif near := (match.near or ((match.organisation,) if match.organisation else ())):
        _ask(one, index, found, match, near, decisions)
    else:
        _check_new(one, found)
    if one.organisation is not None:
        one.name = one.name or one.organisation.name
        if not one.tells_role:
            kept = [b.role for b in current if b.organisation_id == one.organisation.pk]
            one.role = next(iter(kept), None)


def _ask(one, index, found, match, near, decisions):
    choices = [[organisation.slug, _named(organisation)] for organisation in near]
    if _may_be_new(one, near):
        choices.append([NEW, f"aucun de ceux-là\u00a0: créer «\u00a0{one.name}\u00a0»"])
    who = f"«\u00a0{one.name}\u00a0»" if one.name else f"le SIRET {one.siret}"
    label = match.conflict or f"{who} ressemble à un organisme connu\u00a0: est-ce lui\u202f?"
    if one.where:
        label = f"{one.where}\u00a0: {label}"
    answer = found.ask(
        one.column, f"organisation:{index}", label[:1].upper() + label[1:], choices, decisions
    )
    if answer == NEW:
        _check_new(one, found)
    else:
        one.organisation = next((o for o in near if o.slug == answer), None)


def _may_be_new(one, near):
    """Whether another organisation may be made beside those: names and SIRETs are their own."""
    names = {organisation.name for organisation in near}
    sirets = {organisation.siret for organisation in near} - {""}
    return bool(one.name) and one.name not in names and one.siret not in sirets


def _named(organisation):
    more = [organisation.short_name, organisation.siret and f"SIRET {organisation.siret}"]
    words = ", ".join(word for word in more if word)
    return f"{organisation.name} ({words})" if words else organisation.name


def _check_new(one, found):
    column = one.column.label if one.column else one.where
    index = one.column.index if one.column else None
    if not one.name:
        message = (
            f"Aucun organisme connu n’a le SIRET {one.siret}, et le fichier n’en donne pas le "
            "nom\u00a0: ajoutez le nom, ou créez d’abord l’organisme."
        )
        found.problems.append(Problem(column, index, message))
        return
    try:
        made = organisation_of(one.name, one.siret, slug="a")
        made.clean_fields(exclude=("slug", "source"))
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            if name == "siret" and one.siret_column:
                column, index = one.siret_column.label, one.siret_column.index
            found.problems.extend(Problem(column, index, message) for message in messages)


def organisation_of(name: str, siret: str, *, slug: str) -> Organisation:
    """An organisation to be created; what the form does not tell of it stays unknown."""
    return Organisation(
        name=name,
        slug=slug,
        siret=siret,
        source="Déclaré dans un dossier du service de formulaires en ligne",
    )


def _distinct(declared, found):
    """Each organisation once, at its first place; one lead at most."""
    kept: dict[object, Declared] = {}
    for one in declared:
        if one.organisation is None and not one.name:
            continue
        first = kept.setdefault(one.identity, one)
        first.role = first.role or one.role
    leads = [one.name for one in kept.values() if one.role == Bearer.Role.LEAD]
    if len(leads) > 1:
        names = " et ".join(f"«\u00a0{name}\u00a0»" for name in leads)
        found.problems.append(
            Problem("", None, f"Un dossier n’a qu’un chef de file\u00a0: choisissez entre {names}.")
        )
    return list(kept.values())


def in_words(declared) -> str:
    """« 1. Préfecture (chef de file) ; 2. … », those to be created marked."""
    return "\u202f; ".join(
        f"{position}. {one.name or one.organisation.name}"
        + (f" ({Bearer.Role(one.role).label})" if one.role else "")
        + ("" if one.organisation else " — organisme créé")
        for position, one in enumerate(declared, 1)
    )
