"""What an export gives of accounts and groups."""

from ftap.exports import Cell, Resource, listed
from ftap.sheets import Kind


def _permissions(permissions):
    return listed(
        sorted(f"{found.content_type.app_label}.{found.codename}" for found in permissions.all())
    )


class UserResource(Resource):
    """Accounts and their rights; never what signs them in."""

    username = Cell("Compte", "username")
    last_name = Cell("Nom", "last_name")
    first_name = Cell("Prénom", "first_name")
    email = Cell("Adresse électronique", "email")
    is_active = Cell("Actif", "is_active")
    is_staff = Cell("Accès à la gestion", "is_staff")
    is_superuser = Cell("Tous les droits", "is_superuser")
    groups = Cell("Groupes", lambda user: listed(sorted(map(str, user.groups.all()))))
    permissions = Cell("Droits propres", lambda user: _permissions(user.user_permissions))
    last_login = Cell("Dernière connexion", "last_login", Kind.DATETIME)
    date_joined = Cell("Créé le", "date_joined", Kind.DATETIME)

    def prepared(self, queryset):
        return queryset.prefetch_related("groups", "user_permissions__content_type")


class GroupResource(Resource):
    name = Cell("Groupe", "name")
    permissions = Cell("Droits", lambda group: _permissions(group.permissions))
    members = Cell(
        "Membres",
        lambda group: listed(sorted(user.get_username() for user in group.user_set.all())),
    )

    def prepared(self, queryset):
        return queryset.prefetch_related("permissions__content_type", "user_set")
