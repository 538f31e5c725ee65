"""A mail server refuses, hangs, or takes a mail and drops the line, with a real worker that writes to it.

What each answer means is settled in process by `tests/sla/test_outbox.py`; here is that it ends well.
"""

from __future__ import annotations

from types import SimpleNamespace

from tests.chaos.scene import Scene
from tests.sla.mail_servers import a_server_that, a_sink

ANYBODY = SimpleNamespace


def wait_for_more_tries(scene: Scene) -> None:
    """Wait until each message that waits was tried, and some of them twice."""
    first = "sla_outboxmessage WHERE attempts < 2"
    again = "sla_outboxmessage WHERE attempts > 2"
    scene.installation.wait_for(
        lambda: scene.count(again) and not scene.count(first), what="messages to be tried again"
    )


def test_what_a_server_refuses_for_now_leaves_once_when_it_takes_mails(mails_wait: Scene) -> None:
    scene = mails_wait
    with a_sink(ANYBODY(), port=scene.house.mail_port, answer="451 4.3.2 not now") as scene.sink:
        scene.installation.start_worker()
        wait_for_more_tries(scene)
        scene.sink.answer = "250 OK"
        assert scene.settle() == 0


def test_what_a_server_hangs_on_leaves_once_when_it_answers(mails_wait: Scene) -> None:
    scene, port = mails_wait, mails_wait.house.mail_port
    with a_server_that(ANYBODY(), breaks_at="EHLO", hangs=True, port=port):
        scene.installation.start_worker()
        wait_for_more_tries(scene)
    with a_sink(ANYBODY(), port=port) as scene.sink:
        assert scene.settle() == 0


def test_what_a_server_took_and_dropped_the_line_on_is_in_doubt_and_never_sent_again(
    mails_wait: Scene,
) -> None:
    scene, port = mails_wait, mails_wait.house.mail_port
    every = scene.count("sla_outboxmessage")
    with a_server_that(ANYBODY(), breaks_at="WORDS", port=port):
        scene.installation.start_worker()
        scene.installation.wait_for(
            lambda: scene.count("sla_outboxmessage WHERE state = 'in_doubt'") == every,
            what="every message to be in doubt",
        )
    with a_sink(ANYBODY(), port=port) as scene.sink:
        assert scene.settle() == every
        assert scene.sink.taken == []
