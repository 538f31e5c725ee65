"""The Celery application: a metronome and messengers, never the keeper of what is due."""

import logging
import logging.config
import os
from typing import Any

from celery import Celery, Task
from celery.signals import celeryd_init, setup_logging, task_postrun, task_prerun
from django.conf import settings
from kombu import Exchange, Queue
from structlog.contextvars import bind_contextvars, clear_contextvars

# One task is one unit of work, far shorter than this.
TASK_SECONDS = 120
# A message that is not confirmed within this time is delivered again, so it must exceed every task.
VISIBILITY_SECONDS = 600
# A hung broker must not hang the caller.
BROKER_SECONDS = 2
# The clock asks what is due so often; a nudge that nobody took by then is worth nothing any more.
SWEEP_SECONDS = 60

# Of 0 to 9; Redis hands out the lower number first.
LOW_PRIORITY = 9

SWEEP_QUEUE = "sweep"
MAIL_QUEUE = "mail"

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("recourse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_serializer="json",
    result_serializer="json",
    event_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=TASK_SECONDS,
    task_soft_time_limit=TASK_SECONDS - 30,
    task_default_queue=SWEEP_QUEUE,
    # Each with a key of its own: queues that are only named share one key, and each gets every message.
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in (SWEEP_QUEUE, MAIL_QUEUE)],
    task_create_missing_queues=False,
    # A sweep goes before what the last ones found: behind many runs it would come too late and be dropped.
    task_routes={"sla.deliver": {"queue": MAIL_QUEUE}, "sla.work": {"priority": LOW_PRIORITY}},
    # The whole schedule: what is due and when stands in rows.
    beat_schedule={
        name: {"task": f"sla.{name}", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS - 5}}
        for name in ("sweep", "deliver")
    },
    task_publish_retry_policy={
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.2,
        "interval_max": 0.2,
    },
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=500,
    worker_hijack_root_logger=False,
    # A confirmation that is lost must not leave it deaf.
    worker_consumer="config.listening:Listener",
    # Asked to stop, a worker ends what it has begun, and what takes longer goes back.
    worker_soft_shutdown_timeout=25,
    broker_connection_retry_on_startup=True,
    # A broker that is away for an hour is waited for; by default a worker gives up.
    broker_connection_max_retries=None,
    broker_connection_timeout=BROKER_SECONDS,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_SECONDS,
        # By default unconfirmed messages are looked for only every hundred seconds.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": BROKER_SECONDS,
        "socket_connect_timeout": BROKER_SECONDS,
        "health_check_interval": 25,
        "max_retries": 1,
    },
    enable_utc=True,
    timezone="UTC",
)
app.autodiscover_tasks()


@celeryd_init.connect
@setup_logging.connect
def log_like_django(**_: Any) -> None:
    """Let worker and clock say things as the web server does; Celery then leaves it at that."""
    logging.config.dictConfig(settings.LOGGING)
    logging.captureWarnings(True)


@task_prerun.connect
def _begin(task_id: str, task: Task, **_: Any) -> None:
    clear_contextvars()
    bind_contextvars(task=task.name, task_id=task_id)


@task_postrun.connect
def _end(**_: Any) -> None:
    clear_contextvars()


def nudge() -> None:
    """Wake a worker for a sweep; raise where the broker does not answer in time."""
    app.send_task("sla.sweep", expires=SWEEP_SECONDS, retry=False)
