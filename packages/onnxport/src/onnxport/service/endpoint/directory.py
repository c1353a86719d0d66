"""The files of one endpoint: wanted state, keys, the journal of a change, the lock that changes take turns by."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from onnxport.domain.endpoint import EndpointSpec
from onnxport.service.endpoint.errors import EndpointDamaged
from onnxport.service.replace_file import flush_directory, replace_file

SPEC_NAME = "endpoint.json"
_KEYS = "keys.json"
_JOURNAL = "change.json"
_PORT = "reserved-port"
_LOCK = "apply.lock"
_SECRET = 0o600


@dataclass(frozen=True, slots=True)
class Journal:
    """A change that was begun: the state before it (`None`: the endpoint did not exist) and the revision it adds."""

    previous: EndpointSpec | None
    revision: int | None
    was_running: bool


class EndpointDirectory:
    """One endpoint's directory; its name is the endpoint's name. Writers hold `locked`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name

    def spec(self) -> EndpointSpec:
        """The wanted state; raises `EndpointDamaged`."""
        found = self.spec_if_any()
        if found is None:
            raise EndpointDamaged(self.name, SPEC_NAME, "it does not exist")
        return found

    def spec_if_any(self) -> EndpointSpec | None:
        """The wanted state, `None` where nothing was written yet; raises `EndpointDamaged`."""
        try:
            return EndpointSpec.from_json(json.loads((self.path / SPEC_NAME).read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            why = f"{type(error).__name__}: {error}"
            raise EndpointDamaged(self.name, SPEC_NAME, why) from error

    def path_to(self, directory: Path) -> str:
        """A directory as `endpoint.json` names it: relative, so that a workspace can be moved."""
        return os.path.relpath(directory, self.path)

    def write_spec(self, spec: EndpointSpec) -> None:
        """Replace the wanted state."""
        replace_file(self.path / SPEC_NAME, spec.to_bytes())

    def keys(self) -> dict[str, str]:
        """The keys by name; empty where none were made. Secret: only for the person who asks."""
        try:
            return {str(k): str(v) for k, v in json.loads((self.path / _KEYS).read_bytes()).items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError) as error:
            raise EndpointDamaged(self.name, _KEYS, type(error).__name__) from error

    def write_keys(self, keys: Mapping[str, str]) -> None:
        """Replace the keys; only their owner may read the file."""
        replace_file(self.path / _KEYS, json.dumps(dict(keys), indent=2).encode(), _SECRET)

    def reserve_port(self, port: int) -> None:
        """Keep a port for this endpoint before its wanted state names it."""
        replace_file(self.path / _PORT, str(port).encode())

    def reserved_ports(self) -> set[int]:
        """The ports that other endpoints should leave alone, running or not."""
        try:
            text = (self.path / _PORT).read_text("ascii")
        except (OSError, ValueError):
            return set()
        return {int(text)} if text.isdecimal() else set()

    def journal(self) -> Journal | None:
        """The change that was begun and neither finished nor undone."""
        try:
            document = json.loads((self.path / _JOURNAL).read_bytes())
            previous = document["previous"]
            spec = None if previous is None else EndpointSpec.from_json(previous)
            return Journal(spec, document["revision"], document["was_running"])
        except FileNotFoundError:
            return None
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise EndpointDamaged(self.name, _JOURNAL, type(error).__name__) from error

    def begin(self, journal: Journal) -> None:
        """Write down what is about to change."""
        previous = None if journal.previous is None else json.loads(journal.previous.to_bytes())
        document = {
            "previous": previous,
            "revision": journal.revision,
            "was_running": journal.was_running,
        }
        replace_file(self.path / _JOURNAL, json.dumps(document).encode())

    def end(self) -> None:
        """The change is finished or undone."""
        (self.path / _JOURNAL).unlink(missing_ok=True)
        flush_directory(self.path)

    def remove(self) -> None:
        """Remove everything, the lock last."""
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != _LOCK:
                entry.unlink()
        shutil.rmtree(self.path)

    def is_blank(self) -> bool:
        """Whether nothing was ever wanted of this endpoint: its directory holds preparations only."""
        try:
            return {entry.name for entry in self.path.iterdir()} <= {_LOCK, _PORT, _KEYS}
        except FileNotFoundError:
            return False

    @contextmanager
    def locked(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the endpoint's lock, making the directory where it is missing.

        Args:
            waiting: called once when another program changes this endpoint at the moment.
        """
        descriptor = self._acquire(waiting)
        try:
            yield
        finally:
            os.close(descriptor)

    def _acquire(self, waiting: Callable[[], None]) -> int:
        while True:
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
            except FileNotFoundError:  # removed between the two lines
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if self._is_current(descriptor):
                return descriptor
            os.close(descriptor)

    def _is_current(self, descriptor: int) -> bool:
        """Whether the locked file is still the one in the directory: its endpoint may have been deleted meanwhile."""
        try:
            there = (self.path / _LOCK).stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))
