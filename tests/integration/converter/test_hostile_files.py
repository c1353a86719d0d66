"""Hostile model files, through the service and the command line: without trust nothing of them runs, with it the sandbox holds."""

import gzip
import os
import pickle
import pickletools
import socket
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fake.converter_environment import python_of
from onnxport.cli.main import main
from onnxport.converter.find import all_converters
from onnxport.converter.isolation.errors import CannotIsolate, ChildLimitReached
from onnxport.converter.isolation.process import ChildLimits
from onnxport.errors import OnnxportError, UserError
from onnxport.service.conversion.convert import convert_file
from onnxport.service.conversion.errors import SourceChanged, SourceMissing
from onnxport.service.conversion.options import ConvertOptions, Trust
from onnxport.service.progress import NoProgress

in_environment = [
    pytest.mark.network,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("hostile"),
]
AN_ESTIMATOR = b"csklearn.linear_model._logistic\nLogisticRegression\n0"


class Runs:
    """Runs a program when it is unpickled."""

    def __init__(self, program: str) -> None:
        self.program = program

    def __reduce__(self) -> tuple[object, ...]:
        return exec, (self.program,)


def hostile(program: str, protocol: int = 4) -> bytes:
    """A pickle that looks like an estimator and runs a program."""
    body = pickle.dumps(Runs(program), protocol)
    start = 2 if protocol >= 2 else 0
    return body[:start] + AN_ESTIMATOR + body[start:]


def telling(action: str) -> str:
    """A program that raises an error with whether it could do something."""
    return (
        "import os, socket, subprocess\n"
        f"try:\n    {action}\n    told = 'it was done'\n"
        "except OSError as error:\n    told = 'it was refused'\n"
        "raise RuntimeError(told)"
    )


ACTIONS = {
    "writes": "open({mark!r}, 'w')",
    "calls": "socket.create_connection(('127.0.0.1', {port}), 5)",
    "reads": "open({secret!r}).read()",
    "removes": "os.unlink({secret!r})",
}


class Places:
    """What a hostile file would like to reach."""

    def __init__(self, folder: Path) -> None:
        self.mark = folder / "outside" / "mark"
        self.secret = folder / "outside" / "secret"
        self.mark.parent.mkdir()
        self.secret.write_text("secret")
        self.server = socket.create_server(("127.0.0.1", 0))

    def program(self, action: str) -> str:
        port = self.server.getsockname()[1]
        return telling(
            ACTIONS[action].format(mark=str(self.mark), port=port, secret=str(self.secret))
        )

    def untouched(self) -> bool:
        return not self.mark.exists() and "secret" == self.secret.read_text()


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    made = Places(tmp_path)
    yield made
    made.server.close()


