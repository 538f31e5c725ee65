"""The windows that texts tell of: "between 12:23 and 13:05 PDT", "from 7:41 to 11:52 US/Pacific".

They are proposals: the posted times stay as they are, and a person decides which count. The rules:

- A span is two times with "to", "till", "until", "through", a dash, or "between … and" between them. Where a
  text has none, its first "beginning at …" with its last "… resolved as of" is one.
- A day without a year is the nearest to the post. A span without any day is the nearest to the post that
  had begun when the words were last changed; an end before its start lies on the next day.
- A zone word holds for both times of a span; without one the text's "all times …" holds, else the one word
  that all its other times bear, else the caller's zone, else there is no window and a note says so. For
  zone words see `incidents.feeds.zone_words`.
- What is announced ("will", "expected", begins after the post) is no outage and is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from incidents.feeds.json_files import EARLIEST_YEAR, LATEST_YEAR
from incidents.feeds.values import FeedWindow
from incidents.feeds.written_times import WrittenTime, written_times
from incidents.feeds.zone_words import ZONE_WORD, Reading, clock_of, instant_of

LONGEST_TEXT = 20_000
MOST_WINDOWS = 20
LONGEST_QUOTE = 200
# A post may be typed a few minutes before the end that it tells.
SLACK = timedelta(minutes=15)
# Farther away than this, a day is rather a slip of the pen, as "February" for "August".
FAR = timedelta(days=60)

_JOINED = re.compile(
    r"\s{0,3}(?:[-–—~〜]|to|till?|until|through|thru|and|&)\s{0,3}"
    r"(?:approximately |about |around |roughly |~)?"
    r"|\s{1,5}(?:(?:incident|outage|impact)\s)?end\s?:\s{0,5}",
    re.IGNORECASE,
)
_AND = ("and", "&")
_LISTED = re.compile(r"\s{0,2}(?:,|;|and|&|, and)\s{0,2}~?", re.IGNORECASE)
_BETWEEN = re.compile(r"\b(?:between|from|during|within)\b", re.IGNORECASE)
_ALL_TIMES = re.compile(rf"\b[Aa]ll [Tt]imes (?:are |listed |shown )?(?:in )?\(?({ZONE_WORD})")
_PLANNED = re.compile(
    r"\b(?:will|expect\w{0,4}|scheduled (?:for|to|between|from|on)|plan(?:s|ned)? (?:to|for)"
    r"|next update|eta)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"\n|[.!?](?=\s)")
_STARTS = frozenset(("beginning", "began", "begin", "starting", "started", "start", "since", "onset"))
_STARTED = frozenset(("began", "started", "ceased", "stopped", "failed", "lost", "crashed", "experienced"))
_ENDS = frozenset(("resolved", "ended", "end", "restored", "recovered", "back", "mitigated", "fixed"))
_ENDED = frozenset(("resolved", "ended", "restored", "recovered", "normal"))
_WORD = re.compile(r"[A-Za-z]{1,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrated:
    """The windows that a text tells of, in the order of the text, and what a person should look at."""

    windows: tuple[FeedWindow, ...] = ()
    notes: tuple[str, ...] = ()


def narrated(
    text: str,
    *,
    reference: datetime,
    changed_at: datetime | None = None,
    zone: tzinfo | None = None,
    looking_back: bool = True,
) -> Narrated:
    """Find the windows that a text tells of.

    `reference` is when the words were posted; for a post-mortem, written days later, when the incident was
    resolved. `changed_at` is when they may last have been changed: pages add a root cause to an old post.
    `zone` is that of times without a zone word. An announcement of work does not look back: its windows
    may lie ahead.
    """
    plain = text[:LONGEST_TEXT].replace("*", " ").replace("\u00a0", " ").replace("\u202f", " ")
    times = written_times(plain)
    if not EARLIEST_YEAR < reference.year < LATEST_YEAR:
        return Narrated()
    teller = _Teller(
        text=plain,
        reference=reference,
        until=max(reference, changed_at or reference) + SLACK if looking_back else None,
        zone=zone,
        word=_word_of_text(plain, times=times),
    )
    spans = list(_spans(plain, times=times)) or list(_cued(plain, times=times))
    windows: dict[tuple[datetime, datetime], FeedWindow] = {}
    notes: dict[str, None] = {}
    for span in spans[:MOST_WINDOWS]:
        window, found = teller.window(span)
        if window:
            windows.setdefault((window.start, window.end), window)
        notes.update(dict.fromkeys(found))
    return Narrated(windows=tuple(windows.values()), notes=tuple(notes))


def _word_of_text(text: str, *, times: list[WrittenTime]) -> str:
    """Return the zone word that a text states for all its times, or that all with a word share; or ""."""
    if said := _ALL_TIMES.search(text):
        return said[1]
    words = {told.zone for told in times if told.zone}
    return words.pop() if len(words) == 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Two times of a text that bound one window; `word` is the zone word that holds for both."""

    first: WrittenTime
    last: WrittenTime
    word: str
    begin: int


