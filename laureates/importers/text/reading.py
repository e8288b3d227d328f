"""From what is pasted or uploaded to one plain text, then to its blocks.

The plain text is what is kept: a blank line between blocks, « # » before a heading as Markdown
writes it, « • » before an item of a list, two spaces for each level of a list inside a list.
"""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import PurePath

from django.conf import settings
from markdown_it import MarkdownIt

from ftap.refusals import Refusal
from laureates import hyphens

BLOCKS_MAX = 5_000
BULLET = "•"
_BULLETS = "•◦▪▫‣⁃·●○■□–—*-"
_ITEM = re.compile(rf"(\s*)(?:[{re.escape(_BULLETS)}]|o(?=\t))\s+(?=\S)")
_HEADING = re.compile(r"(#{1,6})[ \t]+(?=\S)")
_MARKUP = re.compile(r"<(?:!doctype|html|body|div|p|h[1-6]|ul|ol|li|br|table)\b[^<>]*>", re.I)
# What a text never holds: NUL, and what only a terminal or a binary file makes sense of.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff]")
_SEPARATORS = re.compile(r"\r\n|[\r\x0c\x85\u2028\u2029]")
# Lines of a text cut at a width: none is longer, most are nearly as long.
_WIDTH_MAX, _WIDTH_MIN = 130, 50
_SIGNATURES = {b"%PDF": "un PDF", b"PK\x03\x04": "un document compressé", b"\xd0\xcf": "un .doc"}
_KEPT = "Enregistrez le texte en UTF-8, ou copiez-le et collez-le dans le formulaire."


@dataclass(frozen=True)
class Block:
    """A paragraph, a heading (`level` from 1) or an item of a list (`depth` from 1)."""

    text: str
    level: int = 0
    depth: int = 0


def text_of_file(file) -> str:
    """The plain text of an uploaded file; Refusal, in French, where it cannot be read."""
    name = file.name or ""
    suffix = PurePath(name).suffix.lower().lstrip(".")
    formats = settings.ANNOUNCEMENT_TEXT_FORMATS
    if suffix not in formats:
        accepted = ", ".join(f".{known}" for known in formats)
        raise Refusal(
            f"Le fichier «\u00a0{name}\u00a0» n’est pas d’un type accepté ({accepted}). {_KEPT}"
        )
    limit = settings.ANNOUNCEMENT_TEXT_MAX_BYTES
    if file.size > limit:
        raise Refusal(
            f"Le fichier «\u00a0{name}\u00a0» dépasse la taille acceptée, de {limit // 1024}\u00a0"
            "Ko. Gardez seulement le texte de l’annonce."
        )
    data = file.read(limit + 1)
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise Refusal(f"Le fichier «\u00a0{name}\u00a0» est en fait {what}. {_KEPT}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Refusal(
            f"Le fichier «\u00a0{name}\u00a0» n’est pas en UTF-8 (ligne {line}). {_KEPT}"
        ) from error
    if _CONTROL.search(text):
        raise Refusal(f"Le fichier «\u00a0{name}\u00a0» n’est pas un fichier de texte. {_KEPT}")
    return plain_text(text, suffix)


def plain_text(text: str, suffix: str = "txt") -> str:
    """The plain text of `text`, which is HTML, Markdown or plain; Refusal where nothing is left."""
    text = _CONTROL.sub("", _SEPARATORS.sub("\n", text)).replace("\u00ad\n", "")
    if suffix == "md":
        text = _text_of_html(MarkdownIt("commonmark", {"html": False}).render(text))
    elif suffix in {"html", "htm"} or len(_MARKUP.findall(text)) > 1:
        text = _text_of_html(text)
    # A shield against bytes that a browser replaced one by one: they are no character of UTF-8.
    text = text.encode("utf-8", "ignore").decode("utf-8")
    text = _INVISIBLE.sub("", hyphens.plain(text))
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", text).strip("\n")
    if not re.search(r"\w", text):
        raise Refusal("Ce texte est vide\u00a0: collez celui de l’annonce, du titre à la fin.")
    if len(text.encode()) > settings.ANNOUNCEMENT_TEXT_MAX_BYTES:
        limit = settings.ANNOUNCEMENT_TEXT_MAX_BYTES // 1024
        raise Refusal(f"Ce texte dépasse la taille acceptée, de {limit}\u00a0Ko.")
    if len(blocks(text)) > BLOCKS_MAX:
        raise Refusal(
            f"Ce texte compte plus de {BLOCKS_MAX} paragraphes\u00a0: reprenez une annonce à la "
            "fois, sans le reste du site."
        )
    return text


# Blocks ----------------------------------------------------------------------


