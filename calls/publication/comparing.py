"""Where an announcement and the decisions it was prepared from part, and what that forbids."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from calls.models import Committee, Publication, Selection
from ftap.templatetags.ftap import euros, number
from laureates import typography
from laureates.models import Laureate, ReleaseDraft

# Laureates named in one sentence; the others are counted.
NAMED = 3


@dataclass(frozen=True)
class Difference:
    """One gap between an announcement and the decisions, in French, with the way out.

    `kind`: « reopened », « fictional », « undecided » (a laureate without retained decision in
    force), « missing » (a retained decision without laureate), « pending » (one that the draft of
    the next version adds), « amount », « title ». `blocks`: the announcement cannot be published.
    """

    kind: str
    text: str
    way_out: str
    blocks: bool = False
    laureate: Laureate | None = None
    selection: Selection | None = None


def withheld_from(user):
    """Primary keys of the announcements whose preparation is kept from `user`, who is recused from
    a dossier of their sittings, whatever became of it."""
    return Publication.objects.withheld_from(user).values("announcement")


def differences(publication: Publication) -> list[Difference]:
    """Where this announcement and its decisions part, what forbids to publish first."""
    return differences_of([publication])[publication.pk]


def differences_of(publications: Iterable[Publication]) -> dict[int, list[Difference]]:
    """The differences of each, by primary key: a constant number of queries."""
    publications = list(publications)
    by_announcement = {row.announcement_id: row for row in publications}
    found = {row.pk: [] for row in publications}
    for committee in _committees(publications):
        found[committee.publication_pk] += _of_sitting(committee)
    laureates = Laureate.objects.filter(
        announcement__in=by_announcement, withdrawn_at__isnull=True
    ).select_related("selection__application")
    for laureate in laureates.order_by("announcement", "position"):
        found[by_announcement[laureate.announcement_id].pk] += _of_laureate(laureate)
    drafts = ReleaseDraft.objects.filter(announcement__in=by_announcement)
    contents = dict(drafts.values_list("announcement", "content"))
    by_pk = {row.pk: row for row in publications}
    for selection in _free(publications):
        publication = by_pk[selection.publication_pk]
        content = contents.get(publication.announcement_id, "")
        found[publication.pk].append(_of_decision(publication, selection, content))
    return {pk: sorted(rows, key=lambda row: not row.blocks) for pk, rows in found.items()}


def refusals(announcement) -> list[str]:
    """Why the decisions forbid to make this announcement public as its rows stand, in French.

    No sentence names the reference of a dossier. Inside a transaction, sittings are locked until
    its end: none is reopened between this answer and the publication.
    """
    publication = Publication.objects.filter(announcement=announcement).first()
    if publication is None:
        return []
    if transaction.get_connection().in_atomic_block:
        sittings = Committee.objects.select_for_update(of=("self",))
        pks = publication.committees.order_by().values("pk")
        list(sittings.filter(pk__in=pks).order_by("pk").values_list("pk", flat=True))
    return list(_sentences(differences(publication)))


def _sentences(found):
    by_kind = {}
    for difference in found:
        by_kind.setdefault(difference.kind, []).append(difference)
    for kind in ("fictional", "reopened"):
        for difference in by_kind.get(kind, ()):
            yield f"{difference.text} {difference.way_out}"
    if undecided := by_kind.get("undecided"):
        names = ", ".join(f"«\u00a0{row.laureate.title}\u00a0»" for row in undecided[:NAMED])
        others = len(undecided) - NAMED
        more = f" et {number(others)} autre{'s' if others > 1 else ''}" if others > 0 else ""
        if len(undecided) == 1:
            yield (
                f"Le lauréat {names} n’a pas de décision «\u00a0retenu\u00a0» en vigueur\u00a0: "
                "depuis «\u00a0Publications\u00a0», synchronisez l’annonce avec les décisions, ou "
                "retirez-le."
            )
        else:
            yield (
                f"{number(len(undecided))}\u00a0lauréats n’ont pas de décision "
                f"«\u00a0retenu\u00a0» en vigueur ({names}{more})\u00a0: depuis "
                "«\u00a0Publications\u00a0», synchronisez l’annonce avec les décisions, ou "
                "retirez-les."
            )
    if missing := len(by_kind.get("missing", ())):
        yield (
            "Un dossier retenu par ses séances n’est pas dans l’annonce\u00a0: depuis "
            "«\u00a0Publications\u00a0», synchronisez-la avec les décisions."
            if missing == 1
            else f"{number(missing)}\u00a0dossiers retenus par ses séances ne sont pas dans "
            "l’annonce\u00a0: depuis «\u00a0Publications\u00a0», synchronisez-la avec les "
            "décisions."
        )


# Each side -----------------------------------------------------------------------


def _committees(publications):
    return (
        Committee.objects.filter(publications__in=publications)
        .annotate(publication_pk=F("publications"))
        .select_related("session__call")
        .order_by("held_on", "slug")
    )


def _free(publications):
    return (
        Selection.objects.retained()
        .filter(committee__publications__in=publications, laureate__isnull=True)
        .annotate(publication_pk=F("committee__publications"))
        .select_related("application")
        .in_agenda_order()
    )


def _of_sitting(committee):
    if committee.session and committee.session.call.is_fictional:
        yield Difference(
            "fictional",
            f"La séance «\u00a0{committee}\u00a0» est celle d’un appel fictif.",
            "Rien ne peut en être publié.",
            blocks=True,
        )
    if committee.state != Committee.State.CLOSED:
        yield Difference(
            "reopened",
            f"La séance «\u00a0{committee}\u00a0» a été rouverte\u00a0: ses décisions ne sont plus "
            "validées.",
            "Attendez qu’elle soit close, puis synchronisez l’annonce avec les décisions.",
            blocks=True,
        )


def _of_laureate(laureate):
    selection = getattr(laureate, "selection", None)
    if selection is None or selection.superseded_at:
        yield Difference(
            "undecided",
            f"«\u00a0{laureate.title}\u00a0» n’a pas de décision «\u00a0retenu\u00a0» en vigueur.",
            "Synchronisez l’annonce avec les décisions. Un lauréat déjà public se retire, avec un "
            "motif.",
            blocks=True,
            laureate=laureate,
        )
        return
    if laureate.amount is not None and laureate.amount != selection.granted_amount:
        yield Difference(
            "amount",
            f"«\u00a0{laureate.title}\u00a0»\u00a0: {euros(laureate.amount)} dans l’annonce, "
            f"{euros(selection.granted_amount)} dans la décision.",
            "Corrigez le montant du lauréat, ou videz-le s’il n’est pas communiqué.",
            laureate=laureate,
            selection=selection,
        )
    title = typography.normalise(selection.application.title)
    if title not in (laureate.title, *laureate.former_title_list):
        yield Difference(
            "title",
            f"Titre\u00a0: «\u00a0{laureate.title}\u00a0» dans l’annonce, «\u00a0{title}\u00a0» "
            "dans le dossier.",
            "Rien à faire si le titre public a été récrit à dessein.",
            laureate=laureate,
            selection=selection,
        )


def _of_decision(publication, selection, draft):
    """The gap that a retained decision without laureate makes; `draft` is the text of the next
    version's content, if one is being written."""
    application = selection.application
    name = f"{application.reference}, «\u00a0{application.title}\u00a0»"
    public_id = publication.reserved_for(application)
    if public_id and f'"{public_id}"' in draft:
        return Difference(
            "pending",
            f"Le dossier {name} sera ajouté par le rectificatif en préparation.",
            "Publiez le rectificatif.",
            selection=selection,
        )
    return Difference(
        "missing",
        f"Le dossier {name}, retenu, n’est pas dans l’annonce.",
        "Synchronisez l’annonce avec les décisions.",
        blocks=True,
        selection=selection,
    )
