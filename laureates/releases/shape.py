"""Which fields make the canonical content of an announcement, and what they are called."""

from laureates.models import Announcement, Laureate

SCHEMA = 1
# Values of the rows themselves; relations are written beside them.
ANNOUNCEMENT_FIELDS = (
    "slug",
    "title",
    "call_title",
    "call_year",
    "session_label",
    "committee_name",
    "committee_chair",
    "committee_on",
    "public_text",
    "source",
    "source_url",
    "source_on",
)
LAUREATE_FIELDS = (
    "public_id",
    "position",
    "slug",
    "title",
    "summary",
    "description",
    "amount",
    "project_state",
    "source",
    "source_url",
    "source_on",
    "classification_source",
    "funder_name",
    "funder_siret",
    "decision_reference",
    "agreement_signed_on",
    "payment_terms",
    "payment_period",
    "programme_code",
)
# Written only where they say something, so that versions of before them keep their digest.
OPTIONAL = ("group", "has_own_title")
RELATIONS = ("former_titles", "themes", "territories", "carriers")
# What a draft may change; the address of an announcement never changes, that of a laureate follows
# its title.
EDITABLE_ANNOUNCEMENT = ANNOUNCEMENT_FIELDS[1:]
EDITABLE_LAUREATE = (*LAUREATE_FIELDS[3:], *RELATIONS, *OPTIONAL)


def is_withdrawn(entry: dict) -> bool:
    """Whether this entry of the laureates only says that one was withdrawn."""
    return "withdrawn_at" in entry


def label(model, name: str) -> str:
    """The French name of a field of the content, as a heading writes it."""
    if name == "carriers":
        return "Porteurs"
    if name == "groups":
        return "Groupes de lauréats"
    words = str(model._meta.get_field(name).verbose_name).removesuffix(" (€)")
    return words[:1].upper() + words[1:]


def announcement_label(name: str) -> str:
    return label(Announcement, name)


def laureate_label(name: str) -> str:
    return label(Laureate, name)
