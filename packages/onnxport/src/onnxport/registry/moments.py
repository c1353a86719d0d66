"""Moments as the database keeps them: RFC 3339 text in UTC, so that text order is time order."""

from datetime import UTC, datetime


def now_text() -> str:
    """This moment."""
    return to_text(datetime.now(UTC))


def to_text(moment: datetime) -> str:
    """`2026-01-31T12:00:00.000000Z`; microseconds always, so that all have the same length."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    """The moment, aware of UTC."""
    return datetime.fromisoformat(text)
