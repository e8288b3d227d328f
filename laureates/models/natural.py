"""Natural keys: how fixtures and exports name a row, never by its primary key."""

from functools import cache
from operator import attrgetter

from django.db import models


class NaturalKeyQuerySet(models.QuerySet):
    """Finds a row by its natural key."""

    def get_by_natural_key(self, *values):
        """The row whose NATURAL_KEY lookups hold `values`, in order; ValueError if too few."""
        return self.get(**dict(zip(self.model.NATURAL_KEY, values, strict=True)))


class NaturalKeyModel(models.Model):
    """A model named in fixtures by the values of NATURAL_KEY: lookups, through relations or not."""

    NATURAL_KEY: tuple[str, ...] = ("slug",)

    objects = NaturalKeyQuerySet.as_manager()

    class Meta:
        abstract = True

    def natural_key(self):
        return _reader(self.NATURAL_KEY)(self)


@cache
def _reader(lookups):
    names = [lookup.replace("__", ".") for lookup in lookups]
    if len(names) > 1:
        return attrgetter(*names)
    read = attrgetter(names[0])
    return lambda row: (read(row),)
