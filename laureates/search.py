"""How text is indexed and matched: the one place that knows, for both engines.

Words lose their accents and case, then their French endings, until nothing more comes off: the
same tokens are indexed and asked for on SQLite (FTS5) and PostgreSQL (tsvector), so both engines
find the same rows. Each word is kept beside its stem, for prefixes.
"""

import re
import sys
import threading
from array import array
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from operator import attrgetter

import numpy as np
import snowballstemmer
from cachetools import LRUCache, cachedmethod
from django.db import connection
from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL
from pyroaring import BitMap

from ftap.triggers import Trigger
from laureates.typography import fold

MAX_WORDS = 12
MAX_LETTERS = 64  # beyond, nobody wrote a word, and its stem would take for ever
MIN_PREFIX = 3  # shorter prefixes scan too much of PostgreSQL's index
# Laureates that hold a common word, at least; words of which a process knows whether they are.
COMMON, COMMON_TERMS = 2_000, 10_000
# What a process remembers having found at a state of the index: bytes, at least, and texts that
# every laureate holds.
REMEMBERED_BYTES, REMEMBERED_TEXTS = 1024 * 1024, 100

_WORD = re.compile(r"[a-z0-9]+")

STOP_WORDS = frozenset(
    _WORD.findall(
        """
        a au aux avec c ce ces cette d dans de des du elle en et est eux il ils j je l la le les
        leur leurs lui m ma mais me meme mes n ne nos notre nous on ou par pas pour qu que qui s sa
        se ses si son sont sur t ta te tes tu un une vos votre vous y
        """
    )
)

_stemmer = snowballstemmer.stemmer("french")

# Ranks of `match`: lower is better.
RANKS = RANK_TITLE, RANK_NAMES, RANK_BODY = 0, 1, 2
# The columns that count for each rank in SQLite, and in PostgreSQL what has an index of its own.
_SCOPES = {
    RANK_TITLE: ("{title_tokens} : ", "to_tsvector('simple', title_tokens)"),
    RANK_NAMES: (
        "{title_tokens name_tokens} : ",
        "to_tsvector('simple', title_tokens || ' ' || name_tokens)",
    ),
    RANK_BODY: ("", "vector"),
}


@dataclass(frozen=True)
class Term:
    """A word asked for: its stem, and the beginning of a word when it may be unfinished."""

    stem: str
    prefix: str = ""


def words(text: str) -> list[str]:
    """The words of `text`, folded: letters and digits only, each cut at MAX_LETTERS."""
    return [word[:MAX_LETTERS] for word in _WORD.findall(fold(text))]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The French stem of a folded word, stemmed again until it no longer changes."""
    while (shorter := _stemmer.stemWord(word)) != word:
        word = shorter
    return word


@lru_cache(maxsize=50_000)
def _tokens_of(written: str) -> tuple[str, ...]:
    """The tokens of what stands between two spaces; the same come back in every text."""
    return tuple(token for word in words(written) for token in (stem(word), word))


def tokens(*texts: str) -> str:
    """What is indexed for `texts`: each word and its stem, once, separated by spaces."""
    written = list(chain.from_iterable(map(str.split, texts)))
    is_short = max(map(len, written), default=0) <= MAX_LETTERS
    # What has no space for long is not kept: it would fill the memory.
    read = _tokens_of if is_short else _tokens_of.__wrapped__
    return " ".join(dict.fromkeys(chain.from_iterable(map(read, written))))


def parse(text: str) -> list[Term]:
    """The terms asked for by `text`, all required: stop words and words beyond twelve are dropped.

    The last word also matches as a prefix: it may be unfinished.
    """
    found = words(text)
    kept = [word for word in found if word not in STOP_WORDS] or found
    unfinished = found[-1] if found else ""
    return [
        Term(stem(word), word if word == unfinished and len(word) >= MIN_PREFIX else "")
        for word in dict.fromkeys(kept[:MAX_WORDS])
    ]


def match(queryset: QuerySet, text: str) -> QuerySet:
    """The laureates of `queryset` holding every word of `text`, annotated with `rank`.

    The rank counts where the words stand (title, names, elsewhere), never how rare they are:
    what is not public cannot weigh on the order of what is.
    """
    terms = parse(text)
    if not terms:
        return queryset.none()
    return queryset.filter(pk__in=_matching(terms, RANK_BODY)).annotate(
        rank=Case(
            When(pk__in=_matching(terms, RANK_TITLE), then=Value(RANK_TITLE)),
            When(pk__in=_matching(terms, RANK_NAMES), then=Value(RANK_NAMES)),
            default=Value(RANK_BODY),
        )
    )


def holding(text: str) -> Q:
    """What to ask of a laureate for it to hold every word of `text`."""
    terms = parse(text)
    if not terms:
        return Q(pk__in=())
    found = _matching(terms, RANK_BODY)
    if connection.vendor == "postgresql":
        # Its keys at once: within a larger query, it would read every text for a common word.
        found = RawSQL("SELECT unnest(%s::bigint[])", [list(_keys(found))])
    return Q(pk__in=found)


class Finder:
    """The laureates, public or not, that texts find at one state of the index, where there are
    `every` one.

    What was found last is remembered. Common words are asked one by one, so that the texts made of
    them share what was read; a text with a rarer word is asked whole, as that word shortens it.
    """

    def __init__(self, every: BitMap):
        room = max(REMEMBERED_BYTES, REMEMBERED_TEXTS * _size(every))
        self._found: LRUCache[tuple, BitMap] = LRUCache(room, getsizeof=_size)
        self._common: LRUCache[tuple, bool] = LRUCache(COMMON_TERMS)
        self._lock = threading.Lock()

    @cachedmethod(attrgetter("_found"), lock=attrgetter("_lock"))
    def keys(self, text: str, rank: int = RANK_BODY) -> BitMap:
        """Those holding every word of `text` up to a rank: in their title, in their title and
        names, anywhere. Each is within the next; none without words."""
        terms = parse(text)
        if not terms:
            return BitMap()
        if len(terms) == 1 or all(map(self._is_common, terms)):
            return BitMap.intersection(*(self._holding(term, rank) for term in terms))
        return _keys(_matching(terms, rank))

    @cachedmethod(attrgetter("_common"), lock=attrgetter("_lock"))
    def _is_common(self, term: Term) -> bool:
        matching = _matching([term], RANK_BODY)
        limited = f"SELECT COUNT(*) FROM ({matching.sql} LIMIT {COMMON}) AS found"  # noqa: S608
        return _value(limited, matching.params) == COMMON

    @cachedmethod(attrgetter("_found"), lock=attrgetter("_lock"))
    def _holding(self, term: Term, rank: int) -> BitMap:
        return _keys(_matching([term], rank))


def _size(bits: BitMap) -> int:
    """About how many bytes it takes: no more than two a key, nor than a bit for each key."""
    return 100 + min(2 * len(bits), bits.max() // 8) if bits else 100


def _keys(matching: RawSQL) -> BitMap:
    """The keys that a subquery gives, brought as one value: a row each would cost more."""
    if connection.vendor == "sqlite":
        query = matching.sql.replace("SELECT rowid", "SELECT group_concat(rowid)", 1)
        read = np.fromstring(_value(query, matching.params) or "", np.uint32, sep=",")
        # An array is read at once, numbers of numpy one by one.
        return BitMap(array("I", read.tobytes()))
    packed = "SELECT string_agg(int4send(laureate_id::int4), NULL)"
    query = matching.sql.replace("SELECT laureate_id", packed, 1)
    keys = array("I", bytes(_value(query, matching.params) or b""))
    if sys.byteorder == "little":
        keys.byteswap()
    return BitMap(keys)


def _value(query: str, parameters: list):
    """The one value that a query gives, read by its index.

    PostgreSQL, to which reading a text costs nothing, would rather read them all for a common word:
    it is told not to in the same breath, which is one transaction.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(query, parameters)
        else:
            before, after = "SET LOCAL enable_seqscan = off", "SET LOCAL enable_seqscan TO DEFAULT"
            cursor.execute(f"{before}; {query}; {after}", parameters)
            cursor.nextset()
        return cursor.fetchone()[0]