def blocks(text: str) -> list[Block]:
    """The blocks of a plain text, in order."""
    lines = text.split("\n")
    is_wrapped = _is_wrapped(lines)
    found, current, indents = [], [], []

    def close():
        if current:
            found.append(Block(_joined(current)))
            current.clear()

    for line in lines:
        stripped = " ".join(line.split())
        if not stripped:
            close()
            if found and not found[-1].depth:
                indents.clear()
        elif heading := _HEADING.match(line):
            close()
            indents.clear()
            if words := stripped[len(heading[1]) :].strip("# "):
                found.append(Block(words, level=len(heading[1])))
        elif item := _ITEM.match(line):
            close()
            depth = _depth(indents, len(item[1].expandtabs(4)))
            rest = " ".join(line[item.end() :].split())
            found.append(Block(rest, depth=depth))
        elif is_wrapped and not current and found and found[-1].depth and line[:1].isspace():
            last = found.pop()
            found.append(Block(_joined([last.text, stripped]), depth=last.depth))
        else:
            if not is_wrapped:
                close()
            indents.clear()
            current.append(stripped)
    close()
    # A rule, a row of stars: nothing to read.
    return [block for block in found if re.search(r"\w", block.text)]


def _is_wrapped(lines):
    if max(map(len, lines), default=0) > _WIDTH_MAX:
        return False
    pairs = sum(
        len(before) >= _WIDTH_MIN and after.strip() != "" and not _ITEM.match(after)
        for before, after in pairwise(lines)
    )
    return pairs >= 2


def _joined(lines):
    """Lines of one paragraph; a hyphen at the end of a line stays, for a person to settle."""
    text = lines[0]
    for line in lines[1:]:
        is_cut = re.search(r"\w-$", text) and line[:1].islower()
        text += line if is_cut else f" {line}"
    return text


def _depth(indents, indent):
    while indents and indent < indents[-1]:
        indents.pop()
    if not indents or indent > indents[-1]:
        indents.append(indent)
    return min(len(indents), 6)


# HTML ------------------------------------------------------------------------

_DROPPED = {"script", "style", "head", "noscript", "template", "svg", "select", "iframe"}
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "button",
        "caption",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "legend",
        "main",
        "nav",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
    ]
)
# What begins as a declaration and is none, which the parser takes for an error.
_DECLARATION = re.compile(r"<!(?!--|doctype\b)", re.IGNORECASE)
# Before the second paragraph of an item.
_SAME_ITEM = " " * 40


class _Text(HTMLParser):
    """Gathers the text of a page, a block a line; elements that are never shown are dropped."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.lines, self.words = [], []
        self.prefix, self.depth, self.dropped = "", 0, ""

    def flush(self):
        text = " ".join("".join(self.words).split())
        self.words.clear()
        if text:
            self.lines.append(f"{self.prefix}{text}")
            self.prefix = "" if self.prefix.startswith("#") else self.prefix and _SAME_ITEM
        return bool(text)

    def handle_starttag(self, tag, attrs):
        if tag == "body":
            self.dropped = ""
        if self.dropped:
            return
        if tag in _DROPPED:
            self.dropped = tag
        elif tag == "br":
            self.end_line()
        elif tag in {"ul", "ol"}:
            self.flush()
            self.depth += 1
            self.prefix = ""
        elif tag == "li":
            self.flush()
            self.prefix = f"{'  ' * min(max(self.depth, 1), 6)}{BULLET} "
        elif tag in _BLOCKS:
            if self.flush() and not self.depth:
                self.prefix = ""
            if re.fullmatch("h[1-6]", tag):
                self.prefix = f"{'#' * int(tag[1])} "

    def end_line(self):
        if not self.prefix.strip():
            self.flush()
            self.prefix = ""
        else:
            self.words.append(" ")

    def handle_endtag(self, tag):
        if self.dropped:
            if tag == self.dropped:
                self.dropped = ""
        elif tag in {"ul", "ol"}:
            self.flush()
            self.depth = max(self.depth - 1, 0)
            self.prefix = ""
        elif tag == "li" or tag in _BLOCKS:
            self.flush()
            if tag == "li" or not self.depth:
                self.prefix = ""

    def handle_data(self, data):
        if not self.dropped:
            self.words.append(data)


def _text_of_html(html):
    parser = _Text()
    parser.feed(_DECLARATION.sub("&lt;!", html))
    parser.close()
    parser.flush()
    shown = []
    for line in parser.lines:
        is_item = line.lstrip().startswith(BULLET)
        if line.startswith(_SAME_ITEM) and shown:
            # A second paragraph of an item goes on with it.
            shown[-1] += f" {line.strip()}"
        else:
            if shown and not is_item:
                shown.append("")
            shown.append(line if is_item else line.strip())
    return "\n".join(shown)
