"""One scenario: an installation with its servers, and the questions that are asked after each disturbance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import psycopg

from tests.chaos import books, portfolio
from tests.chaos.books import Books
from tests.chaos.installation import Installation, an_installation, environment
from tests.chaos.nursery import Nursery
from tests.chaos.servers import Postgres, Redis, servers
from tests.config.processes import free_port
from tests.sla.mail_servers import Sink, a_sink

# The database of every scenario, one after the other.
NAME = "scenario"


@dataclass(kw_only=True)
class Scene:
    """An installation, its servers, and what an undisturbed run comes to."""

    installation: Installation
    house: House
    sink: Sink
    expected: Books = field(repr=False)

    @property
    def database(self) -> str:
        """Return the address of the database."""
        return self.installation.database

    @property
    def passed(self) -> list[int]:
        """Return the process of each passing of the point where one was to end."""
        passed = self.installation.passed_at
        return [int(pid) for pid in passed.read_text().split()] if passed.exists() else []

    def wait_until_in_the_middle(self, *, closed: int = 4) -> None:
        """Wait until some periods are closed, and most are not."""
        self.installation.wait_for(lambda: self.closed() >= closed, what=f"{closed} periods to be closed")
        assert self.closed() < portfolio.CLOSINGS

    def closed(self) -> int:
        """Return how many periods are closed."""
        return self.count("sla_duty WHERE kind = 'close' AND state = 'done'")

    def count(self, rows: str) -> int:
        """Return how many rows of a table, under a condition, there are."""
        return int(books.asked(self.database, f"SELECT count(*) FROM {rows}")[0][0])

    def settle(self) -> int:
        """Wait until everything is done, and ask all questions; return how many messages are in doubt."""
        self.installation.wait_for(self._is_quiet, what="everything that is due to be done")
        swept = self._sweeps()
        self.installation.wait_for(lambda: self._sweeps() > swept, what="one sweep more")
        assert books.left_open(self.database) == {}
        assert books.differences(books.read(self.database), expected=self.expected) == []
        assert books.done_twice(self.database) == {}
        return self._check_mails()

    def _is_quiet(self) -> bool:
        try:
            return self.closed() == portfolio.CLOSINGS and not books.left_open(self.database)
        except psycopg.OperationalError:
            return False

    def _sweeps(self) -> str:
        rows = books.asked(self.database, "SELECT beat_at FROM sla_heartbeat WHERE name = 'sweep'")
        return str(rows[0][0]) if rows else ""

    def _check_mails(self) -> int:
        """See that each message was taken once, or says that nobody knows; return how many say so."""
        taken = Counter(self.sink.numbers)
        states = Counter()
        for key, state, number in books.messages(self.database):
            states[state] += 1
            assert state in {"sent", "in_doubt"}, f"{key} is {state}"
            fitting = {1} if state == "sent" else {0, 1}
            assert taken.pop(number, 0) in fitting, f"{key} is {state} and was taken otherwise"
        assert taken == {}, "mails arrived that no message knows of"
        return states["in_doubt"]


@dataclass(frozen=True, kw_only=True)
class House:
    """What all scenarios share: the servers, a process to fork workers from, and one address of each kind."""

    postgres: Postgres
    redis: Redis
    nursery: Nursery
    env: Mapping[str, str]
    mail_port: int


@contextmanager
def a_house(*, at: Path, settings: str) -> Iterator[House]:
    """Run the servers, and load the product once, with a module of settings."""
    mail_port = free_port()
    with servers() as (postgres, redis):
        env = environment(
            DJANGO_SETTINGS_MODULE=settings,
            DATABASE_URL=postgres.url(NAME),
            CELERY_BROKER_URL=redis.url,
            RECOURSE_MAIL_URL=f"smtp://127.0.0.1:{mail_port}",
            RECOURSE_DATA=str(at),
            RECOURSE_PROXIES="1",
        )
        nursery = Nursery(env=env, log=at / "nursery.log")
        yield House(postgres=postgres, redis=redis, nursery=nursery, env=env, mail_port=mail_port)
        nursery.end()


@contextmanager
def a_scene(
    house: House, *, like: str, expected: Books, at: Path, now: str, takes_mails: bool = True
) -> Iterator[Scene]:
    """Give an installation on a copy of a database, an empty broker, and a server that takes mails."""
    for server in (house.postgres, house.redis):
        server.restore()
    house.redis.flush()
    house.postgres.drop(NAME)
    house.postgres.create(NAME, like=like)
    with ExitStack() as stack:
        sink = Sink()
        if takes_mails:
            sink = stack.enter_context(a_sink(SimpleNamespace(), port=house.mail_port))
        parts = {"env": house.env, "nursery": house.nursery, "at": at, "now": now}
        installation = stack.enter_context(an_installation(**parts))
        yield Scene(installation=installation, house=house, sink=sink, expected=expected)
