"""Links that vendors read statements by, how they were used, and answers that wait for a person here."""

from __future__ import annotations

from django.db.models import Count, Exists, Max, OuterRef, Prefetch, Q, QuerySet

from sla.models import AnswerDecision, Release, StatementLink, VendorAnswer, VendorAnswerLine
from vendors.models import Reader

AROUND = "link__release__revision__statement__agreement__contract__vendor"


def links_of(release: Release) -> QuerySet[StatementLink]:
    """Return the links to a release, the newest first, with how often each was used and when last."""
    found: QuerySet[StatementLink] = (
        release.links.select_related("made_by", "revoked_by", "message")
        .annotate(uses=Count("views"), last_used_at=Max("views__at"))
        .order_by("-pk")
    )
    return found


def with_lines(answers: QuerySet[VendorAnswer]) -> QuerySet[VendorAnswer]:
    """Return answers with their lines and what was decided about each, without the bytes of files."""
    lines = VendorAnswerLine.objects.defer("file").order_by("line_number")
    lines = lines.select_related("decision__by", "decision__recorded")
    return answers.prefetch_related(Prefetch("lines", queryset=lines))


def answers_to(release: Release) -> QuerySet[VendorAnswer]:
    """Return what came through the links to a release, the newest first, without the bytes of files."""
    found: QuerySet[VendorAnswer] = VendorAnswer.objects.filter(link__release=release)
    return with_lines(found).order_by("-pk")


def answers_waiting(user: Reader) -> QuerySet[VendorAnswer]:
    """Return the answers of vendors that nobody has decided about in full, of those that a person may see."""
    decided = AnswerDecision.objects.filter(line=OuterRef("pk"))
    undecided = VendorAnswerLine.objects.filter(~Exists(decided), answer=OuterRef("pk"))
    found: QuerySet[VendorAnswer] = VendorAnswer.objects.all().visible_to(user)
    return (
        found.filter(Exists(undecided))
        .select_related(AROUND)
        .defer("link__release__revision__inputs", "link__release__revision__result")
        .annotate(open_lines=Count("lines", filter=Q(lines__decision=None)))
        .order_by("pk")
    )
