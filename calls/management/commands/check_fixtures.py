"""Checks fixtures without touching the database."""

import sys
from pathlib import Path

from django.core.management.base import BaseCommand

from calls import fixture_check, fixture_files
from ftap.refusals import Refusal


class Command(BaseCommand):
    help = (
        "Vérifie des fichiers de données sans toucher à la base : dit quel fichier, quel objet et "
        "quel champ est en cause, et que faire. Sans argument, tous ceux de fixtures/. "
        "Code de sortie 1 s’il y a une erreur."
    )
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument(
            "files",
            nargs="*",
            metavar="FICHIER",
            help="chemin d’un fichier .yaml ou d’un dossier, export compris, ou nom d’un fichier "
            "de fixtures/ ; les autres fichiers de fixtures/ servent alors de référence",
        )

    def handle(self, *args, files, **options):
        report = self._export_report(files) or self._report(files)
        for problem in report.problems:
            self.stderr.write(f"{problem}\n")
        if report.warnings:
            self.stderr.write(f"{counted(len(report.warnings), 'avertissement')} à relire.")
        files_checked = counted(report.files, "fichier")
        if report.errors:
            errors = counted(len(report.errors), "erreur")
            self.stderr.write(f"{errors} dans {files_checked} : rien n’est à charger en l’état.")
            sys.exit(1)
        total = counted(report.counts.total(), "objet")
        checked = "vérifiés" if report.files > 1 else "vérifié"
        self.stdout.write(f"{files_checked} {checked}, {total}, aucune erreur :")
        for model, count in report.counts.items():
            names = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
            self.stdout.write(f"  {count:>5}  {names} ({model._meta.label_lower})")

    def _report(self, files):
        paths = [path for name in files for path in _files_of(name)]
        paths = paths or (not files and fixture_check.project_files())
        if not paths:
            where = ", ".join(files) or "le dossier fixtures/"
            self.stderr.write(f"Aucun fichier .yaml à vérifier dans {where}.")
            sys.exit(1)
        return fixture_check.check(paths)

    def _export_report(self, files):
        """What is wrong with an export, or None where something else is to be checked."""
        exports = [Path(name) for name in files if fixture_files.is_export(Path(name))]
        if not exports:
            return None
        if len(files) > 1:
            self.stderr.write(
                f"«\u00a0{exports[0]}\u00a0» est un export, qui ne s’appuie sur aucun autre fichier"
                "\u00a0: vérifiez-le seul."
            )
            sys.exit(1)
        try:
            return fixture_files.check(exports[0])
        except Refusal as refusal:
            for message in refusal.messages:
                self.stderr.write(f"{message}\n")
            sys.exit(1)


def _files_of(name: str) -> list[Path]:
    """The file so named, or the files of the folder so named."""
    if (folder := Path(name)).is_dir():
        return sorted(path for path in folder.rglob("*") if path.suffix in {".yaml", ".yml"})
    return [fixture_check.find(name)]


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"
