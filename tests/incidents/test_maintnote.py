"""Reading maintenance notices in iCalendar: the standard, what real ones lack, zones, and what is refused."""

import random
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.feeds.calendar_files import LARGEST_CALENDAR, MOST_LINES
from incidents.feeds.json_files import storable
from incidents.feeds.maintnote import read_maintnote
from incidents.feeds.values import Feed, FeedComponent, FeedContext, FeedError, FeedMaintenance, NoticeStatus

CAPTURES = Path(__file__).parent / "captures"
NTT = (CAPTURES / "ntt-completed.ics").read_bytes()
NOTICE = {
    "SUMMARY": "Maint Note Example",
    "DTSTART": "20151010T080000Z",
    "DTEND": "20151010T100000Z",
    "DTSTAMP": "20151010T001000Z",
    "UID": "42",
    "SEQUENCE": "1",
    "X-MAINTNOTE-PROVIDER": "carrier.example",
    "X-MAINTNOTE-ACCOUNT": "137.035999173",
    "X-MAINTNOTE-MAINTENANCE-ID": "WorkOrder-31415",
    "X-MAINTNOTE-OBJECT-ID": "acme-widgets",
    "X-MAINTNOTE-IMPACT": "NO-IMPACT",
    "X-MAINTNOTE-STATUS": "TENTATIVE",
    "ORGANIZER": "mailto:noc@carrier.example",
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def event(*lines: str, without: tuple[str, ...] = (), **changed: str) -> str:
    """Write one event: the standard's example, with some properties left out, changed or added."""
    known = {name: text for name, text in (NOTICE | changed).items() if name not in without}
    body = "\n".join([*(f"{name}:{text}" for name, text in known.items()), *lines])
    return f"BEGIN:VEVENT\n{body}\nEND:VEVENT\n"


def calendar(*events: str, head: str = "") -> bytes:
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{''.join(events)}END:VCALENDAR\n".encode()


def read(content: bytes, *, zone: str = "", received: str = "2026-01-01T00:00:00Z") -> Feed:
    named = ZoneInfo(zone) if zone else None
    return read_maintnote(content, FeedContext(received_at=at(received), zone=named))


def only(content: bytes, *, zone: str = "") -> FeedMaintenance:
    feed = read(content, zone=zone)
    assert feed.problems == ()
    (said,) = feed.maintenances
    return said


def test_the_standards_own_example_is_read_in_full() -> None:
    feed = read(calendar(event()))
    assert feed.page_name == "carrier.example"
    assert feed.problems == ()
    assert feed.maintenances == (
        FeedMaintenance(
            external_id="WorkOrder-31415",
            title="Maint Note Example",
            starts_at=at("2015-10-10T08:00:00Z"),
            ends_at=at("2015-10-10T10:00:00Z"),
            noticed_at=at("2015-10-10T00:10:00Z"),
            stated_at=at("2015-10-10T00:10:00Z"),
            changed_at=at("2015-10-10T00:10:00Z"),
            components=(FeedComponent(name="acme-widgets", worst_status="NO-IMPACT"),),
            status=NoticeStatus.TENTATIVE,
            impact="NO-IMPACT",
            account="137.035999173",
            sequence=1,
        ),
    )


def test_a_carriers_notice_has_an_impact_for_each_circuit() -> None:
    said = only(NTT)
    assert said.external_id == "VNOC-1-99999999999"
    assert (said.starts_at, said.ends_at) == (at("2018-08-08T05:00:00Z"), at("2018-08-08T07:13:00Z"))
    assert (said.status, said.impact, said.emergency) == (NoticeStatus.COMPLETED, "OUTAGE", True)
    assert said.components == (
        FeedComponent(name="999999", worst_status="NO-IMPACT"),
        FeedComponent(name="000001", worst_status="OUTAGE"),
        FeedComponent(name="098776", worst_status="OUTAGE"),
        FeedComponent(name="112131", worst_status="OUTAGE"),
    )
    assert said.notes == ("The standard asks for ORGANIZER, which it lacks.",)


@pytest.mark.parametrize(
    ("missing", "field", "value"),
    [
        ("X-MAINTNOTE-ACCOUNT", "account", ""),
        ("X-MAINTNOTE-MAINTENANCE-ID", "external_id", "42"),
        ("X-MAINTNOTE-OBJECT-ID", "components", ()),
        ("X-MAINTNOTE-PROVIDER", "title", "Maint Note Example"),
        ("ORGANIZER", "title", "Maint Note Example"),
        ("SUMMARY", "title", "WorkOrder-31415"),
        ("DTSTAMP", "noticed_at", None),
        ("SEQUENCE", "sequence", None),
        ("UID", "external_id", "WorkOrder-31415"),
    ],
)
def test_what_a_window_can_do_without_is_noted(missing: str, field: str, value: object) -> None:
    said = only(calendar(event(without=(missing,))))
    assert asdict(said)[field] == value
    assert said.notes == (f"The standard asks for {missing}, which it lacks.",)


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (event(without=("DTSTART",)), "event 1", "it has no DTSTART, so there is no window."),
        (
            event(without=("DTEND",)),
            "event 1",
            "it has no DTEND and no DURATION that can be read, so there is no window.",
        ),
        (
            event(without=("UID", "X-MAINTNOTE-MAINTENANCE-ID")),
            "event 1",
            "it has neither X-MAINTNOTE-MAINTENANCE-ID nor UID; nothing tells it from others.",
        ),
        (
            event(DTSTART="20151013Z"),
            "event 1.DTSTART",
            "not a time such as 20190625T041500Z (found '20151013Z').",
        ),
        (
            event(DTEND="00010101T000000Z"),
            "event 1.DTEND",
            "the year lies outside 1990 to 2200 (found '00010101T000000Z').",
        ),
        (
            event(DTEND="20151010T070000Z"),
            "event 1",
            "it ends (2015-10-10 07:00:00+00:00) before it begins (2015-10-10 08:00:00+00:00).",
        ),
        (
            event(DTSTART="20151010T080000"),
            "event 1.DTSTART",
            "the time has no zone; set the time zone of this feed (found '20151010T080000').",
        ),
        (
            event("DTSTART;TZID=PST:20150710T080000", without=("DTSTART",)),
            "event 1.DTSTART",
            "the time zone 'PST' is not known; name one such as Europe/Amsterdam (found '20150710T080000').",
        ),
        (event("DTSTART:20151010T090000Z"), "event 1.DTSTART", "it stands more than once"),
        (event(DTSTART="P1D"), "event 1.DTSTART", "not a time such as 20190625T041500Z"),
        (
            event(DURATION="P99999D", without=("DTEND",)),
            "event 1",
            "it has no DTEND and no DURATION that can be read, so there is no window.",
        ),
        (
            event(**{"X-MAINTNOTE-ACCOUNT": "a\x00b"}),
            "event 1.X-MAINTNOTE-ACCOUNT",
            "the text holds a null byte",
        ),
        (
            event(**{"X-MAINTNOTE-MAINTENANCE-ID": "9" * 111}),
            "event 1",
            f"its number is longer than 110 letters ('{'9' * 40}…').",
        ),
    ],
)
def test_what_is_no_window_is_listed_with_its_place_and_the_good_one_kept(
    content: str, place: str, message: str
) -> None:
    good = event(UID="43", **{"X-MAINTNOTE-MAINTENANCE-ID": "good"})
    feed = read(calendar(content, good))
    assert [said.external_id for said in feed.maintenances] == ["good"]
    assert feed.problems[0].place == place
    assert feed.problems[0].message.startswith(message)


