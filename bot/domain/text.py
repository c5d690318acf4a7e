"""Shorten texts."""


def truncate_text(text: str, limit: int, *, at_word: bool = False) -> str:
    """Return a text of at most ``limit`` characters, ending in an ellipsis if something is cut off.

    With ``at_word`` the cut is made between words, and the ellipsis may exceed the limit by two characters.
    """
    if len(text) <= limit:
        return text
    return (text[:limit].rsplit(" ", 1)[0] if at_word else text[: limit - 2].rstrip()) + " …"
