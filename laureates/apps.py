from django.apps import AppConfig

from ftap import triggers


class LaureatesConfig(AppConfig):
    name = "laureates"
    verbose_name = "bibliothèque publique des lauréats"

    def ready(self):
        # These read models, which exist only once applications are ready.
        from laureates import freshness, index, search  # noqa: PLC0415
        from laureates import triggers as own  # noqa: PLC0415

        triggers.register(self.name, *search.TRIGGERS, *own.TRIGGERS)
        freshness.connect()
        index.connect()
