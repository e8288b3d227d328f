"""The accounts of the staff that the measure uses, and how they are signed in."""

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.db import SessionStore

SUPERUSER = "banc"
# One account a role; what « Avis », « Instruction » and « Lecture » see is given with dossiers.
ROLES = {
    "banc-secretariat": "Secrétariat",
    "banc-instruction": "Instruction",
    "banc-lecture": "Lecture",
    "banc-avis": "Avis",
    "banc-publication": "Publication",
}


def superuser():
    model = get_user_model()
    found = model.objects.filter(username=SUPERUSER).first()
    return found or model.objects.create_superuser(SUPERUSER, password=None)


def agents() -> dict:
    """{name of a role: account}, made where they lack."""
    model, found = get_user_model(), {}
    for username, role in ROLES.items():
        person, is_new = model.objects.get_or_create(
            username=username, defaults={"is_staff": True, "last_name": role}
        )
        if is_new:
            person.set_unusable_password()
            person.save()
            person.groups.add(Group.objects.get(name=role))
        found[role] = person
    return found


def cookie(person) -> str:
    """A header that signs `person` in."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
