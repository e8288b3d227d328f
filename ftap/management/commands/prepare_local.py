"""Makes a local database ready to browse: example data, accounts, and how to sign in."""

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse

ADMIN = "admin"
# One account for each role of the staff: {user name: name of the group}.
ROLES = {
    "lecture": "Lecture",
    "instruction": "Instruction",
    "avis": "Avis",
    "secretariat": "Secrétariat",
    "decision": "Décision",
    "publication": "Publication",
}
# A database that holds any of these has been used: its content is left alone.
SIGNS_OF_USE = ("laureates.Announcement", "laureates.Organisation", "calls.Call")


def local_password(username: str) -> str:
    """The password of a local account: public on purpose, for local databases only."""
    return f"{username}-local"


class Command(BaseCommand):
    help = (
        "Prépare la base locale\u00a0: données d’exemple si elle est vide, compte d’administration "
        "et un compte par rôle s’ils manquent. Seulement en développement (DEBUG)."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--port", default="8000", help="port du serveur, pour écrire l’adresse (8000)"
        )

    def handle(self, *args, port, **options):
        if not settings.DEBUG:
            raise CommandError(
                "Cette commande ne sert qu’au développement local\u00a0: elle crée des comptes "
                "dont le mot de passe est public. Elle refuse de tourner sans DEBUG."
            )
        with transaction.atomic():
            loaded = self.load_examples()
            # A database of before versions existed has public announcements without any.
            call_command("freeze_releases", verbosity=0)
            accounts = self.local_accounts()
        site = f"http://127.0.0.1:{port}"
        data = "données d’exemple chargées" if loaded else "données déjà présentes, inchangées"
        lines = [
            f"Base locale prête ({data}).",
            f"  Site public\u00a0     : {site}/",
            f"  Administration\u00a0 : {site}{reverse('admin:index')}",
            "  Connexion\u00a0       : un compte par rôle, avec son mot de passe",
        ]
        for user, role in accounts:
            known = user.check_password(local_password(user.username))
            password = local_password(user.username) if known else "celui que vous avez choisi"
            lines.append(f"    {role:<17}{user.username:<13}{password}")
        self.stdout.write("\n".join(lines))

    def load_examples(self) -> bool:
        """Load the example data into an empty database, so that edits survive; say whether."""
        if any(apps.get_model(label)._default_manager.exists() for label in SIGNS_OF_USE):
            return False
        call_command("loaddata", *settings.LOCAL_FIXTURES, verbosity=0)
        return True

    def local_accounts(self) -> list:
        """[(account, what it is)]: each is created only if absent, and kept as it is otherwise."""
        users = get_user_model()._default_manager
        admin = users.filter(username=ADMIN).first()
        admin = admin or users.create_superuser(username=ADMIN, password=local_password(ADMIN))
        groups = {group.name: group for group in Group.objects.filter(name__in=ROLES.values())}
        if missing := [role for role in ROLES.values() if role not in groups]:
            raise CommandError(
                f"Il manque à la base des groupes de droits ({', '.join(missing)})\u00a0: lancez "
                "d’abord «\u00a0manage.py migrate\u00a0»."
            )
        accounts = [(admin, "Tous les droits")]
        for username, role in ROLES.items():
            user = users.filter(username=username).first()
            if user is None:
                user = users.create_user(
                    username=username,
                    password=local_password(username),
                    first_name="Compte local",
                    last_name=f"({role})",
                    is_staff=True,
                )
                user.groups.add(groups[role])
            accounts.append((user, role))
        return accounts
