from django.core.management.base import BaseCommand, CommandError

from calls import history


class Command(BaseCommand):
    help = "Prouve que rien n’a été retiré de l’historique, ni modifié\u00a0; sinon, dit où."

    def handle(self, **options):
        result = history.verify()
        if not result.holds:
            raise CommandError(
                f"Historique rompu à l’événement nᵒ\u00a0{result.broken_at}\u00a0: "
                f"{result.reason}. Dernière empreinte de la chaîne lue\u00a0: {result.hash}.",
                returncode=1,
            )
        plural = "s" if result.count > 1 else ""
        self.stdout.write(
            self.style.SUCCESS(
                f"Historique intègre\u00a0: {result.count}\u00a0événement{plural} "
                f"vérifié{plural}.\nEmpreinte du dernier\u00a0: {result.hash}\n"
                "Conservez-la hors de ce serveur\u00a0: elle prouvera plus tard que la fin de "
                "l’historique n’a pas été refaite."
            )
        )
