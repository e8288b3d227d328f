"""The organisations that a row names, found among those known, or to be created.

One that is only near is asked, never chosen; one that nobody knows is created, with where its name
comes from.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from ftap.refusals import Refusal
from laureates import matching, typography
from laureates.importers.reading import Problem, Reading
from laureates.matching.references import plain
from laureates.models import Carrier, Organisation, OrganisationRedirect

NEW = "new"
COUNT = "organisations"
_SLUG_MAX = Organisation._meta.get_field("slug").max_length
_ROLES = {
    **{plain(label): code for code, label in Carrier.Role.choices},
    **{code: code for code in Carrier.Role.values},
    "coporteur": Carrier.Role.CO,
    "chef de projet": Carrier.Role.LEAD,
}


@dataclass
class Declared:
    """An organisation as a row declares it. `role` is None where the row does not tell.

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

    @property
    def shown(self) -> str:
        return self.name or (self.organisation.name if self.organisation else self.siret)

    def as_values(self) -> dict:
        return {
            "organisation": self.organisation.pk if self.organisation else None,
            "name": self.name,
            "siret": self.siret,
            "role": self.role,
        }


def role_of(text: str) -> str | None:
    """The role that a text names; ValueError, in French, where it names none."""
    if not text.strip():
        return None
    try:
        return _ROLES[plain(text)]
    except KeyError:
        raise ValueError(
            f"Rôle inconnu\u00a0: «\u00a0{text}\u00a0». Rôles acceptés\u00a0: chef de file, "
            "co-porteur, soutien, ou vide."
        ) from None


def is_role(text: str) -> bool:
    return plain(text) in _ROLES


def identify(
    one: Declared, index: int, found: Reading, match, current: Iterable[Declared], decisions
) -> None:
    """Give a declared organisation its row, or ask which it is, or check that it can be made.

    `match` is what the list of organisations answers; `current` are those that the record has now:
    under the same name as the last time, what was answered then, or corrected since, stands.
    """
    before = next((b for b in current if one.name and b.name == one.name), None)
    if before and (match.organisation is None or match.by != "siret"):
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
            kept = [b.role for b in current if b.identity == one.identity]
            one.role = next(iter(kept), None)


def _ask(one, index, found, match, near, decisions):
    choices = [[organisation.slug, _named(organisation)] for organisation in near]
    if _may_be_new(one, near):
        choices.append([NEW, f"aucun de ceux-là\u00a0: créer «\u00a0{one.name}\u00a0»"])
    who = f"«\u00a0{one.name}\u00a0»" if one.name else f"le SIRET {one.siret}"
    label = match.conflict or f"{who} ressemble à un organisme connu\u00a0: est-ce lui\u202f?"
    if one.where:
        label = f"{one.where}\u00a0: {label}"
    label = label[:1].upper() + label[1:]
    answer = found.ask(one.column, f"organisation:{index}", label, choices, decisions)
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
        made = Organisation(name=one.name, siret=one.siret, slug="a")
        made.clean_fields(exclude=("slug", "source"))
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            if name == "siret" and one.siret_column:
                column, index = one.siret_column.label, one.siret_column.index
            found.problems.extend(Problem(column, index, message) for message in messages)


def distinct(declared: Iterable[Declared], found: Reading, what: str) -> list[Declared]:
    """Each organisation once, at its first place; `what`, « Un projet », has one lead at most."""
    kept: dict[object, Declared] = {}
    for one in declared:
        if one.organisation is None and not one.name:
            continue
        first = kept.setdefault(one.identity, one)
        first.role = first.role or one.role
    leads = [one.name for one in kept.values() if one.role == Carrier.Role.LEAD]
    if len(leads) > 1:
        names = " et ".join(f"«\u00a0{name}\u00a0»" for name in leads)
        found.refuse(None, f"{what} n’a qu’un chef de file\u00a0: choisissez entre {names}.")
    return list(kept.values())


def in_words(declared: Iterable[Declared]) -> str:
    """« 1. Préfecture (chef de file) ; 2. … », those to be created marked."""
    return "\u202f; ".join(
        f"{position}. {one.shown}"
        + (f" ({Carrier.Role(one.role).label})" if one.role else "")
        + ("" if one.organisation else " — organisme créé")
        for position, one in enumerate(declared, 1)
    )


class Registry:
    """Those that rows name, found by primary key, or made once for all the rows that share one.

    `source` says, on each organisation made, where its name comes from.
    """

    def __init__(self, source: str):
        self._source = source
        self._matcher = matching.Matcher()
        self._slugs = {
            *Organisation.objects.values_list("slug", flat=True),
            *OrganisationRedirect.objects.values_list("slug", flat=True),
        }
        self._made: dict[str, tuple[Organisation, int]] = {}
        self._by_siret: dict[str, Organisation] = {}
        self._waiting: list[Organisation] = []
        self.count = 0

    def find(self, declared: dict, row) -> Organisation | int:
        """The organisation of `Declared.as_values`, or its primary key; a new one waits to be
        saved. Refusal where two lines of the file declare one name for two bodies."""
        if declared["organisation"] is not None:
            return declared["organisation"]
        name, siret = declared["name"], declared["siret"]
        if made := self._made.get(matching.key(name)):
            organisation, line = made
            # Establishments of one body (same SIREN) are one organisation; two bodies are not.
            if siret and organisation.siret and siret[:9] != organisation.siret[:9]:
                raise Refusal(
                    f"Lignes {line} et {row.number}\u00a0: «\u00a0{name}\u00a0» y est déclaré sous "
                    f"deux SIRET de deux organismes ({organisation.siret} et {siret}). Corrigez le "
                    "nom de l’un des deux à l’écran, ou écartez une ligne. Rien n’est importé."
                )
            return organisation
        if siret and (same := self._by_siret.get(siret)):
            return same
        # Somebody may have created it since the file was compared.
        match = self._matcher.find(name, siret, proposes=False)
        if match.organisation is not None and match.by in ("siret", "name", "former"):
            return match.organisation
        organisation = Organisation(
            name=name, slug=self._slug(name), siret=siret, source=self._source
        )
        self._made[matching.key(name)] = organisation, row.number
        if siret:
            self._by_siret[siret] = organisation
        self._waiting.append(organisation)
        self.count += 1
        return organisation

    def take(self) -> list[Organisation]:
        """Those to be saved, once."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def _slug(self, name):
        base = typography.slugify(name)[:_SLUG_MAX].strip("-") or "organisme"
        slug, number = base, 1
        while slug in self._slugs:
            number += 1
            tail = f"-{number}"
            slug = base[: _SLUG_MAX - len(tail)].rstrip("-") + tail
        self._slugs.add(slug)
        return slug
