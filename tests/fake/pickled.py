"""Pickles of objects whose classes need not exist here."""


def pickled(module: str, name: str, *rest: str) -> bytes:
    """A pickle of an object of a class, whose attribute `a` lists further classes (`module\\nname`)."""
    more = b"".join(f"c{entry}\n".encode() for entry in rest)
    return (
        b"\x80\x02"
        + f"c{module}\n{name}\n".encode()
        + b")\x81}(X\x01\x00\x00\x00a("
        + more
        + b"lub."
    )
