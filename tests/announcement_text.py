"""The text of an announcement, as a page writes it: real titles, names, figures and cut words, and
sentences that belong to these tests."""

import re
import textwrap

from laureates import typography
from tests.factories import OrganisationFactory

UNKNOWN = "Direction des ressources humaines"
NEAR = "Direction des ressources humaines du ministère de l’Intérieur"
NEAR_SLUG = "drh-interieur"

# Title, line of carriers, names in it, paragraphs (« • » before an item of a list).
LAUREATES = [
    (
        "Vers une plateforme d’information et de services pour les personnes en situation de "
        "handicap",
        "Caisse Nationale de Solidarité pour l’Autonomie, Caisse des dépôts et consignations",
        ["Caisse Nationale de Solidarité pour l’Autonomie", "Caisse des dépôts et consignations"],
        ["Un seul site réunirait ce que chaque guichet sait aujourd’hui de son côté."],
    ),
    (
        " Cartonaut, transformer la cartographie marine et l’information nautique",
        "Ministère des Armées, Service Hydrographique et Océanographique de la Marine",
        ["Ministère des Armées", "Service Hydrographique et Océanographique de la Marine"],
        ["L'outil serait bé-néfique aux marins comme aux plai-sanciers qui lisent ces cartes."],
    ),
    (
        "Prison expérimentale",
        "Ministère de la Justice, Direction de l’Administration Pénitentiaire",
        ["Ministère de la Justice", "Direction de l’Administration Pénitentiaire"],
        ["Un bâtiment d’essai serait consacré au travail et à la formation."],
    ),
    (
        "Moderniser l'organisation du travail de l'Opéra national de Paris",
        "Opéra national de Paris",
        ["Opéra national de Paris"],
        ["La maison voudrait re-penser ses plannings avant la saison 2022/23."],
    ),
    (
        "Transformation numérique de la commande publique",
        "Ministère de l'Action et des Comptes Publics, Ministère de l'Economie et des Finances, "
        "Direction des Affaires Juridiques, Direction des Achats de l’Etat, Agence pour "
        "l’Informatique Financière de l’Etat",
        [
            "Ministère de l’Action et des Comptes Publics",
            "Ministère de l’Economie et des Finances",
            "Direction des Affaires Juridiques",
            "Direction des Achats de l’Etat",
            "Agence pour l’Informatique Financière de l’Etat",
        ],
        [
            "Deux sortes de liens seraient ouverts entre les outils de consul-tation :",
            "• ceux des acheteurs entre eux, pour une consultation unique ;",
            "• ceux des acheteurs avec leurs comptables.",
        ],
    ),
    (
        "Déploiement de la télémédecine au sein des unités sanitaires en milieu pénitentiaire",
        "Ministère de la Justice, Direction de l’Administration Pénitentiaire, Ministère des "
        "Solidarités et de la Santé, Direction Générale de l’Offre de Soins",
        [
            "Ministère de la Justice",
            "Direction de l’Administration Pénitentiaire",
            "Ministère des Solidarités et de la Santé",
            "Direction Générale de l’Offre de Soins",
        ],
        ["Un médecin recevrait à distance, sans attendre une escorte."],
    ),
    (
        "Gestion électronique de document - Gestion électronique de courrier",
        "Agence régionale de santé de Nouvelle Aquitaine",
        ["Agence régionale de santé de Nouvelle Aquitaine"],
        [
            "Les courriers de douze départe-ments et des délégations départemen-tales seraient "
            "lus au même endroit, pour l'en-semble des agents de chaque département."
        ],
    ),
    (
        "Conforter la maîtrise des données et l'expertise technique au service des usagers",
        "Direction départementale des territoires des Vosges",
        ["Direction départementale des territoires des Vosges"],
        [
            "Trois efforts sont prévus :",
            "• alléger ce qui se répète ;",
            "• ouvrir un formulaire sur demarches-simplifiees.fr en dé-matérialisant le reste ;",
            "• aller voir les élus.",
        ],
    ),
    (
        "Infocentre des établissements publics nationaux (EPN)",
        "Ministère de l'Action et des Comptes Publics, Direction générale des Finances publiques",
        [
            "Ministère de l’Action et des Comptes Publics",
            "Direction générale des Finances publiques",
        ],
        [
            "Les comptes de 9 500 organismes seraient réunis. On pourrait alors :",
            "• vérifier un budget d’un coup d’œil ;",
            "• partager une liste commune avec la direc-tion du budget.",
        ],
    ),
    (
        "Dématérialisation et responsabilité sociétale intégrée en Hauts-de-France",
        "Direction Régionale de la Jeunesse, des Sports et de la Cohésion Sociale de la région "
        "Hauts-de-France",
        [
            "Direction Régionale de la Jeunesse, des Sports et de la Cohésion Sociale de la région "
            "Hauts-de-France"
        ],
        [
            "Cinq chantiers avancent ensemble, no-tamment ceux-ci, dont les réalisa-tions sont "
            "proches :",
            "• une page à lire et à Com-prendre sans aide ;",
            "• des cours d’e-learning ouverts à tous.",
        ],
    ),
    (
        "Transformation numérique du service de santé au travail : dématérialisation du dossier "
        "médical et déploiement de la télémédecine",
        "Ministère de l'Intérieur, Direction des ressources humaines",
        ["Ministère de l’Intérieur", "Direction des ressources humaines"],
        ["Des cabines seraient installées dans douze préfectures."],
    ),
    (
        "Projet 3D : Développement de la Donnée en Douane - Placer la donnée au cœur des métiers "
        "de la Douane",
        "Ministère de l'Action et des Comptes Publics, Direction Générale des Douanes et des "
        "Droits Indirects",
        [
            "Ministère de l’Action et des Comptes Publics",
            "Direction Générale des Douanes et des Droits Indirects",
        ],
        ["Une équipe de la donnée travaillerait à côté des douaniers.  Elle serait petite."],
    ),
    (
        "Ligne Directe France Services",
        "Préfecture de la Charente-Maritime",
        ["Préfecture de la Charente-Maritime"],
        ["On y répondrait le soir, de 18h00-22h00, en articula-tion avec les maisons du réseau."],
    ),
    (
        "E-Contacts Plus : Assistant virtuel",
        "Ministère de l'Action et des Comptes Publics, Direction générale des Finances publiques",
        [
            "Ministère de l’Action et des Comptes Publics",
            "Direction générale des Finances publiques",
        ],
        [
            "Un assistant position-né en bas de page mènerait au bon con-tact. Il proposerait à "
            "l’agent des réponses-types."
        ],
    ),
    (
        "Refonte de la Plateforme d’Echange et de Confiance (PEC)",
        "Services du Premier ministre, Direction de l’Information Légale et Administrative, "
        "Direction interministérielle du Numérique et du Système d’Information et de "
        "Communication de l’Etat, Direction Générale de la Santé",
        [
            "Services du Premier ministre",
            "Direction de l’Information Légale et Administrative",
            "Direction interministérielle du Numérique et du Système d’Information et de "
            "Communication de l’Etat",
            "Direction Générale de la Santé",
        ],
        [
            "De nouvelles fonctionnali-tés serviraient de nom-breux échanges, et les "
            "collecti-vités, dont chaque collectivité."
        ],
    ),
    (
        "DataLake DGFiP : Valorisation et mise à disposition des données de la DGFiP",
        "Ministère de l'Action et des Comptes Publics, Direction générale des Finances publiques",
        [
            "Ministère de l’Action et des Comptes Publics",
            "Direction générale des Finances publiques",
        ],
        ["Des données dé-cloisonnées iraient sur une plate-forme ou-verte, puis ouverte à tous."],
    ),
]
# Words cut at the end of a line, and true hyphens.
CUT = {
    "bé-néfique",
    "plai-sanciers",
    "re-penser",
    "consul-tation",
    "départe-ments",
    "départemen-tales",
    "en-semble",
    "dé-matérialisant",
    "direc-tion",
    "no-tamment",
    "réalisa-tions",
    "Com-prendre",
    "articula-tion",
    "position-né",
    "con-tact",
    "fonctionnali-tés",
    "nom-breux",
    "collecti-vités",
    "dé-cloisonnées",
    "ou-verte",
}
KEPT = {"e-learning", "réponses-types", "plate-forme", "Hauts-de-France", "Charente-Maritime"}
HEAD = """\
Annonce des lauréats de la 2de session de l'appel à projet 2020

Publié le 25 septembre 2019

Des idées venues de partout, pour que chaque service rendu à un usager le soit mieux et plus vite demain

Partager

Annonce des lauréats de la 2de session de l'appel à projet 2019

Mme Camille EXEMPLE, Secrétaire d’État, a présidé, lundi 23 septembre, la réunion du Comité de \
pilotage du Fonds pour la transformation de l’action publique (FTAP).

Le fonds est doté, sur cinq ans, de 700 millions d’euros. Il aide ceux qui changent leur façon de \
travailler.

On y a lu 29 dossiers de candidature reçus pour l’appel à projets 2019. Les membres ont retenu \
16 dossiers.

Mme Camille EXEMPLE a dit « sa confiance dans les équipes qui ont écrit ces dossiers » avant de \
lever la séance.

Chaque projet recevra de 200 000 € à 35 M€.

On compte 63 lauréats depuis février 2018, et près de 350 M€ engagés.

Elle invite chacun « à préparer un projet pour l’appel à projets 2020 qui viendra bientôt ».

Liste des 16 dossiers lauréats :
"""  # noqa: E501 - a page of the web does not cut its lines
FOOT = """\
Pour en savoir plus :

Annonce des lauréats de la 2de session de l'appel à projet 2019

PDF (1 201.7 Ko) - Dernière mise à jour le 11 juin 2021

Télécharger

Retrouvez les annonces d’avant

D’autres pages de ce site parlent de l’année 2017.
"""


