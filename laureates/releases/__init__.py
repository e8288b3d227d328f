"""The life of an announcement: scheduled, published, corrected, withdrawn, and its versions.

The only writer of Release, ReleaseFile and ReleaseDraft, and of the dates of publication and
withdrawal of announcements and laureates. Every gate locks the announcement, checks the right and
the state, and is one act in the history; it raises PermissionDenied, or Refusal in French. Each
has a twin, `*_refusal`, which says beforehand why it would refuse ("" where it would not).
"""

from laureates.releases import content
from laureates.releases.drafts import (
    abandon_draft,
    abandon_draft_refusal,
    add_laureate,
    add_laureate_refusal,
    publish_draft,
    publish_draft_refusal,
    remove_laureate,
    save_announcement,
    save_changelog,
    save_laureate,
    start_draft,
    start_draft_refusal,
)
from laureates.releases.freezing import freeze_missing, keep_frozen
from laureates.releases.holding import hold_editable, is_locked, is_public, lock_reason
from laureates.releases.moments import paris
from laureates.releases.opening import (
    publish,
    publish_refusal,
    schedule,
    schedule_refusal,
    unschedule,
    unschedule_refusal,
)
from laureates.releases.preview import as_if_published
from laureates.releases.withdrawing import (
    withdraw_announcement,
    withdraw_announcement_refusal,
    withdraw_laureate,
    withdraw_laureate_refusal,
)

__all__ = [
    "abandon_draft",
    "abandon_draft_refusal",
    "add_laureate",
    "add_laureate_refusal",
    "as_if_published",
    "content",
    "freeze_missing",
    "hold_editable",
    "is_locked",
    "is_public",
    "keep_frozen",
    "lock_reason",
    "paris",
    "publish",
    "publish_draft",
    "publish_draft_refusal",
    "publish_refusal",
    "remove_laureate",
    "save_announcement",
    "save_changelog",
    "save_laureate",
    "schedule",
    "schedule_refusal",
    "start_draft",
    "start_draft_refusal",
    "unschedule",
    "unschedule_refusal",
    "withdraw_announcement",
    "withdraw_announcement_refusal",
    "withdraw_laureate",
    "withdraw_laureate_refusal",
]
