"""What is public: the one definition, asked by every page, count, search, feed and export."""

from django.db.models import F, Q
from django.utils import timezone


def published_q(prefix: str = "") -> Q:
    """Rows with `published_at` and `withdrawn_at` that visitors may see now.

    `published_at` empty is a draft, in the future an embargo, in the past public. The clock is
    read when the condition is built: never keep it beyond a request.
    """
    return Q(
        **{
            f"{prefix}published_at__lte": timezone.now(),
            f"{prefix}withdrawn_at__isnull": True,
        }
    )


def embargoed_q() -> Q:
    """Rows that visitors will see once their minute has come, if nothing changes."""
    return Q(published_at__gt=timezone.now(), withdrawn_at__isnull=True)


def laureate_published_q(prefix: str = "") -> Q:
    """Laureates that visitors may see now: not withdrawn, in an announcement that is public."""
    return published_q(f"{prefix}announcement__") & Q(**{f"{prefix}withdrawn_at__isnull": True})


def release_published_q(prefix: str = "") -> Q:
    """Releases whose minute has come, of an announcement that is public."""
    return published_q(f"{prefix}announcement__") & Q(
        **{f"{prefix}published_at__lte": timezone.now()}
    )


def withdrawn_q() -> Q:
    """Rows that visitors saw and that were withdrawn since: their address answers 410, not 404.

    What was withdrawn before its publication was never seen, and stays unknown.
    """
    return Q(published_at__lte=timezone.now(), withdrawn_at__gte=F("published_at"))


def laureate_withdrawn_q() -> Q:
    """Laureates withdrawn after visitors saw them, alone or with their whole announcement."""
    opened = F("announcement__published_at")
    return (
        Q(announcement__published_at__lte=timezone.now())
        & (Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=opened))
        & (Q(announcement__withdrawn_at__isnull=True) | Q(announcement__withdrawn_at__gte=opened))
        & ~Q(withdrawn_at__isnull=True, announcement__withdrawn_at__isnull=True)
    )


def publication_label(row, *, is_published) -> str:
    """The state of publication of `row` in a word; `is_published` comes from the database."""
    if row.withdrawn_at:
        return "retiré"
    if is_published:
        return "public"
    return "sous embargo" if row.published_at else "brouillon"
