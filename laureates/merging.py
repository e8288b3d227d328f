"""Two organisations of the reference list that are one: merged by a person, never by themselves.

Everything that names the one that goes names the one that stays, in both houses, row by row, so
that each change is in the history. Its address leads to the other for those who could see it.
"""

from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from ftap import audit, refusals
from ftap.modeladmin import visible
from ftap.refusals import Refusal
from laureates.models import Organisation, OrganisationRedirect, ReleaseDraft
from laureates.models.reference import CarryingOrganisation

PERMISSION = "laureates.merge_organisation"
ACTION = "merge_organisations"
# What a person chooses between the two, or completes from the one that goes.
CHOSEN = ("name", "short_name", "siret", "kind", "supervising_ministry", "territory", "source")
GONE = "Cet organisme n’existe plus\u00a0: il vient sans doute d’être fusionné. Rouvrez la liste."


@dataclass(frozen=True)
class Preview:
    """What a merge would do: rows to move by kind, of those that the person sees, values that
    differ, and why it cannot be done."""

    moves: list[tuple[str, int]] = field(default_factory=list)
    differences: list[tuple[str, str, object, object]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    was_public: bool = False


def preview(kept: Organisation, merged: Organisation, user) -> Preview:
    """What `merge` would do with these two, for `user`; nothing is written."""
    moves = []
    for relation in _relations():
        rows = visible(
            relation.related_model._default_manager.filter(**{relation.field.name: merged}), user
        )
        if count := rows.count():
            opts = relation.related_model._meta
            name = opts.verbose_name if count == 1 else opts.verbose_name_plural
            moves.append((str(name), count))
    return Preview(moves, differences(kept, merged), _refusals(kept, merged), _is_public(merged))


def differences(kept: Organisation, merged: Organisation) -> list[tuple[str, str, object, object]]:
    """(field, its French name, value kept, value of the other) where both say something else."""
    found = []
    for name in CHOSEN:
        mine, other = getattr(kept, name), getattr(merged, name)
        if other and other != mine:
            label = str(Organisation._meta.get_field(name).verbose_name)
            shown = [_shown(row, name) for row in (kept, merged)]
            found.append((name, label, *shown))
    return found


def merge(
    kept: Organisation, merged: Organisation, *, by, reason: str, taken: tuple[str, ...] = ()
) -> Organisation:
    """Merge one organisation into another, in one act; the one that stays is returned.

    `taken` names the fields whose value is that of the one that goes; an empty value of the one
    that stays is completed anyway. Refusal, in French, where it cannot be; nothing is done then.
    """
    if not by.has_perm(PERMISSION):
        raise PermissionDenied
    if not (reason := reason.strip()):
        raise Refusal({"reason": "Indiquez le motif\u00a0: il reste dans l’historique."})
    with transaction.atomic(), audit.acting(by, ACTION, reason):
        rows = Organisation.objects.select_for_update(of=("self",)).order_by("pk")
        held = rows.in_bulk([kept.pk, merged.pk])
        if not {kept.pk, merged.pk} <= held.keys():
            raise Refusal(GONE)
        kept, merged = held[kept.pk], held[merged.pk]
        if found := _refusals(kept, merged):
            raise Refusal(found)
        was_public = _is_public(merged)
        try:
            for relation in _relations():
                _move(relation, kept, merged)
            values = _values(kept, merged, taken)
            former = [merged.name, kept.name, *merged.former_name_list, *kept.former_name_list]
            slug, name = merged.slug, merged.name
            merged.delete()
            for field_name, value in values.items():
                setattr(kept, field_name, value)
            former = [line for line in dict.fromkeys(former) if line != kept.name]
            kept.former_names = "\n".join(former)
            refusals.save(kept)
            refusals.save(
                OrganisationRedirect(
                    slug=slug,
                    organisation=kept,
                    was_public=was_public,
                    former_name=name,
                    merged_at=timezone.now(),
                )
            )
        except (models.ProtectedError, IntegrityError) as error:
            raise Refusal(
                "Un enregistrement nomme encore l’organisme à fusionner et ne peut pas nommer "
                "l’autre\u00a0: rien n’a été fait."
            ) from error
    return kept


def _relations():
    """Every field, of any application, that names an organisation."""
    return [
        relation
        for relation in Organisation._meta.related_objects
        if not (relation.many_to_many and not relation.through._meta.auto_created)
        and not relation.related_model.__name__.startswith("Historical")
    ]


def _is_public(organisation) -> bool:
    return Organisation.objects.public().filter(pk=organisation.pk).exists()


def _refusals(kept, merged) -> list[str]:
    found = []
    if kept.pk == merged.pk:
        return ["On ne fusionne pas un organisme avec lui-même\u00a0: prenez-en un autre."]
    ministry = Organisation.Kind.MINISTRY
    if merged.supervised.exists() and kept.kind != ministry:
        found.append(
            f"Des organismes sont rattachés à «\u00a0{merged}\u00a0», et «\u00a0{kept}\u00a0» "
            "n’est pas un ministère\u00a0: rattachez-les d’abord ailleurs, ou gardez l’autre."
        )
    if merged.supervising_ministry_id == kept.pk or kept.supervising_ministry_id == merged.pk:
        found.append(
            "L’un des deux est le ministère de rattachement de l’autre\u00a0: ce ne sont pas deux "
            "noms d’un même organisme."
        )
    quoted = f'"organisation":"{merged.slug}"'
    for draft in ReleaseDraft.objects.filter(content__contains=quoted):
        found.append(
            f"Le rectificatif en préparation de «\u00a0{draft.announcement}\u00a0» nomme «\u00a0"
            f"{merged}\u00a0»\u00a0: publiez-le ou abandonnez-le d’abord."
        )
    return found


def _shown(row, name):
    display = getattr(row, f"get_{name}_display", None)
    return display() if display else getattr(row, name)


def _values(kept, merged, taken) -> dict:
    """The fields of the one that stays that change."""
    values = {}
    for name in CHOSEN:
        mine, other = getattr(kept, name), getattr(merged, name)
        if other and (name in taken or not mine):
            values[name] = other
    kind = values.get("kind", kept.kind)
    if kind == Organisation.Kind.MINISTRY:
        values["supervising_ministry"] = None
    return values


def _move(relation, kept, merged):
    name, model = relation.field.name, relation.related_model
    rows = model._base_manager.filter(**{name: merged}).order_by("pk")
    if relation.many_to_many:
        for row in rows:
            links = getattr(row, name)
            links.add(kept)
            links.remove(merged)
        return
    for row in rows:
        if issubclass(model, CarryingOrganisation) and _join(row, kept):
            continue
        setattr(row, name, kept)
        try:
            row.validate_constraints()
        except ValidationError as error:
            opts = model._meta
            raise Refusal(
                [
                    f"{opts.verbose_name} «\u00a0{row}\u00a0»\u00a0: {text}"
                    for text in error.messages
                ]
            ) from error
        row.save()


def _join(row, kept) -> bool:
    """Make one of two carriers of a same project, in the better place; whether there were two."""
    parent = row.NATURAL_KEY[0].partition("__")[0]
    siblings = type(row)._base_manager.filter(**{parent: getattr(row, parent)})
    twin = siblings.filter(organisation=kept).first()
    if twin is None:
        return False
    first, gone = sorted((row, twin), key=lambda one: one.position)
    role = first.role or gone.role
    place = gone.position
    gone.delete()
    if first.organisation_id != kept.pk or first.role != role:
        first.organisation, first.role = kept, role
        first.save()
    for later in siblings.filter(position__gt=place).order_by("position"):
        later.position -= 1
        later.save()
    return True
