"""Minutes of publication, as clocks in Paris show them."""

import datetime

from django.utils import timezone

from ftap.refusals import Refusal
from ftap.templatetags.ftap import french_date


def paris(moment: datetime.datetime, *, fold: int | None = None) -> datetime.datetime:
    """The moment, in UTC, when a clock in Paris shows `moment`, which is naive.

    Refusal for a minute that the change to summer time skips, and for one that the change to
    winter time shows twice, unless `fold` chooses: 0 the first (summer time), 1 the second.
    """
    zone = timezone.get_default_timezone()
    first, second = (moment.replace(tzinfo=zone, fold=number) for number in (0, 1))
    if _is_skipped(first):
        raise Refusal(
            f"Le {french_date(moment)}, {_hour(moment)} n’existe pas à Paris\u00a0: les horloges "
            "passent à l’heure d’été. Choisissez une autre minute."
        )
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(datetime.UTC)
    if fold is None:
        raise Refusal(
            f"Le {french_date(moment)}, {_hour(moment)} existe deux fois à Paris\u00a0: les "
            "horloges passent à l’heure d’hiver. Choisissez une minute avant ou après l’heure "
            "répétée."
        )
    # In UTC: Python compares no moment of a repeated hour with those of another zone.
    return (second if fold else first).astimezone(datetime.UTC)


def to_the_minute(moment: datetime.datetime) -> datetime.datetime:
    """The minute of publication that `moment` names: of a clock in Paris where it is naive.

    An aware moment is unambiguous and taken as it is, unless its own zone skips it. Refusal for
    seconds: what is announced is a minute.
    """
    if moment.second or moment.microsecond:
        raise Refusal("Une publication se programme à la minute, sans secondes.")
    if timezone.is_naive(moment):
        return paris(moment)
    if _is_skipped(moment):
        return paris(moment.replace(tzinfo=None))
    return moment.astimezone(datetime.UTC)


def in_words(moment: datetime.datetime) -> str:
    """« le 25 mars 2027 à 10 h 00 (heure de Paris) »"""
    local = timezone.localtime(moment)
    return f"le {french_date(local)} à {_hour(local)} (heure de Paris)"


def _hour(moment):
    return f"{moment.hour}\u00a0h\u00a0{moment.minute:02}"


def _is_skipped(moment):
    there_and_back = moment.astimezone(datetime.UTC).astimezone(moment.tzinfo)
    return there_and_back.replace(tzinfo=None) != moment.replace(tzinfo=None)
