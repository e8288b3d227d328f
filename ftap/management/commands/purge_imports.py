from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ftap.imports import running


class Command(BaseCommand):
    help = (
        "Abandonne les imports laissés ouverts depuis plus d’un certain nombre de jours\u00a0: "
        "leurs lignes et leurs fichiers sont effacés, le reçu reste. À lancer chaque jour."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--days", type=int, required=True, help="Âge de l’import, en jours, au-delà duquel."
        )

    def handle(self, *args, days, **options):
        if not 1 <= days <= 36_500:
            raise CommandError("Le nombre de jours est compris entre 1 et 36\u202f500.")
        jobs, files = running.purge(created_before=timezone.now() - timedelta(days=days))
        imports = f"{jobs} imports abandonnés" if jobs > 1 else f"{jobs} import abandonné"
        orphans = (
            f"{files} fichiers orphelins effacés"
            if files > 1
            else (f"{files} fichier orphelin effacé")
        )
        self.stdout.write(f"{imports}, {orphans}.")
