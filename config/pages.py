"""Pages for those who watch: probes of an orchestrator, and a Prometheus server.

None needs a login, none is kept by a cache, and none names a record or a person.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.metrics import CONTENT_TYPE, exposed
from sla.selectors.gauges import gauges
from sla.selectors.machinery import Health, machinery_health

logger = logging.getLogger(__name__)

PLAIN = "text/plain; charset=utf-8"


@login_not_required
@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """Say that this process answers; whether anything else does is not asked, so that a restart helps."""
    return HttpResponse("live", content_type=PLAIN)


@login_not_required
@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Say whether requests can be served: the database answers, and knows the tables of this code.

    The broker is not asked: a request never waits for it.
    """
    try:
        missing = _migrations() - MigrationRecorder(connection).applied_migrations().keys()
    except Error as error:
        _note_silence(error)
        return HttpResponse("unready", content_type=PLAIN, status=503)
    if missing:
        names = ", ".join(sorted(f"{app}.{name}" for app, name in missing))
        logger.warning("not ready: run `manage.py migrate`, which applies %s", names)
        return HttpResponse("unready", content_type=PLAIN, status=503)
    return HttpResponse("ready", content_type=PLAIN)


@login_not_required
@require_safe
@never_cache
def scheduler(request: HttpRequest) -> HttpResponse:
    """Say whether what runs by itself does: 503 where it is silent, or what is due has waited too long."""
    try:
        health = machinery_health(now=timezone.now())
    except Error as error:
        _note_silence(error)
        return JsonResponse({"status": "failing", "problems": ["database"]}, status=503)
    return JsonResponse(_told(health), status=503 if health.problems else 200)


@login_not_required
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Send the numbers of everything that runs by itself to whom holds RECOURSE_METRICS_KEY."""
    if settings.METRICS_KEY is None:
        return HttpResponse("RECOURSE_METRICS_KEY is not set.", content_type=PLAIN, status=404)
    given = request.headers.get("Authorization", "")
    if not constant_time_compare(given, f"Bearer {settings.METRICS_KEY}"):
        refused = "Send the header: Authorization: Bearer KEY, with the value of RECOURSE_METRICS_KEY."
        return HttpResponse(
            refused, content_type=PLAIN, status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'}
        )
    try:
        return HttpResponse(exposed(gauges(now=timezone.now())), content_type=CONTENT_TYPE)
    except Error as error:
        _note_silence(error)
        return HttpResponse("The database does not answer.", content_type=PLAIN, status=503)


def _note_silence(error: Error) -> None:
    logger.warning("the database does not answer: %s", str(error).strip())


@cache
def _migrations() -> set[tuple[str, str]]:
    """Return the newest migration of each app of this code."""
    return set(MigrationLoader(None, ignore_no_migrations=True).graph.leaf_nodes())


def _told(health: Health) -> dict[str, object]:
    return {
        "status": "failing" if health.problems else "working",
        "problems": health.problems,
        "sweep_age_seconds": None if health.sweep_age is None else _seconds(health.sweep_age),
        "oldest_run_seconds": _seconds(health.oldest_run),
        "oldest_message_seconds": _seconds(health.oldest_message),
        "runs": health.runs,
        "messages": health.messages,
    }


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
