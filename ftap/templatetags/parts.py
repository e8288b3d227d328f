"""Parts of pages that are rendered once, or by Jinja2."""

from django import template
from django.templatetags.static import static

from ftap import fast

register = template.Library()


class OnceNode(template.Node):
    """Renders its content the first time that a process meets each value of `by`."""

    def __init__(self, nodes, by):
        self.nodes, self.by, self.rendered = nodes, by, {}

    def render(self, context):
        key = tuple(expression.resolve(context) for expression in self.by)
        if key not in self.rendered:
            self.rendered[key] = self.nodes.render(context)
        return self.rendered[key]


@register.tag
def once(parser, token):
    """{% once page %}…{% endonce %}: a part that only the named values change, rendered once each.

    They take few values: names of pages, never what a visitor typed.
    """
    by = [parser.compile_filter(word) for word in token.split_contents()[1:]]
    nodes = parser.parse(("endonce",))
    parser.delete_first_token()
    return OnceNode(nodes, by)


@register.simple_tag(name="fast")
def fast_part(name, **context):
    """{% fast "pagination" pages=pages label="Pages" %}: a part rendered by `ftap.fast`."""
    return fast.render(name, **context)


@register.simple_tag(takes_context=True)
def share_card(context):
    """The address of a page, and what is shown of it where it is shared, from what base.html
    reads."""
    get = context.get
    path = get("canonical_path") or context["request"].path
    return fast.render(
        "share_card",
        address=f"{get('SITE_URL')}{path}",
        title=get("page_title") or get("SITE_NAME"),
        description=get("page_description"),
        site_name=get("SITE_NAME"),
        image=f"{get('SITE_URL')}{static('ftap/share.png')}",
        published_at=get("shared_published_at"),
    )
