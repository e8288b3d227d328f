"""The text of a published announcement, read into a draft that a person corrects.

`reading` makes one plain text of what is pasted or uploaded; `structure` gives each of its blocks
a role; `header`, `claims`, `carriers`, `prose` and `documents` read them; `drafting` makes the
draft and says what is left to settle; `gates` are the only writers of AnnouncementText.
"""
