"""Builds the fictional session, to try each role."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from calls import demo

NO_PASSWORD = "sans mot de passe\u00a0: donnez-lui-en un dans l’administration"  # noqa: S105


def local_password(username: str) -> str:
    """The password of a fictional account: public on purpose, for local databases only."""
    return f"{username}-local"


class Command(BaseCommand):
    help = (
        "Crée une session fictive, marquée comme telle et jamais publiable\u00a0: une trentaine de "
        "dossiers dans tous les états, deux séances, un compte par rôle. Une seule fois\u00a0: "
        "l’historique ne s’efface pas. Seulement en développement (DEBUG), sauf avec --force."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--force",
            action="store_true",
            help="la crée aussi sans DEBUG\u00a0: ses comptes n’ont alors pas de mot de passe",
        )

    def handle(self, *args, force, **options):
        if not settings.DEBUG and not force:
            raise CommandError(
                "Cette commande sert aux essais\u00a0: sans DEBUG, elle ajouterait une session "
                "fictive à une base réelle, sans retour possible. Pour le faire quand "
                "même\u00a0: --force."
            )
        password_of = local_password if settings.DEBUG else lambda username: None
        try:
            built = demo.build(password_of=password_of)
        except demo.Unbuildable as error:
            raise CommandError(error) from error
        self.stdout.write("\n".join(self.report(built)))

    def report(self, built) -> list[str]:
        """What was built, how to sign in, where to begin."""
        follow_up = reverse("admin:calls_callsession_dashboard", args=[built.session.pk])
        sitting = reverse("admin:calls_committee_change", args=[built.sitting.pk])
        lines = [
            f"Session fictive créée\u00a0: {built.session.applications.count()} dossiers.",
            f"  Suivi\u00a0: {follow_up}",
            f"  Séance ouverte\u00a0: {sitting}",
            "  Comptes\u00a0:",
        ]
        for key, person in demo.PEOPLE.items():
            has_password = built.accounts[key].has_usable_password()
            shown = local_password(person.username) if has_password else NO_PASSWORD
            lines.append(f"    {person.role:<13}{person.username:<22}{shown}")
        return lines
