"""Templates compile, hold no script nor style of their own, name their parameters and speak French.

Each check is also fed what it must refuse: a check that never complains says nothing.
"""

import pytest
from django.template import TemplateSyntaxError, engines
from django.template.loader import get_template

from tests import architecture


@pytest.mark.parametrize("name", sorted(architecture.templates()))
def test_a_template_compiles(name):
    get_template(name)


def test_a_template_that_does_not_compile_is_seen():
    with pytest.raises(TemplateSyntaxError):
        engines["django"].from_string("{% if %}")


def test_templates_respect_the_house():
    problems = [
        line
        for name, path in architecture.templates().items()
        for line in architecture.template_problems(name, path.read_text(encoding="utf-8"))
    ]
    assert not problems, "\n".join(problems)


FAST = sorted(architecture.fast_templates().items())


@pytest.mark.parametrize(("name", "path"), FAST)
def test_a_part_rendered_fast_compiles_respects_the_house_and_says_what_it_is_given(name, path):
    engines["jinja2"].env.get_template(name)
    text = path.read_text(encoding="utf-8")
    assert architecture.template_problems(name, text) == []
    assert text.startswith("{#")


def test_there_are_parts_rendered_fast():
    assert FAST


def test_what_templates_include_exists():
    names = set(architecture.templates())
    stock = ("admin/", "dsfr/", "django/", "registration/")
    missing = [
        f"{name}: {target}"
        for name, path in architecture.templates().items()
        for target, _ in architecture.INCLUDE.findall(path.read_text(encoding="utf-8"))
        if target not in names and not target.startswith(stock)
    ]
    assert missing == []


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<script type="module">x</script>',
        '<script type="application/ld+json" nonce="x">{}</script>',
        '<script type="application/json">{}</script>',
        "<style>p {}</style>",
        '<p style="color: red">x</p>',
        '<p class="a"\n  style = "color: red">x</p>',
        '<a href="#" onclick="f()">x</a>',
        '<a href="javascript:f()">x</a>',
        "{{ description|safe }}",
        "{% autoescape off %}{{ x }}{% endautoescape %}",
        "{% if row.published_at <= now %}x{% endif %}",
        "{% if now > row.published_at %}x{% endif %}",
        '{% include "components/card.html" with title=title %}',
        '{% include "components/card.html" %}',
        "<p>L'annonce</p>",
        "<p>Quoi ?</p>",
        "<p>{{ count }} : total</p>",
    ],
)
def test_the_check_of_templates_sees(text):
    assert architecture.template_problems("laureates/page.html", text)


def test_the_check_of_components_sees_one_without_its_comment():
    assert architecture.template_problems("components/card.html", "<p>{{ title }}</p>")
    opened = "{% comment %}title: plain text{% endcomment %}<p>{{ title }}</p>"
    assert architecture.template_problems("components/card.html", opened) == []


def test_the_check_of_templates_leaves_good_ones_alone():
    text = (
        "{# <script>x</script> #}{% comment %}onclick= published_at < now{% endcomment %}"
        "<script src=\"{% static 'a.js' %}\"></script>"
        '<script type="application/ld+json">{{ linked_data }}</script>'
        '<p class="style">«\u00a0{{ a|euros }}\u00a0»</p>'
        '{% include "components/card.html" with title=title only %}'
    )
    assert architecture.template_problems("laureates/page.html", text) == []