def _spans(text: str, *, times: list[WrittenTime]) -> Iterator[_Span]:
    """Yield each pair of times that the text joins, the second of one never the first of another."""
    taken = -1
    for number in range(len(times) - 1):
        first, last = times[number], times[number + 1]
        gap = text[first.end : last.begin]
        if number <= taken or len(gap) > 30 or not (joined := _JOINED.fullmatch(gap)):
            continue
        lead = text[max(first.begin - 30, 0) : first.at]
        if joined[0].split()[:1] and joined[0].split()[0].lower() in _AND and not _BETWEEN.search(lead):
            continue
        taken = number + 1
        word = last.zone or first.zone or _word_of_list(text, times=times, number=number + 1)
        begins = [match.start() for match in _BETWEEN.finditer(lead)]
        begin = max(first.begin - 30, 0) + begins[-1] if begins else first.begin
        yield _Span(first=first, last=last, word=word, begin=min(begin, first.begin))


def _word_of_list(text: str, *, times: list[WrittenTime], number: int) -> str:
    """Return the zone word at the end of a list: "10:00-10:20, 11:00-11:20 UTC"."""
    for before, after in zip(times[number:], times[number + 1 : number + 20], strict=False):
        gap = text[before.end : after.begin]
        if len(gap) > 30 or not (_LISTED.fullmatch(gap) or _JOINED.fullmatch(gap)):
            return ""
        if after.zone:
            return after.zone
    return ""


def _cued(text: str, *, times: list[WrittenTime]) -> Iterator[_Span]:
    """Yield the one window from the first time at which something began to the last at which it was over."""
    cues = [_cue(text, told=told) for told in times[:200]]
    if "start" not in cues:
        return
    number = cues.index("start")
    first = times[number]
    ends = [told for told, cue in zip(times, cues, strict=False) if cue == "end" and told.begin > first.end]
    # A day on one side alone would have to be guessed on the other.
    if ends and (first.day is None) == (ends[-1].day is None):
        word = first.zone or ends[-1].zone
        yield _Span(first=first, last=ends[-1], word=word, begin=first.begin)


def _cue(text: str, *, told: WrittenTime) -> str:
    """Say whether the words about a time tell of a start or an end; those of plans tell of neither."""
    before, after = _sentence(text, told=told)
    if _PLANNED.search(before) or _PLANNED.search(after):
        return ""
    near = [word.lower() for word in _WORD.findall(before)]
    behind = [word.lower() for word in _WORD.findall(after)]
    if _STARTS & set(near[-3:]):
        return "start"
    if _ENDS & set(near[-9:]) or _ENDED & set(behind):
        return "end"
    return "start" if _STARTED & set(behind) else ""