@pytest.mark.parametrize(
    ("word", "status", "notes"),
    [
        ("CONFIRMED", NoticeStatus.CONFIRMED, ()),
        ("cancelled", NoticeStatus.CANCELLED, ()),
        ("IN-PROCESS", NoticeStatus.IN_PROCESS, ()),
        (" COMPLETED", NoticeStatus.COMPLETED, ()),
        (
            "RE-SCHEDULED",
            NoticeStatus.RESCHEDULED,
            ("Re-scheduled: see whether this is the new window, or the one that will not be used.",),
        ),
        (
            "MAYBE",
            None,
            ("The status 'MAYBE' is not a word of the standard; an earlier status holds.",),
        ),
    ],
)
def test_statuses_are_the_standards(word: str, status: NoticeStatus | None, notes: tuple[str, ...]) -> None:
    said = only(calendar(event(**{"X-MAINTNOTE-STATUS": word})))
    assert (said.status, said.notes) == (status, notes)


def test_without_a_status_the_calendars_own_is_read_and_else_none() -> None:
    assert only(calendar(event("STATUS:TENTATIVE", without=("X-MAINTNOTE-STATUS",)))).status is (
        NoticeStatus.TENTATIVE
    )
    said = only(calendar(event(without=("X-MAINTNOTE-STATUS",))))
    assert (said.status, said.notes) == (None, ("It states no status; what an earlier notice said holds.",))


