"""What visitors say is wrong on a public page."""

from datetime import timedelta

from django.db import connections, models, transaction
from django.db.models import Q
from django.utils import timezone

REPEAT_WINDOW = timedelta(minutes=10)
KEPT_AFTER_HANDLING = timedelta(days=365)
KEPT_UNHANDLED = timedelta(days=2 * 365)


class ErrorReportQuerySet(models.QuerySet):
    def repeats(self, *, page, message):
        """Reports of the last ten minutes that say the same of the same page."""
        return self.filter(
            page=page, message=message, created_at__gt=timezone.now() - REPEAT_WINDOW
        )

    def receive(self, *, page, message, email=""):
        """Store a report once: a repeat only completes the address that the first one lacked."""
        with transaction.atomic(using=self.db):
            connection = connections[self.db]
            if connection.vendor == "postgresql":
                # Of two simultaneous sendings the second waits, then sees the first. SQLite
                # does so by itself: its transactions begin with the lock.
                table = connection.ops.quote_name(self.model._meta.db_table)
                with connection.cursor() as cursor:
                    cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
            report = self.repeats(page=page, message=message).first()
            if report is None:
                return self.create(page=page, message=message, email=email)
            if email and not report.email:
                report.email = email
                report.save(update_fields=["email"])
            return report

    def expired(self):
        """Those whose time has come: a year after handling, two years without handling."""
        now = timezone.now()
        return self.filter(
            Q(handled_at__lte=now - KEPT_AFTER_HANDLING)
            | Q(handled_at__isnull=True, created_at__lte=now - KEPT_UNHANDLED)
        )

    def purge(self):
        """Erase the expired reports; returns how many."""
        return self.expired().delete()[0]


class ErrorReport(models.Model):
    """An error reported by a visitor. The address is optional and serves only to answer."""

    page = models.CharField("page concernée", max_length=500, blank=True)
    message = models.TextField("description de l’erreur", max_length=4000)
    email = models.EmailField("adresse électronique", blank=True)
    created_at = models.DateTimeField("reçu", auto_now_add=True)
    handled_at = models.DateTimeField("traité", null=True, blank=True)
    staff_note = models.TextField("suite donnée", blank=True)

    objects = ErrorReportQuerySet.as_manager()

    class Meta:
        verbose_name = "signalement"
        ordering = ("-created_at",)
        permissions = (("export_errorreport", "exporter les signalements"),)

    def __str__(self):
        return f"{self.page or 'page non précisée'} : {self.message[:60]}"
