"""The only bridge to the public library: announcements prepared from the decisions of sittings."""

from calls.models import Publication


def withheld_from(user):
    """Primary keys of the announcements whose preparation is kept from `user`, who is recused from
    a dossier of their sittings, whatever became of it."""
    return Publication.objects.withheld_from(user).values("announcement")


def refusals(announcement) -> list[str]:
    """Why the decisions forbid to make this announcement public as its rows stand, in French."""
    return []
