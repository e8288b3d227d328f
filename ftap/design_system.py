"""The State's design system (DSFR), cut down to what the pages use.

One style sheet of its own rules, in its own order, whose icons stand inside: rules for classes
that no source names are left out, and so are colours that no rule left asks for. The fonts, which
are the State's, are left as they are. What is missing is always made: nothing is cut by hand.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

import dsfr
import tinycss2
from django.conf import settings
from tinycss2.ast import IdentToken, LiteralToken, QualifiedRule, StringToken, URLToken

SOURCE = Path(dsfr.__file__).parent / "static"
SHEETS = (
    "dsfr/dist/dsfr.main.min.css",
    "dsfr/dist/utility/icons/icons-system/icons-system.main.min.css",
    "dsfr/dist/utility/icons/icons-arrows/icons-arrows.main.min.css",
    "dsfr/dist/utility/icons/icons-map/icons-map.main.min.css",
    "dsfr/dist/dsfr.print.min.css",
)
# Where the style sheet is served, beside the project's own.
NAME = "ftap/dsfr.css"
# Whatever writes a class or asks for a colour.
FOLDERS = ("templates", "ftap", "laureates", "calls")
KINDS = {".html", ".py", ".css", ".js"}
# Classes that the scripts put together.
SCRIPTED = {"fr-modal--opened", "fr-scroll-divider", "fr-transition-none"}
# Faces of the reader's own machine, set to the measures of the State's until that one is there:
# (family, weight, style, names, their size in per cent). The sizes are the widths of French text
# in both fonts, compared; ASCENT and DESCENT are the State's, in per cent.
FONT = "Marianne"
_ARIAL, _ROBOTO = "Marianne provisoire", "Marianne provisoire mobile"
STAND_INS = (
    (_ARIAL, 400, "normal", ("Arial", "Liberation Sans", "Helvetica"), 107.96),
    (_ARIAL, 400, "italic", ("Arial Italic", "Liberation Sans Italic"), 105.18),
    (_ARIAL, 500, "normal", ("Arial", "Liberation Sans", "Helvetica"), 108.16),
    (_ARIAL, 700, "normal", ("Arial Bold", "Liberation Sans Bold", "Helvetica Bold"), 101.11),
    (_ROBOTO, 400, "normal", ("Roboto",), 108.62),
    (_ROBOTO, 500, "normal", ("Roboto Medium",), 107.27),
    (_ROBOTO, 700, "normal", ("Roboto Bold",), 106.33),
)
ASCENT, DESCENT = 110, 40
_GROUPS = {"media", "supports", "-moz-document"}
_ALTERNATIVES = {"is", "where", "matches"}
_WORD = re.compile(r"[\w-]+")
_FILE = re.compile(r"dsfr/dist/[\w./-]*\w")


@dataclass(frozen=True)
class Used:
    """The words of the sources; one that ends with a hyphen begins a name that a page completes."""

    words: frozenset[str]
    beginnings: tuple[str, ...]

    def has(self, name: str) -> bool:
        return name in self.words or name.startswith(self.beginnings)


def writers() -> list[Path]:
    """The files that may write a class, in order."""
    found = (path for folder in FOLDERS for path in (settings.BASE_DIR / folder).rglob("*"))
    return sorted(path for path in found if path.suffix in KINDS and "migrations" not in path.parts)


def scripts() -> list[Path]:
    """The design system's own scripts that a page asks for."""
    return [SOURCE / name for name in sorted(named()) if name.endswith(".js")]


def sources() -> list[Path]:
    """Every file that the style sheet comes from, but for scripts, which follow the sheets."""
    return [*(SOURCE / sheet for sheet in SHEETS), *writers()]


def named(style: str = "") -> set[str]:
    """The design system's files that a source, or `style`, names."""
    texts = [style, *(path.read_text() for path in writers() if path.suffix == ".html")]
    return {name for text in texts for name in _FILE.findall(text)}


def used() -> Used:
    words = set(SCRIPTED)
    for path in [*writers(), *scripts()]:
        words.update(_WORD.findall(path.read_text()))
    beginnings = {word for word in words if re.fullmatch(r"fr-\w.*-", word)}
    return Used(frozenset(words), tuple(sorted(beginnings)))


def trim(found: Used) -> str:
    """The style sheet of what is used."""
    rules, notice = [], ""
    for sheet in SHEETS:
        text = (SOURCE / sheet).read_text()
        notice = notice or text[text.index("/*") : text.index("*/") + 2]
        rules += _kept(_rules(text), found, (SOURCE / sheet).parent)
    asked = _asked(rules, found)
    body = "".join(_written(rule, asked) for rule in rules)
    return f'@charset "UTF-8";{notice}\n{"".join(map(_stand_in, STAND_INS))}{body}\n'


def _stand_in(face: tuple) -> str:
    family, weight, style, names, size = face
    found = ",".join(f'local("{name}")' for name in names)
    return (
        f'@font-face{{font-family:"{family}";font-weight:{weight};font-style:{style};src:{found};'
        f"size-adjust:{size}%;ascent-override:{ASCENT / size:.2%};"
        f"descent-override:{DESCENT / size:.2%};line-gap-override:0%}}"
    )