def rebuild() -> None:
    """Index again every entry as it stands; PostgreSQL, which generates its column, needs none.

    Gathered at the end in one piece: what holds a common word is read in one go.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for command in ("rebuild", "optimize"):
                cursor.execute(
                    "INSERT INTO laureates_search (laureates_search) VALUES (%s)", [command]
                )


def _matching(terms: list[Term], rank: int) -> RawSQL:
    """A subquery of the primary keys whose tokens up to `rank` hold every term."""
    columns, searched = _SCOPES[rank]
    if connection.vendor == "sqlite":
        query = " AND ".join(
            f'("{term.stem}" OR "{term.prefix}"*)' if term.prefix else f'"{term.stem}"'
            for term in terms
        )
        return RawSQL(
            "SELECT rowid FROM laureates_search WHERE laureates_search MATCH %s",
            [f"{columns}({query})"],
        )
    query = " & ".join(
        f"('{term.stem}' | '{term.prefix}':*)" if term.prefix else f"'{term.stem}'"
        for term in terms
    )
    return RawSQL(  # noqa: S611 - of no word but those written here
        "SELECT laureate_id FROM laureates_indexentry "  # noqa: S608
        f"WHERE {searched} @@ to_tsquery('simple', %s)",
        [query],
    )


_ADD = """
    INSERT INTO laureates_search (rowid, title_tokens, name_tokens, body_tokens)
    VALUES (NEW.laureate_id, NEW.title_tokens, NEW.name_tokens, NEW.body_tokens);
"""
_REMOVE = """
    INSERT INTO laureates_search
        (laureates_search, rowid, title_tokens, name_tokens, body_tokens)
    VALUES ('delete', OLD.laureate_id, OLD.title_tokens, OLD.name_tokens, OLD.body_tokens);
"""

# SQLite's full-text table follows the entries; PostgreSQL generates its column by itself.
TRIGGERS = tuple(
    Trigger(
        name=f"laureates_search_{event.lower()}",
        table="laureates_indexentry",
        sqlite=(
            f"DROP TRIGGER IF EXISTS laureates_search_{event.lower()}",
            f"CREATE TRIGGER laureates_search_{event.lower()} AFTER {event} "
            f"ON laureates_indexentry BEGIN {body} END",
        ),
        postgresql=(),
    )
    for event, body in (
        ("INSERT", _ADD),
        ("UPDATE", f"{_REMOVE} {_ADD}"),
        ("DELETE", _REMOVE),
    )
)
