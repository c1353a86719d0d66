"""The user's script: loaded, started, asked. What it takes and gives follows Azure ML's inference server (azmlinfsrv 1.5.1)."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable
from time import perf_counter
from types import ModuleType
from typing import Any

from .answers import Result, answer_of, refusal, script_failed, unencodable
from .inputs import Incoming, ObjectInput, RawInput, Refused, TextInput
from .output import Output
from .schema import describe_schema, is_decorated

_NOT_PLAIN = (
    (inspect.iscoroutinefunction, "'async'"),
    (inspect.isasyncgenfunction, "'async'"),
    (inspect.isgeneratorfunction, "a generator"),
)
_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")


class ScriptProblem(Exception):
    """A script that cannot serve.

    Args:
        code: stable slug of the situation.
        message: what is wrong, one sentence, without a full stop.
        trace: the traceback in the user's code, when an exception is the reason.
    """

    def __init__(self, code: str, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.trace = trace

    def to_json(self) -> dict[str, str]:
        """The form in which it goes to the front."""
        return {"code": self.code, "message": self.message, "traceback": self.trace}


class Script:
    """One script.

    Args:
        path: the file.
        debug: put tracebacks into answers.
        output: takes what there is to say about failed runs.
    """

    def __init__(self, path: str, debug: bool, output: Output) -> None:
        self._path = path
        self._debug = debug
        self._output = output
        self._input: Any = None
        self._run: Callable[..., Any] = _nothing
        self._wants_headers = False

    def load(self) -> None:
        """Import the script and call its `init()`; raises `ScriptProblem`."""
        module = self._import()
        for name in ("init", "run"):
            if not callable(getattr(module, name, None)):
                raise ScriptProblem(
                    "script_incomplete", f"{self._name} defines no function {name}()"
                )
        driver = getattr(module, "driver_module", None)
        self._run = (
            driver.run if isinstance(driver, ModuleType) and hasattr(driver, "run") else module.run
        )
        self._analyse()
        try:
            module.init()
        except BaseException as error:
            raise self._problem("init_failed", f"init() of {self._name}", error) from error

    def describe(self) -> dict[str, Any]:
        """What the front has to know: how `run` is called, and its schemas."""
        return {
            "input": self._input.kind,
            "wants_headers": self._wants_headers,
            **describe_schema(self._run),
        }

    def answer(self, incoming: Incoming) -> Result:
        """Call `run` with what came in; never raises."""
        try:
            arguments = self._input.arguments(incoming)
        except Refused as error:
            return refusal(error.status, error.message)
        if self._wants_headers:
            arguments["request_headers"] = incoming.title_headers()
        begun = perf_counter()
        try:
            value = self._run(**arguments)
        except BaseException as error:
            trace = self._report("run() failed", error)
            leaving = isinstance(error, (SystemExit, KeyboardInterrupt, GeneratorExit))
            return script_failed(trace if self._debug else None, leaving)
        took_ms = (perf_counter() - begun) * 1e3
        try:
            return answer_of(value, took_ms)
        except Exception as error:
            self._report("the value that run() returned cannot be sent", error)
            return unencodable()

    @property
    def _name(self) -> str:
        return self._path.rpartition("/")[2]

    def _import(self) -> ModuleType:
        spec = importlib.util.spec_from_file_location("entry_module", self._path)
        if spec is None or spec.loader is None:
            raise ScriptProblem("script_unreadable", f"{self._name} is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules["entry_module"] = module
        try:
            spec.loader.exec_module(module)
        except BaseException as error:
            raise self._problem("import_failed", self._name, error) from error
        return module

    def _analyse(self) -> None:
        """Find out how `run` wants to be called."""
        try:
            parameters = list(inspect.signature(self._run).parameters.values())
        except (TypeError, ValueError):
            raise ScriptProblem(
                "run_signature",
                f"run of {self._name} is no function whose parameters can be seen; write def run(data)",
            ) from None
        allowed = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        if any(parameter.kind not in allowed for parameter in parameters):
            raise ScriptProblem(
                "run_signature",
                f"run() of {self._name} may have no *args, **kwargs and positional-only parameters",
            )
        self._wants_headers = any(parameter.name == "request_headers" for parameter in parameters)
        parameters = [parameter for parameter in parameters if parameter.name != "request_headers"]
        if not parameters:
            raise ScriptProblem(
                "run_signature", f"run() of {self._name} needs a parameter for the request's data"
            )
        from . import raw_request

        for is_kind, word in _NOT_PLAIN:
            if is_kind(self._run):
                raise ScriptProblem(
                    "run_signature",
                    f"run() of {self._name} is {word}; write it as a plain function",
                )
        decorated = is_decorated(self._run)
        if raw_request.was_asked_for and decorated:
            raise ScriptProblem(
                "run_signature", f"run() of {self._name} has both @rawhttp and @input_schema"
            )
        if raw_request.was_asked_for:
            self._input = RawInput(parameters[0].name)
        elif decorated:
            self._input = ObjectInput(parameters)
        else:
            self._input = TextInput(parameters[0].name)

    def _problem(self, code: str, what: str, error: BaseException) -> ScriptProblem:
        trace = user_traceback(error)
        where = _place(error, self._path)
        return ScriptProblem(
            code, f"{what} raised {type(error).__name__}{_words(error)}{where}", trace
        )

    def _report(self, event: str, error: BaseException) -> str:
        trace = user_traceback(error)
        self._output.send("error", event, trace)
        return trace


def user_traceback(error: BaseException) -> str:
    """The traceback as Python prints it, without the frames of the worker itself."""
    told = traceback.TracebackException(type(error), error, error.__traceback__)
    chain: list[Any] = [told]
    while chain:
        one = chain.pop()
        one.stack[:] = [frame for frame in one.stack if not _is_own(frame.filename)]
        chain += [cause for cause in (one.__cause__, one.__context__) if cause is not None]
    return "".join(told.format()).rstrip("\n")


def _is_own(file: str) -> bool:
    return file.startswith((_FOLDER, "<frozen importlib"))


def _place(error: BaseException, path: str) -> str:
    """The line of the script itself that the error came through, in words."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return f" (line {error.lineno})"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == path
    ]
    return f" (line {lines[-1]})" if lines else ""


def _words(error: BaseException) -> str:
    try:
        words = " ".join(str(error).split())[:500]
    except Exception:  # the exception is the user's own, and so is its text
        words = ""
    return f": {words}" if words else ""


def _nothing(**_: Any) -> Any:
    raise RuntimeError("the script is not loaded")