# Reading ---------------------------------------------------------------------


@dataclass
class Rule:
    """`head` is a selector, or what follows the name `at`; it holds declarations, or rules."""

    head: str
    declarations: list[tuple[str, str, list]] | None = None
    rules: "list[Rule] | None" = None
    at: str = ""


def _rules(text: str):
    return tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)


def _kept(nodes, found: Used, folder: Path) -> Iterator[Rule]:
    for node in nodes:
        if isinstance(node, QualifiedRule):
            selectors = [part for part in _split(node.prelude) if _is_used(part, found)]
            if selectors:
                head = ",".join(tinycss2.serialize(part).strip() for part in selectors)
                yield Rule(head, list(_declarations(node.content, folder)))
        elif node.at_keyword in _GROUPS:
            inside = tinycss2.parse_rule_list(
                node.content, skip_comments=True, skip_whitespace=True
            )
            if rules := list(_kept(inside, found, folder)):
                yield Rule(
                    tinycss2.serialize(node.prelude).strip(), rules=rules, at=node.at_keyword
                )
        elif node.at_keyword == "font-face":
            declarations = list(_face(_declarations(node.content, folder)))
            if any(name == "font-family" and text == FONT for name, text, _ in declarations):
                yield Rule("", declarations, at="font-face")
        elif node.at_keyword != "charset":
            raise ValueError(f"what is @{node.at_keyword}?")


def _split(tokens: list) -> list[list]:
    """The parts of a list that commas separate."""
    parts = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _is_used(selector: list, found: Used) -> bool:
    """Whether a page may hold what `selector` names: all its classes are used."""
    for before, token in zip([None, *selector], selector, strict=False):
        if token.type == "ident" and before == "." and not found.has(token.value):
            return False
        is_choice = token.type == "function" and token.lower_name in _ALTERNATIVES
        if is_choice and not any(_is_used(part, found) for part in _split(token.arguments)):
            return False
    return True


def _declarations(content, folder: Path) -> Iterator[tuple[str, str, list]]:
    """(name, value as written, its tokens) of each declaration."""
    for node in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if node.type != "declaration":
            raise ValueError(f"{node.type} is no declaration")
        value = [_placed(token, folder) for token in node.value]
        if node.lower_name == "font-family" and len(value) > 1:
            value = list(_with_stand_ins(value))
        text = tinycss2.serialize(value).strip()
        yield node.name, f"{text}!important" if node.important else text, value


def _with_stand_ins(tokens):
    """The families, with those that stand in for the State's font after it."""
    for token in tokens:
        yield token
        if token.type == "ident" and token.value == FONT:
            for family in (_ARIAL, _ROBOTO):
                yield LiteralToken(0, 0, ",")
                yield StringToken(0, 0, family, f'"{family}"')


def _placed(token, folder: Path):
    """The same token; an address is that of the file from our own sheet, or the icon itself."""
    if token.type != "url" or token.value.startswith(("data:", "#")):
        return token
    path = Path(os.path.normpath(folder / token.value))
    if path.suffix == ".svg":
        address = _as_data(path)
    else:
        address = f"../{path.relative_to(SOURCE).as_posix()}"
    return URLToken(0, 0, address, f'url("{address}")')


@cache
def _as_data(path: Path) -> str:
    text = path.read_text().strip().replace('"', "'")
    return f"data:image/svg+xml,{quote(text, safe=' =:;,/()!@*~$+&' + chr(39))}"


def _face(declarations):
    """A font is fetched in the format that every browser reads."""
    for name, text, value in declarations:
        if name == "src":
            value = next(part for part in _split(value) if "woff2" in tinycss2.serialize(part))
            text = tinycss2.serialize(value).strip()
        yield name, text, value


# Writing ---------------------------------------------------------------------


def _asked(rules: list[Rule], found: Used) -> set[str]:
    """The custom properties that something asks for, themselves or through others."""
    behind, asked = {}, {word for word in found.words if word.startswith("--")}
    for name, _, value in _every_declaration(rules):
        names = set(_custom(value))
        if name.startswith("--"):
            behind.setdefault(name, set()).update(names)
        else:
            asked |= names
    waiting = list(asked)
    while waiting:
        fresh = behind.get(waiting.pop(), set()) - asked
        asked |= fresh
        waiting += fresh
    return asked


def _every_declaration(rules):
    for rule in rules:
        yield from rule.declarations or ()
        yield from _every_declaration(rule.rules or ())


def _custom(tokens) -> Iterator[str]:
    for token in tokens:
        if isinstance(token, IdentToken) and token.value.startswith("--"):
            yield token.value
        for inside in (getattr(token, "arguments", None), getattr(token, "content", None)):
            if inside:
                yield from _custom(inside)


def _written(rule: Rule, asked: set[str]) -> str:
    if rule.rules is not None:
        inside = "".join(_written(one, asked) for one in rule.rules)
    else:
        inside = ";".join(
            f"{name}:{text}"
            for name, text, _ in rule.declarations
            if not name.startswith("--") or name in asked
        )
    head = f"@{rule.at} {rule.head}".strip() if rule.at else rule.head
    return f"{head}{{{inside}}}" if inside else ""
