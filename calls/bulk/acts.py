"""The acts that may be done in bulk, by kind of receipt."""

from calls.bulk.act import Act
from calls.bulk.dossier_acts import AskOpinion, Assign, Move
from calls.bulk.parameters import loaded
from calls.bulk.sitting_acts import ClearProposals, Propose, PutOnAgenda
from calls.models import BulkAct
from calls.permissions import Refusal

# Who acts in bulk reads the receipts: nobody leaves one that they could not find again.
RECEIPTS = "calls.view_bulkact"
BY_KIND: dict[str, type[Act]] = {
    act.kind: act for act in (Assign, Move, AskOpinion, PutOnAgenda, Propose, ClearProposals)
}


def make(kind: str, *, by, comment: str = "", **params) -> Act:
    """The act of this kind; Refusal for one that is not done in bulk here, or badly asked."""
    if kind not in BY_KIND:
        raise Refusal(f"Acte groupé inconnu : « {kind} ».")
    try:
        return BY_KIND[kind](by=by, comment=comment, **params)
    except TypeError as error:
        raise Refusal(
            "Il manque à cet acte un de ses paramètres : reprenez depuis la liste des dossiers."
        ) from error


def of_receipt(receipt: BulkAct, *, by, comment: str = "") -> Act:
    """The act that left this receipt, as `by` would take it back for the reason `comment`."""
    return make(receipt.kind, by=by, comment=comment, **loaded(receipt.parameters, by))


def permitted(kind: str, user, **params) -> bool:
    """Whether `user` may do such an act at all, on dossiers that allow it."""
    is_move = kind == BulkAct.Kind.TRANSITION
    permissions = (Move(by=user, **params) if is_move else BY_KIND[kind]).permissions
    return user.has_perm(RECEIPTS) and any(user.has_perm(name) for name in permissions)
