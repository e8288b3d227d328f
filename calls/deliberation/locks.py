"""What every gate of a sitting does first and last: hold the rows, refuse, count the change.

Rows are locked in one order, so that no two acts wait for each other: the session or the fund
where money is at stake, the sitting, the dossiers, the decisions; several of a kind by primary key.
"""

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from calls import gates
from calls.deliberation.decision import Decision
from calls.models import Application, CallSession, Committee, Fund, Selection
from calls.permissions import Hidden, Refusal, Stale, recused_from
from ftap import audit

MASKED = (
    "Vous êtes déporté d’un dossier de cette séance : une autre personne la clôt, la rouvre et "
    "en rectifie les décisions."
)


# Hold ------------------------------------------------------------------------


def hold_committee(pk) -> Committee:
    """The sitting, fresh and locked; Refusal where it is gone."""
    rows = Committee.objects.select_for_update(of=("self",)).select_related("fund", "session__call")
    try:
        return rows.get(pk=pk)
    except Committee.DoesNotExist as error:
        raise Refusal("Cette séance n’existe plus : rouvrez la liste des séances.") from error


def hold_committee_and_money(pk) -> Committee:
    """The sitting, after its session's row, or its fund's where it has no session.

    Sittings that draw on one envelope come here one after the other: the second sees what the
    first granted.
    """
    known = Committee.objects.filter(pk=pk).values("session", "fund").first()
    if known:
        model = CallSession if known["session"] else Fund
        model.objects.select_for_update(of=("self",)).get(pk=known["session"] or known["fund"])
    committee = hold_committee(pk)
    if known != {"session": committee.session_id, "fund": committee.fund_id}:
        raise Refusal("La séance vient de changer de session : rechargez la page.")
    return committee


def hold_selection(selection: Selection) -> Selection:
    """The decision, fresh and locked after its sitting; Refusal where it left the agenda."""
    committee = hold_committee(selection.committee_id)
    return hold_item(committee, selection)


def hold_item(committee: Committee, selection: Selection) -> Selection:
    """The decision of a sitting that is held already."""
    held = (
        Selection.objects.live()
        .filter(committee=committee)
        .select_for_update(of=("self",))
        .select_related("application__session__call", "laureate__announcement")
        .filter(pk=selection.pk)
        .first()
    )
    if held is None:
        raise Refusal(
            "Ce dossier a été retiré de l’ordre du jour, ou sa décision remplacée, depuis "
            "l’affichage de la page : rechargez-la."
        )
    held.committee = committee
    return held


def hold_agenda(committee: Committee) -> list[Selection]:
    """Every live decision of a sitting that is held, then its dossiers, fresh and locked, in
    agenda order."""
    items = Selection.objects.live().filter(committee=committee)
    hold_applications(items.values("application"))
    held = list(
        items.select_for_update(of=("self",))
        .select_related("application__session__call__fund", "laureate__announcement")
        .order_by("pk")
    )
    for selection in held:
        selection.committee = committee
    return sorted(held, key=_place)


def hold_applications(pks) -> list[Application]:
    return list(
        Application.objects.select_for_update(of=("self",))
        .select_related("session__call")
        .filter(pk__in=pks)
        .order_by("pk")
    )


def _place(selection):
    position = selection.agenda_position
    return (position is None, position or 0, selection.pk)


# Refuse ----------------------------------------------------------------------


def require(by, permission: str, obj) -> None:
    if not by.has_perm(permission, obj):
        raise PermissionDenied


def require_visible(by, applications) -> None:
    """Hidden if `by` is recused from one of these dossiers."""
    if recused_from(by, applications):
        raise Hidden


def is_masked(committee: Committee, user) -> bool:
    return Committee.objects.filter(pk=committee.pk).masked_for(user).exists()


def require_unmasked(by, committee: Committee) -> None:
    """PermissionDenied for whoever is recused from a dossier of the agenda."""
    if is_masked(committee, by):
        raise PermissionDenied(MASKED)


def require_reason(reason: str, what: str) -> str:
    """The reason, stripped; Refusal where there is none."""
    reason = (reason or "").strip()
    if not reason:
        raise Refusal({"reason": f"{what} : indiquez le motif."})
    return reason


def refuse_stale_selection(selection: Selection, version, typed: Decision) -> None:
    if selection.version != version:
        raise Stale(
            f"{selection.application.reference} : la décision a changé depuis l’affichage de la "
            f"page{_last_writer(selection)}. Rien n’a été enregistré : comparez les deux "
            "versions, puis recommencez.",
            stored=Decision.on(selection).described(),
            typed=typed.described(),
        )


def refuse_stale_committee(committee: Committee, version, *, stored=None, typed=None) -> None:
    if committee.version != version:
        label = "Version de la séance"
        raise Stale(
            "La séance a changé depuis l’affichage de la page : ordre du jour, proposition ou "
            "présence. Rien n’a été enregistré : relisez-la, puis recommencez.",
            stored=stored or {label: str(committee.version)},
            typed=typed or {label: str(version)},
        )


def _last_writer(row) -> str:
    last = row.history.select_related("history_user").first()
    if last is None or last.history_user is None:
        return ""
    name = gates.person(last.history_user)
    moment = timezone.localtime(last.history_date)
    return f", par {name} le {moment:%d/%m/%Y à %H h %M}"


# Write -----------------------------------------------------------------------


def save(row) -> None:
    """Save one more version of a sitting or of a decision, if everything said of it holds."""
    row.version += 1
    check(row)
    row.save()


def check(row) -> None:
    """Refusal, with the same fields, where the row cannot be true."""
    try:
        row.full_clean()
    except ValidationError as error:
        raise Refusal(error.update_error_dict({})) from error


def touch(committee: Committee) -> None:
    """Count a change of the sitting that stands in other rows: its own fields stay."""
    committee.version += 1
    with audit.paused():
        committee.save(update_fields=["version"])
