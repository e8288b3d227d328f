"""The organisations and the accounts of the fictional call: none exists."""

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from calls import gates
from calls.models import Affiliation
from laureates.models import Organisation

Kind = Organisation.Kind
SUFFIX = " (organisme fictif)"
# {key: (name, kind, key of the supervising ministry)}; ministries come first.
ORGANISATIONS = {
    "services": ("Ministère des Services communs", Kind.MINISTRY, None),
    "littoral": ("Ministère du Littoral", Kind.MINISTRY, None),
    "savoirs": ("Ministère des Savoirs", Kind.MINISTRY, None),
    "parcours": ("Direction générale des Parcours", Kind.CENTRAL, "services"),
    "donnees": ("Direction des Données partagées", Kind.CENTRAL, "services"),
    "cotes": ("Direction des Côtes et des Ports", Kind.CENTRAL, "littoral"),
    "prefecture": ("Préfecture du Val-d’Essai", Kind.DECONCENTRATED, "services"),
    "exemple": ("Direction territoriale de l’Exemple", Kind.DECONCENTRATED, "littoral"),
    "demarches": ("Agence des Démarches simples", Kind.OPERATOR, "services"),
    "patrimoine": ("Office du Patrimoine ouvert", Kind.OPERATOR, "savoirs"),
    "mesures": ("Institut des Mesures", Kind.OPERATOR, "littoral"),
    "universite": ("Université de Modèle-Ville", Kind.UNIVERSITY, "savoirs"),
    "familles": ("Caisse d’essai des Familles", Kind.SOCIAL_SECURITY, None),
    "chantier": ("Mission du Chantier permanent", "", None),
    "budget": ("Bureau du budget", Kind.CENTRAL, None),
    "numerique": ("Bureau du numérique", Kind.CENTRAL, None),
}


@dataclass(frozen=True)
class Person:
    """An account: its role, and the key of the institution it belongs to."""

    username: str
    role: str
    first_name: str
    institution: str = ""


PEOPLE = {
    "secretariat": Person("demo-secretariat", "Secrétariat", "Salomé"),
    "decision": Person("demo-decision", "Décision", "Dominique"),
    "officer": Person("demo-instruction-1", "Instruction", "Inès"),
    "second": Person("demo-instruction-2", "Instruction", "Ismaël"),
    "budget": Person("demo-avis-budget", "Avis", "Basile", "budget"),
    "numerique": Person("demo-avis-numerique", "Avis", "Noémie", "numerique"),
    "member": Person("demo-membre", "Lecture", "Maxime", "familles"),
    "reader": Person("demo-lecture", "Lecture", "Lou"),
    "publisher": Person("demo-publication", "Publication", "Prune"),
}


def missing_roles() -> list[str]:
    """Roles of `PEOPLE` that the database has no group for."""
    roles = {person.role for person in PEOPLE.values()}
    known = Group.objects.filter(name__in=roles).values_list("name", flat=True)
    return sorted(roles - set(known))


def make_accounts(password_of) -> dict:
    """{key: account}. `password_of` gives the password of a user name, None for none."""
    users = get_user_model()._default_manager
    accounts = {}
    for key, person in PEOPLE.items():
        accounts[key] = users.create_user(
            username=person.username,
            email=f"{person.username}@example.org",
            password=password_of(person.username),
            first_name=person.first_name,
            last_name="(compte fictif)",
            is_staff=True,
        )
        accounts[key].groups.add(Group.objects.get(name=person.role))
    return accounts


def make_organisations() -> dict[str, Organisation]:
    """{key: organisation}"""
    made = {}
    for key, (name, kind, ministry) in ORGANISATIONS.items():
        made[key] = Organisation(
            name=f"{name}{SUFFIX}",
            slug=f"fictif-{key}",
            kind=kind,
            supervising_ministry=made[ministry] if ministry else None,
            source="Organisme inventé pour la session fictive.",
        )
        gates.save(made[key])
    return made


def affiliate(accounts, organisations) -> None:
    """Attach each person to their institution."""
    for key, person in PEOPLE.items():
        if person.institution:
            organisation = organisations[person.institution]
            gates.save(Affiliation(user=accounts[key], organisation=organisation))
