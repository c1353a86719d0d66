"""Messages of protocol buffers put together by hand: what TensorFlow's files are made of."""


def varint(value: int) -> bytes:
    """A whole number on the wire."""
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def field(number: int, content: bytes | str | int) -> bytes:
    """One field: a number, or bytes, text or an inner message."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    body = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(body)) + body


def node(name: str, operation: str, *inputs: str) -> bytes:
    """A node as a field of a graph, with one attribute."""
    taken = b"".join(field(3, given) for given in inputs)
    attribute = field(5, field(1, "T") + field(2, field(6, 1)))
    return field(1, field(1, name) + field(2, operation) + taken + attribute)


def graph(*nodes: bytes) -> bytes:
    """A GraphDef."""
    return b"".join(nodes) + field(4, field(1, 1987))


def meta_graph(
    inner: bytes, signatures: tuple[str, ...] = (), assets: tuple[str, ...] = ()
) -> bytes:
    """A MetaGraphDef that TensorFlow 2.21 wrote for serving."""
    made = field(1, field(4, "serve") + field(5, "2.21.0")) + field(2, inner)
    made += b"".join(
        field(5, field(1, name) + field(2, field(3, "predict"))) for name in signatures
    )
    return made + b"".join(field(6, field(2, name)) for name in assets)


def saved_model(*graphs: bytes) -> bytes:
    """The content of `saved_model.pb`."""
    return field(1, 1) + b"".join(field(2, each) for each in graphs)
