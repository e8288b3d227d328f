"""Derived rows: what search and facets read. Rebuilt by `laureates.index`, never edited."""

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
