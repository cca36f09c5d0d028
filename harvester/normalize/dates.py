"""Dates and periods: every way portals write them, to ISO 8601 in UTC. Knows no clock; what is not sure is not read."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

from catalog.model import PeriodOfTime
from harvester.normalize.reading import Reading

FIRST_YEAR, LAST_YEAR = 1900, 2100
FIRST_YEAR_OF_PERIOD = 1000  # an old map may cover 1777
MAX_DATE_TEXT = 80
MAX_PERIODS = 100

YEAR_MONTH_DAY = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:(?:[T\s]\s*|\s+-\s+)(.+)|(Z|[+-]\d\d:\d\d))?", re.IGNORECASE
)
BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(.+))?", re.IGNORECASE)
DAY_MONTH_YEAR = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:(?:\s+-\s+|,?\s+|T)(.+))?", re.IGNORECASE)
DAY_NAME_YEAR = re.compile(r"(\d{1,2})(?:er|st|nd|rd|th)?[ -]([^\W\d_]+)\.?[ -](\d{4})(?:(?:\s+-\s+|,?\s+)(.+))?")
NAME_DAY_YEAR = re.compile(r"([^\W\d_]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?:(?:\s+-\s+|,?\s+)(.+))?")
YEAR_OR_MONTH = re.compile(r"(\d{4})(?:-(\d\d))?(?:Z|[+-]\d\d:\d\d)?")
WEEK = re.compile(r"(\d{4})-?W(\d\d)-?([1-7])", re.IGNORECASE)
ORDINAL = re.compile(r"(\d{4})-(\d{3})")
CLOCK = re.compile(
    r"(\d{1,2})(?::?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?)?\s*(AM|PM)?\s*"
    r"(?:(?:UTC|GMT)?([+-])(\d\d)(?::?(\d\d))?|Z|UTC|GMT)?(?:\s*\([^()]*\))?",
    re.IGNORECASE,
)
EPOCH = re.compile(r"(?:/Date\()?(-?\d{9,13})(?:\.\d+)?(?:\)/)?")
SECONDS_DIGITS = 10  # up to here an epoch counts seconds, beyond milliseconds
WEEKDAY_NAMES = (
    "mon monday tue tues tuesday wed wednesday thu thur thurs thursday fri friday sat saturday sun sunday",
    "ma maandag di dinsdag wo woensdag do donderdag vr vrijdag za zaterdag zo zondag",
    "lun lundi mar mardi mer mercredi jeu jeudi ven vendredi sam samedi dim dimanche",
)
WEEKDAYS = frozenset(name for names in WEEKDAY_NAMES for name in names.split())
MONTH_NAMES = (
    "jan january januari janvier janv",
    "feb february februari fevrier février févr fevr",
    "mar march maart mrt mars",
    "apr april avril avr",
    "may mei mai",
    "jun june juni juin",
    "jul july juli juillet juil",
    "aug august augustus aout août",
    "sep sept september septembre",
    "oct okt october oktober octobre",
    "nov november novembre",
    "dec déc december decembre décembre",
)
MONTHS = {name: number for number, names in enumerate(MONTH_NAMES, 1) for name in names.split()}


def moment(value: object, field: str, reading: Reading, first_year: int = FIRST_YEAR) -> str | None:
    """A year, year and month, date or UTC date-time; null with an issue when the value is none of these for sure."""
    if value is None:
        return None
    if type(value) is str:
        if whole := _whole_iso(value, first_year):
            return whole
        text: str | None = value
    elif isinstance(value, bool) or not isinstance(value, int | float):
        text = reading.text(value, field)
    else:
        text = _number(value)
    if text is None:
        return None
    if not (text := text.strip()):
        return None
    parsed = _parsed(text, first_year) if len(text) <= MAX_DATE_TEXT else None
    if parsed is None and reading.text(text, field):
        reading.add("bad_date", field, value)
    return parsed


@lru_cache(maxsize=8192)  # what a job wrote, it wrote at one time
def _whole_iso(text: str, first_year: int) -> str | None:
    """The form nearly every portal writes (`2020-12-03T09:37:00[.123456][Z]`), in a fifth of the time."""
    if len(text) < 19 or text[10] not in "T " or text[4] != "-" or text[13] != ":":
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    if (when.tzinfo is not None and when.tzinfo is not UTC) or not first_year <= when.year <= LAST_YEAR:
        return None
    return f"{text[:10]}T{text[11:19]}Z"


def _number(value: int | float) -> str:
    """Digits as a text would have them; what can't be a date (inf, nan, too long) stays unreadable text."""
    if value != value or abs(value) >= 1e15:
        return "out of range"
    return str(int(value))


@lru_cache(maxsize=8192)
def _parsed(text: str, first_year: int) -> str | None:
    try:
        found = _dated(text) or _dated(_without_weekday(text))
    except (ValueError, OverflowError):
        return None
    return found if found and first_year <= int(found[:4]) <= LAST_YEAR else None


def _without_weekday(text: str) -> str:
    first, _, rest = text.partition(" ")
    return rest.strip() if first.strip(".,").lower() in WEEKDAYS else ""


