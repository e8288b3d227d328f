"""What the publisher's pages share: whose they are, how the page of an act answers, its words.

GET shows what an act will do. POST does it through its gate, then answers with a redirect; what
the gate refuses shows on the same page, with what was typed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import OperationalError
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from ftap.formfields import say
from ftap.refusals import Stale
from laureates.models import Announcement

PERMISSION = "laureates.publish_announcement"
BUSY = (
    "Un autre enregistrement était en cours au même moment\u00a0: rien n’a été fait. Relisez la "
    "page, puis confirmez de nouveau."
)
# What PostgreSQL says of two transactions that wait for each other.
_DEADLOCK = "40P01"


@dataclass
class Act:
    """An act to show and do.

    `run` takes the valid form (None without one), calls the gate and returns what to say once
    done. `effects` and `warnings` are sentences; `standing` says why the act is impossible
    whatever is typed. `done` says, after a refusal, that what was asked is so already: a second
    click. `back` is where to go from there; `renew` puts in the form, after a refusal as stale,
    the version that the row has now.
    """

    title: str
    button: str
    run: Callable
    back: str
    form: object = None
    effects: Iterable[str] = ()
    warnings: Iterable[str] = ()
    standing: str = ""
    done: Callable[[], str] = str
    renew: Callable | None = None
    after: str = ""
    is_grave: bool = False
    crumbs: Iterable[tuple[str, str]] = ()
    template: str = "act"
    context: dict = field(default_factory=dict)


class PublishingPages:
    """For a model admin: pages about the publication of one announcement."""

    def get_publishable(self, request, pk) -> Announcement:
        """An announcement that the reader may publish: 404 unseen, 403 without the right.

        It comes with `is_published` and `laureate_count`.
        """
        rows = Announcement.objects.visible_to(request.user).filter(pk=pk)
        announcement = rows.with_is_published().with_laureate_count().first()
        if announcement is None:
            raise Http404(f"laureates.Announcement {pk}")
        if not (
            request.user.has_perm(PERMISSION)
            and Announcement.objects.preparable_by(request.user).filter(pk=pk).exists()
        ):
            raise PermissionDenied
        return announcement

    def render_publishing(self, request, template, announcement, *, title, **context):
        """A page about `announcement`; `crumbs` lists (label, address) before its own title."""
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            f"admin/laureates/publishing/{template}.html",
            {
                **self.admin_site.each_context(request),
                "opts": Announcement._meta,
                "announcement": announcement,
                "announcement_url": announcement_url(announcement),
                "title": title,
                **context,
            },
        )

    def act_page(self, request, announcement, act: Act):
        form, stale = act.form, None
        if request.method == "POST" and (form is None or form.is_valid()):
            result, error = attempt(act.run, form)
            if error is None:
                messages.success(request, result)
                return HttpResponseRedirect(act.after or act.back)
            if said := act.done():
                messages.info(request, said)
                return HttpResponseRedirect(act.after or act.back)
            if isinstance(error, Stale):
                stale = error
                if act.renew:
                    act.renew(form)
            if form is None:
                messages.error(request, " ".join(error.messages))
                return HttpResponseRedirect(act.back)
            say(form, error)
        return self.render_publishing(
            request,
            act.template,
            announcement,
            title=act.title,
            act=act,
            crumbs=act.crumbs,
            form=form,
            stale=compared(stale),
            **act.context,
        )


def announcement_url(announcement, page="change", *arguments) -> str:
    """The address of a page of the staff's site about `announcement`."""
    name = f"admin:laureates_announcement_{page}"
    return reverse(name, args=[announcement.pk, *arguments])


def attempt(gate, *arguments, **values):
    """(what the gate returned, None), or (None, its refusal, which holds French sentences)."""
    try:
        return gate(*arguments, **values), None
    except ValidationError as error:
        return None, error
    except OperationalError as error:
        cause = error.__cause__
        if getattr(cause, "sqlstate", "") != _DEADLOCK and "locked" not in str(cause):
            raise
        return None, ValidationError(BUSY)


def compared(stale: Stale | None) -> list[tuple[str, str, str]]:
    """(label, saved value, typed value) of what differs."""
    if stale is None:
        return []
    return [
        (label, stale.stored.get(label, ""), stale.typed.get(label, ""))
        for label in {**stale.stored, **stale.typed}
        if stale.stored.get(label, "") != stale.typed.get(label, "")
    ]


def typed(request):
    """What a form is bound to: what was posted, or nothing."""
    return request.POST if request.method == "POST" else None