def _sentence(text: str, *, told: WrittenTime) -> tuple[str, str]:
    """Return the words of its sentence before and behind a time, 120 letters at most each."""
    before = _SENTENCE_END.split(text[max(told.begin - 120, 0) : told.begin])[-1]
    return before, _SENTENCE_END.split(text[told.end : told.end + 120])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Teller:
    """What is known about a text whose spans become windows; `until` is None for an announcement."""

    text: str
    reference: datetime
    until: datetime | None
    zone: tzinfo | None
    word: str

    def window(self, span: _Span) -> tuple[FeedWindow | None, list[str]]:
        """Return the window of a span, None where it tells of no certain or no past time, with notes."""
        quote = self._quote(span)
        before, after = _sentence(self.text, told=span.first)[0], self.text[span.last.end :][:12]
        if self.until and (_PLANNED.search(before) or _PLANNED.search(after)):
            return None, []
        local = self._local(span)
        if local is None:
            return None, []
        words = [span.first.zone or span.word or self.word, span.last.zone or span.word or self.word]
        start, end = (
            instant_of(when, word=word, zone=self.zone) for when, word in zip(local, words, strict=True)
        )
        # Both ends of a window mostly ask the same question: the first stands for both.
        asked = start.note or end.note
        return self._judged(start, end, quote=quote, notes=[f"“{quote}”: {asked}"] if asked else [])

    def _judged(
        self, start: Reading, end: Reading, *, quote: str, notes: list[str]
    ) -> tuple[FeedWindow | None, list[str]]:
        if start.at is None or end.at is None:
            return None, notes
        if end.at <= start.at:
            return None, [*notes, f"“{quote}” ends before it begins; no window is proposed."]
        if self.until and start.at > self.until:
            return None, []
        if abs(self.reference - start.at) > FAR:
            days = abs(self.reference - start.at).days
            notes = [*notes, f"“{quote}” lies {days} days from the post that tells it; look at the date."]
        return FeedWindow(start=start.at, end=end.at, quote=quote), notes

    def _local(self, span: _Span) -> tuple[datetime, datetime] | None:
        """Return both local times with their days, None where no day or zone can be found."""
        seconds = _clock_seconds(span)
        clock = clock_of(span.word or self.word, zone=self.zone) or UTC
        today = self.reference.astimezone(clock).date()
        if seconds is None:
            return None
        first_day, last_day = self._days(span, today=today)
        if first_day is None and last_day is None:
            first_day = self._nearest(seconds, today=today, clock=clock)
        if first_day is None and last_day is not None:
            first_day = last_day - timedelta(days=seconds[0] > seconds[1])
        if first_day is None:
            return None
        start = _at(first_day, seconds[0])
        if last_day is None:
            last_day = first_day + timedelta(days=seconds[1] < seconds[0])
        end = _at(last_day, seconds[1])
        return (start, end) if all(EARLIEST_YEAR < when.year < LATEST_YEAR for when in (start, end)) else None

    def _days(self, span: _Span, *, today: date) -> tuple[date | None, date | None]:
        """Return the written days; one without a year is near the other, where that has one."""
        first, last = span.first.day, span.last.day
        if first and last and first.year is None and last.year and (told := last.near(today)):
            return first.near(told), told
        told = first.near(today) if first else None
        return told, last.near(told or today) if last else None

    def _nearest(self, seconds: tuple[int, int], *, today: date, clock: tzinfo) -> date:
        """Return the day of a span without one: see the rules above."""
        length = timedelta(seconds=(seconds[1] - seconds[0]) % 86_400)
        days = [today + timedelta(days=step) for step in (-2, -1, 0, 1, 2)]
        starts = {day: _at(day, seconds[0]).replace(tzinfo=clock) for day in days}
        begun = [day for day in days if self.until is None or starts[day] <= self.until]
        return min(begun, key=lambda day: self._distance(starts[day], length=length))

    def _distance(self, start: datetime, *, length: timedelta) -> timedelta:
        """Return how far a window lies from the post, nothing where the post stands in it."""
        return max(start - self.reference, self.reference - start - length, timedelta(0))

    def _quote(self, span: _Span) -> str:
        words = " ".join(self.text[span.begin : span.last.end].split())
        if len(words) <= LONGEST_QUOTE:
            return words
        first = " ".join(self.text[span.begin : span.first.end + 60].split())[: LONGEST_QUOTE // 2]
        last = " ".join(self.text[span.last.begin - 60 : span.last.end].split())
        return f"{first} … {last[-LONGEST_QUOTE // 2 + 3 :]}"


def _clock_seconds(span: _Span) -> tuple[int, int] | None:
    """Return both times of day in seconds; "11:30-1:15 PM" begins in the morning, "4:15-5:28 PM" does not."""
    first, last = span.first.seconds, span.last.seconds
    if first is None or last is None or first == last:
        return None
    halved = span.first.hour <= 12 and not span.first.half and span.last.half
    if halved and span.last.hour <= 12:
        morning = (span.first.hour % 12) * 3600 + first % 3600
        first = max((half for half in (morning, morning + 43_200) if half < last), default=morning + 43_200)
    return first, last


def _at(day: date, seconds: int) -> datetime:
    return datetime.combine(day, time.min) + timedelta(seconds=seconds)
