from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A person of the administration who signs in; visitors have no account."""

    class Meta(AbstractUser.Meta):
        verbose_name = "utilisateur"
        verbose_name_plural = "utilisateurs"
        permissions = (("export_user", "exporter les utilisateurs et les rôles"),)
