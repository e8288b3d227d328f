"""Sentences of a text, and its paragraphs and lists as Markdown that says exactly their words."""

import re
from collections.abc import Iterable

from laureates import typography
from laureates.importers.text.reading import Block

# What no sentence ends with: « M. », « Mme. », « n. », an initial.
_END = re.compile(r"(?<=[.!?…»])(?<!\b[A-Z]\.)(?<!\bMM\.)(?<!\b[Mm]me\.)\s+(?=[A-ZÀ-ÖØ-ÝŒ«“0-9])")
_SPECIAL = re.compile(r"([\\`*_\[\]<]|&(?=#?\w+;))")
_OPENING = re.compile(r"^(?=[#>=|~+-])|^(\d{1,9})(?=[.)])")


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, set as French pages set them."""
    return [part for part in _END.split(typography.normalise(text)) if part]


def first_words(text: str, length: int = 160) -> str:
    """The beginning of a long text, cut at a word."""
    if len(text) <= length:
        return text
    return f"{text[:length].rpartition(' ')[0] or text[:length]}\u00a0…"


def markdown_of(blocks: Iterable[Block]) -> str:
    """Markdown whose words, once rendered, are those of `blocks`: paragraphs, headings, lists."""
    parts, previous = [], None
    for block in blocks:
        text = _escaped(typography.normalise(block.text))
        if not text:
            continue
        if block.depth:
            depth = min(block.depth, previous.depth + 1 if previous and previous.depth else 1)
            line = f"{'  ' * (depth - 1)}- {text}"
            is_next = previous is not None and previous.depth
            parts.append(("\n" if is_next else "\n\n") + line)
            block = Block(block.text, depth=depth)
        elif block.level:
            parts.append(f"\n\n### {text}")
        else:
            parts.append(f"\n\n{text}")
        previous = block
    return "".join(parts).strip()


def _escaped(text):
    text = _SPECIAL.sub(r"\\\1", text)
    return _OPENING.sub(lambda found: f"{found[1]}\\" if found[1] else "\\", text)
