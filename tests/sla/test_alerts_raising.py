"""A warning is raised once, gets worse or better, clears, comes back; one look follows the other."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from sla.models import Alert, AlertNotice, AlertPolicy
from sla.services.alerts.acknowledging import acknowledge_alert
from sla.services.alerts.found import Found, lasting, stage, subject_of
from sla.services.alerts.policy import house_policy
from sla.services.alerts.raising import Raised, raise_found, would_change
from sla.services.alerts.telling import NOTHING, tell_chat, tell_reader
from tests.builders import a_vendor, at, person
from tests.sla.alert_builders import a_boss, a_found, an_owner

pytestmark = pytest.mark.django_db

NOW = at("2019-07-01 08:00")
HOUR = timedelta(hours=1)


def raised(*found: Found, now: datetime = NOW) -> Raised:
    """Raise what was found, as a look does."""
    rows = list(Alert.objects.standing().order_by("pk"))
    return raise_found(found, standing=rows, now=now)


def row() -> Alert:
    return Alert.objects.get()


def acknowledged(alert: Alert, *, now: datetime = NOW, note: str = "on it") -> Alert:
    return acknowledge_alert(alert, by=person("olga"), note=note, now=now)


def test_what_is_found_is_raised_once_however_often_it_is_found() -> None:
    assert raised(a_found()) == Raised(new=1)
    assert raised(a_found(), now=NOW + HOUR) == Raised()
    alert = row()
    assert (alert.rank, alert.occurrence, alert.raised_at, alert.ranked_at) == (1, 1, NOW, NOW)


def test_a_worse_one_gets_its_rank_and_is_to_be_acknowledged_again() -> None:
    raised(a_found())
    acknowledged(row())
    assert not Alert.objects.unacknowledged().exists()
    assert raised(a_found(rank=2), now=NOW + HOUR) == Raised(worse=1)
    alert = Alert.objects.unacknowledged().get()
    assert (alert.rank, alert.raised_at, alert.ranked_at) == (2, NOW, NOW + HOUR)
    assert (alert.acknowledged_rank, alert.acknowledged_note) == (1, "on it")


def test_a_better_one_keeps_quiet_with_its_new_figures() -> None:
    raised(a_found(rank=3, amount_minor=500, currency="USD"))
    acknowledged(row())
    assert raised(a_found(rank=2, amount_minor=200, currency="USD"), now=NOW + HOUR) == Raised(changed=1)
    alert = row()
    assert (alert.rank, alert.amount_minor, alert.ranked_at) == (2, 200, NOW)
    assert alert.is_acknowledged


def test_new_figures_alone_are_taken_over_quietly() -> None:
    raised(a_found(headline="by Friday"))
    assert raised(a_found(headline="by Thursday"), now=NOW + HOUR) == Raised(changed=1)
    assert (row().headline, row().ranked_at) == ("by Thursday", NOW)


def test_one_whose_reason_went_away_clears_and_stays_as_a_row() -> None:
    raised(a_found())
    assert raised(now=NOW + HOUR) == Raised(cleared=1)
    assert (row().cleared_at, Alert.objects.standing().count()) == (NOW + HOUR, 0)
    assert raised(now=NOW + 2 * HOUR) == Raised()


def test_one_that_comes_back_is_a_new_occurrence_and_is_to_be_acknowledged_again() -> None:
    raised(a_found(rank=2))
    acknowledged(row())
    raised(now=NOW + HOUR)
    assert raised(a_found(), now=NOW + 2 * HOUR) == Raised(new=1)
    alert = Alert.objects.unacknowledged().get()
    assert (alert.occurrence, alert.rank, alert.raised_at, alert.cleared_at) == (2, 1, NOW + 2 * HOUR, None)
    assert alert.acknowledged_rank == 0


def test_one_that_was_told_as_bad_became_better_and_is_bad_again_is_a_new_occurrence() -> None:
    owner = an_owner(a_vendor())
    vendor = owner.owned_vendors.get().pk
    raised(a_found(rank=3, vendor_id=vendor))
    assert tell_reader(owner.pk, slot="1", origin="", now=NOW) == "1 warning told."
    raised(a_found(rank=1, vendor_id=vendor), now=NOW + HOUR)
    assert tell_reader(owner.pk, slot="2", origin="", now=NOW + HOUR) == NOTHING
    raised(a_found(rank=3, vendor_id=vendor), now=NOW + 2 * HOUR)
    assert row().occurrence == 2
    assert tell_reader(owner.pk, slot="3", origin="", now=NOW + 2 * HOUR) == "1 warning told."


def test_a_kind_and_subject_are_one_warning_by_the_database() -> None:
    raised(a_found())
    copy = Alert(kind="incident", subject="1", rank=1, headline="x", raised_at=NOW, ranked_at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save()


def test_two_looks_that_find_the_same_new_thing_raise_it_once() -> None:
    seen_by_both: list[Alert] = []
    raise_found([a_found()], standing=seen_by_both, now=NOW)
    raise_found([a_found()], standing=seen_by_both, now=NOW)
    assert Alert.objects.count() == 1


def test_the_writes_of_a_look_do_not_grow_with_the_rows() -> None:
    def count(*found: Found, now: datetime) -> int:
        with CaptureQueriesContext(connection) as caught:
            raised(*found, now=now)
        return len(caught)

    few = [
        count(*[a_found(str(n)) for n in range(2)], now=NOW),
        count(*[a_found(str(n), rank=2) for n in range(2)], now=NOW + HOUR),
        count(now=NOW + 2 * HOUR),
        count(*[a_found(str(n)) for n in range(2)], now=NOW + 3 * HOUR),
    ]
    Alert.objects.all().delete()
    many = [
        count(*[a_found(str(n)) for n in range(12)], now=NOW),
        count(*[a_found(str(n), rank=2) for n in range(12)], now=NOW + HOUR),
        count(now=NOW + 2 * HOUR),
        count(*[a_found(str(n)) for n in range(12)], now=NOW + 3 * HOUR),
    ]
    assert many == few


def test_whether_a_look_would_change_anything_is_known_without_writing() -> None:
    raised(a_found())
    rows = list(Alert.objects.standing())
    assert not would_change([a_found()], standing=rows)
    assert would_change([a_found(rank=2)], standing=rows)
    assert would_change([a_found(headline="other")], standing=rows)
    assert would_change([], standing=rows)
    assert would_change([a_found(), a_found("2")], standing=rows)


# Acknowledging


def test_it_is_acknowledged_by_somebody_with_a_note_as_bad_as_it_is() -> None:
    raised(a_found(rank=2))
    alert = acknowledged(row(), now=NOW + HOUR, note="  the claim goes out today ")
    alert.refresh_from_db()
    assert (alert.acknowledged_rank, alert.acknowledged_note) == (2, "the claim goes out today")
    assert (alert.acknowledged_by, alert.acknowledged_at) == (person("olga"), NOW + HOUR)


def test_it_is_not_acknowledged_twice_nor_when_it_has_cleared() -> None:
    raised(a_found())
    alert = acknowledged(row())
    with pytest.raises(ValidationError, match="acknowledged already, by olga on 2019-07-01"):
        acknowledged(alert)
    raised(now=NOW + HOUR)
    with pytest.raises(ValidationError, match="has cleared on 2019-07-01"):
        acknowledged(alert)
    with pytest.raises(ValidationError, match="501 characters"):
        acknowledged(alert, note="x" * 501)


# Ranks and keys


@pytest.mark.parametrize(
    ("hours_left", "found"), [(100, 1), (51, 1), (50, 2), (26, 2), (25, 3), (1, 3), (0, 4), (-5, 4)]
)
def test_time_runs_in_stages_of_half_a_quarter_and_nothing(hours_left: int, found: int) -> None:
    until = NOW + timedelta(hours=hours_left)
    assert stage(until, since=until - timedelta(hours=100), now=NOW) == found


@pytest.mark.parametrize(("hours", "found"), [(72, 0), (73, 1), (143, 1), (144, 2), (288, 3), (9999, 3)])
def test_what_lasts_is_worse_after_twice_and_four_times_its_limit(hours: int, found: int) -> None:
    assert lasting(timedelta(hours=hours), limit=timedelta(hours=72)) == found


def test_a_limit_of_nothing_is_passed_at_once_and_never_worse() -> None:
    assert lasting(timedelta(hours=1), limit=timedelta(0)) == 1


def test_a_long_subject_keeps_its_meaning_in_the_column() -> None:
    names = [subject_of(1, "x" * 400), subject_of(1, "x" * 399 + "y")]
    assert len({*names}) == 2
    assert all(len(name) <= 250 for name in names)
    assert subject_of(1, "uptime|2019-06|power-a") == "1/uptime|2019-06|power-a"


def test_the_rules_are_made_once_with_their_defaults() -> None:
    first, second = house_policy(), house_policy()
    assert first == second
    assert (first.hour, first.zone, first.at_risk_percent, first.escalate_days) == (7, "UTC", 75, 2)
    assert AlertPolicy.history.get().history_change_reason == "The rules to begin with"


# Random histories

looks = st.tuples(st.just("look"), st.dictionaries(st.sampled_from("abc"), st.integers(1, 4), max_size=3))
tells = st.tuples(st.just("tell"), st.none())
acks = st.tuples(st.just("acknowledge"), st.sampled_from("abc"))
histories = st.lists(st.one_of(looks, looks, tells, acks), min_size=4, max_size=16)


class Heard:
    """What one reader should know of each warning: the lowest rank since it last heard, None before."""

    def __init__(self) -> None:
        self.lowest: dict[str, int | None] = {}
        self.rose: dict[str, bool] = {}

    def look(self, before: dict[str, int], now: dict[str, int]) -> None:
        for subject, rank in now.items():
            if subject not in before:
                self.lowest[subject], self.rose[subject] = None, True
                continue
            self.rose[subject] |= rank > before[subject]
            low = self.lowest[subject]
            self.lowest[subject] = None if low is None else min(low, rank)

    def tell(self, told: set[str], *, open_: dict[str, int]) -> None:
        assert told <= open_.keys(), "what is cleared or acknowledged is told to nobody"
        for subject, rank in open_.items():
            low = self.lowest[subject]
            if low is None or rank > low:
                assert subject in told, "what got worse is told"
            if subject in told:
                assert self.rose[subject], "nothing is told twice unless it got worse"
                self.lowest[subject], self.rose[subject] = rank, False


@pytest.mark.long
class Histories(TestCase):
    """Looks, mails and acknowledgements in any order."""

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(history=histories)
    def test_no_reader_is_told_one_rank_twice_and_none_is_missed(
        self, history: list[tuple[str, object]]
    ) -> None:
        boss, now = a_boss(), NOW
        readers = {"mail": Heard(), "chat": Heard()}
        ranks: dict[str, int] = {}
        for turn, (act, what) in enumerate([*history, ("tell", None)]):
            now += HOUR
            if act == "look":
                assert isinstance(what, dict)
                raised(*[a_found(subject, rank) for subject, rank in sorted(what.items())], now=now)
                for heard in readers.values():
                    heard.look(ranks, what)
                ranks = dict(what)
            elif act == "acknowledge":
                for alert in Alert.objects.unacknowledged().filter(subject=what):
                    acknowledged(alert, now=now)
            else:
                open_ = {each.subject: each.rank for each in Alert.objects.unacknowledged()}
                tell_reader(boss.pk, slot=str(turn), origin="", now=now)
                readers["mail"].tell(subjects(boss.pk, now=now), open_=open_)
                tell_chat(slot=str(turn), origin="", now=now)
                readers["chat"].tell(subjects(None, now=now), open_=open_)
                assert tell_reader(boss.pk, slot=f"{turn} again", origin="", now=now) == NOTHING
        told = list(AlertNotice.objects.values_list("alert", "occurrence", "rank", "reader"))
        assert len(told) == len(set(told))


def subjects(reader: int | None, *, now: datetime) -> set[str]:
    """Return what was told to a reader at an instant."""
    return set(
        AlertNotice.objects.filter(reader=reader, told_at=now).values_list("alert__subject", flat=True)
    )