def known_organisations() -> None:
    """The reference list that knows every carrier but one, of which it knows a near name."""
    names = {name for _, _, names, _ in LAUREATES for name in names} - {UNKNOWN}
    for name in sorted(names):
        OrganisationFactory(name=name, slug=typography.slugify(name)[:120])
    OrganisationFactory(name=NEAR, slug=NEAR_SLUG)


def page(laureates=LAUREATES, head=HEAD, foot=FOOT) -> str:
    """The text of the page, as one copies it."""
    parts = [head.rstrip("\n")]
    for title, line, _, paragraphs in laureates:
        parts += [title, line]
        for paragraph in paragraphs:
            item = paragraph.startswith("•")
            is_next = item and parts[-1].lstrip().startswith("•")
            parts[-1:] = (
                [f"{parts[-1]}\n  {paragraph}"]
                if is_next
                else [parts[-1], f"  {paragraph}" if item else paragraph]
            )
    return "\n\n".join([*parts, foot])


def html(text: str) -> str:
    """The same text as a page of HTML, with what a page holds besides."""
    parts = ["<!doctype html><html><head><title>x</title><style>p{}</style></head><body>"]
    for block in re.split(r"\n\s*\n", text):
        lines = [line.strip() for line in block.split("\n") if line.strip()]
        if lines and lines[0].startswith("•"):
            parts.append(f"<ul>{''.join(f'<li>{line[1:].strip()}</li>' for line in lines)}</ul>")
        elif lines:
            parts.append(f"<p>{' '.join(lines)}</p>")
    return "\n".join([*parts, "<script>let a = '<p>non</p>';</script></body></html>"])


def wrapped(text: str) -> str:
    """The same text, its lines cut at 80 characters."""
    lines = []
    for line in text.split("\n"):
        indent = "    " if line.lstrip().startswith("•") else ""
        filled = textwrap.fill(
            line.strip(),
            80,
            initial_indent="  " if indent else "",
            subsequent_indent=indent,
            break_on_hyphens=False,
        )
        lines.append(filled if len(line) > 80 else line)
    return "\n".join(lines)


def headed(text: str) -> str:
    """The same text as Markdown, with « # » before its headings."""
    titles = {title.strip() for title, *_ in LAUREATES}
    lines = []
    for line in text.split("\n"):
        if line.strip() in titles:
            line = f"### {line.strip()}"
        elif line.startswith("Liste des 16"):
            line = f"## {line}"
        elif line.startswith("Annonce des lauréats") and "2020" in line:
            line = f"# {line}"
        lines.append(line)
    return "\n".join(lines)


VARIANTS = {
    "as copied": page(),
    "CRLF": page().replace("\n", "\r\n"),
    "without blank lines": re.sub(r"\n\s*\n+", "\n", page()),
    "HTML": html(page()),
    "wrapped": wrapped(page()),
    "headed": headed(page()),
}
