"""The rules, criteria and members of the fictional session."""

from calls import gates
from calls.models import CommitteeMember, Criterion, EligibilityRule
from laureates.models import Organisation

Kind, Field = EligibilityRule.Kind, EligibilityRule.Field
RULES = (
    {"kind": Kind.REQUIRED, "field": Field.BEARERS, "label": "Le dossier nomme son porteur"},
    {"kind": Kind.REQUIRED, "field": Field.SUMMARY, "label": "Le projet est résumé"},
    {"kind": Kind.AMOUNT_MIN, "value": 200_000, "label": "Au moins 200\u202f000\u00a0€ demandés"},
    {
        "kind": Kind.AMOUNT_MAX,
        "value": 2_000_000,
        "carrier_kind": Organisation.Kind.OPERATOR,
        "label": "Au plus 2\u202f000\u202f000\u00a0€ pour un opérateur",
    },
    {"kind": Kind.RATE_MAX, "value": 50, "label": "Au plus 50\u00a0% du coût total"},
)
# (title, what it covers, weight, top of the scale)
CRITERIA = (
    ("Service rendu aux usagers", "Ce que les usagers y gagnent, et comment on le saura.", 3, 5),
    ("Travail des agents", "Ce qui change au quotidien pour les agents.", 2, 5),
    ("Économies durables", "Ce que le projet fait économiser chaque année, et quand.", 3, 5),
    ("Solidité du projet", "Équipe, calendrier, risques.", 2, 5),
    ("Calendrier souhaité", "Sans note\u00a0: à commenter.", None, None),
)
# (name, title, key of the institution, whether it counts for the quorum)
MEMBERS = (
    ("Dominique Présidence", "présidence", None, True),
    ("Maxime (compte fictif)", "caisse d’essai", "familles", True),
    ("Ariane Budget", "bureau du budget", "budget", True),
    ("Noël Numérique", "bureau du numérique", "numerique", True),
    ("Fanny Qualifiée", "personne qualifiée", None, True),
    ("Octave Observateur", "observateur", "universite", False),
)
MEMBER_WITH_ACCOUNT = 2
SOURCE = "Inventé pour la session fictive"


def make_rules(session) -> None:
    for position, values in enumerate(RULES, 1):
        gates.save(EligibilityRule(session=session, position=position, source=SOURCE, **values))


def make_criteria(call) -> list[Criterion]:
    """The criteria of the call, in order; the last one has no scale."""
    made = []
    for position, (title, description, weight, top) in enumerate(CRITERIA, 1):
        made.append(
            Criterion(
                call=call,
                position=position,
                title=title,
                description=description,
                weight=weight,
                scale_max=top,
            )
        )
        gates.save(made[-1])
    return made


def make_members(committee, organisations, account) -> None:
    """The members of a sitting; one of them signs in with `account`."""
    for position, (name, title, key, is_voting) in enumerate(MEMBERS, 1):
        gates.save(
            CommitteeMember(
                committee=committee,
                position=position,
                name=name,
                title=f"{title} (personne fictive)",
                institution=organisations[key] if key else None,
                user=account if position == MEMBER_WITH_ACCOUNT else None,
                is_voting=is_voting,
            )
        )