def test_a_cancelled_invitation_is_cancelled_whatever_its_event_says() -> None:
    assert only(calendar(event(), head="METHOD:CANCEL\n")).status is NoticeStatus.CANCELLED


def test_an_answer_to_an_invitation_is_no_notice() -> None:
    feed = read(calendar(event(), head="METHOD:REPLY\n"))
    assert feed.maintenances == ()
    assert [fault.message for fault in feed.problems] == [
        "an answer to an invitation, no notice: it is passed over."
    ]


def test_an_impact_that_the_standard_does_not_know_is_read_as_an_outage_and_kept() -> None:
    said = only(calendar(event(**{"X-MAINTNOTE-IMPACT": "SWITCH-HITS"})))
    assert said.impact == "SWITCH-HITS"
    assert said.components == (FeedComponent(name="acme-widgets", worst_status="OUTAGE"),)
    assert said.notes == (
        "The impact 'SWITCH-HITS' is not a word of the standard, which wants it read as OUTAGE.",
    )


def test_without_an_impact_objects_are_out() -> None:
    said = only(calendar(event(without=("X-MAINTNOTE-IMPACT",))))
    assert said.impact == ""
    assert said.components == (FeedComponent(name="acme-widgets", worst_status="OUTAGE"),)
    assert "Without an impact the standard wants OUTAGE to be read." in said.notes


def test_an_object_named_twice_has_its_worst_impact() -> None:
    said = only(
        calendar(
            event(
                "X-MAINTNOTE-OBJECT-ID;X-MAINTNOTE-OBJECT-IMPACT=DEGRADED:acme-widgets",
                "X-MAINTNOTE-OBJECT-ID;X-MAINTNOTE-OBJECT-IMPACT=REDUCED-REDUNDANCY:other\\, too",
            )
        )
    )
    assert said.components == (
        FeedComponent(name="acme-widgets", worst_status="DEGRADED"),
        FeedComponent(name="other, too", worst_status="REDUCED-REDUNDANCY"),
    )


def test_the_primary_number_is_the_notices_and_the_others_are_told() -> None:
    said = only(
        calendar(
            event(
                "X-MAINTNOTE-MAINTENANCE-ID:External-1",
                "X-MAINTNOTE-MAINTENANCE-ID;X-MAINTNOTE-PRECEDENCE=PRIMARY:WO-7",
                without=("X-MAINTNOTE-MAINTENANCE-ID",),
            )
        )
    )
    assert said.external_id == "WO-7"
    assert said.notes == ("It bears other numbers, too: External-1.",)


def test_properties_may_lie_on_the_calendar_and_the_events_own_win() -> None:
    names = ("X-MAINTNOTE-ACCOUNT", "X-MAINTNOTE-OBJECT-ID", "X-MAINTNOTE-STATUS")
    general = ("ACCOUNT:A-1", "OBJECT-ID:b", "STATUS:CONFIRMED", "IMPACT:OUTAGE")
    head = "".join(f"X-MAINTNOTE-{line}\n" for line in general)
    said = only(calendar(event(without=names), head=head))
    assert (said.account, said.status, said.impact) == ("A-1", NoticeStatus.CONFIRMED, "NO-IMPACT")
    assert said.components == (FeedComponent(name="b", worst_status="NO-IMPACT"),)


