"""What a program in a model file can do once it runs: nothing outside, within limits, and nothing that it leaves is believed."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from onnxport.converter.interface import ConversionRefused, Job
from onnxport.converter.isolation.child import run_converter
from onnxport.converter.isolation.confinement import Confinement, Isolation
from onnxport.converter.isolation.errors import (
    CannotIsolate,
    ChildCrashed,
    ChildLimitReached,
    ChildUntrustworthy,
)
from onnxport.converter.isolation.folder import job_folder
from onnxport.converter.isolation.process import ChildLimits

TESTS = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these protections"),
]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files go in a test; nothing is left there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert [] == list(folder.iterdir())


def run(
    tmp_path: Path,
    program: str,
    limits: ChildLimits | None = None,
    isolation: Isolation = Isolation.REQUIRED,
) -> str:
    """Open a file that holds the program; return what it told. Raises the error when it is another one."""
    source = tmp_path / "model.code"
    source.write_text(program)
    job = Job(source, "code", trusted=True)
    try:
        with job_folder() as folder:
            run_converter(
                "fake.code_converter",
                Path(sys.executable),
                job,
                Confinement(isolation, limits or ChildLimits(time_s=60)),
                folder,
            )
    except ConversionRefused as told:
        return told.message
    except CannotIsolate as error:
        pytest.skip(error.message)
    raise AssertionError("the program was not run")


def outcome(action: str) -> str:
    """A program that tells whether it can do something."""
    return f"import os, socket\ntry:\n    {action}\n    told = 'done'\nexcept OSError as error:\n    told = 'refused'\n"


class TestNetwork:
    """What listens outside is not reached."""

    @pytest.fixture
    def places(self, tmp_path: Path) -> Iterator[dict[str, object]]:
        with ExitStack() as stack:
            tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            udp.bind(("127.0.0.1", 0))
            by_path, abstract = str(tmp_path / "socket"), f"\0onnxport-{os.getpid()}"
            for name in (by_path, abstract):
                server = stack.enter_context(socket.socket(socket.AF_UNIX))
                server.bind(name)
                server.listen()
            yield {
                "tcp": tcp.getsockname(),
                "udp": udp.getsockname(),
                "path": by_path,
                "abstract": abstract,
            }

    @pytest.mark.parametrize(
        ("name", "action"),
        [
            ("tcp", "socket.create_connection({place!r}, 5)"),
            ("udp", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', {place!r})"),
            ("path", "socket.socket(socket.AF_UNIX).connect({place!r})"),
            ("abstract", "socket.socket(socket.AF_UNIX).connect({place!r})"),
        ],
    )
    @pytest.mark.parametrize(
        ("isolation", "expected"), [(Isolation.REQUIRED, "refused"), (Isolation.NO, "done")]
    )
    def test_sockets(
        self,
        tmp_path: Path,
        places: dict[str, object],
        name: str,
        action: str,
        isolation: Isolation,
        expected: str,
    ) -> None:
        program = outcome(action.format(place=places[name]))

        assert expected == run(tmp_path, program, isolation=isolation)


class TestFiles:
    """The user's files are neither read nor changed."""

    @pytest.fixture
    def secret(self, tmp_path: Path) -> Path:
        path = tmp_path / "home" / ".ssh" / "id_rsa"
        path.parent.mkdir(parents=True)
        path.write_text("secret")
        return path

    @pytest.mark.parametrize(
        "action",
        [
            "open({secret!r}).read()",
            "os.stat({secret!r})",
            "os.listdir({folder!r})",
            "open({secret!r}, 'w')",
            "os.chmod({secret!r}, 0o777)",
            "os.utime({secret!r}, (1, 1))",
            "os.unlink({secret!r})",
            "os.link({secret!r}, 'link')",
            "open(source, 'a')",
            "os.chmod(source, 0o777)",
            "os.rename(source, source + '.moved')",
            "open(__import__('sys').prefix + '/put-there', 'w')",
            "open(__import__('json').__file__, 'a')",
            "open('/usr/put-there', 'w')",
            "open('/proc/sys/kernel/core_pattern', 'w')",
            "open('/proc/sysrq-trigger', 'w')",
            "open('/etc/shadow').read()",
            "os.mknod('device', 0o60600, os.makedev(254, 0))",
            "os.chroot('/')",
        ],
    )
    def test_what_is_not_its_own_is_out_of_reach(
        self, tmp_path: Path, secret: Path, action: str
    ) -> None:
        program = outcome(action.format(secret=str(secret), folder=str(secret.parent)))

        assert "refused" == run(tmp_path, program)
        assert ("secret", program) == (secret.read_text(), (tmp_path / "model.code").read_text())
        assert {"home", "model.code", "temporary"} == {path.name for path in tmp_path.iterdir()}

    @pytest.mark.parametrize(
        "action",
        [
            "open(source).read()",
            "open('mine', 'w').write('x')",
            "open('/tmp/mine', 'w').write('x')",
            "open('/dev/shm/mine', 'w').write('x')",
            "open('/dev/null', 'w').write('x')",
            "os.urandom(1), open('/dev/urandom', 'rb').read(1)",
            "open('/proc/self/status').read(), open('/proc/cpuinfo').read()",
            "os.listdir('/sys/devices/system/cpu')",
            "__import__('multiprocessing').Semaphore()",
            "__import__('subprocess').run(['/bin/sh', '-c', 'true'], check=True)",
            "__import__('tempfile').TemporaryFile()",
        ],
    )
    def test_what_frameworks_need_is_there(self, tmp_path: Path, action: str) -> None:
        assert "done" == run(tmp_path, outcome(action))

    def test_what_it_writes_beside_the_model_is_nowhere(self, tmp_path: Path) -> None:
        run(tmp_path, outcome("open(source + '.beside', 'w')"))

        assert {"model.code", "temporary"} == {path.name for path in tmp_path.iterdir()}

    def test_a_second_sandbox_opens_nothing(self, tmp_path: Path) -> None:
        """A new user namespace gives new rights, but not over mounts that were made outside of it."""
        program = (
            "import ctypes\nlibrary = ctypes.CDLL(None)\nlibrary.unshare(0x10020000)\n"
            "done = library.mount(b'none', b'/usr', None, ctypes.c_ulong(0x1020), None)\n"
            "told = 'remounted' if done == 0 else 'refused'\n"
        )

        assert "refused" == run(tmp_path, program)

    def test_files_of_the_same_name_are_there_and_others_not(self, tmp_path: Path) -> None:
        (tmp_path / "model-0000.params").write_text("weights")
        (tmp_path / "other.params").write_text("weights")
        program = (
            "import os\nfolder = os.path.dirname(source)\n"
            "told = [os.path.exists(folder + '/' + name) for name in ('model-0000.params', 'other.params')]\n"
        )

        assert "[True, False]" == run(tmp_path, program)

    def test_secrets_of_the_environment_are_not_passed_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        found = run(tmp_path, "import os\ntold = 'secret' in os.environ.values()\n")

        assert "False" == found


