"""Pictures say the same in colour, in grey, to a pointer and to a screen reader."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
import typst

from sla.engine.results import TimeClass
from sla.reports.pictures import (
    Day,
    DayCalendar,
    Grid,
    GridCell,
    GridRow,
    Span,
    Standing,
    Strip,
    Tick,
    Timeline,
    Trend,
    TrendPoint,
    Waterfall,
    WaterfallStep,
    day_calendar,
    period_grid,
    swatch,
    timeline,
    trend,
    waterfall,
)
from sla.reports.pictures.days import minutes_lost, step_of
from sla.reports.pictures.grid import short_value
from sla.reports.pictures.looks import LOOKS
from sla.reports.pictures.svg import WIDTH, fitted, text_width, wrapped

HOSTILE = '</svg><script>alert(1)</script>" onload="x\' & \x00\x1b\ud800 ' + "W" * 300
SVG = "{http://www.w3.org/2000/svg}"
JUNE = datetime(2019, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = 60_000_000


def a_cell(standing: Standing = Standing.MET, **fields: Any) -> GridCell:
    given: dict[str, Any] = {"value": "99.9 %", "standing": standing, "known": Fraction(1), "finalised": True}
    return GridCell(**{**given, **fields})


def a_grid(*cells: GridCell | None, name: str = "Uptime") -> str:
    row = GridRow(name=name, target="at least 99.9 %", cells=cells)
    return period_grid(
        Grid(
            title=f"Grid of {name}",
            periods=tuple(f"2019-{n:02d}" for n in range(1, len(cells) + 1)),
            rows=(row,),
        )
    )


def a_calendar(*minutes: int, title: str = "Days") -> str:
    days = tuple(Day(on=date(2019, 6, 1) + timedelta(n), lost_us=m * MINUTE) for n, m in enumerate(minutes))
    return day_calendar(DayCalendar(title=title, days=days))


def a_timeline(*spans: Span, label: str = "Power A") -> str:
    return timeline(
        Timeline(
            title=f"Time of {label}",
            starts_at=JUNE,
            ends_at=JUNE + 576 * HOUR,
            strips=(Strip(label=label, spans=spans),),
            ticks=(Tick(at=JUNE, label="06-01"),),
        )
    )


def a_span(time_class: TimeClass, *, after: int, hours: int, said: str = "") -> Span:
    starts = JUNE + after * HOUR
    return Span(time_class=time_class, starts_at=starts, ends_at=starts + hours * HOUR, said=said)


def a_waterfall(label: str = "Cap of 15 %") -> str:
    return waterfall(
        Waterfall(
            title=f"Credit, {label}",
            currency="USD",
            base_minor=200_000,
            base_label="Fee of the month",
            before_caps_minor=50_000,
            steps=(WaterfallStep(label=label, amount_minor=-20_000),),
            due_minor=30_000,
            rate="25 %",
        )
    )


def a_point(label: str, value: Fraction | None, **fields: Any) -> TrendPoint:
    given: dict[str, Any] = {
        "printed": "x",
        "target": Fraction(99),
        "target_printed": "99 %",
        "missed": False,
    }
    return TrendPoint(**{"label": label, "value": value, "finalised": True, **given, **fields})


def a_trend(label: str = "2019-06") -> str:
    points = (a_point("2019-05", Fraction(100)), a_point(label, Fraction(98), missed=True))
    return trend(Trend(title=f"Trend {label}", points=points))


PICTURES: dict[str, Callable[[str], str]] = {
    "grid": lambda name: a_grid(a_cell(), a_cell(Standing.MISSED, value=name), None, name=name),
    "calendar": lambda name: a_calendar(0, 3, 300, title=name),
    "timeline": lambda name: a_timeline(a_span(TimeClass.EXCLUDED, after=24, hours=2, said=name), label=name),
    "waterfall": a_waterfall,
    "trend": a_trend,
}


def shapes(picture: str, look: str) -> list[ElementTree.Element]:
    return [each for each in ElementTree.fromstring(picture).iter() if each.get("class") == f"pic-{look}"]


def texts(picture: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(picture).iter(f"{SVG}text")]


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_a_hostile_name_stays_text(draw: Callable[[str], str]) -> None:
    root = ElementTree.fromstring(draw(HOSTILE))
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
        *("svg", "title", "desc", "defs", "pattern", "g", "rect", "path", "circle", "line", "text")
    }
    assert all(not name.startswith("on") for each in root.iter() for name in each.attrib)


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_a_picture_needs_nothing_from_outside_and_no_style(draw: Callable[[str], str]) -> None:
    root = ElementTree.fromstring(draw("Uptime"))
    for each in root.iter():
        assert not {"style", "href", "src"} & {name.rpartition("}")[2] for name in each.attrib}
        for value in each.attrib.values():
            assert "url(" not in value or value.startswith("url(#p")


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_a_picture_says_in_words_what_it_shows_and_is_the_same_each_time(draw: Callable[[str], str]) -> None:
    root = ElementTree.fromstring(draw("Uptime"))
    assert root.get("role") == "img"
    assert root.get("aria-label") == f"{root[0].text}. {root[1].text}"
    assert draw("Uptime") == draw("Uptime")


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_a_picture_stands_in_a_pdf_too(draw: Callable[[str], str]) -> None:
    page = '#image(bytes(sys.inputs.svg), format: "svg", width: 100%)'
    assert typst.compile(page.encode(), sys_inputs={"svg": draw(HOSTILE)}, ignore_system_fonts=True)


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_every_text_lies_inside(draw: Callable[[str], str]) -> None:
    root = ElementTree.fromstring(draw(HOSTILE))
    tall = Fraction(root.attrib["height"])
    for each in root.iter(f"{SVG}text"):
        assert 0 <= Fraction(each.attrib["x"]) <= WIDTH
        assert 0 < Fraction(each.attrib["y"]) <= tall


def luminance(colour: str) -> Fraction:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return Fraction(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


def contrast(one: str, two: str) -> Fraction:
    low, high = sorted((luminance(one), luminance(two)))
    return (high + Fraction(1, 20)) / (low + Fraction(1, 20))


@pytest.mark.parametrize(
    ("look", "ground"),
    [
        ("text", "#ffffff"),
        ("faint", "#ffffff"),
        *(("strong", LOOKS[f"cell-{standing}"]["fill"]) for standing in Standing),
        *(("strong", LOOKS[f"lost-{step}"]["fill"]) for step in ("0", "1")),
        *(("strong", LOOKS[f"lost-{step}-ground"]["fill"]) for step in ("2", "3")),
        *(("strong", LOOKS[f"lost-{step}-hatch"]["stroke"]) for step in ("2", "3")),
        ("inverse", LOOKS["lost-4"]["fill"]),
    ],
)
def test_text_stands_out_from_its_ground(look: str, ground: str) -> None:
    assert contrast(LOOKS[look]["fill"], ground) >= Fraction(9, 2)


def test_each_class_of_time_looks_different_without_colour() -> None:
    drawn = {
        each: (LOOKS[each.value]["fill"], LOOKS[each.value].get("stroke-dasharray")) for each in TimeClass
    }
    plain = {each for each, (fill, _) in drawn.items() if not fill.startswith("url(")}
    assert plain == {TimeClass.UP, TimeClass.DOWN, TimeClass.OUTSIDE_HOURS, TimeClass.NOT_IN_SERVICE}
    assert len(set(drawn.values())) == len(TimeClass)
    greys = sorted(luminance(drawn[each][0]) for each in plain if each is not TimeClass.NOT_IN_SERVICE)
    assert all(lighter - darker > Fraction(1, 4) for darker, lighter in pairwise(greys))


def test_every_look_has_a_swatch_with_its_own_pattern() -> None:
    for each in TimeClass:
        ElementTree.fromstring(swatch(each.value))
    assert 'id="psexcluded-excluded"' in swatch("excluded")


def test_two_pictures_of_one_page_share_no_name() -> None:
    drawn = Timeline(
        title="T",
        starts_at=JUNE,
        ends_at=JUNE + 24 * HOUR,
        strips=(Strip(label="A", spans=(a_span(TimeClass.EXCLUDED, after=1, hours=1),)),),
        ticks=(),
    )
    ids = [set(re.findall(r'id="([^"]+)"', timeline(drawn, key=key))) for key in ("one", "two words")]
    assert ids == [{"pone-excluded"}, {"ptwo-words-excluded"}]


def test_a_cell_tells_how_good_how_much_is_known_and_whether_it_is_final_apart() -> None:
    cell = a_cell(Standing.MISSED, known=Fraction(1, 2), finalised=False)
    picture = a_grid(cell)
    assert len(shapes(picture, "cell-missed")) == 1 + 1  # and the legend
    assert len(shapes(picture, "edge-draft")) == 1 + 1
    wide = (WIDTH - 200) // 8 - 3 - 6
    assert shapes(picture, "ink")[1].get("width") == f"{wide / 2:g}"
    assert "Uptime, 2019-01: 99.9 %, missed, draft, 50 % of the time known" in picture


def test_a_missed_cell_has_a_mark_and_a_met_one_none() -> None:
    def corners(picture: str) -> int:
        return sum(each.tag == f"{SVG}path" for each in shapes(picture, "ink"))

    assert corners(a_grid(a_cell(Standing.MISSED))) == corners(a_grid(a_cell())) + 1


def test_the_year_stands_where_it_begins() -> None:
    row = GridRow(name="Uptime", target="", cells=(None, None, None))
    picture = period_grid(Grid(title="G", periods=("2018-12", "2019-01", "2019-02"), rows=(row,)))
    assert texts(picture)[:5] == ["2018", "12", "2019", "01", "02"]


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("99.987 %", "99.987"),
        ("4 h 23 min 10.5 s", "4h 23m"),
        ("12 s", "12s"),
        ("3 late", "3 late"),
        ("", "–"),
        ("99.99998765 %", "99.9999…"),
    ],
)
def test_a_value_is_shortened_and_never_rounded(printed: str, shown: str) -> None:
    assert short_value(printed, width=46) == shown


@pytest.mark.parametrize(
    ("lost_us", "minutes", "step"),
    [
        (0, 0, 0),
        (1, 1, 1),
        (5 * MINUTE, 5, 1),
        (5 * MINUTE + 1, 6, 2),
        (60 * MINUTE, 60, 2),
        (61 * MINUTE, 61, 3),
        (240 * MINUTE, 240, 3),
        (241 * MINUTE, 241, 4),
    ],
)
def test_a_day_is_drawn_by_its_minutes_lost(lost_us: int, minutes: int, step: int) -> None:
    day = Day(on=date(2019, 6, 1), lost_us=lost_us)
    assert (minutes_lost(day), step_of(day)) == (minutes, step)


def test_a_day_that_nobody_knows_is_not_a_good_day() -> None:
    assert step_of(Day(on=date(2019, 6, 1), lost_us=0, known=False)) == 5


def test_a_month_names_the_days_of_its_week_and_a_year_has_a_row_a_month() -> None:
    assert texts(a_calendar(0, 7))[:6] == ["2019-06", "7", "S", "1", "S", "2"]
    year = tuple(Day(on=date(2019, 1, 1) + timedelta(n), lost_us=0) for n in range(365))
    found = texts(day_calendar(DayCalendar(title="Year", days=year)))
    assert [each for each in found if each.startswith("2019-")] == [f"2019-{n:02d}" for n in range(1, 13)]


def test_a_stretch_lies_where_it_was() -> None:
    down = shapes(a_timeline(a_span(TimeClass.DOWN, after=144, hours=288)), "down")[0]
    assert (down.get("x"), down.get("width")) == ("274", "288")  # 576 hours are 576 units, from 130 on


def test_a_moment_is_drawn_wide_enough_to_see_and_inside() -> None:
    last = shapes(a_timeline(a_span(TimeClass.DOWN, after=575, hours=1)), "down")[0]
    assert (last.get("x"), last.get("width")) == ("704", "2")


def test_downtime_is_drawn_over_what_it_touches_and_nothing_outside_is_drawn() -> None:
    spans = (a_span(TimeClass.DOWN, after=5, hours=1), a_span(TimeClass.EXCLUDED, after=5, hours=9))
    drawn = [each.get("class") for each in ElementTree.fromstring(a_timeline(*spans)).iter(f"{SVG}rect")]
    assert [look for look in drawn if look != "pic-paper"][:3] == ["pic-up", "pic-excluded", "pic-down"]
    assert shapes(a_timeline(a_span(TimeClass.DOWN, after=-9, hours=3)), "down")[:-1] == []


def test_the_legend_names_only_what_is_there() -> None:
    picture = a_timeline(a_span(TimeClass.STOPPED, after=1, hours=1))
    assert texts(picture)[2:] == ["Delivered", "Waiting on us"]


def test_the_steps_of_a_credit_have_one_scale_and_their_amounts() -> None:
    picture = a_waterfall()
    wide = {
        look: shapes(picture, look)[0].get("width") for look in ("money-base", "money-credit", "money-due")
    }
    assert wide == {"money-base": "380", "money-credit": "95", "money-due": "57"}
    taken = shapes(picture, "money-taken")[0]
    assert (taken.get("x"), taken.get("width")) == ("287", "38")
    assert [each for each in texts(picture) if "USD" in each] == [
        *("USD 2,000.00", "USD 500.00", "USD -200.00", "USD 300.00")
    ]


def test_a_credit_of_nothing_is_drawn_without_bars() -> None:
    nothing = Waterfall(
        title="Credit",
        currency="JPY",
        base_minor=None,
        base_label="",
        before_caps_minor=0,
        steps=(),
        due_minor=0,
    )
    assert texts(waterfall(nothing)) == ["Credit before caps", "JPY 0", "Credit due, before tax", "JPY 0"]


def test_a_miss_is_a_square_below_the_dashed_target() -> None:
    picture = a_trend()
    square = shapes(picture, "trend-missed")[0]
    target = shapes(picture, "trend-target")[0]
    assert Fraction(square.attrib["y"]) + 4 > Fraction(target.attrib["y1"])
    assert target.get("stroke-dasharray") == "5 3"


def test_a_period_without_a_value_breaks_the_line() -> None:
    points = (a_point("1", Fraction(1)), a_point("2", None), a_point("3", Fraction(2)))
    assert shapes(trend(Trend(title="T", points=points)), "trend-line") == []


@pytest.mark.parametrize("count", [0, 1, 2, 60])
def test_any_number_of_periods_makes_a_picture(count: int) -> None:
    points = tuple(a_point(f"{n}", Fraction(n), finalised=n % 2 == 0) for n in range(count))
    ElementTree.fromstring(trend(Trend(title="T", points=points)))
    ElementTree.fromstring(a_grid(*[a_cell()] * count))


def test_texts_are_cut_to_their_place() -> None:
    assert fitted("short", width=100, size=10) == "short"
    assert fitted("a" * 100, width=100, size=10).endswith("…")
    assert text_width(fitted("a" * 100, width=100, size=10), size=10) <= 100
    assert wrapped("one two three", width=45, size=10) == ["one two", "three"]
    assert wrapped("", width=45, size=10) == []
