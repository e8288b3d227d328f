"""Writes the database as readable files."""

import errno
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from calls import fixture_files
from ftap.refusals import Refusal

_WHY = {
    errno.EACCES: "droits insuffisants",
    errno.EPERM: "droits insuffisants",
    errno.EROFS: "le disque est en lecture seule",
    errno.ENOSPC: "le disque est plein",
    errno.EDQUOT: "le quota du disque est atteint",
    errno.ENAMETOOLONG: "le nom est trop long",
}


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
            why = _WHY.get(error.errno) or error.strerror or error
            raise CommandError(
                f"L’export n’a pas pu être écrit dans «\u00a0{folder}\u00a0»\u00a0: {why}. Rien "
                "n’est laissé\u00a0: donnez un autre dossier, ou faites de la place dans celui-ci."
            ) from error
        except DatabaseError as error:
            raise CommandError(
                f"La base n’a pas pu être lue\u00a0: {error}. Lancez «\u00a0manage.py migrate"
                "\u00a0» si elle n’est pas à jour, puis recommencez. Rien n’est laissé."
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
