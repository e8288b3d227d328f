"""Writes objects as the YAML that people read: the style of the project's own data files.

The same values always make the same text. A text is written plain where YAML reads it as it is,
folded where it is one long paragraph, as a block where it has lines, and otherwise between double
quotes, where every sign that does not show is named.
"""

import datetime
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal

import yaml
from django.utils import timezone

WIDTH = 96
_INDENT = 4  # of a field's name, inside « fields: »
_RESOLVER = yaml.SafeLoader("")
# What a plain text may be: no sign that YAML gives a meaning to, at its place.
_PLAIN = re.compile(r"[^\W_][^\n]*|[«(“€][^\n]+")
_BREAKS_PLAIN = re.compile(r":(?:\s|$)|\s#|\s$|\t")
_PLAIN_IN_LIST = re.compile(r"[^\W_](?:[\w’./ -]*[\w’./-])?")
# Line ends of YAML besides \n, and signs that no reader sees: named between quotes.
_NAMED = "\u2028\u2029\ufffe\uffff"
_FOLD_AT = re.compile(r"(?<=[^\s]) (?=[^\s])")


def document(title: str, blocks: Iterable[str]) -> str:
    """A file: what it is, as a comment, then its objects, one blank line apart."""
    heading = "".join(f"# {line}\n" if line else "#\n" for line in title.split("\n"))
    return "\n".join([heading, *blocks])


def block(label: str, values: Iterable[tuple[str, object]]) -> str:
    """One object: the label of its model, and its fields in order.

    A value is None, a boolean, an integer, a Decimal, a day, an hour, an aware moment, a text, a
    natural key (a tuple), a list of natural keys, or Structure.
    """
    lines = [f"- model: {label}", "  fields:"]
    for name, value in values:
        lines += _field(name, value)
    return "\n".join(lines) + "\n"


class Structure:
    """A value of a JSON field: lists, mappings with text keys, texts, numbers, booleans, None."""

    def __init__(self, value):
        self.value = value


def _field(name: str, value) -> Iterator[str]:
    margin = " " * _INDENT
    if isinstance(value, Structure):
        if isinstance(value.value, dict | list) and value.value:
            yield f"{margin}{name}:"
            yield from _structure(value.value, _INDENT + 2)
        else:
            yield f"{margin}{name}: {_flow(value.value)}"
    elif isinstance(value, str):
        first, *rest = _text(value)
        yield f"{margin}{name}: {first}"
        # A blank line of a block has no margin, as editors leave it.
        yield from (f"{margin}  {line}" if line else "" for line in rest)
    elif isinstance(value, tuple | list):
        yield f"{margin}{name}: {_flow(value)}"
    else:
        yield f"{margin}{name}: {_plain_value(value)}"


def _plain_value(value) -> str:
    """A value that is no text, in one word."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, datetime.datetime):
        return moment(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, datetime.time):
        return f'"{hour(value)}"'
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, int):
        return str(value)
    raise TypeError(f"no way to write a {type(value).__name__}")


def number(value: Decimal) -> str:
    """A decimal number without useless zeros nor exponent: 1950000, 845.2."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment(value: datetime.datetime) -> str:
    """An aware moment with the offset of Paris, or of UTC where that offset has seconds."""
    local = timezone.localtime(value, timezone.get_default_timezone())
    if local.utcoffset() % datetime.timedelta(minutes=1):
        local = value.astimezone(datetime.UTC)
    return local.isoformat()


def hour(value: datetime.time) -> str:
    """18:00, and seconds only where there are some."""
    has_seconds = value.second or value.microsecond
    return value.isoformat() if has_seconds else value.isoformat("minutes")


def _float(value: float) -> str:
    """As YAML 1.1 reads it: a number with an exponent has a dot and a sign."""
    text = repr(value)
    if "e" in text:
        mantissa, exponent = text.split("e")
        mantissa += "" if "." in mantissa else ".0"
        exponent = exponent if exponent[0] in "+-" else f"+{exponent}"
        return f"{mantissa}e{exponent}"
    return text


# Texts -----------------------------------------------------------------------


def _text(text: str) -> list[str]:
    """What follows « name: »: its end of line, then the lines of a block, without their margin."""
    if "\n" in text:
        return _lines(text) or [quoted(text)]
    plain = text if is_plain(text) else quoted(text)
    if len(plain) + _INDENT > WIDTH and (folded := _folded(text)):
        return [">-", *folded]
    return [plain]


def is_plain(text: str) -> bool:
    """Whether YAML reads the bare text as this very text, after « name: »."""
    return bool(
        _PLAIN.fullmatch(text)
        and not _BREAKS_PLAIN.search(text)
        and not _has_unseen(text)
        and _reads_as_text(text)
    )


def _reads_as_text(text: str) -> bool:
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))
    # 0o17 is a number for the readers of YAML 1.2.
    return tag == "tag:yaml.org,2002:str" and not text.startswith("0o")


def _has_unseen(text: str) -> bool:
    return any(char not in "\n\t" and _is_unseen(char) for char in text)


def _is_unseen(char: str) -> bool:
    """A control, a line end, a mark of direction or of order, or what YAML forbids."""
    return char in _NAMED or unicodedata.category(char) in {"Cc", "Cf", "Cs"}


def quoted(text: str) -> str:
    """The text between double quotes, on one line, with what does not show named."""
    written = json.dumps(text, ensure_ascii=False)
    return "".join(_escaped(char) if _is_unseen(char) else char for char in written)


def _escaped(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _lines(text: str) -> list[str] | None:
    """A block of lines, or None where YAML would not give the text back."""
    body = text.removesuffix("\n")
    lines = body.split("\n")
    starts_bare = lines[0] and not lines[0][0].isspace()
    ends_bare = bool(lines[-1].strip())
    if _has_unseen(text) or not (starts_bare and ends_bare):
        return None
    if any(line.startswith("\t") or (line and not line.strip()) for line in lines):
        return None
    return ["|" if body != text else "|-", *lines]


def _folded(text: str) -> list[str] | None:
    """A paragraph cut at its single spaces, or None where it cannot be."""
    words = _FOLD_AT.split(text)
    if len(words) < 2 or _has_unseen(text) or "\t" in text or text != text.strip():
        return None
    lines, width = [words[0]], WIDTH - _INDENT - 2
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


# Lists and structures --------------------------------------------------------


def _flow(value) -> str:
    """A value on one line, as inside brackets."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, dict):
        pairs = (f"{_flow(key)}: {_flow(value[key])}" for key in sorted(value))
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, str):
        is_bare = _PLAIN_IN_LIST.fullmatch(value) and is_plain(value)
        return value if is_bare else quoted(value)
    return _plain_value(value)


def _structure(value: dict | list, margin: int) -> Iterator[str]:
    """The lines of a structure that is not empty: a list of plain values takes one line."""
    space = " " * margin
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _item(f"{space}{_flow(key)}:", value[key], margin + 2)
    else:
        for item in value:
            yield from _item(f"{space}-", item, margin + 2)


def _item(opening: str, value, margin: int) -> Iterator[str]:
    if isinstance(value, dict | list) and any(_is_deep(part) for part in _parts(value)):
        yield opening
        yield from _structure(value, margin)
    else:
        yield f"{opening} {_flow(value)}"


def _parts(value):
    return value.values() if isinstance(value, dict) else value


def _is_deep(value) -> bool:
    return isinstance(value, dict | list) and bool(value)
