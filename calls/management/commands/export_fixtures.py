"""Writes the database as readable files."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from calls import fixture_files
from ftap.refusals import Refusal


class Command(BaseCommand):
    help = (
        "Écrit la base dans un dossier, en fichiers YAML lisibles\u00a0: ce que les visiteurs "
        "voient, ou, avec --private, tout ce qui peut en sortir. Tout est écrit, ou rien."
    )

    def add_arguments(self, parser):
        parser.add_argument("folder", metavar="DOSSIER", type=Path, help="à créer, ou vide")
        parser.add_argument(
            "--private",
            action="store_true",
            help="avec les dossiers, les séances, les décisions, les annonces non publiques et les "
            "notes internes\u00a0: un export à protéger comme la base",
        )
        parser.add_argument(
            "--force", action="store_true", help="remplace un export déjà dans ce dossier"
        )

    def handle(self, *args, folder, private, force, **options):
        try:
            found = fixture_files.export(folder, is_private=private, replace=force)
        except Refusal as refusal:
            raise CommandError("\n".join(refusal.messages)) from refusal
        except OSError as error:
            raise CommandError(
                f"L’export n’a pas pu être écrit\u00a0: {error.strerror or error}. Rien n’est "
                "laissé."
            ) from error
        self.stdout.write(f"Export écrit dans {folder}\u00a0: {found.files} fichiers.")
        for name, count in found.rows.items():
            self.stdout.write(f"  {count:>7}  {name}")
        if found.left_out:
            self.stdout.write("Ce qui n’en fait pas partie\u00a0:")
            for name, count in sorted(found.left_out.items()):
                self.stdout.write(f"  {count:>7}  {name}")
        for name in found.missing:
            self.stderr.write(f"Fichier introuvable, exporté sans lui\u00a0: {name}")
