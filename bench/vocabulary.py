"""Words of made-up projects. None describes a real one."""


def _words(text, separator=None):
    return [word.strip() for word in text.replace("\n", " ").split(separator)]


ACTIONS = _words("""
Moderniser Simplifier Dématérialiser Mutualiser Accélérer Fiabiliser Repenser Ouvrir Partager
Sécuriser Automatiser Généraliser Expérimenter Déployer Refondre Outiller Conforter Rapprocher
""")
OBJECTS = _words(
    """
l’accueil des usagers|la gestion des courriers|le traitement des demandes|le suivi des aides|
la commande publique|le dossier médical|la cartographie des risques|l’instruction des permis|
le contrôle des établissements|la formation des agents|la paie des personnels|le calcul des droits|
l’archivage des pièces|la surveillance des réseaux|l’orientation des élèves|la gestion des stocks|
le recouvrement des créances|la délivrance des titres|l’analyse des signalements|
la prévention des fraudes|le pilotage des investissements|la maintenance des bâtiments|
l’entretien des routes|la qualité de l’eau|le remboursement des soins|l’accès aux données
""",
    "|",
)
MEANS = _words(
    """
par une plateforme partagée|grâce à la télémédecine|avec un assistant virtuel|par l’image satellite|
au moyen de la donnée|avec des équipes mobiles|par un guichet unique|grâce à l’automatisation|
en lien avec les collectivités|par un entrepôt de données|avec des capteurs connectés|
dans un espace commun|par la formation des agents|avec un jumeau numérique|en langage clair
""",
    "|",
)
# In about so many parts of a thousand of the descriptions.
SENTENCES = (
    (480, "Le service rendu en sort plus rapide et plus lisible."),
    (300, "Les usagers suivent leur demande en ligne, sans déplacement."),
    (220, "Une équipe dédiée accompagne les agents pendant la première année."),
    (160, "Les données sont réunies, décrites puis ouvertes."),
    (110, "L’outil remplace des fichiers épars et des saisies répétées."),
    (80, "Un laboratoire d’innovation anime les ateliers."),
    (50, "Les économies attendues tiennent à la fin des envois postaux."),
    (27, "La télémédecine évite des transferts longs et coûteux."),
    (15, "Un pôle d’exploitation réunit des spécialistes de l’hydrographie."),
    (6, "Le système lit les mesures bathymétriques."),
)
# What the rest of a description is made of, drawn with a skew: the first words are common.
COMMON = _words("""
projet service agents usagers démarche département délai outil données territoire numérique accès
gestion équipe qualité information partenaires plateforme réseau système demandes dossiers accueil
public formation suivi mise pilotage expérimentation déploiement réponse économie organisation
métiers droits aide calendrier échange commune région préfecture hôpital école université agence
contrôle sécurité environnement énergie mobilité logement emploi santé justice culture recherche
agriculture forêt littoral montagne quartier entreprise association citoyen famille jeunesse âge
handicap égalité prévention urgence transport patrimoine archives musée bibliothèque laboratoire
mesure indicateur modèle méthode étude enquête atelier prototype maquette version étape bilan
""")
ENDINGS = _words("tion ment ique able eur ance ité age isme ure aire ence oire ette ade ois")
SYLLABLES = _words("""
ba cre di fo gra lu mé no par ré sa té vi xo bré clé dou fa gué ju lo mur né pli qua rou sté
tra vè zo char bou ché flo gre nui pho cri sul
""")
BODIES = (
    ("Préfecture", "service-deconcentre"),
    ("Direction départementale des territoires", "service-deconcentre"),
    ("Direction départementale de la protection des populations", "service-deconcentre"),
    ("Centre hospitalier", "operateur"),
    ("Université", "universite"),
    ("Caisse primaire d’assurance maladie", "securite-sociale"),
    ("Rectorat", "service-deconcentre"),
    ("Agence de l’eau", "operateur"),
    ("Caisse d’allocations familiales", "securite-sociale"),
    ("Direction départementale des finances publiques", "service-deconcentre"),
    ("École d’ingénieurs", "universite"),
    ("Établissement public d’aménagement", "operateur"),
)
MINISTRIES = _words(
    """
l’Agriculture|la Culture|la Défense|l’Économie|l’Éducation|l’Énergie|l’Intérieur|la Justice|
la Mer|les Outre-mer|la Recherche|la Santé|les Sports|les Transports|le Travail|la Ville
""",
    "|",
)
DIRECTIONS = _words(
    """
Direction des systèmes|Direction des ressources humaines|Inspection|Direction du budget|
Direction de l’offre|Secrétariat|Direction des affaires juridiques|Service des données
""",
    "|",
)
THEMES = _words(
    """
Gestion de la donnée|Dématérialisation|Accompagnement des usagers|Télémédecine|Insertion et emploi|
Automatisation|Organisation du travail|Achats|Accueil physique|Cartographie|Sécurité|
Transition écologique|Éducation|Justice|Fiscalité|Logement|Mobilité|Culture|Agriculture|Recherche
""",
    "|",
)
