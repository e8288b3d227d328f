"""A fictional call to try each role on: about thirty dossiers in every state, and two sittings.

Nothing in it is real, and its call is marked so: none of it can be published. It is built through
the gates by its own accounts, so that its history tells what was truly done, today. Only facts of a
dossier (its day of deposit), of a sitting held before today and two due days are written as past.
It is built once: the history is append-only, so that nothing of it can be taken back. It has its
own fund, organisations and accounts, and changes no row that it did not make.
"""

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from calls import history
from calls.demo import people, story
from calls.demo.people import PEOPLE
from calls.models import Application, Call, CallSession, Committee, Fund
from laureates.models import Organisation

__all__ = ["PEOPLE", "Demo", "Unbuildable", "build"]


class Unbuildable(Exception):
    """Why the fictional call cannot be built here, in a French sentence."""


NO_RESET = (
    "L’historique ne s’efface pas\u00a0: une session fictive déjà créée ne peut être ni retirée ni "
    "recréée. Pour repartir de zéro, prenez une base neuve (en local, «\u00a0make reset\u00a0» "
    "supprime la base, données réelles comprises)."
)


@dataclass(frozen=True)
class Demo:
    """What was built: its session, its sitting to work on, and {key: account}."""

    session: CallSession
    sitting: Committee
    accounts: dict


def _in_the_way() -> list[str]:
    """What a former run, or somebody, made that the fictional call would collide with."""
    found = []
    if Fund.objects.filter(slug=story.FUND).exists():
        found.append(f"un fonds «\u00a0{story.FUND}\u00a0»")
    if Call.objects.filter(slug=story.CALL).exists():
        found.append(f"un appel «\u00a0{story.CALL}\u00a0»")
    if Application.objects.filter(reference__startswith=story.REFERENCE).exists():
        found.append(f"des dossiers «\u00a0{story.REFERENCE}…\u00a0»")
    if Organisation.objects.filter(name__endswith=people.SUFFIX).exists():
        found.append(f"des organismes «\u00a0…{people.SUFFIX}\u00a0»")
    names = [person.username for person in PEOPLE.values()]
    taken = get_user_model()._default_manager.filter(username__in=names)
    found += [f"un compte «\u00a0{user.username}\u00a0»" for user in taken.order_by("username")]
    return found


def build(*, password_of=lambda username: None) -> Demo:
    """Build everything in one transaction, or nothing; then the files of some dossiers.

    `password_of` gives the password of each user name; None leaves an account that nobody can
    sign in with. Every day is counted from today. Raises Unbuildable where it was built before,
    where its names are taken, or where the roles are not there.
    """
    with transaction.atomic():
        if found := _in_the_way():
            raise Unbuildable(f"La base a déjà {', '.join(found)}. {NO_RESET}")
        if missing := people.missing_roles():
            raise Unbuildable(
                f"Il manque à la base des groupes de droits ({', '.join(missing)})\u00a0: lancez "
                "d’abord «\u00a0manage.py migrate\u00a0»."
            )
        accounts = people.make_accounts(password_of)
        with history.acting(accounts["secretariat"], "demo"):
            organisations = people.make_organisations()
            people.affiliate(accounts, organisations)
        told = story.Story(accounts, organisations, timezone.localdate())
        told.tell()
    told.attach_files()
    return Demo(told.session, told.open_sitting, accounts)
