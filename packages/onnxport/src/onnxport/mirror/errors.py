"""What can go wrong with the mirror, as people meet it."""

from collections.abc import Sequence
from pathlib import Path

from onnxport.errors import PlatformError, UserError


class UrlInvalid(UserError):
    """What was given as a URL cannot be one that is mirrored."""

    code = "url_invalid"

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"{url[:200]!r} cannot be mirrored: {why}",
            "Give the URL exactly as the code that downloads it writes it, such as https://host/file.tar.gz?raw=true",
        )


class MirrorUnreadable(UserError):
    """The mirror's document is not one that can be used."""

    code = "mirror_unreadable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} cannot be used: {why}",
            'Mend it: {URL: {"file": path inside the folder, "sha256": hexadecimal}}, or remove it and add the URLs again.',
        )


class MirrorFileUnreadable(UserError):
    """A file that is to stand for a URL cannot be read."""

    code = "mirror_file_unreadable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the file {path} cannot be read: {why}", "Check the path.")


class UrlNotMirrored(UserError):
    """The mirror has no such URL."""

    code = "url_not_mirrored"

    def __init__(self, url: str, nearest: Sequence[str]) -> None:
        like = f" (the nearest: {', '.join(nearest)})" if nearest else ""
        super().__init__(
            f"{url[:200]} is not in the mirror{like}", "See what is: onnxport mirror list"
        )


class DownloadFailed(PlatformError):
    """A URL could not be downloaded into the mirror."""

    code = "download_failed"

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"{url[:200]} could not be downloaded: {why}",
            f"Get the file by other means, then: onnxport mirror add '{url[:200]}' FILE",
        )


class MirrorDamaged(PlatformError):
    """Files of the mirror are gone or are no longer what was added."""

    code = "mirror_damaged"

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__(
            f"the files of {len(urls)} mirrored URLs are gone or changed: {', '.join(urls[:3])}",
            "Add them again: onnxport mirror add URL FILE",
        )
