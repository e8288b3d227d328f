"""Markdown as a tree of data, for documents: what a page shows as HTML, with nothing to run.

A block is one of
    {"kind": "paragraph", "spans": […]}
    {"kind": "heading", "spans": […]}
    {"kind": "list", "start": int or None, "items": [[block, …], …]}, None without numbers
    {"kind": "quote", "blocks": […]}
and a span one of
    {"kind": "text", "text": str}, {"kind": "space"}, {"kind": "break"}
    {"kind": "strong", "spans": […]}, {"kind": "emphasis", "spans": […]}
    {"kind": "link", "url": str, "printed": bool, "spans": […]}
A link leads where those of the pages may, to http(s) and mailto; `printed` says that its address
is not what its text reads.
"""

from urllib.parse import urlsplit

from ftap.pdf.text import clean
from laureates import markdown

SCHEMES = {"http", "https", "mailto"}
# Beyond, no reader of documents follows a link; its text stays.
MAX_URL = 2_000
_TEXTS = {"text", "code_inline", "html_inline", "text_special"}
_WHOLE = {"fence", "code_block", "html_block"}


def blocks(text: str) -> list[dict]:
    """The blocks of `text`, without those that show nothing."""
    return _blocks(markdown.tree(text))


def _blocks(node):
    found = []
    for child in node.children:
        if child.type in {"paragraph", "heading"}:
            spans = _spans(child)
            if _shows(spans):
                found.append({"kind": child.type, "spans": spans})
        elif child.type in {"bullet_list", "ordered_list"}:
            items = [item for item in map(_blocks, child.children) if item]
            start = int(child.attrs.get("start", 1)) if child.type == "ordered_list" else None
            if items:
                found.append({"kind": "list", "start": start, "items": items})
        elif child.type == "blockquote":
            if inside := _blocks(child):
                found.append({"kind": "quote", "blocks": inside})
        elif child.type in _WHOLE and clean(child.content):
            spans = _lines(child.content.rstrip("\n"))
            found.append({"kind": "paragraph", "spans": spans})
    return found


def _spans(node):
    found = []
    for child in node.children:
        if child.type == "inline":
            found += _spans(child)
        elif child.type in _TEXTS or child.type == "image":
            found.append(_text(child.content))
        elif child.type == "softbreak":
            found.append({"kind": "space"})
        elif child.type == "hardbreak":
            found.append({"kind": "break"})
        elif child.type in {"strong", "em"}:
            kind = "strong" if child.type == "strong" else "emphasis"
            found.append({"kind": kind, "spans": _spans(child)})
        elif child.type == "link":
            found += _link(child)
    return found


def _link(node):
    url, spans = str(node.attrs.get("href", "")), _spans(node)
    if len(url) > MAX_URL or not _leads_somewhere(url):
        return spans
    if not _shows(spans):
        spans = [_text(url)]
    shown = "".join(_texts(spans)).strip()
    printed = shown not in {url, url.removeprefix("mailto:"), url.rstrip("/")}
    return [{"kind": "link", "url": url, "printed": printed, "spans": spans}]


def _leads_somewhere(url):
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    scheme = parts.scheme.lower()
    return scheme in SCHEMES and bool(parts.path if scheme == "mailto" else parts.hostname)


def _text(text):
    # A text of spaces alone would be no text at all once cleaned.
    return {"kind": "text", "text": text} if text.strip() else {"kind": "space"}


def _lines(text):
    """A text whose lines are kept, as spans."""
    found = []
    for line in text.split("\n"):
        found += [{"kind": "break"}, _text(line)]
    return found[1:]


def _texts(spans):
    for span in spans:
        if span["kind"] == "text":
            yield span["text"]
        elif span["kind"] == "space":
            yield " "
        else:
            yield from _texts(span.get("spans", ()))


def _shows(spans):
    return bool(clean("".join(_texts(spans))))
