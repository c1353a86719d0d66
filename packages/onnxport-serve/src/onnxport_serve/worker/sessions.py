"""ONNX Runtime sessions of scoring code: kept and handed out again, with threads that fit this worker's share of the machine.

Scoring scripts often make a new `InferenceSession(path)` in every `run()`, which loads the model for every request. Here the same file with
the same options and providers gives the same session for the life of the worker. A session whose options cannot be compared, or that
profiles, is made anew as the script says.
"""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

_COMPARED = (
    "enable_cpu_mem_arena",
    "enable_mem_pattern",
    "enable_mem_reuse",
    "execution_mode",
    "execution_order",
    "graph_optimization_level",
    "inter_op_num_threads",
    "intra_op_num_threads",
    "log_severity_level",
    "log_verbosity_level",
    "logid",
    "optimized_model_filepath",
    "use_deterministic_compute",
    "use_per_session_threads",
)
_STATED = (
    "add_session_config_entry",
    "add_free_dimension_override_by_name",
    "add_free_dimension_override_by_denotation",
)
_OPAQUE = (
    "add_initializer",
    "add_external_initializers",
    "register_custom_ops_library",
    "add_external_initializers_from_files_in_memory",
)
_MOST_SESSIONS = 64


def install(*, threads: int, keeps_sessions: bool, fixed: str) -> None:
    """Have `onnxruntime` changed as soon as the script imports it.

    Args:
        threads: intra-op threads of a session whose options leave them to ONNX Runtime, which would take the host's cores.
        keeps_sessions: hand sessions out again.
        fixed: the folder of the bundle's models: its files never change, so that they need not be looked at again.
    """
    sys.meta_path.insert(0, _Finder(lambda module: _change(module, threads, keeps_sessions, fixed)))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds `onnxruntime` as anybody would, and changes it once it is loaded."""

    def __init__(self, change: Callable[[ModuleType], None]) -> None:
        self._change = change

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the interface
        target: ModuleType | None = None,  # noqa: ARG002 - the interface
    ) -> importlib.machinery.ModuleSpec | None:
        """The real specification of `onnxruntime`; nothing for other modules."""
        if fullname != "onnxruntime":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            _call_after(spec.loader, self._change)
        return spec


def _call_after(loader: Any, change: Callable[[ModuleType], None]) -> None:
    load = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        load(module)
        change(module)

    loader.exec_module = exec_module


def _change(module: Any, threads: int, keeps_sessions: bool, fixed: str) -> None:
    kind = getattr(module, "InferenceSession", None)
    if kind is None:
        return
    _Sessions(kind, module, threads, keeps_sessions, _Files(fixed)).install()


class _Sessions:
    def __init__(self, kind: Any, module: Any, threads: int, keeps: bool, files: _Files) -> None:
        self._kind = kind
        self._options = module.SessionOptions
        self._init = kind.__init__
        self._threads = threads
        self._keeps = keeps
        self._files = files
        self._known: dict[Any, Any] = {}
        self._module = module

    def install(self) -> None:
        kind, known = self._kind, self._known
        recording = _recording(self._options)
        if recording is not None:
            self._module.SessionOptions = recording

        def make(
            cls: Any, path_or_bytes: Any = None, sess_options: Any = None, *args: Any, **kwargs: Any
        ) -> Any:
            if cls is kind and self._keeps:
                if sess_options is not None:
                    self._set_threads(sess_options)
                key = _key(path_or_bytes, sess_options, args, kwargs, self._files)
                found = known.get(key) if key is not None else None
                if found is not None:
                    return found
                session = object.__new__(cls)
                session.__dict__["_onnxport_key"] = key
                return session
            return object.__new__(cls)

        def init(
            session: Any, path_or_bytes: Any, sess_options: Any = None, *args: Any, **kwargs: Any
        ) -> None:
            if "_onnxport_is_kept" in session.__dict__:
                return
            if sess_options is None:
                sess_options = self._options()
            self._set_threads(sess_options)
            self._init(session, path_or_bytes, sess_options, *args, **kwargs)
            key = session.__dict__.get("_onnxport_key")
            if key is not None and len(known) < _MOST_SESSIONS:
                known[key] = session
                session.__dict__["_onnxport_is_kept"] = True

        init.__doc__ = self._init.__doc__
        kind.__new__ = staticmethod(make)
        kind.__init__ = init

    def _set_threads(self, options: Any) -> None:
        """Say how many threads a run has, where the script leaves it open."""
        if not isinstance(options, self._options):
            return  # ONNX Runtime will say what it thinks of that
        if options.intra_op_num_threads == 0:
            options.intra_op_num_threads = self._threads
            if not _states(options, "session.intra_op.allow_spinning"):
                # Waiting threads would take the cores from the other workers.
                options.add_session_config_entry("session.intra_op.allow_spinning", "0")


def _states(options: Any, entry: str) -> bool:
    try:
        options.get_session_config_entry(entry)
    except RuntimeError:
        return False
    return True


def _recording(kind: Any) -> Any:
    """Session options that remember what was added to them, which they do not tell; `None` where they cannot be subclassed."""

    class Meta(type(kind)):  # type: ignore[misc]
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, kind)

    class SessionOptions(kind, metaclass=Meta):  # type: ignore[misc]
        __doc__ = kind.__doc__

        def __init__(self) -> None:
            super().__init__()
            self.onnxport_added: Any = ()

    def recorded(name: str, is_comparable: bool) -> Callable[..., Any]:
        original = getattr(kind, name)

        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not is_comparable:
                self.onnxport_added = None
            elif self.onnxport_added is not None:
                self.onnxport_added += ((name, args, tuple(sorted(kwargs.items()))),)
            return original(self, *args, **kwargs)

        method.__doc__ = original.__doc__
        return method

    for names, is_comparable in ((_STATED, True), (_OPAQUE, False)):
        for name in names:
            if hasattr(kind, name):
                setattr(SessionOptions, name, recorded(name, is_comparable))
    SessionOptions.__qualname__ = SessionOptions.__name__
    try:
        SessionOptions()
    except TypeError:
        return None
    return SessionOptions


def _key(model: Any, options: Any, args: Any, kwargs: Any, files: _Files) -> Any:
    """What tells sessions apart; `None` where that cannot be said. On the path of every request of such scripts."""
    try:
        given = (args, kwargs) if args or kwargs else None
        return (
            files.key(model),
            None if options is None else _options_key(options),
            None if given is None else repr(given),
        )
    except (TypeError, ValueError, OSError, _NotComparable):
        return None


class _NotComparable(Exception):
    """Options that hold what cannot be looked at."""


class _Files:
    """Tells model files apart: those of the bundle by their path alone, others by what the system says of them each time."""

    def __init__(self, fixed: str) -> None:
        self._fixed = os.path.join(os.path.realpath(fixed), "")
        self._never_change: set[str] = set()

    def key(self, model: Any) -> Any:
        if isinstance(model, bytes):
            return hashlib.sha256(model).digest()
        path = os.fspath(model)
        if path in self._never_change:
            return path
        status = os.stat(path)
        # Where a path leads is looked at once: only a file of the bundle itself is taken at its word.
        is_small = len(self._never_change) < _MOST_SESSIONS
        if is_small and os.path.isabs(path) and os.path.realpath(path).startswith(self._fixed):
            self._never_change.add(path)
            return path
        return path, status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev


def _options_key(options: Any) -> Any:
    added = getattr(options, "onnxport_added", None)
    if added is None or getattr(options, "enable_profiling", False):
        raise _NotComparable
    return tuple(str(getattr(options, name, None)) for name in _COMPARED), added
