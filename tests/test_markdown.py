"""Descriptions are typed by people: what they type never becomes code."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from django.template import Context, Template
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st

from laureates.markdown import ALLOWED_TAGS, plain, render

ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt >alert(1)</sCrIpT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    '<p style="position:fixed" onclick="alert(1)">x</p>',
    "<form action=https://example.org><input name=password></form>",
    "<base href=https://example.org>",
    "<meta http-equiv=refresh content='0;url=https://example.org'>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](\x01javascript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[x](file:///etc/passwd)",
    "[x](//example.org)",
    "[x]: javascript:alert(1)\n\n[x]",
    "![x](javascript:alert(1))",
    "![x](https://example.org/pixel.png)",
    '![x](x" onerror="alert(1))',
    '[x](https://example.org "t\\" onmouseover=alert(1) x=\\"")',
    "<javascript:alert(1)>",
    "<https://example.org/\"onmouseover='alert(1)'>",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    "    <script>alert(1)</script>",
    "> <script>alert(1)</script>\n> - <img src=x onerror=alert(1)>",
    "# <script>alert(1)</script>",
    "- [<img src=x onerror=alert(1)>](https://example.org)",
    "{{ request.user }}{% load static %}",
]


class Reader(HTMLParser):
    """Every tag and attribute that a browser would see."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes = set(), []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, *attr) for attr in attrs]


def leads_somewhere_safe(address):
    """Whether a browser, which drops spaces and controls, reads a web or e-mail address."""
    address = re.sub(r"[\x00-\x20]", "", address).lower()
    scheme = re.match(r"([a-z][a-z0-9+.-]*):", address)
    return scheme is None or scheme[1] in {"http", "https", "mailto"}


def is_safe(html):
    reader = Reader(html)
    return reader.tags <= ALLOWED_TAGS and all(
        tag == "a"
        and name in {"href", "title", "rel"}
        and (name != "href" or leads_somewhere_safe(value))
        for tag, name, value in reader.attributes
    )


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<p onclick=alert(1)>x</p>",
        "<a href=javascript:alert(1)>x</a>",
        "<a href='java&#9;script:alert(1)'>x</a>",
        "<a href=data:text/html,x>x</a>",
        "<img src=x>",
    ],
)
def test_the_check_itself_sees_what_is_dangerous(html):
    assert not is_safe(html)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_people_type_never_becomes_code(attack):
    assert is_safe(render(attack))
    assert is_safe(render(f"Un paragraphe.\n\n- {attack}\n- deux"))


@given(st.lists(st.sampled_from([*ATTACKS, "\n\n", "- ", "> ", "*", "[", "](", ")", "`"])))
def test_pieces_put_together_never_become_code(pieces):
    assert is_safe(render("".join(pieces)))


def test_what_descriptions_need_is_rendered():
    text = (
        "Un *texte* **fort**.\n\n- un\n- deux\n\n1. premier\n\n> cité\n\n### Titre\n\n"
        "[le site](https://example.org/a?b=1&c=2) et [écrire](mailto:a@example.org)"
    )
    assert render(text) == (
        "<p>Un <em>texte</em> <strong>fort</strong>.</p>\n"
        "<ul>\n<li>un</li>\n<li>deux</li>\n</ul>\n"
        "<ol>\n<li>premier</li>\n</ol>\n"
        "<blockquote>\n<p>cité</p>\n</blockquote>\n"
        "<h3>Titre</h3>\n"
        '<p><a href="https://example.org/a?b=1&amp;c=2" rel="noopener noreferrer">le site</a>'
        ' et <a href="mailto:a@example.org" rel="noopener noreferrer">écrire</a></p>\n'
    )
    assert isinstance(render(text), SafeString)


def test_raw_html_is_shown_as_typed():
    assert render("<b>gras</b>") == "<p>&lt;b&gt;gras&lt;/b&gt;</p>\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Un *texte*\n\n- un\n- deux", "Un texte un deux"),
        ("[le site](https://example.org)", "le site"),
        ("R & D : l’« agent » <ici>", "R & D : l’« agent » <ici>"),
        ("### Titre\nSuite", "Titre Suite"),
        ("", ""),
    ],
)
def test_plain_text_has_words_and_no_markup(text, expected):
    assert plain(text) == expected


@pytest.mark.parametrize("attack", ATTACKS)
def test_plain_text_is_not_trusted_by_templates(attack):
    assert not isinstance(plain(attack), SafeString)
    html = Template("<p>{{ text }}</p>").render(Context({"text": plain(attack)}))
    assert Reader(html).tags == {"p"}


@given(
    st.text(alphabet="ab1é .)(>-#+=!:;'\"\n\t\r/|{}_*`[]\\&<~\u00a0\x0b\x0c\x85\u2028", max_size=25)
)
def test_plain_text_is_that_of_the_html(text):
    shown = unescape(re.sub(r"<[^<>]*>", " ", render(text)))
    assert plain(text).replace(" ", "") == "".join(shown.split())
