"""What the page of a dossier shows to one reader; what they may not read is not even asked."""

from dataclasses import dataclass
from functools import cached_property

from django.contrib.auth import get_permission_codename
from django.utils import timezone

from calls import attachments, eligibility, gates, opinions, reading, sheet, workflow
from calls.models import (
    Application,
    Attachment,
    FormRecord,
    InformationRequest,
    Letter,
    Note,
    Recusal,
    Review,
    Selection,
)

# When the page offers to write the synthesis; its gate decides.
WRITING_STATES = (Application.State.UNDER_REVIEW, Application.State.INFO_REQUESTED)


@dataclass
class Dossier:
    """The page of `application` as `user` sees it."""

    application: Application
    user: object

    def _may(self, permission, obj=None):
        return self.user.has_perm(f"calls.{permission}", obj)

    @cached_property
    def reading(self) -> reading.Reading:
        return reading.of(self.application, self.user)

    @cached_property
    def is_instructed(self) -> bool:
        """Whether the sections of the instruction show: a known dossier, read in full."""
        return self.reading.in_full and not self.application.is_undisclosed

    # The project -----------------------------------------------------------------

    @cached_property
    def bearers(self):
        return list(self.application.bearers.select_related("organisation"))

    @cached_property
    def rate(self):
        return sheet.rate(self.application)

    @cached_property
    def themes(self):
        return list(self.application.themes.all())

    @cached_property
    def territories(self):
        return list(self.application.territories.all())

    @cached_property
    def form_record(self) -> list[dict]:
        """What the online form said and that no field holds: {"sheet", "rows"} of (label, text),
        for whoever reads the dossier in full."""
        record = (
            FormRecord.objects.filter(application=self.application).first()
            if self.reading.in_full
            else None
        )
        return [
            {
                "sheet": part["sheet"],
                "rows": [
                    [
                        (f"{label} ({rank})" if rank > 1 else label, text)
                        for label, rank, text in row
                    ]
                    for row in part["rows"]
                ],
            }
            for part in (record.values if record else [])
        ]

    @cached_property
    def attachments(self):
        return list(
            Attachment.objects.visible_to(self.user)
            .filter(application=self.application, removed_at=None)
            .select_related("uploaded_by")
        )

    @cached_property
    def may_file(self) -> bool:
        return self.reading.in_full and attachments.may_file(self.user, self.application)

    # What will be public -----------------------------------------------------------

    @cached_property
    def retained(self) -> Selection | None:
        """The decision that a publisher reads of a dossier they do not read in full."""
        if not self.reading.retained:
            return None
        return (
            Selection.objects.visible_to(self.user)
            .retained()
            .filter(application=self.application)
            .select_related("committee")
            .order_by("-decided_on", "-pk")
            .first()
        )

    @cached_property
    def retained_rank(self) -> int | None:
        return reading.retained_rank(self.retained, self.user) if self.retained else None

    # Acts ---------------------------------------------------------------------------

    @cached_property
    def acts(self) -> list[workflow.Transition]:
        """The moves that the reader may make, those that go forward first."""
        if not self.is_instructed:
            return []
        found = workflow.available(self.application, self.user)
        return sorted(found, key=lambda transition: transition.needs_reason)

    @cached_property
    def may_assign(self) -> bool:
        return self.is_instructed and self._may("decide_admissibility", self.application)

    @cached_property
    def may_work(self) -> bool:
        """Whether the reader conducts the instruction of this dossier."""
        return self.is_instructed and gates.may(self.user, gates.INSTRUCTING, self.application)

    @cached_property
    def may_ask(self) -> bool:
        return self.may_work and self.application.state in opinions.OPEN_STATES

    @cached_property
    def may_write_synthesis(self) -> bool:
        return self.may_work and self.application.state in WRITING_STATES

    @cached_property
    def may_note(self) -> bool:
        return self.is_instructed and self._may("add_note")

    # Admissibility --------------------------------------------------------------------

    @cached_property
    def checks(self) -> list[eligibility.Check]:
        return eligibility.check(self.application)

    @cached_property
    def failures(self) -> list[eligibility.Check]:
        return eligibility.failures(self.checks)

    # Opinions -------------------------------------------------------------------------

    @cached_property
    def opinions(self) -> opinions.OpinionSummary:
        return opinions.summary(self.application)

    @cached_property
    def reviews(self) -> list[Review]:
        """Every opinion, with `scores_by_criterion`; the live ones first."""
        rows = (
            Review.objects.visible_to(self.user)
            .filter(application=self.application)
            .select_related("institution", "reviewer", "rendered_by", "asked_by")
            .prefetch_related("scores")
            .order_by("institution__name", "pk")
        )
        for row in rows:
            row.is_late = is_late(row)
        return sorted(rows, key=lambda row: row.cancelled_at is not None)

    @property
    def live_reviews(self) -> list[Review]:
        return [review for review in self.reviews if review.cancelled_at is None]

    @property
    def cancelled_reviews(self) -> list[Review]:
        return [review for review in self.reviews if review.cancelled_at is not None]

    @cached_property
    def score_table(self):
        """[(criterion's summary, [score or None of each opinion rendered])], if any is scored."""
        rendered = [review for review in self.live_reviews if review.rendered_at]
        scores = {
            (review.pk, score.criterion_id): score.score
            for review in rendered
            for score in review.scores.all()
        }
        if not scores:
            return []
        return [
            (row, [scores.get((review.pk, row.criterion.pk)) for review in rendered])
            for row in self.opinions.criteria
        ]

    @cached_property
    def own_reviews(self) -> list[Review]:
        """The opinions that a reviewer of another institution is asked for here."""
        if self.reading.in_full:
            return []
        rows = list(
            Review.objects.visible_to(self.user)
            .asked_of(self.user)
            .filter(application=self.application)
            .select_related("institution")
        )
        for row in rows:
            row.is_late = is_late(row)
        return rows

    # Between agents --------------------------------------------------------------------

    @cached_property
    def requests(self):
        rows = list(
            InformationRequest.objects.visible_to(self.user)
            .filter(application=self.application)
            .select_related("asked_by")
        )
        today = timezone.localdate()
        for row in rows:
            row.is_late = row.closed_at is None and bool(row.due_on) and row.due_on < today
        return rows

    @property
    def reads_notes(self) -> bool:
        return self.is_instructed and self._views(Note)

    @cached_property
    def notes(self):
        return list(
            Note.objects.visible_to(self.user)
            .filter(application=self.application)
            .select_related("author")
        )

    @cached_property
    def selections(self):
        return list(
            Selection.objects.visible_to(self.user)
            .filter(application=self.application)
            .select_related("committee", "decided_by")
            .order_by("-superseded_at", "-decided_on", "-pk")
        )

    @cached_property
    def recusals(self):
        return list(
            Recusal.objects.visible_to(self.user)
            .in_force()
            .filter(application=self.application)
            .select_related("member__committee", "user")
        )

    @property
    def reads_letters(self) -> bool:
        return self.is_instructed and self._views(Letter)

    @cached_property
    def letters(self):
        return list(
            Letter.objects.visible_to(self.user)
            .filter(application=self.application)
            .order_by("-drafted_at", "-pk")[:20]
        )

    def _views(self, model):
        return self._may(get_permission_codename("view", model._meta))


def is_late(review) -> bool:
    """Whether an opinion that can still be given is past its day."""
    return (
        review.rendered_at is None
        and review.cancelled_at is None
        and review.due_on is not None
        and review.due_on < timezone.localdate()
    )