class TestProcesses:
    """It sees and signals only its own, and nothing of it stays."""

    def test_others_are_neither_seen_nor_signalled(self, tmp_path: Path) -> None:
        program = (
            "import os\nseen = sorted(int(n) for n in os.listdir('/proc') if n.isdigit())\n"
            f"try:\n    os.kill({os.getpid()}, 9)\n    told = 'killed'\n"
            "except ProcessLookupError:\n    told = seen\n"
        )

        assert "[1, 2]" == run(tmp_path, program)

    def test_killing_everything_ends_only_itself(self, tmp_path: Path) -> None:
        program = (
            "import os\nfor number in (os.getppid(), -1):\n"
            "    try: os.kill(number, 9)\n    except OSError: pass\nos.abort()\n"
        )
        with pytest.raises(ChildCrashed, match="code 134"):
            run(tmp_path, program)

    def test_a_process_of_its_own_session_ends_with_it(self, tmp_path: Path) -> None:
        mark = f"98{os.getpid()}"
        program = (
            "import subprocess\n"
            f"subprocess.Popen(['sleep', '{mark}'], start_new_session=True)\ntold = 'started'\n"
        )

        assert "started" == run(tmp_path, program)
        assert [] == processes_with(mark)


class TestLimits:
    """What takes too much is stopped, with the option that allows more."""

    @pytest.mark.parametrize(
        ("program", "limits", "words"),
        [
            ("while True: pass", ChildLimits(time_s=2), "longer than 2 s"),
            ("import time; time.sleep(1000)", ChildLimits(time_s=2), "longer than 2 s"),
            (
                "import signal, time\nfor n in (15, 2, 1, 24): signal.signal(n, signal.SIG_IGN)\nwhile True: time.sleep(1)",
                ChildLimits(time_s=2),
                "longer than 2 s",
            ),
            ("told = len(bytearray(4 << 30))", ChildLimits(60, 1 << 30), "of memory"),
            (
                "for n in range(1000): open(str(n), 'wb').write(bytes(8 << 20))\n__import__('time').sleep(60)",
                ChildLimits(60, disk_bytes=64 << 20),
                "to disk",
            ),
        ],
        ids=["loops", "sleeps", "heeds-no-signal", "memory", "disk"],
    )
    def test_a_limit_ends_it(
        self, tmp_path: Path, program: str, limits: ChildLimits, words: str
    ) -> None:
        with pytest.raises(ChildLimitReached, match=words):
            run(tmp_path, program, limits)

    def test_one_file_cannot_be_larger_than_the_disk_limit(self, tmp_path: Path) -> None:
        program = outcome("open('one', 'wb').truncate(65 << 20)")

        assert "refused" == run(tmp_path, program, ChildLimits(60, disk_bytes=64 << 20))

    def test_endless_output_is_neither_kept_nor_shown(self, tmp_path: Path) -> None:
        program = (
            "import os, sys\nfor _ in range(100): sys.stderr.write('\\x1b[2J' * (1 << 18))\n"
            "sys.stderr.flush()\nos._exit(3)\n"
        )
        with pytest.raises(ChildCrashed) as caught:
            run(tmp_path, program)

        assert caught.value.message.isprintable()
        assert len(caught.value.message) < 500

    @pytest.mark.converters
    def test_a_deep_closed_folder_is_removed(self, tmp_path: Path) -> None:
        """`temporary` looks that nothing is left."""
        program = (
            "import os\nfor _ in range(3000):\n    os.mkdir('d')\n    os.chdir('d')\n"
            "open('f', 'w')\nos.chmod('.', 0)\ntold = 'deep'\n"
        )

        assert "deep" == run(tmp_path, program)


