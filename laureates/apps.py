from django.apps import AppConfig
from django.db.models.signals import post_migrate

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
        post_migrate.connect(
            lambda **kwargs: index.rebuild_if_lacking(),
            sender=self,
            weak=False,
            dispatch_uid="laureates-index",
        )
