"""Date (RFC 3261 section 20.17): RFC 1123 dates, GMT only."""

import calendar
import re
import time

from siprouter.sip.errors import MessageError

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DATE = re.compile(r"(?:\w{3}),\s+(\d{1,2})\s+(\w{3})\s+(\d{4})\s+(\d{2}):(\d{2}):(\d{2})\s+GMT", re.ASCII)


def parse_date(text: str) -> int:
    """Seconds since 1970. Raises MessageError(400) on another time zone or an impossible date."""
    match = _DATE.fullmatch(text.strip())
    if match is None or match[2] not in _MONTHS:
        raise MessageError(400, "Bad Date")
    day, year, hour, minute, second = (int(match[group]) for group in (1, 3, 4, 5, 6))
    month = _MONTHS.index(match[2]) + 1
    if year < 1970 or not 1 <= day <= calendar.monthrange(year, month)[1] or hour > 23 or minute > 59 or second > 60:
        raise MessageError(400, "Bad Date")
    return calendar.timegm((year, month, day, hour, minute, second))


def format_date(seconds: int) -> str:
    """``Sat, 13 Nov 2010 23:29:00 GMT`` for seconds since 1970."""
    now = time.gmtime(seconds)
    return (
        f"{_DAYS[now.tm_wday]}, {now.tm_mday:02d} {_MONTHS[now.tm_mon - 1]} {now.tm_year:04d} "
        f"{now.tm_hour:02d}:{now.tm_min:02d}:{now.tm_sec:02d} GMT"
    )
