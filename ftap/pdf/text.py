"""Text that the fonts of the documents can print, whatever was typed or pasted.

PDF/UA-1 (ISO 14289-1, 7.21.8) forbids a character without a glyph: Typst then refuses the whole
document. What cannot be printed is therefore replaced before, by a mark that shows.
"""

import re
import struct
import unicodedata
from functools import cache
from pathlib import Path

FONTS = Path(__file__).resolve().parent / "fonts"
REPLACEMENT = "\ufffd"
# Shown by no font, and wanted all the same: they say where a line may break, or how letters join.
_JOINERS = frozenset("\u00ad\u200b\u200c\u200d\u2060")
_BLANK = (
    "".join(_JOINERS)
    + "\n"
    + "".join(chr(code) for code in range(0x3001) if unicodedata.category(chr(code)) == "Zs")
)
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Of Unicode's general categories, those that hold no character a reader could be shown.
_MEANINGLESS = frozenset({"Cc", "Cn", "Co", "Cs"})


def clean(text: str) -> str:
    """`text` with nothing that the fonts cannot print; lines end in a newline.

    Invisible characters go, those that turn the direction of writing with them: a name must not
    be shown in another order than it is stored in. Any other character without a glyph becomes
    U+FFFD, a black diamond with a question mark. A text that shows nothing at all is empty.
    """
    text = unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", text)).translate(_shown())
    if not text.strip(_BLANK):
        return ""
    return _stacks().sub(_stack, text)


class _Shown(dict):
    """For str.translate: code point → what is printed in its place, computed when first met."""

    def __missing__(self, code):
        self[code] = shown = self._of(chr(code))
        return shown

    def _of(self, character):
        category = unicodedata.category(character)
        if character in _JOINERS or character == "\n":
            return character
        if character == "\t":
            return " "
        if category == "Cf" or 0xFE00 <= ord(character) <= 0xFE0F or ord(character) >= 0xE0100:
            return "" if category not in _MEANINGLESS else REPLACEMENT
        if category in _MEANINGLESS or not any(ord(character) in font for font in coverage()):
            return " " if category == "Zs" else REPLACEMENT
        return character


@cache
def _shown():
    return _Shown()


@cache
def _stacks():
    """A character and the accents set on it: one font must hold them all."""
    marks = {
        code
        for font in coverage()
        for code in font
        if unicodedata.category(chr(code)).startswith("M")
    }
    return re.compile(f".[{''.join(map(chr, sorted(marks)))}]+", re.DOTALL)


def _stack(match):
    codes = {ord(character) for character in match[0]} - {ord("\n")}
    return match[0] if any(codes <= font for font in coverage()) else match[0][0] + REPLACEMENT


@cache
def coverage() -> tuple[frozenset[int], ...]:
    """The code points of each family of FONTS: the family of the text, then that of symbols."""
    return tuple(
        characters(FONTS / name) for name in ("LiberationSans-Regular.ttf", "DejaVuSans.ttf")
    )


def characters(path: Path) -> frozenset[int]:
    """The code points that a TrueType font has a glyph for (OpenType 1.9, « cmap » table)."""
    font = path.read_bytes()
    (count,) = struct.unpack_from(">H", font, 4)
    records = (struct.unpack_from(">4s4xLL", font, 12 + 16 * i) for i in range(count))
    start = next(offset for tag, offset, _ in records if tag == b"cmap")
    (count,) = struct.unpack_from(">H", font, start + 2)
    found = set()
    for i in range(count):
        platform, _, offset = struct.unpack_from(">HHL", font, start + 4 + 8 * i)
        (form,) = struct.unpack_from(">H", font, start + offset)
        if platform in {0, 3} and form in _SUBTABLES:
            found |= _SUBTABLES[form](font, start + offset)
    return frozenset(found)


def _segments(font, start):
    """Format 4: segments of the first 65,536 code points."""
    (size,) = struct.unpack_from(">H", font, start + 6)
    ends, firsts, deltas, ranges = (
        struct.unpack_from(f">{size // 2}H", font, start + offset)
        for offset in (14, 16 + size, 16 + 2 * size, 16 + 3 * size)
    )
    found = set()
    for i, (first, end, delta, distance) in enumerate(
        zip(firsts, ends, deltas, ranges, strict=True)
    ):
        for code in range(first, end + 1):
            glyph = code
            if distance:
                position = start + 16 + 3 * size + 2 * i + distance + 2 * (code - first)
                (glyph,) = struct.unpack_from(">H", font, position)
            if glyph and (glyph + delta) % 65536:
                found.add(code)
    return found - {0xFFFF}


def _groups(font, start):
    """Format 12: groups of any code points."""
    (count,) = struct.unpack_from(">L", font, start + 12)
    groups = (struct.unpack_from(">LLL", font, start + 16 + 12 * i) for i in range(count))
    return {code for first, end, _ in groups for code in range(first, end + 1)}


_SUBTABLES = {4: _segments, 12: _groups}
