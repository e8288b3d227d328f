"""The page of one laureate of a draft."""

from django.utils.functional import cached_property

from laureates.admin.announcement_text_sheet import Sheet, organisation_named, organisation_names
from laureates.importers.text import drafting
from laureates.matching import Matcher


class LaureateSheet(Sheet):
    name = "laureate"
    FIELDS = ("title", "group", "description")

    def concerns(self, item):
        return item.page == self.name and item.key == self.key

    @cached_property
    def rank(self):
        """The place of the laureate in the list; None where the draft no longer has it."""
        keys = [one["key"] for one in self.found["laureates"]]
        return keys.index(self.key) + 1 if self.key in keys else None

    @property
    def laureate(self):
        return self.found["laureates"][self.rank - 1]

    @property
    def previous(self):
        return self.found["laureates"][self.rank - 2] if self.rank > 1 else None

    @property
    def following(self):
        laureates = self.found["laureates"]
        return laureates[self.rank] if self.rank < len(laureates) else None

    def entries(self):
        return [self.laureate]

    def shown(self, one):
        names = {entry["key"]: entry for entry in self.found["names"]}
        carriers = []
        for name, organisation in zip(one["carriers"], one["organisations"], strict=True):
            here = drafting.here_key(one["key"], name)
            carriers.append(
                {
                    "name": name,
                    "field": f"here:{here}",
                    "value": self.typed(
                        f"here:{here}", organisation["label"] if organisation["is_own"] else ""
                    ),
                    "is_new": organisation["slug"] == drafting.NEW,
                    "label": organisation["label"],
                    "is_own": organisation["is_own"],
                    "is_shared": len(names[drafting.name_key(name)]["laureates"]) > 1,
                }
            )
        return {
            **one,
            **{name: self.typed(name, one[name]) for name in self.FIELDS},
            "has_own_title": self.ticked("has_own_title", one["has_own_title"]),
            "lines": self.typed("carriers", "\n".join(one["carriers"])),
            "organisations": carriers,
        }

    @property
    def organisations(self):
        return organisation_names()

    def changes(self):
        one, fields = self.laureate, {}
        for name in self.FIELDS:
            text = self.posted.get(name, one[name])
            if text.replace("\r\n", "\n").strip() != one[name].strip():
                fields[name] = text
        if "shown" in self.posted and one["has_own_title"] != ("has_own_title" in self.posted):
            fields["has_own_title"] = "has_own_title" in self.posted
        lines = [line.strip() for line in self.posted.get("carriers", "").splitlines()]
        lines = [line for line in lines if line]
        if "carriers" in self.posted and lines != one["carriers"]:
            fields["carriers"] = lines
        return {
            **super().changes(),
            "laureates": {one["key"]: fields} if fields else {},
            "names": self._organisations(one),
        }

    def _organisations(self, one):
        given, matcher = {}, None
        for name, organisation in zip(one["carriers"], one["organisations"], strict=True):
            here = drafting.here_key(one["key"], name)
            text = self.posted.get(f"here:{here}", "").strip()
            if text == (organisation["label"] if organisation["is_own"] else ""):
                continue
            matcher = matcher or Matcher()
            given[here] = organisation_named(text, matcher) if text else ""
        return given
