"""Loads a folder written by export_fixtures into a new database."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from calls import fixture_files
from ftap.refusals import Refusal


class Command(BaseCommand):
    help = (
        "Charge un dossier écrit par export_fixtures dans une base neuve, avec ses versions "
        "publiées et ses documents. Tout est chargé, ou rien."
    )

    def add_arguments(self, parser):
        parser.add_argument("folder", metavar="DOSSIER", type=Path)
        parser.add_argument(
            "--create-accounts",
            action="store_true",
            help="crée, inactifs et sans mot de passe, les comptes que l’export nomme et qui "
            "manquent ici",
        )

    def handle(self, *args, folder, create_accounts, **options):
        try:
            loaded = fixture_files.load(folder, create_accounts=create_accounts)
        except Refusal as refusal:
            raise CommandError("\n".join(refusal.messages)) from refusal
        except fixture_files.BadFilesError as error:
            for problem in error.problems:
                self.stderr.write(f"{problem}\n")
            raise CommandError("Rien n’a été chargé.") from error
        except OSError as error:
            raise CommandError(
                f"Un fichier n’a pas pu être lu, ou remis parmi les documents\u00a0: {error}. Rien "
                "n’a été chargé."
            ) from error
        except DatabaseError as error:
            raise CommandError(
                f"La base n’a pas pu être remplie\u00a0: {error}. Lancez «\u00a0manage.py migrate"
                "\u00a0» si elle n’est pas à jour, puis recommencez. Rien n’a été chargé."
            ) from error
        self.stdout.write(f"Chargé depuis {folder}\u00a0:")
        for name, count in loaded.rows.items():
            self.stdout.write(f"  {count:>7}  {name}")
        if loaded.documents:
            self.stdout.write(f"  {loaded.documents:>7}  fichiers de documents")
        if loaded.accounts:
            self.stdout.write(f"Comptes créés, inactifs\u00a0: {', '.join(loaded.accounts)}.")
