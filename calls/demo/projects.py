"""The dossiers of the fictional call: every project, amount and date here is invented."""

from dataclasses import dataclass
from enum import Enum, auto

PREFIX = "[Fictif] "


class Fate(Enum):
    """Where the story leaves a dossier."""

    RECEIVED = auto()
    LATE_DEPOSIT = auto()
    INADMISSIBLE = auto()
    ADMISSIBLE = auto()
    ASSIGNED = auto()
    UNDER_REVIEW = auto()
    OVERDUE_OPINION = auto()
    INFORMATION_ASKED = auto()
    OVERDUE_INFORMATION = auto()
    WITHDRAWN = auto()
    REVIEWED = auto()
    RETAINED = auto()
    NOT_DISCLOSED = auto()
    NOT_RETAINED = auto()
    WAITING_LIST = auto()
    DEFERRED = auto()
    TO_EXAMINE = auto()
    PROPOSED_RETAINED = auto()
    PROPOSED_NOT_DISCLOSED = auto()
    PROPOSED_NOT_RETAINED = auto()
    PROPOSED_DEFERRED = auto()
    PROPOSED_WAITING = auto()


# Decided by the past sitting, and on the agenda of the open one, in this order.
DECIDED = (Fate.RETAINED, Fate.NOT_DISCLOSED, Fate.NOT_RETAINED, Fate.WAITING_LIST, Fate.DEFERRED)
EXAMINED = (
    Fate.DEFERRED,
    Fate.PROPOSED_RETAINED,
    Fate.PROPOSED_NOT_DISCLOSED,
    Fate.PROPOSED_NOT_RETAINED,
    Fate.PROPOSED_WAITING,
    Fate.PROPOSED_DEFERRED,
    Fate.TO_EXAMINE,
)


@dataclass(frozen=True)
class Project:
    """A dossier: `asked` and `cost` in thousands of euros, None where not known.

    `bearers` are keys of organisations, the lead first. `granted` is what is proposed or granted,
    in thousands of euros. `received` counts days before today.
    """

    title: str
    summary: str
    bearers: tuple[str, ...]
    asked: int | None
    cost: int | None
    fate: Fate
    received: int = 60
    granted: int | None = None


