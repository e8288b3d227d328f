"""What is decided on a dossier: its values, what they must agree on, and their French words."""

from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation

from calls.models import Selection
from ftap.templatetags.ftap import euros

# What the column holds on both engines.
RANK_MAX = 32767
_OUTCOME = Selection.Outcome
_CHOICES = ", ".join(label for _, label in _OUTCOME.choices)


@dataclass(frozen=True)
class Decision:
    """An outcome with what goes with it; empty, it is that of a dossier to examine.

    `granted_amount` is in euros, None where `amount_not_disclosed` or not retained. `motive` is
    private, `public_text` is meant to be published.
    """

    outcome: str = ""
    granted_amount: Decimal | None = None
    amount_not_disclosed: bool = False
    motive: str = ""
    rank: int | None = None
    public_text: str = ""

    @classmethod
    def typed(cls, **values) -> "Decision":
        """The decision that somebody typed: texts are stripped, an amount is made a Decimal.

        An amount that is no number stays as it is: `problems` tells of it.
        """
        for name in ("motive", "public_text"):
            text = values.get(name) or ""
            values[name] = text.replace("\r\n", "\n").strip()
        amount = values.get("granted_amount")
        if amount is not None and not isinstance(amount, Decimal):
            try:
                values["granted_amount"] = Decimal(str(amount))
            except InvalidOperation:
                values["granted_amount"] = Decimal("NaN")
        values["outcome"] = str(values.get("outcome") or "")
        values["amount_not_disclosed"] = bool(values.get("amount_not_disclosed"))
        return cls(**values)

    @classmethod
    def on(cls, selection: Selection) -> "Decision":
        return cls(**{field.name: getattr(selection, field.name) for field in fields(cls)})

    def values(self) -> dict:
        """The values as `propose` takes them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def write_on(self, selection: Selection) -> None:
        for name, value in self.values().items():
            setattr(selection, name, value)

    def problems(self) -> dict[str, str]:
        """What is missing or contradicts itself, by field, in French; empty when it holds."""
        found = {}
        is_retained = self.outcome == _OUTCOME.RETAINED
        is_waiting = self.outcome == _OUTCOME.WAITING_LIST
        if self.outcome not in _OUTCOME.values:
            found["outcome"] = f"Choisissez le sens de la décision : {_CHOICES}."
        if self.granted_amount is not None and not (
            self.granted_amount.is_finite() and self.granted_amount >= 0
        ):
            found["granted_amount"] = (
                "Le montant accordé est un nombre d’euros, qui n’est pas négatif."
            )
        elif is_retained and self.granted_amount is None and not self.amount_not_disclosed:
            found["granted_amount"] = (
                "Un dossier retenu a un montant accordé, ou la mention "
                "« montant non communiqué » : indiquez l’un ou l’autre."
            )
        elif is_retained and self.granted_amount is not None and self.amount_not_disclosed:
            found["granted_amount"] = (
                "Choisissez entre un montant accordé et la mention « montant non communiqué »."
            )
        elif not is_retained and (self.granted_amount is not None or self.amount_not_disclosed):
            found["granted_amount"] = (
                "Seul un dossier retenu a un montant accordé : effacez le montant, ou changez "
                "le sens de la décision."
            )
        if self.outcome == _OUTCOME.NOT_RETAINED and not self.motive:
            found["motive"] = "Un dossier non retenu a un motif : écrivez-le."
        if is_waiting and (self.rank is None or self.rank < 1):
            found["rank"] = "Un dossier sur liste d’attente a un rang, à partir de 1 : indiquez-le."
        elif is_waiting and self.rank > RANK_MAX:
            found["rank"] = f"Ce rang est trop grand : il va de 1 à {RANK_MAX}."
        elif not is_waiting and self.rank is not None:
            found["rank"] = "Seul un dossier sur liste d’attente a un rang : effacez-le."
        return found

    def described(self) -> dict[str, str]:
        """The values in words, by French label."""
        amount = "—"
        if self.amount_not_disclosed or self.granted_amount is not None:
            amount = euros(self.granted_amount)
        outcome = dict(_OUTCOME.choices).get(self.outcome) or self.outcome or "à examiner"
        return {
            "Sens": outcome,
            "Montant accordé": amount,
            "Motif": self.motive or "—",
            "Rang sur liste d’attente": "—" if self.rank is None else str(self.rank),
            "Texte public": self.public_text or "—",
        }
