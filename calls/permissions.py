"""Who may do what: roles as groups of permissions, and rules about one object.

A role gives permissions; a rule narrows one of them to the objects it is meant for. Which rows
exist for a person is `visible_to`'s question; recusals are asked there and inside each gate.
"""

from collections.abc import Callable, Iterable

from django.apps import apps
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied

from calls.models import Application, Recusal
from ftap.refusals import Refusal, Stale

__all__ = [
    "ROLES",
    "RULES",
    "Hidden",
    "ObjectRules",
    "Refusal",
    "Stale",
    "recused_from",
    "sync_groups",
]


class Hidden(PermissionDenied):
    """An act on a dossier that does not exist for the person: a screen answers 404."""


def _every(actions: str, app: str, models: str) -> set[str]:
    """ "view change", "calls", "call fund" → {"calls.view_call", "calls.change_call", …}"""
    return {f"{app}.{action}_{model}" for action in actions.split() for model in models.split()}


_REFERENCE = "organisation theme territory"
_LIBRARY = "announcement document claim laureate laureategroup carrier"
_FRAME = "fund fundaim call callsession calldocument formerdeadline eligibilityrule criterion"
_DOSSIER = "application bearer review reviewscore attachment informationrequest"
_SITTING = "committee committeemember selection recusal minutes"

_READ = (
    _every("view", "calls", f"{_FRAME} {_DOSSIER} {_SITTING}")
    | _every("view", "laureates", _REFERENCE)
)  # fmt: skip
_EXPORT_FRAME = _every("export", "calls", "fund call callsession committee") | _every(
    "export", "laureates", _REFERENCE
)
_EXPORT_DOSSIERS = _every("export", "calls", "application review selection")
_EVERY_DOSSIER = {"calls.read_every_application"} | _EXPORT_FRAME | _EXPORT_DOSSIERS
_BETWEEN_AGENTS = _every("view", "calls", "note letter bulkact")

# The roles and their permissions: the one table, from which the groups are made.
ROLES: dict[str, set[str]] = {
    "Lecture": _READ,
    "Instruction": _READ
    | _every("view", "calls", "note letter")
    | _every("add", "calls", "note attachment")
    | {
        "calls.instruct_application",
        "calls.propose_decision",
    }
    | _EXPORT_DOSSIERS,
    "Avis": _every("view", "calls", "application bearer review reviewscore attachment")
    | {"calls.give_opinion"},
    "Secrétariat": _READ
    | _EVERY_DOSSIER
    | _BETWEEN_AGENTS
    | _every("add change", "calls", f"{_FRAME} application bearer committee committeemember")
    | _every(
        "delete",
        "calls",
        "bearer calldocument committee committeemember formerdeadline eligibilityrule criterion "
        "fundaim",
    )
    | _every("add", "calls", "note attachment recusal letter")
    | _every("view add change delete", "calls", "affiliation sessionaccess")
    | _every("change", "calls", "recusal letter")
    | _every("view add change", "laureates", _REFERENCE)
    | _every("view", "calls", "dossierimport columnmapping")
    | _every("export", "calls", "letter bulkact affiliation sessionaccess dossierimport")
    | {
        "ftap.view_user",
        "calls.import_application",
        "laureates.merge_organisation",
        "calls.decide_admissibility",
        "calls.manage_review",
        "calls.manage_agenda",
        "calls.propose_decision",
        "calls.open_committee",
        "calls.send_letter",
    },
    "Décision": _READ
    | _EVERY_DOSSIER
    | _BETWEEN_AGENTS
    | _every("export", "calls", "letter bulkact")
    | {"calls.propose_decision", "calls.open_committee", "calls.decide"},
    "Publication": _every(
        "view", "calls", "fund fundaim call calldocument application bearer selection publication"
    )
    | _every("change", "calls", "call")
    | _every("add change delete", "calls", "calldocument")
    | _every("view add change", "laureates", f"{_REFERENCE} {_LIBRARY}")
    | _every("delete", "laureates", "document claim carrier laureategroup")
    | _every(
        "export",
        "laureates",
        f"{_REFERENCE} announcement claim laureate errorreport libraryimport announcementtext",
    )
    | _every("export", "calls", "fund call application selection publication")
    | _every("view", "laureates", "libraryimport announcementtext organisationredirect")
    | _every("view change", "laureates", "errorreport")
    | _every("view", "laureates", "release releasedraft")
    | {
        "calls.read_retained_application",
        "calls.publish_call",
        "laureates.import_laureate",
        "laureates.merge_organisation",
        "laureates.publish_announcement",
    },
}


def _own_dossier(user, application: Application) -> bool:
    return user.has_perm("calls.manage_review") or application.case_officer_id == user.pk


def _own_proposal(user, selection) -> bool:
    everyone = user.has_perm("calls.manage_agenda") or user.has_perm("calls.decide")
    return everyone or selection.application.case_officer_id == user.pk


def _own_opinion(user, review) -> bool:
    return type(review).objects.asked_of(user).filter(pk=review.pk).exists()


# What a permission asks of the object besides the role.
RULES: dict[str, Callable[..., bool]] = {
    "calls.instruct_application": _own_dossier,
    "calls.add_attachment": _own_dossier,
    "calls.propose_decision": _own_proposal,
    "calls.give_opinion": _own_opinion,
}


class ObjectRules(BaseBackend):
    """Answers `user.has_perm(permission, obj)`: the role's permission, then the rule."""

    def has_perm(self, user_obj, perm, obj=None):
        if obj is None or not user_obj.is_active or not user_obj.has_perm(perm):
            return False
        rule = RULES.get(perm)
        return rule is None or rule(user_obj, obj)


def recused_from(user, applications: Iterable[Application]) -> set[int]:
    """Primary keys of those of `applications` that `user` is recused from, superuser or not."""
    return set(
        Recusal.objects.in_force()
        .of(user)
        .filter(application__in=[application.pk for application in applications])
        .values_list("application", flat=True)
    )


def sync_groups(app_config=None, **kwargs) -> None:
    """Make the groups hold exactly what `ROLES` says; other groups are left alone.

    Run once at the end of each migration of the database: permissions exist only then. A database
    migrated halfway lacks some of them; the groups are completed when it goes all the way.
    """
    if app_config is not None and app_config is not list(apps.get_app_configs())[-1]:
        return
    names = set().union(*ROLES.values())
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.filter(
            codename__in={name.partition(".")[2] for name in names}
        ).select_related("content_type")
    }
    for role, names in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set([known[name] for name in names if name in known])
