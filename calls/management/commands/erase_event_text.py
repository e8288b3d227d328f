from django.core.management.base import BaseCommand, CommandError

from calls import history


class Command(BaseCommand):
    help = (
        "Efface de l’historique un texte qui contient des données personnelles. L’événement reste, "
        "la chaîne se vérifie toujours, et l’effacement s’inscrit à son tour dans l’historique."
    )

    def add_arguments(self, parser):
        parser.add_argument("--event", type=int, required=True, help="numéro de l’événement")
        parser.add_argument(
            "--name",
            default="",
            help="nom du texte, par exemple «\u00a0comment\u00a0»\u00a0; tous par défaut",
        )
        parser.add_argument("--reason", required=True, help="motif de l’effacement, conservé")

    def handle(self, *, event, name, reason, **options):
        try:
            names, same = history.erase(event, name=name, reason=reason)
        except history.ErasureError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            self.style.SUCCESS(
                f"Événement nᵒ\u00a0{event}\u00a0: effacé ({', '.join(names)}). "
                "La fiche elle-même garde sa valeur actuelle."
            )
        )
        for number, text in same:
            self.stdout.write(
                f"Le même texte figure encore à l’événement nᵒ\u00a0{number} ({text})."
            )
