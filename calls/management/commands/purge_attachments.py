from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from calls import attachments


class Command(BaseCommand):
    help = (
        "Efface du stockage les fichiers des pièces retirées de leur dossier depuis plus d’un "
        "certain nombre de jours. La fiche de la pièce et l’historique restent."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--days", type=int, required=True, help="Âge du retrait, en jours, au-delà duquel."
        )

    def handle(self, *args, days, **options):
        if not 0 <= days <= 36_500:
            raise CommandError("Le nombre de jours est compris entre 0 et 36\u202f500.")
        count = attachments.purge(removed_before=timezone.now() - timedelta(days=days))
        self.stdout.write(f"{count} fichiers effacés." if count > 1 else f"{count} fichier effacé.")