def _dated(text: str) -> str | None:
    """Raises ValueError for a day that does not exist."""
    if found := YEAR_MONTH_DAY.fullmatch(text):
        return _stamp(date(int(found[1]), int(found[3]), int(found[4])), found[5])
    if found := YEAR_OR_MONTH.fullmatch(text):
        return _year_or_month(found)
    if found := BASIC.fullmatch(text):
        return _stamp(date(int(found[1]), int(found[2]), int(found[3])), found[4])
    if found := EPOCH.fullmatch(text):
        return _epoch(found[1])
    if found := DAY_MONTH_YEAR.fullmatch(text):
        return _stamp(_day_first(int(found[1]), int(found[3]), int(found[4])), found[5])
    return _rare(text)


def _rare(text: str) -> str | None:
    if found := WEEK.fullmatch(text):
        return date.fromisocalendar(int(found[1]), int(found[2]), int(found[3])).isoformat()
    if found := ORDINAL.fullmatch(text):
        return _day_of_year(int(found[1]), int(found[2]))
    text = " ".join(text.split())
    if found := DAY_NAME_YEAR.fullmatch(text):
        return _named(found[1], found[2], found[3], found[4])
    if found := NAME_DAY_YEAR.fullmatch(text):
        return _named(found[2], found[1], found[3], found[4])
    return None


def _year_or_month(found: re.Match[str]) -> str:
    if found[2] is None:
        return found[1]
    return date(int(found[1]), int(found[2]), 1).isoformat()[:7]


def _day_of_year(year: int, number: int) -> str | None:
    day = date(year, 1, 1) + timedelta(days=number - 1)
    return day.isoformat() if number and day.year == year else None


def _named(day: str, month: str, year: str, clock: str | None) -> str | None:
    number = MONTHS.get(month.lower())
    return _stamp(date(int(year), number, int(day)), clock) if number else None


def _day_first(first: int, second: int, year: int) -> date:
    """Day first, as here; month first only where the second can't be a month."""
    return date(year, first, second) if second > 12 else date(year, second, first)


def _epoch(digits: str) -> str:
    seconds = int(digits)
    if len(digits.lstrip("-")) > SECONDS_DIGITS:
        seconds //= 1000
    return _iso(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))


def _stamp(day: date, clock: str | None) -> str | None:
    """The day, or the moment in UTC; a time without zone is UTC, as CKAN means it."""
    if clock is None:
        return day.isoformat()
    found = CLOCK.fullmatch(clock.strip())
    if found is None:
        return None
    hour = _hour(int(found[1]), (found[4] or "").lower())
    next_day = hour == 24 and not int(found[2] or 0) and not int(found[3] or 0)
    time = (0 if next_day else hour, int(found[2] or 0), int(found[3] or 0))
    offset = timedelta(hours=int(found[6] or 0), minutes=int(found[7] or 0)) * (-1 if found[5] == "-" else 1)
    local = datetime(day.year, day.month, day.day, *time, tzinfo=timezone(offset)) + timedelta(days=next_day)
    return _iso(local.astimezone(UTC))


def _hour(hour: int, half: str) -> int:
    if not half:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("no such hour")
    return hour % 12 + (12 if half == "pm" else 0)


def _iso(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


# Periods

OPEN_ENDED = frozenset({"", "..", "...", "now", "present", "heden", "current"})
YEARS = re.compile(r"(\d{4})\s*[-\u2013]\s*(\d{4})")
DCMI_PERIOD = re.compile(r"(?:.*;)?\s*start=([^;]*)(?:;\s*end=([^;]*))?.*", re.IGNORECASE)


def periods(value: object, reading: Reading) -> tuple[PeriodOfTime, ...]:
    """Pairs (start, end) or texts: `a/b`, `2015-2018`, a single date (which then is both)."""
    found: dict[PeriodOfTime, None] = {}
    for item in reading.items(value, "temporal")[:MAX_PERIODS]:
        pair = _pair(item, reading)
        period = _period(pair[0], pair[1], reading) if pair else None
        if period:
            found[period] = None
    return tuple(found)


def _pair(item: object, reading: Reading) -> tuple[object, object] | None:
    if isinstance(item, list | tuple) and len(item) == 2:
        return item[0], item[1]
    text = reading.text(item, "temporal")
    if text is None:
        return None
    if text.count("/") == 1:
        start, _, end = text.partition("/")
        return start, end
    years = YEARS.fullmatch(text) or (DCMI_PERIOD.fullmatch(text) if len(text) < 500 else None)
    return (years[1], years[2]) if years else (text, text)


def _period(start: object, end: object, reading: Reading) -> PeriodOfTime | None:
    first, last = _bound(start, reading), _bound(end, reading)
    if first is None and last is None:
        return None
    length = min(len(first or ""), len(last or ""))
    if first and last and first[:length] > last[:length]:
        reading.add("bad_temporal", "temporal", f"{first}/{last}")
        return None
    return PeriodOfTime(first, last)


def _bound(value: object, reading: Reading) -> str | None:
    if isinstance(value, str) and value.strip().lower() in OPEN_ENDED:
        return None
    return moment(value, "temporal", reading, FIRST_YEAR_OF_PERIOD)
