"""Bodies of HTML forms: fields and uploaded files. Sources: RFC 7578; the URL standard, "application/x-www-form-urlencoded"."""

from __future__ import annotations

import email.parser
import email.policy
import io
from urllib.parse import parse_qsl

from .value_map import ValueMap


class Upload(io.BytesIO):
    """A file of a form: read it like a file."""

    def __init__(self, name: str, filename: str, content_type: str, content: bytes) -> None:
        super().__init__(content)
        self.name = name
        self.filename = filename
        self.content_type = content_type

    @property
    def stream(self) -> Upload:
        """The file itself."""
        return self

    def save(self, path: str) -> None:
        """Write the content to a file."""
        with open(path, "wb") as file:
            file.write(self.getvalue())


def parse_form(content_type: str, body: bytes) -> tuple[ValueMap[str], ValueMap[Upload]]:
    """Fields and files; both empty where the body is no form."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        text = body.decode("utf-8", "replace")
        return ValueMap(parse_qsl(text, keep_blank_values=True)), ValueMap()
    if kind != "multipart/form-data":
        return ValueMap(), ValueMap()
    head = b"Content-Type: %b\r\n\r\n" % content_type.encode("latin-1", "replace")
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    fields: list[tuple[str, str]] = []
    files: list[tuple[str, Upload]] = []
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            continue
        filename = part.get_filename()
        if filename is None:
            fields.append((name, content.decode("utf-8", "replace")))
        else:
            files.append((name, Upload(name, filename, part.get_content_type(), content)))
    return ValueMap(fields), ValueMap(files)
