from django.core.management.base import BaseCommand

from laureates import releases


class Command(BaseCommand):
    help = (
        "Fige les versions publiées qui ne le sont pas encore\u00a0: annonces datées sans version, "
        "versions chargées sans contenu ni fichiers. Ce qui est figé n’est jamais refait."
    )

    def handle(self, *args, **options):
        count = releases.freeze_missing()
        if options["verbosity"]:
            self.stdout.write(
                f"{count} version{'s' if count > 1 else ''} figée{'s' if count > 1 else ''}."
                if count
                else "Toutes les versions publiées sont déjà figées."
            )
