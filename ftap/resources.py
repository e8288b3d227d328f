"""What an export gives of accounts and groups, and of imports: their receipts, not their rows."""

from ftap.exports import Cell, Resource, listed, person
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


class ImportJobResource(Resource):
    """Who brought which file, and what became of it. Numbers of rows are on each import's page:
    there, what the reader may not learn of them is masked."""

    number = Cell("Import", "pk", Kind.YEAR)
    filename = Cell("Fichier", "filename")
    stage = Cell("Étape", "get_stage_display")
    created_at = Cell("Déposé le", "created_at", Kind.DATETIME)
    created_by = Cell("Déposé par", lambda job: person(job.created_by))
    ended_at = Cell("Terminé le", "ended_at", Kind.DATETIME)
    ended_by = Cell("Terminé par", lambda job: person(job.ended_by))
    comment = Cell("Motif", "comment")
    sha256 = Cell("Empreinte SHA-256", "sha256", width=68)

    def prepared(self, queryset):
        return queryset.select_related("created_by", "ended_by")
