"""Dated steps as a calendar that phones and mail programs subscribe to (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from icalendar import Alarm, Calendar, Event

# Before a day: at nine o'clock three days and one day ahead. Before a moment: a day and two hours.
BEFORE_A_DAY = (timedelta(days=-3, hours=9), timedelta(days=-1, hours=9))
BEFORE_A_MOMENT = (timedelta(hours=-24), timedelta(hours=-2))
# A moment is drawn as the half hour that ends with it: programs hide what has no length.
DRAWN = timedelta(minutes=30)
EVERY = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class CalendarStep:
    """One date of the calendar; `until` (UTC) where the clause counts hours, else the whole day."""

    uid: str
    on: date
    until: datetime | None
    title: str
    text: str
    url: str = ""


def deadline_calendar(steps: Iterable[CalendarStep], *, name: str, made_at: datetime) -> bytes:
    """Return the steps as an iCalendar file; `made_at` is UTC."""
    found = Calendar()
    found.add("prodid", "-//Recourse//Vendor SLA deadlines//EN")
    found.add("version", "2.0")
    found.add("method", "PUBLISH")
    found.add("name", name)
    found.add("x-wr-calname", name)
    found.add("refresh-interval", EVERY, parameters={"VALUE": "DURATION"})
    found.add("x-published-ttl", "PT1H")
    for step in steps:
        found.add_component(_event(step, made_at=made_at))
    return found.to_ical()


def _event(step: CalendarStep, *, made_at: datetime) -> Event:
    event = Event()
    event.add("uid", step.uid)
    event.add("dtstamp", made_at)
    event.add("summary", step.title)
    event.add("description", step.text)
    if step.url:
        event.add("url", step.url)
    if step.until is None:
        event.add("dtstart", step.on)
        event.add("dtend", step.on + timedelta(days=1))
    else:
        event.add("dtstart", step.until - DRAWN)
        event.add("dtend", step.until)
    # A deadline takes no time: it must not show the person as busy.
    event.add("transp", "TRANSPARENT")
    for ahead in BEFORE_A_DAY if step.until is None else BEFORE_A_MOMENT:
        event.add_component(_alarm(step, ahead=ahead))
    return event


def _alarm(step: CalendarStep, *, ahead: timedelta) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", step.title)
    related = {} if step.until is None else {"RELATED": "END"}
    alarm.add("trigger", ahead, parameters=related)
    return alarm