def test_several_windows_of_one_notice_are_numbered_by_their_start_whatever_their_order() -> None:
    nights = [
        event(UID=f"u{night}", DTSTART=f"201510{night}T220000Z", DTEND=f"201510{night + 1}T040000Z")
        for night in (10, 11, 12)
    ]
    feed = read(calendar(nights[2], nights[0], nights[1]))
    assert [(said.external_id, said.notice, said.starts_at.day) for said in feed.maintenances] == [
        ("WorkOrder-31415#1", "WorkOrder-31415", 10),
        ("WorkOrder-31415#2", "WorkOrder-31415", 11),
        ("WorkOrder-31415#3", "WorkOrder-31415", 12),
    ]
    assert feed == read(calendar(*nights))


def test_of_two_tellings_of_one_window_the_one_with_the_higher_sequence_holds() -> None:
    first = event()
    second = event(SEQUENCE="2", DTSTART="20151012T080000Z", DTEND="20151012T100000Z")
    said = only(calendar(second, first))
    assert said == only(calendar(first, second))
    assert (said.external_id, said.sequence, said.starts_at.day) == ("WorkOrder-31415", 2, 12)
    assert said.notes == ("The file tells of this window 2 times; the newest telling is kept.",)


@pytest.mark.parametrize(
    ("title", "story", "emergency", "replaces"),
    [
        ("EMERGENCY MAINTENANCE", "", True, ""),
        ("Urgent work", "", True, ""),
        ("Non-emergency maintenance", "", False, ""),
        ("Planned", "In an emergency call us", False, ""),
        ("Planned", "This is a reschedule of TTN-0002345678, sorry", False, "TTN-0002345678"),
        ("Planned", "Rescheduled from ticket # CHG0031000", False, "CHG0031000"),
        ("Planned", "reschedule of the work", False, ""),
        ("Planned", "reschedule of WorkOrder-31415", False, ""),
    ],
)
def test_emergencies_are_called_so_in_the_title_and_a_replaced_notice_in_the_text(
    title: str, story: str, emergency: bool, replaces: str
) -> None:
    said = only(calendar(event(SUMMARY=title, DESCRIPTION=story.replace(",", "\\,"))))
    assert (said.emergency, said.replaces) == (emergency, replaces)


def test_a_plain_calendar_event_is_a_notice_with_what_it_has() -> None:
    bare = (*(name for name in NOTICE if name.startswith("X-")), "ORGANIZER")
    said = only(calendar(event("STATUS:CONFIRMED", without=bare)))
    assert (said.external_id, said.status, said.components) == ("42", NoticeStatus.CONFIRMED, ())
    assert said.notes == ("A plain calendar event: number, objects and impact are not stated.",)


BERLIN = "Times without a zone are read in Europe/Berlin."


@pytest.mark.parametrize(
    ("start", "begins", "notes"),
    [
        ("DTSTART;TZID=America/Denver:20230601T010000", "2023-06-01T07:00:00Z", ()),
        ("DTSTART;TZID=W. Europe Standard Time:20230601T010000", "2023-05-31T23:00:00Z", ()),
        ('DTSTART;TZID="/mozilla.org/2005/Asia/Tokyo":20230601T010000', "2023-05-31T16:00:00Z", ()),
        ("DTSTART:20230601T010000", "2023-05-31T23:00:00Z", (BERLIN,)),
        ("DTSTART;VALUE=DATE:20230601", "2023-05-31T22:00:00Z", (BERLIN,)),
        (
            "DTSTART;TZID=America/New_York:20231105T013000",
            "2023-11-05T05:30:00Z",
            (
                "2023-11-05 01:30 in America/New_York happens twice; the first is taken,"
                " because clocks change: check it.",
            ),
        ),
        (
            "DTSTART;TZID=America/New_York:20230312T023000",
            "2023-03-12T07:30:00Z",
            (
                "2023-03-12 02:30 in America/New_York does not exist; the old offset is taken,"
                " because clocks change: check it.",
            ),
        ),
        (
            "DTSTART;TZID=EST:20230701T010000",
            "2023-07-01T06:00:00Z",
            ("The times are in 'EST', which has no summer time: ask whether it is meant.",),
        ),
    ],
)
def test_times_are_read_in_the_zone_that_they_name(start: str, begins: str, notes: tuple[str, ...]) -> None:
    said = only(calendar(event(start, without=("DTSTART",), DTEND="20231231T000000Z")), zone="Europe/Berlin")
    assert (said.starts_at, said.notes) == (at(begins), notes)


