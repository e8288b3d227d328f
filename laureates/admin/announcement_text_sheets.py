"""The pages on which a draft is corrected: what each shows, and what is read of what it posts."""

from decimal import Decimal

from django.core.exceptions import ValidationError

from ftap.formfields import AmountField
from ftap.refusals import Refusal
from laureates.admin.announcement_text_laureate import LaureateSheet
from laureates.admin.announcement_text_sheet import (
    OTHER,
    Sheet,
    organisation_named,
    organisation_names,
)
from laureates.importers.text import cuts, drafting, settling
from laureates.importers.text.structure import LABELS
from laureates.matching import Matcher
from laureates.models import Claim


class StructureSheet(Sheet):
    name = "structure"
    per_page = 80

    def entries(self):
        return list(enumerate(self.found["blocks"]))

    def key_of(self, entry):
        return str(entry[0])

    def shown(self, entry):
        index, block = entry
        role = "" if block["doubt"] else block["role"]
        order = [*block["choices"], *(role for role in LABELS if role not in block["choices"])]
        return {
            **block,
            "number": index + 1,
            "anchor": self.anchor(str(index)),
            "field": f"role:{index}",
            "label": LABELS[block["role"]],
            "role": self.typed(f"role:{index}", role),
            "options": [(str(one), LABELS[one]) for one in order],
            "is_given": str(index) in self.found["answers"]["roles"],
        }

    def changes(self):
        roles = {}
        for index, role in self.posts("role:"):
            blocks = self.found["blocks"]
            block = blocks[int(index)] if index.isdecimal() and int(index) < len(blocks) else None
            if role and (block is None or block["doubt"] or block["role"] != role):
                roles[index] = role
        return {**super().changes(), "roles": roles}


class HeaderSheet(Sheet):
    name = "header"
    LONG = {"public_text"}
    DAYS = {"committee_on", "source_on"}

    per_page = len(settling.FIELDS)

    def entries(self):
        return [(name, self.found["header"][name]) for name in settling.FIELDS]

    def key_of(self, entry):
        return entry[0]

    def shown(self, entry):
        name, field = entry
        return {
            **field,
            "name": name,
            "anchor": self.anchor(name),
            "field": f"header:{name}",
            "label": settling.FIELDS[name].capitalize(),
            "value": self.typed(f"header:{name}", field["value"]),
            "choice": self.typed(f"choice:{name}", ""),
            "is_long": name in self.LONG,
            "is_day": name in self.DAYS,
            "is_blank": self.ticked(f"blank:{name}", False),
            "offers_choices": field["is_asked"] and bool(field["choices"]),
        }

    def changes(self):
        given = {}
        for name, text in self.posts("header:"):
            field = self.found["header"].get(name)
            if field is None:
                given[name] = text
                continue
            choice = self.posted.get(f"choice:{name}", "")
            if field["is_asked"] and field["choices"] and choice != OTHER:
                if choice.isdecimal() and int(choice) < len(field["choices"]):
                    given[name] = field["choices"][int(choice)]
            elif field["is_asked"]:
                if text.strip() or f"blank:{name}" in self.posted:
                    given[name] = text
            elif text.replace("\r\n", "\n").strip() != field["value"].strip():
                given[name] = text
        return {**super().changes(), "header": given}


class HyphensSheet(Sheet):
    name = "hyphens"
    per_page = 100

    def entries(self):
        return sorted(self.found["hyphens"], key=cuts.sort_key)

    def key_of(self, entry):
        return entry["word"]

    def shown(self, entry):
        field = f"word:{entry['word']}"
        before, _, after = entry["sentence"].partition(entry["word"])
        return {
            **entry,
            "field": field,
            "anchor": self.anchor(entry["word"]),
            "before": before[-160:],
            "after": after[:160],
            "value": self.typed(field, entry["decision"]),
            "options": ((cuts.CUT, f"«\u00a0{entry['proposal']}\u00a0»"), (cuts.KEPT, "à garder")),
            "is_asked": not entry["decision"],
            "is_true": entry["decision"] == cuts.KEPT and not entry["is_given"],
        }

    @property
    def has_true(self):
        return any(word["is_true"] for word in self.page)

    def changes(self):
        words = {entry["word"]: entry["decision"] for entry in self.found["hyphens"]}
        given = {word: to for word, to in self.posts("word:") if to and words.get(word) != to}
        return {**super().changes(), "hyphens": given}


