from django.contrib import admin, messages
from django.db import transaction
from django.utils import timezone
from django.utils.text import Truncator

from ftap.exports import ExportableAdmin
from ftap.listfilters import SplitFilter
from ftap.modeladmin import ModelAdmin
from laureates.models import ErrorReport
from laureates.resources import ErrorReportResource


class HandledFilter(SplitFilter):
    title = "suite"
    parameter_name = "suite"
    conditions = {
        "a-traiter": ("à traiter", lambda rows: rows.filter(handled_at__isnull=True)),
        "traite": ("traité", lambda rows: rows.filter(handled_at__isnull=False)),
    }


@admin.register(ErrorReport)
class ErrorReportAdmin(ExportableAdmin, ModelAdmin):
    """What visitors reported: their words are read, never edited."""

    resource_classes = [ErrorReportResource]
    index_order = 16
    search_fields = ("page", "message", "email", "staff_note")
    list_display = ("created_at", "page", "excerpt", "is_handled")
    list_filter = (HandledFilter,)
    date_hierarchy = "created_at"
    readonly_fields = ("page", "message", "email", "created_at")
    fieldsets = (
        ("Signalement", {"fields": ("created_at", "page", "message", "email")}),
        ("Suite", {"fields": ("staff_note", "handled_at")}),
    )
    actions = ("mark_handled",)

    def has_add_permission(self, request):
        return False

    @admin.display(description="description")
    def excerpt(self, obj):
        return Truncator(obj.message).chars(120)

    @admin.display(description="traité", boolean=True, ordering="handled_at")
    def is_handled(self, obj):
        return obj.handled_at is not None

    @admin.action(description="Marquer comme traités", permissions=["change"])
    def mark_handled(self, request, queryset):
        count = 0
        with transaction.atomic():
            for report in queryset.filter(handled_at__isnull=True).select_for_update():
                report.handled_at = timezone.now()
                report.save(update_fields=["handled_at"])
                self.log_change(request, report, "Marqué comme traité.")
                count += 1
        if count > 1:
            text = f"{count}\u00a0signalements marqués comme traités."
        elif count:
            text = "Un signalement marqué comme traité."
        else:
            text = "Ces signalements étaient déjà traités."
        self.message_user(request, text, messages.SUCCESS if count else messages.INFO)