@pytest.fixture(scope="module")
def estimator(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A fitted estimator, pickled."""
    path = tmp_path_factory.mktemp("estimator") / "model.pkl"
    program = (
        "import pickle, sys\nfrom sklearn.datasets import load_iris\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "model = LogisticRegression(max_iter=500).fit(*load_iris(return_X_y=True))\n"
        "pickle.dump(model, open(sys.argv[1], 'wb'))\n"
    )
    subprocess.run([python_of("sklearn"), "-I", "-c", program, path], check=True)
    return path.read_bytes()


class TestWithoutTrust:
    """Nothing runs, nothing is left behind, and the message says why."""

    @pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
    def test_a_pickle_of_any_protocol_is_followed_and_not_run(
        self, places: Places, tmp_path: Path, protocol: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        source = tmp_path / "model.pkl"
        source.write_bytes(hostile(places.program("writes"), protocol))
        code = main(["convert", str(source), "-o", str(tmp_path / "out.onnx")])
        said = capsys.readouterr().err

        assert 1 == code
        assert "exec" in said
        assert "--trust" in said
        assert places.untouched()
        assert {"model.pkl", "outside"} == {path.name for path in tmp_path.iterdir()}

    @pytest.mark.parametrize(
        "content",
        [
            hostile("raise SystemExit")[:-10],
            hostile("raise SystemExit").replace(b"sklearn", b"sk\x1b[2Jrn"),
            pytest.param(
                gzip.compress(b"\x80\x04" + AN_ESTIMATOR + b"]" * (8 << 20), 1),
                marks=pytest.mark.converters,  # followed up to the limit, which takes seconds
            ),
            b"\x80\x04" + AN_ESTIMATOR + b"B\xff\xff\xff\xff",
            b"\x80\x05\x95" + b"\xff" * 8 + AN_ESTIMATOR,
            b"(" * 100_000,
            b"{" + b'"a":{' * 100_000,
            b"[" * 1_000_000,
            b"\x08" + b"\xff" * 1000,
            b"\x89HDF\r\n\x1a\n" + b"\xff" * 1000,
            b"PK\x05\x06" + b"\xff" * 18,
        ],
        ids=[
            "cut",
            "escapes",
            "bomb",
            "long-bytes",
            "long-frame",
            "marks",
            "json",
            "lists",
            "protobuf",
            "hdf5",
            "zip",
        ],
    )
    def test_what_is_damaged_on_purpose_is_refused(
        self, tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
    ) -> None:
        source = tmp_path / "model.bin"
        source.write_bytes(content)
        code = main(["convert", str(source)])
        said = capsys.readouterr().err

        assert 1 == code
        assert printable(said)
        assert [source] == list(tmp_path.iterdir())

    def test_a_member_that_unpacks_without_end_is_not_unpacked(self, tmp_path: Path) -> None:
        for name in ("schema.json", "config.json", "data.pkl", "archive/data.pkl", "Model.key"):
            source = tmp_path / "model.zip"
            with (
                zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
                archive.open(name, "w", force_zip64=True) as member,
            ):
                for _ in range(150):
                    member.write(b" " * (1 << 20))

            # Recognised or not, it is looked at in bounded memory.
            with limited_memory(1 << 30):
                found = [converter.recognise(source) for converter in all_converters()]

            assert {None} == set(found)


class TestPlaces:
    """What the path of the model or of the output is."""

    @pytest.mark.parametrize(
        "make",
        [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: listen_at(path)],
        ids=["pipe", "device", "socket"],
    )
    def test_a_model_that_is_no_file_is_not_waited_for(
        self, tmp_path: Path, make: Callable[[Path], object]
    ) -> None:
        source = tmp_path / "model.pkl"
        make(source)

        with pytest.raises(SourceMissing, match="neither a file nor a folder"):
            convert_file(source)

    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (os.mkfifo, "neither a file nor a folder"),
            (lambda path: path.symlink_to("/etc/passwd"), "link to elsewhere"),
            (lambda path: path.symlink_to("../../.."), "link to elsewhere"),
            (lambda path: path.symlink_to("none"), "neither a file nor a folder"),
            (lambda path: path.symlink_to("entry"), "neither a file nor a folder|[Ss]ymlink|loop"),
        ],
        ids=["pipe", "link-to-file", "link-to-folder", "link-to-nothing", "link-to-itself"],
    )
    def test_a_folder_that_leads_elsewhere_is_refused(
        self, tmp_path: Path, make: Callable[[Path], object], words: str
    ) -> None:
        source = tmp_path / "model"
        (source / "inner").mkdir(parents=True)
        make(source / "inner" / "entry")

        with pytest.raises(SourceMissing, match=words):
            convert_file(source)

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_an_output_that_is_no_file_is_not_replaced(
        self, tmp_path: Path, overwrite: bool
    ) -> None:
        source = tmp_path / "model.pkl"
        source.write_bytes(hostile("raise SystemExit"))
        output = tmp_path / "out.onnx"
        os.mkfifo(output)
        options = ConvertOptions(output=output, overwrite=overwrite, trust=Trust.SANDBOXED)

        with pytest.raises(OnnxportError, match="no file"):
            convert_file(source, options)
        assert output.is_fifo()

    def test_a_link_to_nothing_is_not_replaced_unasked(self, tmp_path: Path) -> None:
        source = tmp_path / "model.pkl"
        source.write_bytes(hostile("raise SystemExit"))
        output = tmp_path / "out.onnx"
        output.symlink_to("nowhere")

        with pytest.raises(OnnxportError, match="no file"):
            convert_file(source, ConvertOptions(output=output, trust=Trust.SANDBOXED))

    def test_a_name_that_moves_the_cursor_is_escaped(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        source = tmp_path / "mo\x1b[2J\rdel.pkl"
        source.write_bytes(b"nothing")
        main(["convert", str(source)])
        said = capsys.readouterr().err

        assert "\\x1b" in said
        assert printable(said)


class TestWithTrust:
    """It runs, in the sandbox."""

    pytestmark = in_environment

    @pytest.mark.parametrize("action", list(ACTIONS))
    def test_it_reaches_nothing(self, places: Places, tmp_path: Path, action: str) -> None:
        source = tmp_path / "model.pkl"
        source.write_bytes(hostile(places.program(action)))

        assert "it was refused" in opened(source)
        assert places.untouched()
        assert {"model.pkl", "outside"} == {path.name for path in tmp_path.iterdir()}

    def test_unsandboxed_means_what_it_says(self, places: Places, tmp_path: Path) -> None:
        """Otherwise the tests above would pass for a file that is never opened."""
        source = tmp_path / "model.pkl"
        source.write_bytes(hostile(places.program("writes")))

        assert "it was done" in opened(source, Trust.UNSANDBOXED)
        assert places.mark.exists()

    @pytest.mark.converters
    def test_a_bomb_reaches_the_limit_of_memory(self, tmp_path: Path) -> None:
        source = tmp_path / "model.joblib"
        length = (3 << 30).to_bytes(8, "little")
        with gzip.open(source, "wb", 1) as file:
            file.write(b"\x80\x04" + AN_ESTIMATOR + b"\x8e" + length)
            for _ in range(3 << 4):
                file.write(bytes(64 << 20))
            file.write(b".")
        options = ConvertOptions(
            output=tmp_path / "out.onnx",
            trust=Trust.SANDBOXED,
            limits=ChildLimits(300, memory_bytes=2 << 30),
        )

        with pytest.raises(ChildLimitReached, match="memory"):
            skipping_where_impossible(lambda: convert_file(source, options))
        assert [source] == list(tmp_path.iterdir())

    def test_a_file_that_changes_meanwhile_is_not_converted(
        self, tmp_path: Path, estimator: bytes
    ) -> None:
        source = tmp_path / "model.pkl"
        source.write_bytes(estimator)
        options = ConvertOptions(output=tmp_path / "out.onnx", trust=Trust.SANDBOXED)

        with pytest.raises(SourceChanged):
            skipping_where_impossible(lambda: convert_file(source, options, Appending(source)))
        assert [source] == list(tmp_path.iterdir())

    def test_a_link_to_a_model_is_converted_and_says_what_held(
        self, tmp_path: Path, estimator: bytes
    ) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "real" / "model.pkl").write_bytes(estimator)
        source = tmp_path / "link.pkl"
        source.symlink_to("real/model.pkl")
        options = ConvertOptions(output=tmp_path / "out.onnx", trust=Trust.SANDBOXED)
        result = skipping_where_impossible(lambda: convert_file(source, options))

        assert result.isolated
        assert {"network", "processes", "files"} <= result.protections


def listen_at(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


class Appending(NoProgress):
    """Changes the model's file when its conversion begins; a pickle is read as before."""

    def __init__(self, source: Path) -> None:
        self._source = source

    @contextmanager
    def step(self, title: str) -> Iterator[object]:  # type: ignore[override]
        if title == "convert":
            with self._source.open("ab") as file:
                file.write(b"\0")
        with super().step(title) as step:
            yield step


def opened(source: Path, trust: Trust = Trust.SANDBOXED) -> str:
    """Convert what cannot be converted; return the message."""
    options = ConvertOptions(output=source.with_name("out.onnx"), trust=trust)
    with pytest.raises(UserError) as caught:
        skipping_where_impossible(lambda: convert_file(source, options))
    return caught.value.message


def skipping_where_impossible(convert: Callable[[], object]) -> object:
    try:
        return convert()
    except CannotIsolate as error:
        pytest.skip(error.message)


@contextmanager
def limited_memory(more_bytes: int) -> Iterator[None]:
    """Let this process address only so much more than it does."""
    import resource

    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + more_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def printable(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


def test_the_hostile_pickles_are_pickles() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        names = {code.name for code, _, _ in pickletools.genops(hostile("pass", protocol))}

        assert "REDUCE" in names