PROJECTS = (
    Project(
        "Un carnet de bord unique pour les bénévoles du littoral",
        "Réunir en un seul endroit les autorisations, les horaires de marée et les consignes.",
        ("exemple", "cotes"),
        320,
        700,
        Fate.RECEIVED,
        35,
    ),
    Project(
        "Prêter du matériel entre services voisins",
        "Un inventaire commun, une réservation en ligne, une tournée de livraison.",
        ("prefecture",),
        180,
        400,
        Fate.RECEIVED,
        36,
    ),
    Project(
        "Répondre au téléphone du premier coup",
        "Une équipe mutualisée reprend les appels perdus et rappelle dans la journée.",
        ("familles",),
        None,
        900,
        Fate.RECEIVED,
        34,
    ),
    Project(
        "Une consigne postale dans chaque maison de services",
        "Remettre les documents officiels hors des heures d’ouverture.",
        ("demarches", "prefecture"),
        450,
        950,
        Fate.LATE_DEPOSIT,
        28,
    ),
    Project(
        "Rénover la façade du siège",
        "Ravaler les murs et changer les huisseries d’un bâtiment classé.",
        ("patrimoine",),
        1200,
        1300,
        Fate.INADMISSIBLE,
    ),
    Project(
        "Acheter trois vélos de service",
        "Remplacer des voitures pour les trajets de moins de cinq kilomètres.",
        ("mesures",),
        15,
        20,
        Fate.INADMISSIBLE,
    ),
    Project(
        "Traduire les formulaires en français facile",
        "Réécrire deux cents formulaires avec celles et ceux qui les remplissent.",
        ("demarches", "services"),
        640,
        1400,
        Fate.ADMISSIBLE,
        47,
    ),
    Project(
        "Partager les salles de cours l’été",
        "Ouvrir les amphithéâtres vides aux formations des agents.",
        ("universite",),
        280,
        600,
        Fate.ASSIGNED,
        45,
    ),
    Project(
        "Suivre les travaux des ports en temps réel",
        "Des capteurs et un tableau de bord pour les usagers des quais.",
        ("cotes", "mesures"),
        1500,
        3100,
        Fate.UNDER_REVIEW,
        52,
    ),
    Project(
        "Un tuteur pour chaque nouvel agent d’accueil",
        "Former des tuteurs et leur donner du temps, puis mesurer les départs.",
        ("familles", "services"),
        390,
        820,
        Fate.UNDER_REVIEW,
        51,
    ),
    Project(
        "Relire les courriers types avec les usagers",
        "Des ateliers mensuels dans dix villes, et un modèle publié pour tous.",
        ("parcours",),
        260,
        530,
        Fate.OVERDUE_OPINION,
        55,
    ),
    Project(
        "Cartographier les chemins d’accès adaptés",
        "Une carte tenue à jour par les agents de terrain et les associations.",
        ("prefecture", "exemple"),
        510,
        1100,
        Fate.INFORMATION_ASKED,
        53,
    ),
    Project(
        "Un guichet mobile sur les marchés",
        "Deux camionnettes équipées tournent dans quarante communes.",
        ("demarches",),
        760,
        1550,
        Fate.OVERDUE_INFORMATION,
        56,
    ),
    Project(
        "Archiver les plans de phare",
        "Numériser et décrire douze mille plans anciens.",
        ("patrimoine", "littoral"),
        430,
        900,
        Fate.WITHDRAWN,
        50,
    ),
    Project(
        "Un simulateur d’aides pour les étudiants",
        "Dire en cinq minutes à quoi l’on a droit, et préremplir la demande.",
        ("universite", "familles"),
        880,
        1800,
        Fate.REVIEWED,
        58,
    ),
    Project(
        "Signer les autorisations de plage en ligne",
        "Un circuit de signature sans papier pour les manifestations sur le rivage.",
        ("exemple",),
        600,
        1250,
        Fate.RETAINED,
        70,
        550,
    ),
    Project(
        "Une bibliothèque de données ouvertes sur l’eau",
        "Publier et documenter les mesures de trois cents stations.",
        ("mesures", "donnees"),
        1400,
        2900,
        Fate.NOT_DISCLOSED,
        69,
    ),
    Project(
        "Un jeu vidéo pour expliquer l’impôt",
        "Un jeu en ligne destiné aux classes de troisième.",
        ("savoirs",),
        950,
        1900,
        Fate.NOT_RETAINED,
        68,
    ),
    Project(
        "Des bureaux partagés dans les gares",
        "Ouvrir aux agents en déplacement des espaces de travail près des quais.",
        ("services", "chantier"),
        1100,
        2300,
        Fate.WAITING_LIST,
        67,
    ),
    Project(
        "Mesurer le temps passé aux démarches",
        "Un baromètre annuel, avec sa méthode et ses données.",
        ("donnees",),
        480,
        1000,
        Fate.DEFERRED,
        66,
    ),
    Project(
        "Un dossier social qui suit la famille",
        "Éviter de redonner les mêmes pièces à chaque changement de caisse.",
        ("familles", "demarches"),
        2600,
        5400,
        Fate.PROPOSED_RETAINED,
        63,
        2400,
    ),
    Project(
        "Réparer plutôt que remplacer les ordinateurs",
        "Un atelier par région, des pièces détachées mutualisées.",
        ("services",),
        720,
        1500,
        Fate.PROPOSED_RETAINED,
        62,
        720,
    ),
    Project(
        "Un laboratoire d’essai des services publics",
        "Tester une démarche avec ses usagers avant de la généraliser.",
        ("parcours", "universite"),
        1900,
        3900,
        Fate.PROPOSED_RETAINED,
        64,
        1600,
    ),
    Project(
        "Prévenir avant la coupure",
        "Un message personnel avant la fin d’un droit, avec la marche à suivre.",
        ("familles",),
        830,
        1700,
        Fate.PROPOSED_NOT_DISCLOSED,
        61,
    ),
    Project(
        "Un drone pour compter les oiseaux",
        "Compter sans déranger, et former les gardes à l’analyse des images.",
        ("littoral", "mesures"),
        540,
        1100,
        Fate.PROPOSED_NOT_RETAINED,
        60,
    ),
    Project(
        "La visite virtuelle des réserves",
        "Montrer ce que les musées ne peuvent pas exposer.",
        ("patrimoine",),
        690,
        1400,
        Fate.PROPOSED_NOT_RETAINED,
        61,
    ),
    Project(
        "Un réseau de médiateurs de quartier",
        "Trente médiateurs, une formation commune, un outil de suivi.",
        ("prefecture", "familles"),
        980,
        2000,
        Fate.PROPOSED_WAITING,
        62,
    ),
    Project(
        "Un entrepôt commun pour les archives",
        "Un bâtiment partagé entre quatre administrations.",
        ("chantier", "patrimoine"),
        3200,
        6600,
        Fate.PROPOSED_DEFERRED,
        64,
    ),
    Project(
        "Le même mot de passe pour tous les extranets",
        "Une identité d’agent reconnue par vingt applications métier.",
        ("donnees", "services"),
        2100,
        4300,
        Fate.TO_EXAMINE,
        65,
    ),
    Project(
        "Choisir son rendez-vous sans compte",
        "Un service de prise de rendez-vous commun, ouvert aux communes.",
        ("demarches",),
        1350,
        2800,
        Fate.TO_EXAMINE,
        63,
    ),
    Project(
        "Apprendre le service public par apprentissage",
        "Deux cents apprentis accueillis en binôme dans les services de terrain.",
        ("universite", "prefecture"),
        1750,
        3600,
        Fate.TO_EXAMINE,
        62,
    ),
)
