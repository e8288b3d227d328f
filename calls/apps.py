from django.apps import AppConfig
from django.db.models.signals import post_migrate

from calls.triggers import TRIGGERS
from ftap import triggers


class CallsConfig(AppConfig):
    name = "calls"
    verbose_name = "appels à projets et comités"

    def ready(self):
        from calls.history import writing  # noqa: PLC0415 - models are not loaded before
        from calls.permissions import sync_groups  # noqa: PLC0415 - models are not loaded before
        from calls.publication import synchronising  # noqa: PLC0415 - models are not loaded before

        triggers.register(self.name, *TRIGGERS)
        writing.connect()
        synchronising.connect()
        post_migrate.connect(sync_groups, dispatch_uid="calls.permissions")
