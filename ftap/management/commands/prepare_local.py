"""Makes a local database ready to browse: example data, an account, and how to sign in."""

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse

USERNAME = "admin"
PASSWORD = "admin-local"  # noqa: S105 - public on purpose: local databases only, never elsewhere
# A database that holds any of these has been used: its content is left alone.
SIGNS_OF_USE = ("laureates.Announcement", "laureates.Organisation", "calls.Call")


class Command(BaseCommand):
    help = (
        "Prépare la base locale : données d’exemple si elle est vide, compte d’administration "
        "s’il manque. Seulement en développement (DEBUG)."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--port", default="8000", help="port du serveur, pour écrire l’adresse (8000)"
        )

    def handle(self, *args, port, **options):
        if not settings.DEBUG:
            raise CommandError(
                "Cette commande ne sert qu’au développement local : elle crée un compte dont le "
                "mot de passe est public. Elle refuse de tourner sans DEBUG."
            )
        with transaction.atomic():
            loaded = self.load_examples()
            user = self.local_account()
        site = f"http://127.0.0.1:{port}"
        known = user.check_password(PASSWORD)
        password = f"« {PASSWORD} »" if known else "celui que vous avez choisi"
        data = "données d’exemple chargées" if loaded else "données déjà présentes, inchangées"
        self.stdout.write(
            f"Base locale prête ({data}).\n"
            f"  Site public      : {site}/\n"
            f"  Administration  : {site}{reverse('admin:index')}\n"
            f"  Connexion       : identifiant « {USERNAME} », mot de passe {password}"
        )

    def load_examples(self) -> bool:
        """Load the example data into an empty database, so that edits survive; say whether."""
        if any(apps.get_model(label)._default_manager.exists() for label in SIGNS_OF_USE):
            return False
        call_command("loaddata", *settings.LOCAL_FIXTURES, verbosity=0)
        return True

    def local_account(self):
        """The administrator of the local database, created only if absent."""
        users = get_user_model()._default_manager
        user = users.filter(username=USERNAME).first()
        return user or users.create_superuser(username=USERNAME, password=PASSWORD)
