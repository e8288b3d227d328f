"""The pack of a sitting: one copy for each member, and that of the person signed in."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.views.decorators.http import require_GET

from calls import history, pack
from calls.admin.minutes import attached
from ftap.pdf import PdfError
from ftap.sheets import CONTENT_TYPES, SheetError

FORMATS = (("pdf", "PDF"), ("ods", "ODS"), ("xlsx", "XLSX"))


class PackViews:
    """Pages of CommitteeAdmin."""

    def pack_urls(self):
        wrap = self.admin_site.admin_view
        root = "<int:pk>/dossier/"
        return [
            path(root, wrap(self.pack_view), name="calls_committee_pack"),
            path(
                f"{root}moi/<slug:format>/",
                wrap(require_GET(self.own_pack_view)),
                name="calls_committee_pack_own",
            ),
            path(
                f"{root}membre/<int:member_pk>/<slug:format>/",
                wrap(require_GET(self.member_pack_view)),
                name="calls_committee_pack_member",
            ),
        ]

    def pack_view(self, request, pk):
        committee = self.get_sitting(request, pk)
        own = self._own_seat(request, committee)
        prepares = self._prepares(request.user)
        if not self._may_have(request.user, own) and not prepares:
            raise PermissionDenied
        return self.render_sitting(
            request,
            "pack",
            committee,
            title="Dossier de séance",
            own=own,
            formats=FORMATS,
            prepares=prepares,
            refusal=prepares and pack.preparing_refusal(committee, request.user),
            members=list(committee.members.select_related("institution").order_by("position")),
        )

    def own_pack_view(self, request, pk, format):
        committee = self.get_sitting(request, pk)
        own = self._own_seat(request, committee)
        if not self._may_have(request.user, own):
            raise PermissionDenied
        return self._deliver(request, pack.of_reader(committee, request.user), format)

    def member_pack_view(self, request, pk, member_pk, format):
        committee = self.get_sitting(request, pk)
        member = get_object_or_404(committee.members, pk=member_pk)
        member.committee = committee
        is_own = member.user_id == request.user.pk
        if not is_own and not self._prepares(request.user):
            raise PermissionDenied
        if not is_own and (refusal := pack.preparing_refusal(committee, request.user)):
            messages.error(request, refusal)
            return HttpResponseRedirect(reverse("admin:calls_committee_pack", args=[pk]))
        return self._deliver(request, pack.of_member(member, by=request.user), format)

    def _own_seat(self, request, committee):
        return committee.members.filter(user=request.user.pk).first()

    @staticmethod
    def _prepares(user):
        return user.has_perm("calls.manage_agenda") or user.has_perm("calls.decide")

    @staticmethod
    def _may_have(user, seat):
        """A copy is an export; a member has theirs."""
        return seat is not None or user.has_perm("calls.export_application")

    def _deliver(self, request, copy, format):
        if format not in pack.FORMATS:
            raise Http404(f"pack as {format}")
        try:
            document = pack.pdf(copy) if format == "pdf" else pack.table(copy, format)
        except (PdfError, SheetError) as error:
            messages.error(request, str(error))
            url = reverse("admin:calls_committee_pack", args=[copy.committee.pk])
            return HttpResponseRedirect(url)
        history.record(
            "download_pack",
            copy.committee,
            by=request.user,
            details={"recipient": copy.reader, "format": format},
        )
        mark = "fictif-" if copy.is_fictional else ""
        kind = "dossier" if format == "pdf" else "tableau"
        return attached(
            document,
            format,
            f"{mark}{kind}-de-seance-{copy.committee.slug}-{copy.reader}",
            CONTENT_TYPES.get(format, ""),
        )
