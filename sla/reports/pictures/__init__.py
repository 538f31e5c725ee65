"""Pictures of statements: plain values in, SVG text out, the same for pages and for PDF.

`svg` elements and escaping · `looks` colours, patterns and marks · `grid` service levels by period ·
`days` days by minutes lost · `timeline` a period by classes of time · `waterfall` a credit from its base
to what is due · `trend` achieved against target · `statement` those of one statement.

Colour never stands alone: a mark, a pattern or a number says the same, so that a grey print reads as well.
"""

from sla.reports.pictures.days import Day, DayCalendar, day_calendar
from sla.reports.pictures.grid import Grid, GridCell, GridRow, Standing, period_grid
from sla.reports.pictures.looks import swatch
from sla.reports.pictures.svg import Picture
from sla.reports.pictures.timeline import Span, Strip, Tick, Timeline, timeline
from sla.reports.pictures.trend import Trend, TrendPoint, trend
from sla.reports.pictures.waterfall import Waterfall, WaterfallStep, waterfall

__all__ = [
    "Day",
    "DayCalendar",
    "Grid",
    "GridCell",
    "GridRow",
    "Picture",
    "Span",
    "Standing",
    "Strip",
    "Tick",
    "Timeline",
    "Trend",
    "TrendPoint",
    "Waterfall",
    "WaterfallStep",
    "day_calendar",
    "period_grid",
    "swatch",
    "timeline",
    "trend",
    "waterfall",
]
