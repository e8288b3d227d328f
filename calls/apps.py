from django.apps import AppConfig

from calls.triggers import TRIGGERS
from ftap import triggers


class CallsConfig(AppConfig):
    name = "calls"
    verbose_name = "appels à projets et comités"

    def ready(self):
        triggers.register(self.name, *TRIGGERS)
