"""Derived rows: what search, facets and lists read. Rebuilt by `laureates.index`, never edited.

They are of the laureates whose announcement has a date of publication, past or to come, withdrawn
or not: those of a draft have none.
"""

import uuid

from django.db import models

from laureates.models.laureate import Laureate


class IndexEntry(models.Model):
    """The search tokens and sort key of one laureate, public or not.

    Tokens are words separated by spaces, as `laureates.search.tokens` makes them, in three
    ranks: the title, the names (carriers, themes, territories), and everything else.
    """

    laureate = models.OneToOneField(
        Laureate, models.CASCADE, primary_key=True, related_name="index_entry"
    )
    title_tokens = models.TextField()
    name_tokens = models.TextField()
    body_tokens = models.TextField()
    sort_title = models.CharField(max_length=600, db_index=True)

    class Meta:
        verbose_name = "entrée d’index"
        verbose_name_plural = "entrées d’index"

    def __str__(self):
        return self.sort_title


class FacetValue(models.Model):
    """One value of one facet of one laureate, public or not; every laureate has one in each facet.

    `value` is what stands in addresses; laureates without a known value hold
    `laureates.facets.UNKNOWN`.
    """

    laureate = models.ForeignKey(Laureate, models.CASCADE, related_name="facet_values")
    facet = models.CharField(max_length=20)
    value = models.CharField(max_length=120)

    class Meta:
        verbose_name = "valeur de facette"
        verbose_name_plural = "valeurs de facette"
        constraints = (
            models.UniqueConstraint(
                fields=("facet", "value", "laureate"), name="facet_value_unique"
            ),
        )
        indexes = (models.Index(fields=("laureate", "facet", "value"), name="facet_by_laureate"),)

    def __str__(self):
        return f"{self.facet}={self.value}"


class Card(models.Model):
    """What a list shows of one laureate, public or not, and where it stands in each order.

    `content` is JSON, as `laureates.cards` makes it: a list joins nothing. The other fields copy
    those of the laureate and of its announcement. `stamp` is the number of the IndexWrite that
    last changed the row.
    """

    laureate = models.OneToOneField(Laureate, models.CASCADE, primary_key=True, related_name="card")
    opens_at = models.DateTimeField(null=True)
    announcement = models.BigIntegerField()
    position = models.PositiveIntegerField()
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    sort_title = models.CharField(max_length=600)
    is_withdrawn = models.BooleanField()
    content = models.TextField()
    stamp = models.BigIntegerField(db_index=True)

    class Meta:
        verbose_name = "carte"
        # The order of a list is read from an index alone.
        indexes = (
            models.Index(
                fields=("-opens_at", "announcement", "position", "laureate"), name="card_by_date"
            ),
            models.Index(fields=("sort_title", "laureate"), name="card_by_title"),
        )

    def __str__(self):
        return self.sort_title


class Record(models.Model):
    """What the interface and the downloads say of one laureate, public or not.

    `json` and `csv` are texts of `laureates.records`, with holes for what is not a function of the
    laureate: the address of the site, the version of the announcement, the date of the public data.
    `announcement` copies that of the laureate. `changed` is the second of its last change since
    it is public, `moment` the same as it is written; both are empty when nothing is known.
    """

    laureate = models.OneToOneField(
        Laureate, models.CASCADE, primary_key=True, related_name="record"
    )
    announcement = models.BigIntegerField()
    changed = models.BigIntegerField(null=True)
    moment = models.CharField(max_length=40)
    csv = models.TextField()
    json = models.TextField()

    class Meta:
        verbose_name = "fiche de données ouvertes"
        verbose_name_plural = "fiches de données ouvertes"

    def __str__(self):
        return f"{self.laureate_id} ({self.moment})"


class Detail(models.Model):
    """What the page of one laureate shows, public or not: JSON, as `laureates.details` makes it."""

    laureate = models.OneToOneField(
        Laureate, models.CASCADE, primary_key=True, related_name="detail"
    )
    content = models.TextField()

    class Meta:
        verbose_name = "page de lauréat"
        verbose_name_plural = "pages de lauréats"

    def __str__(self):
        return str(self.laureate_id)


class Posting(models.Model):
    """Which laureates, public or not, have a value of a facet: a compressed bitmap of their keys.

    Keys stand in chunks of 65,536, so that a change writes little. The facet « * » holds what every
    list asks: « tous » and « retires ». `stamp` is that of the IndexWrite that last changed it.
    """

    facet = models.CharField(max_length=20)
    value = models.CharField(max_length=120)
    chunk = models.PositiveIntegerField()
    bits = models.BinaryField()
    stamp = models.BigIntegerField(db_index=True)

    class Meta:
        verbose_name = "liste inverse"
        verbose_name_plural = "listes inverses"
        constraints = (
            models.UniqueConstraint(fields=("facet", "value", "chunk"), name="posting_unique"),
        )

    def __str__(self):
        return f"{self.facet}={self.value} ({self.chunk})"


def new_token() -> str:
    return uuid.uuid4().hex


class IndexWrite(models.Model):
    """One change of derived rows. What was read at a write is still the truth as long as it is the
    last one; its token tells it from a write of the same number that was undone."""

    number = models.BigIntegerField(primary_key=True)
    token = models.CharField(max_length=32, default=new_token)

    class Meta:
        verbose_name = "écriture d’index"
        verbose_name_plural = "écritures d’index"

    def __str__(self):
        return str(self.number)
