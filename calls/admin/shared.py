"""What several screens of the calls share."""

from django.contrib import admin
from django.utils.html import format_html

from calls.models import Application, Selection
from ftap.modeladmin import ReadOnlyInline, change_link
from ftap.subqueries import count_of


def badge(state, label):
    """A state as a coloured word; its colour repeats what the word says."""
    return format_html('<span class="ftap-badge ftap-badge--{}">{}</span>', state, label)


def visible_applications(user, field):
    """How many dossiers `user` may see: a count tells no more than the list."""
    return count_of(Application.objects.visible_to(user), field)


def visible_selections(user, field):
    """How many decisions in force `user` may see."""
    return count_of(Selection.objects.visible_to(user).live(), field)


class SelectionInline(ReadOnlyInline):
    """Decisions, read here and proposed on their own page."""

    model = Selection
    fields = ("decision", "state_badge", "outcome", "granted_amount", "decided_on", "superseded_at")
    readonly_fields = ("decision", "state_badge")
    show_change_link = False

    def get_queryset(self, request):
        return super().get_queryset(request).for_list()

    @admin.display(description="décision")
    def decision(self, obj):
        return change_link(obj)

    @admin.display(description="état")
    def state_badge(self, obj):
        return badge(obj.state, obj.get_state_display())
