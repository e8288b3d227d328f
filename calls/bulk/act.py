"""What every bulk act is: what it reads of a dossier, asks, does through its gate, and undoes."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError

from calls.bulk import words
from calls.models import Application, BulkAct, Committee
from calls.permissions import Refusal


class Act:
    """One act of `by` on several dossiers.

    `load` reads, in constant queries, what the rest asks of the dossiers; it is called again
    whenever rows changed.
    """

    kind: BulkAct.Kind
    # What the receipt calls the act: it tells neither of dossiers nor of how many.
    label: str
    # Permissions of which one is needed to do the act, or to take it back, on any dossier.
    permissions: tuple[str, ...] = ()
    undo_permissions: tuple[str, ...] = ()
    # Heading of `situation`; empty where a dossier's state says it all.
    situation_heading = ""
    # Names in `values`: what a preview shows, and what the act leaves, by which a dossier that
    # changed since is known.
    SEEN: tuple[str, ...] = ()
    LEFT: tuple[str, ...] = ()
    # Why the act is not undone, in French; empty where it can be.
    final = ""
    committee: Committee | None = None

    def __init__(self, *, by, comment: str = "", **params):
        self.by, self.comment, self.params = by, comment.strip(), params
        self.undo_permissions = self.undo_permissions or self.permissions

    def hold(self) -> None:
        """Lock what comes before the dossiers in the order of locks: the sitting."""
        if self.committee is None:
            return
        rows = Committee.objects.select_for_update(of=("self",))
        held = rows.select_related("fund", "session__call").filter(pk=self.committee.pk).first()
        if held is None:
            raise Refusal("Cette séance n’existe plus : reprenez depuis la liste des dossiers.")
        self.committee = held

    def load(self, applications: Iterable[Application]) -> None:
        pass

    def values(self, application: Application) -> dict:
        """What the act depends on and changes, as plain JSON."""
        raise NotImplementedError

    def seen(self, application: Application) -> dict:
        """What a preview shows of the dossier, which must still hold when it is confirmed."""
        values = self.values(application)
        return {**asked(application), **{name: values[name] for name in self.SEEN}}

    def versioned(self, application: Application):
        """The row whose versions tell who changed what the act depends on."""
        return application

    def situation(self, application: Application) -> str:
        return ""

    def effect(self, application: Application) -> str:
        """What the act makes of the dossier, in a few words."""
        raise NotImplementedError

    def refusals(self, applications: list[Application]) -> dict[int, str]:
        """Why dossiers would be refused, by primary key; empty, or absent, for those accepted."""
        raise NotImplementedError

    def do(self, applications: list[Application]) -> None:
        """Do the act on locked dossiers, each through its gate."""
        for application in applications:
            with naming(application):
                self.do_one(application)

    def do_one(self, application: Application) -> None:
        raise NotImplementedError

    def undo_refusals(self, applications: list[Application], before: dict[int, dict]):
        """As `refusals`, of taking the act back; `before` is what `values` were, by dossier."""
        raise NotImplementedError

    def undo(self, applications: list[Application], before: dict[int, dict]) -> None:
        for application in applications:
            with naming(application):
                self.undo_one(application, before[application.pk])

    def undo_one(self, application: Application, before: dict) -> None:
        raise NotImplementedError


def asked(application: Application) -> dict:
    """The amount asked, in euros, as plain JSON: what totals are made of."""
    amount = application.asked_amount
    return {"asked_amount": None if amount is None else f"{amount:.2f}"}


@contextmanager
def naming(application: Application) -> Iterator[None]:
    """Name the dossier in whatever its gate refuses."""
    try:
        yield
    except ValidationError as error:
        messages = [words.named(application, message) for message in error.messages]
        raise Refusal(messages) from error
