"""Two organisations of the reference list that are one: merged by a person, never by themselves.

Everything that names the one that goes names the one that stays, in both houses, row by row, so
that each change is in the history. Its address leads to the other for those who could see it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from ftap import audit, refusals
from ftap.modeladmin import visible
from ftap.refusals import Refusal
from laureates.models import Carrier, Organisation, OrganisationRedirect, ReleaseDraft
from laureates.models.reference import CarryingOrganisation

PERMISSION = "laureates.merge_organisation"
ACTION = "merge_organisations"
# What a person chooses between the two, or completes from the one that goes.
CHOSEN = ("name", "short_name", "siret", "kind", "supervising_ministry", "territory", "source")
GONE = "Cet organisme n’existe plus\u00a0: il vient sans doute d’être fusionné. Rouvrez la liste."
STALE = (
    "L’une des deux fiches a changé depuis que cette page est ouverte\u00a0: relisez ce qui "
    "change, puis fusionnez."
)


@dataclass(frozen=True)
class Preview:
    """What a merge would do: rows to move by kind, of those that the person sees, values that
    differ, why it cannot be done, and what to think of before.

    `was_public` and `is_kept_public` say which of the two visitors see now; `state` is what `merge`
    compares with the rows of that moment.
    """

    moves: list[tuple[str, int]] = field(default_factory=list)
    differences: list[tuple[str, str, object, object]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    was_public: bool = False
    is_kept_public: bool = False
    state: str = ""


def preview(kept: Organisation, merged: Organisation, user) -> Preview:
    """What `merge` would do with these two, for `user`; nothing is written."""
    moves = []
    for relation in _relations():
        rows = _seen(_named_by(relation, merged, relation.related_model._default_manager), user)
        if count := rows.count():
            moves.append((_kind(relation, count), count))
    return Preview(
        moves,
        differences(kept, merged),
        _refusals(kept, merged, user),
        list(_warnings(kept, merged)),
        _is_public(merged),
        _is_public(kept),
        state(kept, merged),
    )


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


def state(kept: Organisation, merged: Organisation) -> str:
    """A digest of all that a page shows of the two."""
    names = [field.attname for field in Organisation._meta.concrete_fields]
    values = [str(getattr(row, name)) for row in (kept, merged) for name in names]
    return salted_hmac("laureates.merging", repr(values)).hexdigest()


def merge(
    kept: Organisation,
    merged: Organisation,
    *,
    by,
    reason: str,
    taken: tuple[str, ...] | None = None,
    seen: str = "",
) -> Organisation:
    """Merge one organisation into another, in one act; the one that stays is returned.

    `taken` names the fields whose value is that of the one that goes: by default, those that are
    empty in the one that stays. `seen` is the state of the preview that the person read, where
    there was one. Refusal, in French, where it cannot be; nothing is done then.
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
        if seen and seen != state(kept, merged):
            raise Refusal(STALE)
        if found := _refusals(kept, merged, by):
            raise Refusal(found)
        try:
            _merge(kept, merged, _values(kept, merged, taken))
        except (models.ProtectedError, IntegrityError) as error:
            raise Refusal(
                "Un enregistrement nomme encore l’organisme à fusionner et ne peut pas nommer "
                "l’autre\u00a0: rien n’a été fait."
            ) from error
    return kept


def _merge(kept, merged, values):
    was_public, slug, name = _is_public(merged), merged.slug, merged.name
    for relation in _relations():
        _move(relation, kept, merged)
    if values.get("kind", kept.kind) != Organisation.Kind.MINISTRY and kept.supervised.exists():
        raise Refusal(
            f"Des organismes sont rattachés à «\u00a0{kept}\u00a0»\u00a0: il reste un ministère. "
            "Gardez ce type, ou rattachez-les d’abord ailleurs."
        )
    former = [name, kept.name, *merged.former_name_list, *kept.former_name_list]
    merged.delete()
    for field_name, value in values.items():
        setattr(kept, field_name, value)
    kept.former_names = "\n".join(line for line in dict.fromkeys(former) if line != kept.name)
    refusals.save(kept)
    for own in kept.redirects.filter(slug=kept.slug):
        own.delete()  # the address is that of the organisation itself
    # An organisation made since under the address of one that was merged, then merged in turn.
    redirect = OrganisationRedirect.objects.filter(slug=slug).first()
    redirect = redirect or OrganisationRedirect(slug=slug)
    redirect.organisation, redirect.former_name = kept, name
    redirect.was_public = redirect.was_public or was_public
    redirect.merged_at = timezone.now()
    refusals.save(redirect)


def _relations():
    """Every field, of any application, that names an organisation."""
    return [
        relation
        for relation in Organisation._meta.related_objects
        if not (relation.many_to_many and not relation.through._meta.auto_created)
        and not relation.related_model.__name__.startswith("Historical")
    ]


def _kind(relation, count) -> str:
    """« porteurs (candidatures) », « organisme (ministère de rattachement) », « avis »."""
    model = relation.related_model

    def named(options):
        return options.verbose_name if count == 1 else options.verbose_name_plural

    if issubclass(model, CarryingOrganisation):
        return f"{named(model._meta)} ({named(_owner(model)._meta)})"
    if model is Organisation:
        return f"{named(model._meta)} ({relation.field.verbose_name})"
    return str(named(model._meta))


def _owner(model):
    """The model of the rows that hold those of `model`, by which they are named; None without."""
    name, _, rest = getattr(model, "NATURAL_KEY", ("",))[0].partition("__")
    return model._meta.get_field(name).related_model if rest else None