class TestAnswers:
    """What it leaves is not believed."""

    @pytest.mark.parametrize(
        "leave",
        [
            "os.symlink({secret!r}, 'result.json')",
            "os.mkfifo('result.json')",
            "os.mkdir('result.json')",
            "open('result.json', 'w').write('[' * 100000)",
            "open('result.json', 'w').write('[]')",
            "open('result.json', 'w').write('{{}}')",
            "open('result.json', 'w').write('{{\"error\": 1}}')",
            "open('result.json', 'w').write('{{\"error\": {{\"message\": 1}}}}')",
            "open('result.json', 'wb').truncate(1 << 30)",
            "answer(); os.symlink({secret!r}, 'model.onnx')",
            "answer(); os.mkfifo('model.onnx')",
            "answer()",
            "answer(cases=[case]); open('model.onnx', 'w'); os.mkfifo('case-0-inputs.npz')",
            "answer(cases=[case]); open('model.onnx', 'w'); packed('case-0-inputs.npz')",
            "answer(cases=5); open('model.onnx', 'w')",
            "answer(outputs=[5]); open('model.onnx', 'w')",
        ],
    )
    def test_a_false_answer_is_refused(self, tmp_path: Path, leave: str) -> None:
        secret = tmp_path / "secret.json"
        secret.write_text('{"error": {"stage": "open", "message": "secret", "remedy": ""}}')
        with pytest.raises(ChildUntrustworthy) as caught:
            run(tmp_path, _ANSWERS + leave.format(secret=str(secret)) + "\nos._exit(0)\n")

        assert "secret" not in caught.value.message

    def test_it_cannot_say_that_it_was_shut_in(self, tmp_path: Path) -> None:
        """The first line counts, and that is written before the model is opened."""
        program = _ANSWERS + (
            'print(\'onnxport holds: ["network", "processes", "files"]\', flush=True)\n'
            "answer(); open('model.onnx', 'w')\nos._exit(0)\n"
        )
        source = tmp_path / "model.code"
        source.write_text(program)
        with job_folder() as folder:
            made = run_converter(
                "fake.code_converter",
                Path(sys.executable),
                Job(source, "code"),
                Confinement(Isolation.NO, ChildLimits(60)),
                folder,
            )

        assert (frozenset(), False) == (made.protections, made.isolated)

    def test_its_words_cannot_move_a_cursor(self, tmp_path: Path) -> None:
        assert "\\x1b[2Jowned" == run(tmp_path, "told = '\\x1b[2Jowned'")


