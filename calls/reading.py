"""How far a person reads a dossier: whole, what an opinion needs, or what will be public."""

from dataclasses import dataclass

from calls.models import Application, Selection


@dataclass(frozen=True)
class Reading:
    """What `user` reads of one dossier that exists for them.

    `in_full`: everything. `asked`: the project and the files not kept for the instruction, to give
    the opinion asked. `retained`: the title, the bearers, the summary, the granted amount and the
    rank among the retained.
    """

    in_full: bool
    asked: bool
    retained: bool

    @property
    def project(self) -> bool:
        """Whether the amounts, the themes and the files of the project are read."""
        return self.in_full or self.asked


def of(application, user) -> Reading:
    """The reading of a dossier that `visible_to(user)` holds."""
    found = Application.objects.filter(pk=application.pk)
    in_full = found.read_in_full_by(user).exists()
    return Reading(
        in_full=in_full,
        asked=not in_full and found.asked_of(user).exists(),
        retained=not in_full and reads_retained(user) and _retained(found).exists(),
    )


def reads_retained(user) -> bool:
    """Whether `user` reads what will be public of the retained dossiers."""
    return user.has_perm("calls.read_retained_application")


def is_partial(user) -> bool:
    """Whether some dossiers may exist for `user` that they do not read whole."""
    return not user.has_perm("calls.read_every_application") and (
        user.has_perm("calls.give_opinion") or reads_retained(user)
    )


def retained_rank(selection, user) -> int:
    """The place of a retained decision among those of its sitting that `user` sees, from 1.

    The agenda's own number would tell how many dossiers before it were not retained.
    """
    rows = (
        Selection.objects.visible_to(user)
        .retained()
        .filter(committee=selection.committee_id)
        .in_agenda_order()
        .values_list("pk", flat=True)
    )
    return list(rows).index(selection.pk) + 1


def retained_ranks(user) -> dict[int, int]:
    """{primary key: place, from 1} of every retained decision that `user` sees, as above."""
    rows = Selection.objects.visible_to(user).retained().in_agenda_order()
    ranks, last = {}, {}
    for pk, committee in rows.values_list("pk", "committee"):
        ranks[pk] = last[committee] = last.get(committee, 0) + 1
    return ranks


def _retained(applications):
    return applications.filter(pk__in=Selection.objects.retained().order_by().values("application"))
