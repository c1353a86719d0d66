"""Text that cannot move a cursor."""


def printable(value: object) -> str:
    """The text of a value, with control characters escaped."""
    text = "-" if value is None else str(value)
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )
