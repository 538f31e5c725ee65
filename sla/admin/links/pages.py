"""The addresses of pages about links and answers, below those of a revision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path

from sla.admin.links.deciding import decide_view, file_response
from sla.admin.links.making import make_view, revoke_view, uses_view
from sla.admin.links.panel import MAY_DECIDE
from sla.models import Release, StatementLink, StatementRevision, VendorAnswerLine
from sla.services.links.making import MAY_LINK


class LinkPages:
    """The pages of an admin of statements that are about links; `_revision` finds what may be seen."""

    _revision: Callable[..., StatementRevision]
    _base: Callable[[HttpRequest], dict[str, Any]]

    def link_urls(self, frozen: str, *, wrap: Callable[..., Any]) -> list[URLPattern]:
        """Return the addresses; `frozen` is how those of a revision begin."""
        link, said = f"{frozen}links/<int:link>/", f"{frozen}answers/<int:line>/"
        return [
            path(f"{frozen}links/", wrap(self.make_link), name="sla_link_make"),
            path(f"{link}uses/", wrap(self.link_uses), name="sla_link_uses"),
            path(f"{link}withdraw/", wrap(self.revoke_link), name="sla_link_revoke"),
            path(f"{said}decide/", wrap(self.decide_answer), name="sla_answer_decide"),
            path(f"{said}file/", wrap(self.answer_file), name="sla_answer_file"),
        ]

    def make_link(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Make a link to a released revision."""
        revision = self._revision(request, pk, number)
        _need(request, MAY_LINK)
        release = Release.objects.filter(revision=revision).first()
        if release is None:
            raise Http404(f"{revision} was not released to the vendor. Release it first.")
        release.revision = revision
        return make_view(request, release, base=self._base(request))

    def link_uses(self, request: HttpRequest, pk: int, number: int, link: int) -> HttpResponse:
        """Show how a link was used."""
        return uses_view(request, self._link(request, pk, number, link), base=self._base(request))

    def revoke_link(self, request: HttpRequest, pk: int, number: int, link: int) -> HttpResponse:
        """Withdraw a link."""
        found = self._link(request, pk, number, link)
        _need(request, MAY_LINK)
        return revoke_view(request, found, base=self._base(request))

    def decide_answer(self, request: HttpRequest, pk: int, number: int, line: int) -> HttpResponse:
        """Decide about one line of an answer."""
        row = self._line(request, pk, number, line)
        _need(request, MAY_DECIDE)
        return decide_view(request, row, base=self._base(request))

    def answer_file(self, request: HttpRequest, pk: int, number: int, line: int) -> HttpResponse:
        """Hand out the file of an answer."""
        return file_response(self._line(request, pk, number, line))

    def _link(self, request: HttpRequest, pk: int, number: int, link: int) -> StatementLink:
        rows = StatementLink.objects.filter(release__revision=self._revision(request, pk, number), pk=link)
        found = rows.select_related("release__revision__statement__agreement__contract__vendor").first()
        if found is None:
            raise Http404("There is no such link to this revision.")
        return found

    def _line(self, request: HttpRequest, pk: int, number: int, line: int) -> VendorAnswerLine:
        revision = self._revision(request, pk, number)
        rows = VendorAnswerLine.objects.filter(answer__link__release__revision=revision, pk=line)
        around = "answer__link__release__revision__statement__agreement__contract__vendor"
        found = rows.select_related(around).first()
        if found is None:
            raise Http404("There is no such answer to this revision.")
        return found


def _need(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied
