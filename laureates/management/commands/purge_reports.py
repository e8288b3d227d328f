from django.core.management.base import BaseCommand

from laureates.models import ErrorReport


class Command(BaseCommand):
    help = (
        "Efface les signalements d’erreur arrivés au terme de leur conservation\u00a0: un an après "
        "leur traitement, deux ans après leur réception s’ils n’ont pas été traités. "
        "À lancer chaque jour."
    )

    def handle(self, *args, **options):
        count = ErrorReport.objects.purge()
        self.stdout.write(
            f"{count} signalements effacés." if count > 1 else f"{count} signalement effacé."
        )