def _named_by(relation, organisation, manager=None):
    manager = manager or relation.related_model._base_manager
    return manager.filter(**{relation.field.name: organisation}).order_by("pk")


def _seen(rows, user):
    """Those of `rows` that exist for `user`: a row without a rule exists where its owner does."""
    owner = _owner(rows.model)
    if owner is None or hasattr(rows, "visible_to"):
        return visible(rows, user)
    owners = owner._default_manager.all()
    if not hasattr(owners, "visible_to"):
        return rows
    name = rows.model.NATURAL_KEY[0].partition("__")[0]
    return rows.filter(**{f"{name}__in": owners.visible_to(user).order_by().values("pk")})


def _is_public(organisation) -> bool:
    return Organisation.objects.public().filter(pk=organisation.pk).exists()


def _shown(row, name):
    display = getattr(row, f"get_{name}_display", None)
    return display() if display else getattr(row, name)


def _values(kept, merged, taken) -> dict:
    """The fields of the one that stays that change."""
    values = {}
    for name in CHOSEN:
        mine, other = getattr(kept, name), getattr(merged, name)
        if other and (not mine if taken is None else name in taken):
            values[name] = other
    kind = values.get("kind", kept.kind)
    if kind == Organisation.Kind.MINISTRY:
        values["supervising_ministry"] = None
    return values


# What stands in the way ------------------------------------------------------------


def _refusals(kept, merged, user) -> list[str]:
    if kept.pk == merged.pk:
        return ["On ne fusionne pas un organisme avec lui-même\u00a0: prenez-en un autre."]
    found = []
    if merged.supervised.exists() and kept.kind != Organisation.Kind.MINISTRY:
        found.append(
            f"Des organismes sont rattachés à «\u00a0{merged}\u00a0», et «\u00a0{kept}\u00a0» "
            "n’est pas un ministère\u00a0: rattachez-les d’abord ailleurs, ou gardez l’autre."
        )
    if merged.supervising_ministry_id == kept.pk or kept.supervising_ministry_id == merged.pk:
        found.append(
            "L’un des deux est le ministère de rattachement de l’autre\u00a0: ce ne sont pas deux "
            "noms d’un même organisme."
        )
    checks = (
        *_drafts(merged, user),
        *_locked_twins(kept, merged, user),
        *_clashes(kept, merged, user),
    )
    return [*found, *dict.fromkeys(checks)]


def _warnings(kept, merged) -> Iterator[str]:
    if kept.siret and merged.siret and kept.siret != merged.siret:
        yield (
            f"Leurs SIRET diffèrent ({kept.siret} et {merged.siret})\u00a0: ce sont peut-être deux "
            "organismes. Ne les fusionnez que si l’un des deux numéros est une erreur, ou celui "
            "d’un ancien établissement\u00a0; un seul sera gardé."
        )


def _is_seen(row, user) -> bool:
    return _seen(type(row)._default_manager.filter(pk=row.pk), user).exists()


def _drafts(merged, user) -> Iterator[str]:
    """Corrections under way, whose content names organisations by their address."""
    quoted = f'"organisation":"{merged.slug}"'
    for draft in ReleaseDraft.objects.filter(content__contains=quoted):
        what = "Un rectificatif en préparation"
        if _is_seen(draft, user):
            what = f"Le rectificatif en préparation de «\u00a0{draft.announcement}\u00a0»"
        yield (
            f"{what} nomme «\u00a0{merged}\u00a0»\u00a0: il faut d’abord le publier, ou "
            "l’abandonner."
        )


def _locked_twins(kept, merged, user) -> Iterator[str]:
    """Projects that both carry and whose carriers no longer change in place."""
    twins = Carrier.objects.filter(
        organisation=merged,
        laureate__carriers__organisation=kept,
        laureate__withdrawn_at__isnull=True,
        laureate__announcement__published_at__isnull=False,
        laureate__announcement__withdrawn_at__isnull=True,
    ).select_related("laureate")
    for carrier in twins:
        project = "Un projet que vous ne voyez pas"
        if _is_seen(carrier.laureate, user):
            project = f"Le projet «\u00a0{carrier.laureate}\u00a0»"
        yield (
            f"{project} est porté par les deux, dans une annonce publique ou programmée\u00a0: il "
            "faut d’abord n’en garder qu’un, par un rectificatif, ou en la déprogrammant."
        )


def _clashes(kept, merged, user) -> Iterator[str]:
    """Rows of which only one may name an organisation, where both are named."""
    for relation in _relations():
        model, name = relation.related_model, relation.field.name
        unique = any(
            isinstance(constraint, models.UniqueConstraint) and name in constraint.fields
            for constraint in model._meta.constraints
        )
        if relation.many_to_many or not unique or issubclass(model, CarryingOrganisation):
            continue
        for row in _named_by(relation, merged):
            what = "Une ligne que vous ne voyez pas"
            if _is_seen(row, user):
                what = f"{model._meta.verbose_name.capitalize()} «\u00a0{row}\u00a0»"
            setattr(row, name, kept)
            try:
                row.validate_constraints()
            except ValidationError as error:
                told = " ".join(error.messages)
                yield (
                    f"{what} empêche la fusion\u00a0: {told} Traitez d’abord l’une des deux lignes."
                )


# Rows ------------------------------------------------------------------------------


def _move(relation, kept, merged):
    name, model = relation.field.name, relation.related_model
    for row in _named_by(relation, merged):
        if relation.many_to_many:
            links = getattr(row, name)
            links.add(kept)
            links.remove(merged)
        elif not (issubclass(model, CarryingOrganisation) and _join(row, kept)):
            setattr(row, name, kept)
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
