"""The text of a published announcement, read into a draft that a person corrects.

`reading` makes one plain text of what is pasted or uploaded; `structure` gives each of its blocks
a role; `header`, `claims`, `carriers`, `prose`, `cuts` and `documents` read them; `drafting` makes
the draft, with what a person answered over it, which `answers` describes; `checking` and `settling`
say what is left to settle; `making` creates what the draft says; `gates` are the only writers of
AnnouncementText.
"""
