"""A bulk act under way, carried from page to page: signed, so that only its author continues it."""

import secrets
from dataclasses import asdict, dataclass, field

from django.core import signing

from calls.bulk.parameters import dumped, loaded
from calls.bulk.previews import Preview

_SALT = "calls.bulk"


class DraftError(Exception):
    """A draft that was altered, or that is somebody else's."""


@dataclass(frozen=True)
class Draft:
    """The act `name` (as screens call it) on the dossiers `pks`; `back` is where they were chosen.

    Once previewed, `params` and `comment` are what was asked, `seen` what was shown of each dossier
    and `token` makes its confirmation one act, however many times it is sent.
    """

    name: str
    pks: list[int]
    user: int
    back: str = ""
    params: dict = field(default_factory=dict)
    comment: str = ""
    seen: dict[int, dict] | None = None
    token: str = ""

    def previewed(self, preview: Preview) -> "Draft":
        """This draft, of what `preview` shows."""
        return Draft(
            name=self.name,
            pks=[row.application.pk for row in preview.rows],
            user=self.user,
            back=self.back,
            params=dumped(preview.act.params),
            comment=preview.act.comment,
            seen=preview.seen,
            token=secrets.token_hex(32),
        )

    def without(self, pks: set[int]) -> "Draft":
        """This draft with fewer dossiers, to preview again."""
        kept = [pk for pk in self.pks if pk not in pks]
        return Draft(self.name, kept, self.user, self.back, self.params, self.comment)

    def loaded(self, user) -> dict:
        """The parameters as rows; Refusal where one is gone."""
        return loaded(self.params, user)

    def sealed(self) -> str:
        return signing.dumps(asdict(self), salt=_SALT, compress=True)

    @classmethod
    def unsealed(cls, text: str, user) -> "Draft":
        """The draft that `user` was given; DraftError for any other text."""
        try:
            values = signing.loads(text, salt=_SALT)
        except signing.BadSignature:
            raise DraftError from None
        if values["user"] != user.pk:
            raise DraftError
        if values["seen"] is not None:
            # JSON has no keys but text.
            values["seen"] = {int(pk): seen for pk, seen in values["seen"].items()}
        return cls(**values)
