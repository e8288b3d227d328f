"""The reference list of organisations, asked by name and SIRET."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz import process
from rapidfuzz.distance import OSA

from laureates.matching.names import Name, generic, initials, key, nearness, reach_of
from laureates.matching.vocabulary import ABBREVIATIONS, VARIANTS
from laureates.models import Organisation, Territory

NEAR_MAX = 5
# Of two near names, the share of their words that are the same.
NEAR_FROM = 0.7
INITIALS_MIN = 3


@dataclass(frozen=True)
class Match:
    """What was found. `by` says how: siret, name, former, short, or "" where nothing was.

    `near` are organisations to propose, best first, at most NEAR_MAX; they are there only where
    `organisation` is None. `conflict` is a French sentence where the SIRET and the name speak of
    two organisations: then `organisation` is None and `near` holds those that they speak of.
    """

    organisation: Organisation | None = None
    by: str = ""
    near: tuple[Organisation, ...] = ()
    conflict: str = ""


class Matcher:
    """The organisations of the reference list, read once: ask it as often as needed.

    Two queries are made, when it is created.
    """

    def __init__(self):
        territories = Territory.objects.exclude(kind=Territory.Kind.NATIONAL)
        # Longest first: « Charente-Maritime » is not « Charente ».
        places = sorted(
            {key(name) for name in territories.values_list("name", flat=True)},
            key=len,
            reverse=True,
        )
        self._place = re.compile(rf"\b(?:{'|'.join(places)})\b" if places else r"(?!)")
        self._places = [place.replace(" ", "_") for place in places]
        self._place_words = {*self._places, *(word for place in places for word in place.split())}
        self._compounds: dict[str, str] = {}
        self._organisations: list[Organisation] = []
        self._siret: dict[str, Organisation] = {}
        self._keys = {by: defaultdict(list) for by in ("name", "former", "short")}
        self._initials = defaultdict(list)
        # Names by distinctive word, and these words by first letter.
        self._names = defaultdict(list)
        self._vocabulary = defaultdict(list)
        self._spelt: dict[str, list[str]] = {}
        # Names that nothing near was looked for among yet: reading them takes most of the time.
        self._unread: list[tuple[str, Organisation]] = []
        for organisation in Organisation.objects.select_related("territory").order_by("slug"):
            self.add(organisation)

    def add(self, organisation: Organisation) -> None:
        """Know an organisation too, saved or about to be: the next names find it."""
        self._organisations.append(organisation)
        if organisation.siret:
            self._siret.setdefault(organisation.siret, organisation)
        name, short = key(organisation.name), key(organisation.short_name)
        former = {key(line) for line in organisation.former_name_list}
        # As staff write it: « Direction générale de la santé (DGS) », « DGS - Direction… ».
        current = {name, f"{name} {short}".strip(), f"{short} {name}".strip()}
        for by, keys in (("name", current), ("former", former), ("short", {short})):
            for one in keys - {""}:
                self._keys[by][one].append(organisation)
        self._initials[initials(name)].append(organisation)
        self._unread += [(one, organisation) for one in {name, short, *former} - {""}]

    def _read(self):
        unread, self._unread = self._unread, []
        for name, organisation in unread:
            known = Name(self._words(name), organisation)
            for word in known.distinct:
                if word not in self._names:
                    self._learn(word)
                self._names[word].append(known)

    def _learn(self, word):
        """A word never read before may be what earlier names meant, misspelt."""
        self._vocabulary[word[0]].append(word)
        for other, meant in self._spelt.items():
            if self._is_misspelt(other, word):
                meant.append(word)

    # Matches ------------------------------------------------------------------

    def find(self, name: str, siret: str = "", *, proposes: bool = True) -> Match:
        """The organisation that a name and, where known, a SIRET mean.

        A SIRET is believed whatever the name, unless the name is that of another organisation.
        Looking for near names takes most of the time: `proposes` tells whether they are wanted.
        """
        siret = re.sub(r"\s", "", siret)
        registered = self._siret.get(siret) if siret else None
        named, by, several = self._named(key(name))
        if registered is not None:
            if named is None or named is registered:
                return Match(registered, "siret")
            return Match(
                near=(registered, named),
                conflict=(
                    f"Le SIRET {siret} est celui de «\u00a0{registered.name}\u00a0», mais le nom "
                    f"est celui de «\u00a0{named.name}\u00a0»\u00a0: corrigez l’un des deux, ou "
                    "dites lequel est le bon."
                ),
            )
        if named is None:
            near = several
            if proposes and not several:
                near = [organisation for _, organisation in self._ranked(name)]
            return Match(near=tuple(near[:NEAR_MAX]))
        if siret and named.siret and named.siret != siret:
            return Match(
                near=(named,),
                conflict=(
                    f"«\u00a0{named.name}\u00a0» porte ici le SIRET {named.siret}, et non "
                    f"{siret}\u00a0: corrigez l’un des deux, ou dites s’il s’agit d’un autre "
                    "organisme."
                ),
            )
        return Match(named, by)

    def bearer(self, name: str) -> Organisation | None:
        """The organisation that alone bears a name; cheaper than `find`, which also proposes."""
        return self._named(key(name))[0]

    def _named(self, written) -> tuple[Organisation | None, str, list[Organisation]]:
        """(the one organisation of that name, how it bears it, those that share it if several)."""
        for by, keys in self._keys.items():
            found = keys.get(written, ())
            if len(found) == 1:
                return found[0], by, []
            if found:
                return None, "", found
        return None, "", []

    # Near names ---------------------------------------------------------------

    def near(self, organisation: Organisation) -> list[tuple[float, Organisation]]:
        """Others of the list that may be the same body, with how near they are (1: the same).

        Those that the list itself places in two territories, neither within the other, are not.
        """
        best = {}
        for name in filter(None, (organisation.name, *organisation.former_name_list)):
            same = [other for keys in self._keys.values() for other in keys.get(key(name), ())]
            for score, other in [*((1.0, other) for other in same), *self._ranked(name)]:
                if other is organisation or _are_apart(organisation, other):
                    continue
                if score > best.get(id(other), (0,))[0]:
                    best[id(other)] = (score, other)
        return _best_first(best)

    def pairs(self) -> Iterator[tuple[float, Organisation, Organisation]]:
        """Every two organisations of the list that may be the same body, each pair once."""
        seen = set()
        for organisation in self._organisations:
            seen.add(id(organisation))
            for score, other in self.near(organisation):
                if id(other) not in seen:
                    yield score, organisation, other

    def _ranked(self, name) -> list[tuple[float, Organisation]]:
        """Organisations whose name is near, with how near it is, the best first."""
        self._read()
        written = key(name)
        best = {
            id(organisation): (NEAR_FROM, organisation)
            for organisation in self._of_initials(written)
        }
        asked = Name(self._words(written))
        for known, pairs in self._sharing(asked).items():
            score = nearness(asked, known, pairs)
            if score >= NEAR_FROM and score > best.get(id(known.organisation), (0,))[0]:
                best[id(known.organisation)] = (score, known.organisation)
        return _best_first(best)

    def _of_initials(self, written) -> list[Organisation]:
        """Those whose name has `written` for initials, or is the initials of `written`."""
        if len(written) >= INITIALS_MIN and " " not in written:
            return self._initials.get(written, [])
        letters = initials(written)
        if len(letters) >= INITIALS_MIN:
            return self._keys["name"].get(letters, [])
        return []

    def _sharing(self, asked) -> dict[Name, dict[str, str]]:
        """The names that hold a distinctive word of `asked`, maybe misspelt: {there: here}."""
        shared = defaultdict(dict)
        for word in asked.distinct:
            for known in self._names.get(word, ()):
                shared[known][word] = word
        for word in asked.distinct:
            for meant in self._meant(word):
                for known in self._names[meant]:
                    if word not in known.words and meant not in asked.words:
                        shared[known].setdefault(meant, word)
        return shared

    def _meant(self, word) -> list[str]:
        """Words of the reference list that `word` may be, were one of the two misspelt."""
        if word not in self._spelt:
            near = process.extract(
                word,
                self._vocabulary[word[0]] if reach_of(word) else (),
                scorer=OSA.distance,
                score_cutoff=reach_of(word),
                limit=None,
            )
            self._spelt[word] = [other for other, *_ in near if self._is_misspelt(word, other)]
        return self._spelt[word]

    def _is_misspelt(self, word, other) -> bool:
        reach = min(reach_of(word), reach_of(other))
        if not reach or word == other or word[0] != other[0]:
            return False
        if word in self._place_words and other in self._place_words:
            return False
        return OSA.distance(word, other, score_cutoff=reach) <= reach

    def _words(self, written: str) -> list[str]:
        """The words of a key: abbreviations in full, the name of a place as one word."""
        full = " ".join(ABBREVIATIONS.get(word, word) for word in written.split())
        words = self._place.sub(lambda place: place[0].replace(" ", "_"), full).split()
        for rank, pair in enumerate(pairwise(words)):
            # A compound place but for a letter: « Charente-Martime » is no part of Charente.
            if meant := self._compound("_".join(pair)):
                words[rank : rank + 2] = [meant]
                break
        return [generic(VARIANTS.get(word, word)) for word in words]

    def _compound(self, words) -> str:
        if words not in self._compounds:
            reach = reach_of(words)
            found = process.extractOne(
                words, self._places if reach else (), scorer=OSA.distance, score_cutoff=reach
            )
            self._compounds[words] = found[0] if found and "_" in found[0] else ""
        return self._compounds[words]


def _best_first(found: dict) -> list[tuple[float, Organisation]]:
    return sorted(found.values(), key=lambda pair: (-pair[0], pair[1].slug))


def _are_apart(one: Organisation, other: Organisation) -> bool:
    """Whether both have a territory, and neither holds the other."""
    ours, theirs = one.territory, other.territory
    if ours is None or theirs is None or ours == theirs:
        return False
    return ours.region_id != theirs.pk and theirs.region_id != ours.pk