class CarriersSheet(Sheet):
    name = "carriers"
    per_page = 40

    def entries(self):
        return sorted(self.found["names"], key=lambda entry: not entry["is_asked"])

    def shown(self, entry):
        field, labels = f"name:{entry['key']}", entry["labels"]
        slugs = [entry["known"], *entry["near"]]
        if entry["choice"] not in {*slugs, drafting.NEW, ""}:
            slugs.append(entry["choice"])
        ranks = {one["key"]: rank for rank, one in enumerate(self.found["laureates"], 1)}
        return {
            **entry,
            "field": field,
            "anchor": self.anchor(entry["key"]),
            "other_field": f"other:{entry['key']}",
            "value": self.typed(field, entry["choice"]),
            "other": self.typed(f"other:{entry['key']}", ""),
            "options": [(slug, labels[slug], slug == entry["known"]) for slug in slugs if slug],
            "ranks": [ranks[key] for key in entry["laureates"]],
            "label": labels.get(entry["choice"], ""),
        }

    def changes(self):
        names = {entry["key"]: entry["choice"] for entry in self.found["names"]}
        given, matcher = {}, None
        for name, choice in self.posts("name:"):
            if choice == OTHER:
                matcher = matcher or Matcher()
                choice = organisation_named(self.posted.get(f"other:{name}", ""), matcher)
            if choice and names.get(name) != choice:
                given[name] = choice
        return {**super().changes(), "names": given}

    @property
    def organisations(self):
        return organisation_names()


class FiguresSheet(Sheet):
    name = "figures"
    per_page = 40
    CLAIM = ("subject", "label", "value", "lower", "upper", "exactness", "scope")
    DOCUMENT = ("title", "format", "size_kb", "updated_on")
    AMOUNTS = {"value", "lower", "upper", "size_kb"}

    def entries(self):
        return [
            *(("claim", entry) for entry in self.found["claims"]),
            *(("document", entry) for entry in self.found["documents"]),
        ]

    def key_of(self, entry):
        return entry[1]["key"]

    def shown(self, entry):
        kind, found = entry
        base = f"{kind}:{found['key']}"
        names = self.CLAIM if kind == "claim" else self.DOCUMENT
        return {
            "kind": kind,
            "base": base,
            "key": found["key"],
            "anchor": self.anchor(found["key"]),
            "sentence": found["sentence"],
            "is_kept": self.ticked(f"{base}:is_kept", found["is_kept"]),
            "is_asked": kind == "claim" and found["is_kept"] and not found["subject"],
            "values": {
                name: self.typed(f"{base}:{name}", self._as_typed(name, found[name]))
                for name in names
            },
        }

    def _as_typed(self, name, value):
        if name in self.AMOUNTS and value:
            return AmountField().prepare_value(Decimal(value))
        return value

    @property
    def choices(self):
        return {
            "subject": [("", "à choisir"), *Claim.Subject.choices],
            "exactness": Claim.Exactness.choices,
            "scope": Claim.Scope.choices,
        }

    def changes(self):
        given = {"claims": {}, "documents": {}}
        for base, part, names in (
            ("claim", "claims", self.CLAIM),
            ("document", "documents", self.DOCUMENT),
        ):
            entries = {entry["key"]: entry for entry in self.found[part]}
            shown = [name for name, _ in self.posts(f"{base}-shown:")]
            for key in shown:
                typed = {
                    name: self._read(f"{base}:{key}:{name}", name)
                    for name in names
                    if f"{base}:{key}:{name}" in self.posted
                }
                typed["is_kept"] = f"{base}:{key}:is_kept" in self.posted
                stored = entries.get(key, {})
                if key not in entries or any(
                    self._differ(name, value, stored[name]) for name, value in typed.items()
                ):
                    given[part][key] = typed
        return {**super().changes(), **given}

    def _read(self, field, name):
        text = self.posted[field].strip()
        if name not in self.AMOUNTS or not text:
            return text
        try:
            number = AmountField(max_digits=15).clean(text)
        except ValidationError as error:
            raise Refusal(f"«\u00a0{text}\u00a0»\u00a0: {error.messages[0]}") from error
        return f"{number:f}"

    def _differ(self, name, typed, stored):
        if name in self.AMOUNTS and typed and stored:
            return Decimal(typed) != Decimal(stored)
        return typed != stored


SHEETS = {
    sheet.name: sheet
    for sheet in (
        StructureSheet,
        HeaderSheet,
        HyphensSheet,
        CarriersSheet,
        FiguresSheet,
        LaureateSheet,
    )
}
