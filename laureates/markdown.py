"""Markdown as stored in descriptions, rendered to a small set of safe tags."""

import re
from html import unescape

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

ALLOWED_TAGS = {"p", "ul", "ol", "li", "strong", "em", "a", "br", "blockquote", "h3", "h4"}
ALLOWED_ATTRIBUTES = {"a": {"href", "title"}}
_parser = MarkdownIt("commonmark", {"html": False})
# Without a sign of the first kind anywhere, nor one of the second at the beginning of a line, a
# text is paragraphs of words alone.
_MARK = re.compile(r"[\\`*_\[\]<&~\r\x00]")
_LINE_MARK = re.compile(r"^\s*(?:[>#+=-]|\d+[.)])", re.MULTILINE)


def render(text: str) -> SafeString:
    """HTML of `text`: allowed tags only, links to http(s) and mailto only, never raw HTML."""
    html = nh3.clean(
        _parser.render(text),
        tags=ALLOWED_TAGS,
        attributes=ALLOWED_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return mark_safe(html)  # noqa: S308 - nh3 has just removed everything else


def plain(text: str) -> str:
    """The words of `text` on one line, without any mark-up: for search and page descriptions.

    It is text and not HTML: a template escapes it as it does any other.
    """
    if not (_MARK.search(text) or _LINE_MARK.search(text)):
        return " ".join(text.split())
    html = nh3.clean(_parser.render(text), tags=set())
    return " ".join(unescape(html).split())


def tree(text: str) -> SyntaxTreeNode:
    """The structure of `text`, of the same dialect; its links and texts are as they were typed."""
    return SyntaxTreeNode(_parser.parse(text))
