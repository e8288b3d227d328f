"""Lists where announced figures and records part, for the staff."""

import sys

from django.core.management.base import BaseCommand

from calls import reconciliation
from ftap.templatetags.ftap import number


class Command(BaseCommand):
    help = (
        "Compare chaque chiffre annoncé à ce qui est recensé ici, et liste les écarts. Rien n’est "
        "corrigé\u00a0: un chiffre annoncé reste celui de sa source. Code de sortie 0, même avec "
        "des écarts\u202f; avec --strict, 1 s’il y en a."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--strict", action="store_true", help="code de sortie 1 s’il y a un écart"
        )
        parser.add_argument(
            "--all",
            action="store_true",
            dest="everything",
            help="liste aussi les chiffres sans écart, et pourquoi",
        )

    def handle(self, *args, strict, everything, **options):
        found = reconciliation.comparisons()
        gaps = [comparison for comparison in found if comparison.differs]
        for comparison in found if everything else gaps:
            self.stdout.write(f"{comparison.subject}\n  {comparison.line}")
            if comparison.why:
                self.stdout.write(f"  {comparison.why}")
            if comparison.claim.source:
                self.stdout.write(f"  Source\u00a0: {comparison.claim.source}")
        claims = len({comparison.claim.pk for comparison in found})
        self.stdout.write(_total(len(gaps), claims))
        if gaps and strict:
            sys.exit(1)


def _total(gaps, claims):
    if not claims:
        return "Aucun chiffre annoncé\u00a0: il n’y a rien à comparer."
    compared = f"{number(claims)} chiffre{'s' if claims > 1 else ''} annoncé"
    compared = f"{compared}{'s' if claims > 1 else ''}"
    if not gaps:
        return f"{compared}, aucun écart avec ce qui est recensé ici."
    return f"{compared}, {number(gaps)} écart{'s' if gaps > 1 else ''} avec ce qui est recensé ici."
