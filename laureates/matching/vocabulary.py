"""Words without accents that many names of public bodies share."""

ARTICLES = frozenset(
    (
        "a",
        "au",
        "aux",
        "d",
        "de",
        "des",
        "du",
        "et",
        "l",
        "la",
        "le",
        "les",
        "un",
        "une",
    )
)
# What kind of body a name opens with: a directorate is never a misspelt ministry.
HEADS = frozenset(
    (
        "academie",
        "agence",
        "autorite",
        "caisse",
        "centre",
        "chambre",
        "college",
        "commissariat",
        "conseil",
        "cour",
        "delegation",
        "direction",
        "ecole",
        "etablissement",
        "fonds",
        "groupement",
        "hopital",
        "inspection",
        "institut",
        "ministere",
        "mission",
        "musee",
        "observatoire",
        "office",
        "opera",
        "ordre",
        "prefecture",
        "rectorat",
        "region",
        "secretariat",
        "service",
        "tribunal",
        "union",
        "universite",
    )
)
# Where a body stands: the regional office and the national one are two bodies.
LEVELS = frozenset(
    (
        "departemental",
        "general",
        "interdepartemental",
        "interministeriel",
        "interregional",
        "national",
        "regional",
        "territorial",
        "zonal",
    )
)
GENERIC = (
    HEADS
    | LEVELS
    | frozenset(
        (
            "etat",
            "francais",
            "france",
            "public",
        )
    )
)
VARIANTS = {
    "departementale": "departemental",
    "francaise": "francais",
    "generale": "general",
    "interdepartementale": "interdepartemental",
    "interministerielle": "interministeriel",
    "interregionale": "interregional",
    "nationale": "national",
    "publics": "public",
    "publique": "public",
    "publiques": "public",
    "regionale": "regional",
    "services": "service",
    "territoriale": "territorial",
    "zonale": "zonal",
}
ABBREVIATIONS = {
    "ars": "agence regionale sante",
    "caf": "caisse allocations familiales",
    "chu": "centre hospitalier universitaire",
    "cpam": "caisse primaire assurance maladie",
    "ddfip": "direction departementale finances publiques",
    "ddpp": "direction departementale protection populations",
    "ddt": "direction departementale territoires",
    "ddtm": "direction departementale territoires mer",
    "dg": "direction generale",
    "dinum": "direction interministerielle numerique",
    "draaf": "direction regionale alimentation agriculture foret",
    "drac": "direction regionale affaires culturelles",
    "dreal": "direction regionale environnement amenagement logement",
    "dreets": "direction regionale economie emploi travail solidarites",
    "drfip": "direction regionale finances publiques",
    "drh": "direction ressources humaines",
    "drjscs": "direction regionale jeunesse sports cohesion sociale",
    "dsi": "direction systemes information",
    "min": "ministere",
    "pref": "prefecture",
    "sg": "secretariat general",
    "st": "saint",
    "ste": "sainte",
    "univ": "universite",
}
