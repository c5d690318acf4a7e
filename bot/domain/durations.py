"""Durations in words, for people who wait."""


def describe_seconds(seconds: float) -> str:
    """Return a duration in rounded words: "about 40 seconds", "about 3 minutes"."""
    if seconds < 90:
        count = max(1, round(seconds)) if seconds < 10 else round(seconds / 5) * 5
        return f"about {count} second{'s' if count > 1 else ''}"
    return f"about {round(seconds / 60)} minutes"


def describe_time_left(seconds: float, done: int, total: int) -> str:
    """Return ", about 40 seconds left" after so many seconds and items; "" if nobody can tell or nothing is left."""
    return f", {describe_seconds(seconds * (total - done) / done)} left" if 0 < done < total else ""