OWN_ZONE = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
{rule}
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""
OCTOBER = "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"


def in_own_zone(name: str, *, rule: str = OCTOBER, stated: bool = True) -> bytes:
    times = (f"DTSTART;TZID={name}:20230701T120000", f"DTEND;TZID={name}:20231201T120000")
    zone = OWN_ZONE.format(name=name, rule=rule) if stated else ""
    return calendar(event(*times, without=("DTSTART", "DTEND")), head=zone)


def test_a_zone_of_the_files_own_is_used_for_that_file_alone() -> None:
    said = only(in_own_zone("Our Office"))
    assert (said.starts_at, said.ends_at) == (at("2023-07-01T10:00:00Z"), at("2023-12-01T11:00:00Z"))
    assert read(in_own_zone("Our Office", stated=False)).maintenances == ()


def test_no_event_can_name_the_zone_of_the_file_before() -> None:
    only(in_own_zone("Our Office"))
    assert read(in_own_zone("zone of the file at hand", stated=False)).maintenances == ()


def test_a_files_own_rules_do_not_change_a_zone_that_everybody_knows() -> None:
    assert only(in_own_zone("Asia/Tokyo")).starts_at == at("2023-07-01T03:00:00Z")


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=SECONDLY",
        "RRULE:FREQ=YEARLY;BYHOUR=1,2,3;BYMINUTE=1,2,3;BYSECOND=1,2,3",
        "rrule;X=1:FREQ=SECONDLY",
        "RDATE:" + ",".join(f"{year}0101T000000" for year in range(1601, 2200)),
    ],
)
def test_rules_that_would_run_for_hours_are_never_run(rule: str) -> None:
    feed = read(in_own_zone("Endless", rule=rule))
    assert feed.problems[0].message.startswith("the time zone 'Endless' is not known")


def test_what_repeats_is_not_expanded() -> None:
    said = only(calendar(event("RRULE:FREQ=SECONDLY", "RDATE:20151011T080000Z")))
    assert said.starts_at == at("2015-10-10T08:00:00Z")
    assert said.notes == ("It repeats; only the first window is read. Ask for a notice of each.",)


def test_a_duration_or_a_day_makes_the_end() -> None:
    lasting = only(calendar(event("DURATION:PT90M", without=("DTEND",))))
    assert lasting.ends_at == at("2015-10-10T09:30:00Z")
    day = only(
        calendar(event("DTSTART;VALUE=DATE:20230326", without=("DTSTART", "DTEND"))), zone="Europe/Berlin"
    )
    assert (day.starts_at, day.ends_at) == (at("2023-03-25T23:00:00Z"), at("2023-03-26T22:00:00Z"))
    assert "It names a day and no end: the whole day is taken." in day.notes


def test_a_window_of_no_length_is_kept_and_noted() -> None:
    said = only(calendar(event(DTEND="20151010T080000Z")))
    assert said.notes == ("The window is of no length: it ends when it begins.",)


def test_a_notice_cannot_be_sent_after_we_had_it() -> None:
    (said,) = read(calendar(event()), received="2015-10-09T00:00:00Z").maintenances
    assert said.noticed_at == at("2015-10-09T00:00:00Z")
    assert said.changed_at == at("2015-10-10T00:10:00Z")
    assert said.notes == (
        "Its DTSTAMP (2015-10-10 00:10 UTC) lies after it reached us (2015-10-09 00:00 UTC); "
        "the latter is taken.",
    )


