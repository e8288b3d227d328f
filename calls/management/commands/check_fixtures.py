"""Checks fixtures without touching the database."""

import sys

from django.core.management.base import BaseCommand

from calls import fixture_check


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
            help="chemin d’un fichier .yaml, ou son nom dans fixtures/ ; "
            "les autres fichiers de fixtures/ servent alors de référence",
        )

    def handle(self, *args, files, **options):
        paths = [fixture_check.find(name) for name in files] or fixture_check.project_files()
        if not paths:
            self.stderr.write("Aucun fichier .yaml à vérifier dans le dossier fixtures/.")
            sys.exit(1)
        report = fixture_check.check(paths)
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


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"
