"""Business hours: weekly hours, holidays, extra closed and open days."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from vendors.models.tracked import ALL_TIME, Span, Tracked
from vendors.models.zones import midnight, validate_zone

DAY_MINUTES = 24 * 60


def clock_text(minutes: int) -> str:
    """Write minutes since midnight as a clock time; the end of the day is 24:00."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


class BusinessCalendar(Tracked):
    """Agreed hours in one zone. Around the clock means that hours and days below are not used."""

    natural_fields = ("code",)
    quiet_fields = frozenset({"name", "is_demo"})

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    zone = models.CharField(
        "time zone",
        max_length=64,
        default="UTC",
        validators=[validate_zone],
        help_text="Such as America/New_York. For a literal EST all year use UTC-05:00.",
    )
    around_the_clock = models.BooleanField(default=False, help_text="24 hours, every day of the year.")
    is_demo = models.BooleanField("demo data", default=False, editable=False)

    class Meta:
        verbose_name = "calendar"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def touched_contracts(self) -> None:
        """Return None: which contracts use a calendar is known to their terms only."""
        return None


class WeeklyHours(Tracked):
    """Open hours of one weekday. Hours past midnight are two rows: until 24:00, and from 0:00 on."""

    class Weekday(models.IntegerChoices):
        """Monday is 0, as in Python."""

        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    natural_fields = ("calendar__code", "effective_from", "weekday", "opens_at")

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.PROTECT, related_name="weekly_hours")
    effective_from = models.DateField(
        null=True,
        blank=True,
        help_text="A new set of hours replaces the whole week from this day on. Empty: from the beginning.",
    )
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    opens_at = models.PositiveSmallIntegerField(help_text="Minutes since midnight.")
    closes_at = models.PositiveSmallIntegerField(help_text="Minutes since midnight; 1440 is 24:00.")

    class Meta:
        verbose_name = "weekly hours"
        verbose_name_plural = "weekly hours"
        ordering = ["calendar_id", F("effective_from").asc(nulls_first=True), "weekday", "opens_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "weekday", "opens_at"],
                condition=Q(effective_from__isnull=True),
                name="hours_once",
                violation_error_message="This weekday already opens at that time.",
            ),
            models.UniqueConstraint(
                fields=["calendar", "effective_from", "weekday", "opens_at"],
                condition=Q(effective_from__isnull=False),
                name="hours_dated_once",
                violation_error_message="This weekday already opens at that time.",
            ),
            models.CheckConstraint(
                name="hours_weekday_exists",
                condition=Q(weekday__lte=6),
                violation_error_message="A weekday is 0 (Monday) to 6 (Sunday).",
            ),
            models.CheckConstraint(
                name="hours_ordered",
                condition=Q(closes_at__gt=F("opens_at")) & Q(closes_at__lte=DAY_MINUTES),
                violation_error_message="Closing comes after opening, and 24:00 at the latest."
                " For hours past midnight add a second row on the next weekday.",
            ),
        ]

    def __str__(self) -> str:
        hours = f"{clock_text(self.opens_at)}-{clock_text(self.closes_at)}"
        return f"{self.get_weekday_display()} {hours}"

    def touched_contracts(self) -> None:
        """Return None: any contract may use the calendar."""
        return None

    def touched_span(self) -> Span:
        """Return the time from its first day on."""
        if self.effective_from is None:
            return ALL_TIME
        return Span(midnight(self.effective_from, zone=self.calendar.zone), None)


class CalendarDay(Tracked):
    """One day that differs from the week: a holiday, an extra closed day, an extra open day."""

    class Kind(models.TextChoices):
        """Whether it is a working day."""

        CLOSED = "closed", "Closed"
        OPEN = "open", "Open"

    class Origin(models.TextChoices):
        """Who put it here: filling in holidays never overwrites a person."""

        PERSON = "person", "Entered by a person"
        HOLIDAYS = "holidays", "Filled in from the public holidays"

    natural_fields = ("calendar__code", "on")
    quiet_fields = frozenset({"name", "origin"})

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.PROTECT, related_name="days")
    on = models.DateField("day")
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.CLOSED)
    opens_at = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Minutes since midnight.")
    closes_at = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Minutes since midnight; 1440 is 24:00."
    )
    name = models.CharField(max_length=200, blank=True)
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.PERSON, editable=False)

    class Meta:
        verbose_name = "special day"
        ordering = ["calendar_id", "on"]
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "on"],
                name="day_once",
                violation_error_message="This calendar already has that day. Change the existing row.",
            ),
            models.CheckConstraint(
                name="day_hours_fit_kind",
                condition=Q(kind="closed", opens_at__isnull=True, closes_at__isnull=True)
                | Q(
                    kind="open",
                    opens_at__isnull=False,
                    closes_at__isnull=False,
                    closes_at__gt=F("opens_at"),
                    closes_at__lte=DAY_MINUTES,
                ),
                violation_error_message="An open day needs opening hours (from, until; 24:00 at the latest);"
                " a closed day has none.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.name}".strip()

    def touched_contracts(self) -> None:
        """Return None: any contract may use the calendar."""
        return None

    def touched_span(self) -> Span:
        """Return that local day."""
        zone = self.calendar.zone
        return Span(midnight(self.on, zone=zone), midnight(self.on + timedelta(days=1), zone=zone))