_ANSWERS = """
import json, os, zipfile
case = {"origin": "sample", "inputs": ["X"], "expected": ["Y"], "batched": True, "optional": False}
def answer(**other):
    whole = {"outputs": [], "framework_version": "1", "remarks": [], "gap": "", "inputs": [], "cases": [], "packages": {}}
    open("result.json", "w").write(json.dumps({**whole, **other}))
def packed(name):
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a0.npy", bytes(1 << 20))
"""


class TestItsOwnEnd:
    """When onnxport ends, its children end, and the next one removes what is left."""

    @pytest.mark.parametrize(
        ("number", "left"), [(signal.SIGKILL, 1), (signal.SIGTERM, 1), (signal.SIGINT, 0)]
    )
    @pytest.mark.parametrize("isolation", [Isolation.REQUIRED, Isolation.NO])
    def test_a_stopped_conversion_leaves_no_process(
        self,
        tmp_path: Path,
        temporary: Path,
        number: signal.Signals,
        left: int,
        isolation: Isolation,
    ) -> None:
        mark = f"97{os.getpid()}"
        # Without namespaces only the child itself ends: it becomes the program that is looked for.
        program = f"import os\nos.execvp('sleep', ['sleep', '{mark}'])\n"
        script = tmp_path / "convert.py"
        script.write_text(_CONVERTING.format(tests=str(TESTS), isolation=isolation.name))
        (tmp_path / "model.code").write_text(program)
        environment = {**os.environ, "TMPDIR": str(temporary)}
        with subprocess.Popen(
            [sys.executable, script, tmp_path / "model.code"],
            env=environment,
            stderr=subprocess.DEVNULL,
        ) as onnxport:
            until(lambda: processes_with(mark) or onnxport.poll() is not None)
            if onnxport.returncode == 7:
                pytest.skip("this system cannot shut a process in")
            assert processes_with(mark)
            onnxport.send_signal(number)

        until(lambda: not processes_with(mark))
        assert left == len(list(temporary.iterdir()))
        with job_folder() as folder:
            assert [folder.parent] == list(temporary.iterdir())


_CONVERTING = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from onnxport.converter.interface import Job
from onnxport.converter.isolation.child import run_converter
from onnxport.converter.isolation.confinement import Confinement, Isolation
from onnxport.converter.isolation.errors import CannotIsolate
from onnxport.converter.isolation.folder import job_folder
from onnxport.converter.isolation.process import ChildLimits
job = Job(Path(sys.argv[1]), "code")
try:
    with job_folder() as folder:
        run_converter("fake.code_converter", Path(sys.executable), job, Confinement(Isolation.{isolation}, ChildLimits(100)), folder)
except CannotIsolate:
    sys.exit(7)
"""


@pytest.mark.parametrize(
    ("isolation", "expected"), [("REQUIRED", "cannot_isolate"), ("PREFERRED", "conversion_refused")]
)
def test_where_namespaces_are_missing_code_is_refused_and_the_rest_goes_on(
    tmp_path: Path, isolation: str, expected: str
) -> None:
    """Landlock alone holds files' contents: enough for files that run no code."""
    source = tmp_path / "model.code"
    source.write_text("told = 'ran'")
    script = tmp_path / "convert.py"
    converting = _CONVERTING.format(tests=str(TESTS), isolation=isolation)
    script.write_text(converting.replace("sys.exit(7)", "print('cannot_isolate')"))
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_NAMESPACES, script, source],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 8:
        pytest.skip("this system has no user namespaces to begin with")

    assert expected in done.stdout + done.stderr.replace("ConversionRefused", "conversion_refused")


_WITHOUT_NAMESPACES = """
import ctypes, os, sys
user = os.getuid()
if ctypes.CDLL(None).unshare(0x10000000): sys.exit(8)
open("/proc/self/setgroups", "w").write("deny")
open("/proc/self/uid_map", "w").write(f"{user} {user} 1")
open("/proc/sys/user/max_user_namespaces", "w").write("0")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def processes_with(argument: str) -> list[Path]:
    """Living processes that were started with this argument."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if argument.encode() in line.read_bytes().split(b"\0"):
                found.append(line)
        except OSError:
            continue
    return found


def until(condition: Callable[[], object]) -> None:
    last = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < last
        time.sleep(0.02)
