"""XML read as it comes, in constant memory, by an expat that refuses what workbooks never hold.

A document type could declare entities that unfold into gigabytes or fetch files: it is refused
before anything else, as are encodings other than UTF-8, which programs read differently.
"""

# The parser is bare because defusedxml's own does not show how far it got in the file.
from xml.parsers import expat

from ftap.tables.problems import Unreadable

# An opening tag, a comment: longer than this, it was made to fill the memory.
MAX_TOKEN = 2 * 1024 * 1024
MAX_DEPTH = 200
# The parser remembers every name it meets: a workbook has a few hundred.
MAX_NAMES = 2_000

ENTITIES = (
    "Le fichier déclare des entités XML, qui n’ont pas leur place dans un classeur\u00a0: il ne "
    "peut pas être accepté. Copiez les données dans un classeur neuf."
)
OVERSIZED = (
    "Le fichier contient un élément démesuré\u00a0: il ne peut pas être accepté. Copiez les "
    "données dans un classeur neuf."
)


def parse(blocks, part: str, handler):
    """Feed the blocks of a part to a handler: start(name, attributes), end(name), text(data).

    A generator: after each block, what the handler's `drain()` gives. Names come without prefix.
    Unreadable where the part is not sound XML.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 64 * 1024
    names, known = {}, set()
    depth = 0

    def start(name, attributes):
        nonlocal depth
        depth += 1
        known.update(attributes)
        if depth > MAX_DEPTH or len(names) + len(known) > MAX_NAMES:
            raise Unreadable(OVERSIZED)
        handler.start(names.get(name) or names.setdefault(name, local(name)), attributes)

    def end(name):
        nonlocal depth
        depth -= 1
        handler.end(names[name])

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.XmlDeclHandler = _check_declaration
    fed = 0
    try:
        for block in blocks:
            if not fed and block[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise Unreadable(damaged(part))
            parser.Parse(block, False)
            fed += len(block)
            if fed - parser.CurrentByteIndex > MAX_TOKEN:
                raise Unreadable(OVERSIZED)
            yield from handler.drain()
        parser.Parse(b"", True)
        yield from handler.drain()
    except expat.ExpatError:
        raise Unreadable(damaged(part)) from None


def local(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


def damaged(part: str) -> str:
    """The sentence for a part of a workbook that cannot be followed."""
    return (
        f"Le fichier est endommagé (partie {part})\u00a0: ouvrez-le dans le tableur, qui le "
        "réparera s’il le peut, et enregistrez-le sous un autre nom."
    )


class Deaf:
    """A handler that only wants the XML to be sound."""

    def start(self, name, attributes):
        pass

    def end(self, name):
        pass

    def text(self, data):
        pass

    def drain(self):
        return ()


def _refuse(*declaration):
    raise Unreadable(ENTITIES)


def _check_declaration(version, encoding, standalone):
    if (encoding or "utf-8").lower() not in ("utf-8", "us-ascii"):
        raise Unreadable(damaged("XML"))