def test_what_cannot_be_read_beside_the_window_is_noted() -> None:
    said = only(calendar(event(DTSTAMP="yesterday", SEQUENCE="9" * 5000)))
    assert (said.noticed_at, said.sequence) == (None, None)
    assert said.notes == ("DTSTAMP cannot be read: not a time such as 20190625T041500Z (found 'yesterday').",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is not iCalendar: it does not begin with BEGIN:VCALENDAR."),
        (b"{}", "The file is not iCalendar"),
        (b"/etc/hostname", "The file is not iCalendar"),
        (NTT[: len(NTT) // 2], "The calendar was cut off: END:VEVENT is missing. Bring it whole."),
        (NTT[:-14], "The calendar was cut off: END:VCALENDAR is missing."),
        (b"BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n", "The calendar holds no event (VEVENT)."),
        (b"BEGIN:VCALENDAR\nEND:VEVENT\n", "The calendar is broken at line 2: END:VEVENT closes nothing."),
        (b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 900, "The calendar nests without end at line 7."),
        (NTT.replace(b"NTT", b"\xff\xfe"), "The calendar is not UTF-8"),
        (NTT.decode().encode("utf-16"), "The calendar is not UTF-8"),
        (b"x" * (LARGEST_CALENDAR + 1), "The calendar has 2000001 bytes, more than 2000000. Split it."),
        (b"BEGIN:VCALENDAR\n" + b"X:1\n" * MOST_LINES, "The calendar has 40001 lines, more than 40000."),
    ],
)
def test_a_file_that_cannot_be_trusted_gives_nothing(content: bytes, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read(content)
    assert str(refused.value).startswith(message)


def test_folded_lines_and_other_line_ends_are_the_same_notice() -> None:
    folded = calendar(event(SUMMARY="Maint Note\n  Example")).replace(b"\n", b"\r\n")
    assert only(folded) == only(calendar(event()))
    assert only(b"\xef\xbb\xbf" + calendar(event()).replace(b"\n", b"\r")) == only(calendar(event()))


SEEDS = (NTT, calendar(event(), event(UID="43")), in_own_zone("Our Office"))
ODD = (
    b"99999999T999999Z",
    b"-1",
    b"\x00",
    b"\xed\xa0\x80",
    b"9" * 500,
    b"P9999999999W",
    b"",
    b";",
    b"\\",
    b'"',
)


def mangled(seed: bytes, chance: random.Random) -> bytes:
    """Spoil a calendar in a few of the ways in which files are spoilt."""
    lines = seed.split(b"\n")
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(lines))
        kind = chance.randrange(6)
        if kind == 0:
            lines[place] = lines[place].partition(b":")[0] + b":" + chance.choice(ODD)
        elif kind == 1:
            chance.shuffle(lines)
        elif kind == 2 and lines[place]:
            spoilt = bytearray(lines[place])
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
            lines[place] = bytes(spoilt)
        elif kind == 3:
            lines.insert(place, lines[chance.randrange(len(lines))])
        elif kind == 4:
            del lines[place:]
            lines = lines or [b""]
        else:
            lines[place] = b" " + lines[place]
    return b"\n".join(lines)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32), st.booleans())
def test_whatever_arrives_is_read_or_refused_in_words(seed: bytes, chance: int, zoned: bool) -> None:
    content = mangled(seed, random.Random(chance))
    try:
        feed = read(content, zone="Europe/Berlin" if zoned else "")
    except FeedError as error:
        said_why = str(error)
        assert storable(said_why) == said_why
        return
    assert feed == read(content, zone="Europe/Berlin" if zoned else "")
    for said in feed.maintenances:
        times = (said.starts_at, said.ends_at, said.noticed_at, said.changed_at)
        assert all(time.tzinfo is UTC for time in times if time is not None)
        assert said.starts_at <= said.ends_at
        assert said.external_id
        texts = (said.title, said.narrative, said.account, said.impact, said.external_id, *said.notes)
        assert all(isinstance(storable(text), str) for text in texts)
    for fault in feed.problems:
        assert storable(fault.message)
