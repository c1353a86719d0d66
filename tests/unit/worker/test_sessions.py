"""ONNX Runtime sessions that are handed out again; in an interpreter of their own, for the change is to the whole process."""

import subprocess
import sys
from pathlib import Path

import pytest
from fake.onnx_files import save_identity

PRELUDE = """
import sys
from onnxport_serve.worker import sessions
sessions.install(threads=3, keeps_sessions={keeps}, fixed={fixed!r})
import onnxruntime as rt
path = {path!r}
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_identity(tmp_path)
    return tmp_path / "models/iris/1/m.onnx"


def say(model: Path, code: str, *, keeps: bool = True, fixed: str = "/nowhere") -> list[str]:
    program = PRELUDE.format(keeps=keeps, path=str(model), fixed=fixed) + code
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout.split()


def test_the_same_file_gives_the_same_session(model: Path) -> None:
    code = """
a, b = rt.InferenceSession(path), rt.InferenceSession(path)
c = rt.InferenceSession(path, providers=["CPUExecutionProvider"])
d = rt.InferenceSession(path, providers=["CPUExecutionProvider"])
e = rt.InferenceSession(open(path, "rb").read())
f = rt.InferenceSession(open(path, "rb").read())
print(a is b, c is d, a is c, e is f, a is e, isinstance(a, rt.InferenceSession))
import numpy as np
print(b.run(None, {"X": np.ones((1, 4), np.float32)})[0].sum(), b.get_session_options().intra_op_num_threads)
"""
    assert ["True", "True", "False", "True", "False", "True", "4.0", "3"] == say(model, code)


def test_options_are_told_apart_by_what_they_say(model: Path) -> None:
    code = """
def options(level=None, entry=None, threads=0):
    made = rt.SessionOptions()
    if level is not None: made.graph_optimization_level = level
    if entry: made.add_session_config_entry(*entry)
    made.intra_op_num_threads = threads
    return made
off = rt.GraphOptimizationLevel.ORT_DISABLE_ALL
one = options()
make = lambda *given, **named: rt.InferenceSession(path, options(*given, **named))
print(make() is make(), make(off) is make(off), make() is make(off))
print(make(entry=("session.intra_op.allow_spinning", "1")) is make(), make(threads=2) is make(threads=2), make(threads=2) is make())
print(rt.InferenceSession(path, one) is rt.InferenceSession(path, one), one.intra_op_num_threads, make(threads=2).get_session_options().intra_op_num_threads)
"""
    assert ["True", "True", "False", "False", "True", "False", "True", "3", "2"] == say(model, code)


def test_what_cannot_be_compared_is_made_anew(model: Path) -> None:
    code = """
import numpy as np
def options():
    made = rt.SessionOptions()
    made.add_initializer("none", rt.OrtValue.ortvalue_from_numpy(np.zeros(1, np.float32)))
    return made
class Own(rt.InferenceSession):
    pass
made = [options(), options()]
print(rt.InferenceSession(path, made[0]) is rt.InferenceSession(path, made[1]), Own(path) is Own(path))
"""
    assert ["False", "False"] == say(model, code)


def test_a_changed_file_is_loaded_again_and_a_bad_one_fails_each_time(model: Path) -> None:
    code = """
import os, shutil
a = rt.InferenceSession(path)
shutil.copy(path, path + ".new"); os.replace(path + ".new", path)
print(rt.InferenceSession(path) is a)
open(path, "wb").write(b"nonsense")
for _ in range(2):
    try:
        rt.InferenceSession(path)
    except Exception as error:
        print(type(error).__name__)
"""
    words = say(model, code)

    assert "False" == words[0]
    assert 3 == len(words)


def test_a_file_of_the_revision_is_not_looked_at_again(model: Path) -> None:
    code = """
import os
a = rt.InferenceSession(path)
os.unlink(path)
print(rt.InferenceSession(path) is a)
"""
    assert ["True"] == say(model, code, fixed=str(model.parent))


def test_a_file_beside_those_of_the_revision_is_looked_at_each_time(model: Path) -> None:
    """A link in the folder of models leads to the bundle; what a script writes beside it is its own."""
    beside = model.parent.parent / "beside"
    beside.mkdir()
    code = f"""
import os, shutil
copy = {str(beside)!r} + "/m.onnx"
shutil.copy(path, copy)
a = rt.InferenceSession(copy)
shutil.copy(path, copy + ".new"); os.replace(copy + ".new", copy)
b = rt.InferenceSession({str(model.parent)!r} + "/../beside/m.onnx")
print(rt.InferenceSession(copy) is a, b is a)
"""
    assert ["False", "False"] == say(model, code, fixed=str(model.parent))


def test_a_class_of_the_scripts_own_has_a_constructor_of_its_own(model: Path) -> None:
    code = """
class Named(rt.InferenceSession):
    def __init__(self, path, name):
        super().__init__(path)
        self.name = name
one = Named(path, "one")
print(one.name, Named(path, "two").name, one.get_session_options().intra_op_num_threads)
print(isinstance(one.get_session_options(), rt.SessionOptions))
try:
    rt.InferenceSession(path, "no options")
except Exception as error:
    print(type(error).__name__)
"""
    assert ["one", "two", "3", "True", "TypeError"] == say(model, code)


def test_it_can_be_turned_off(model: Path) -> None:
    code = "print(rt.InferenceSession(path) is rt.InferenceSession(path), rt.InferenceSession(path).get_session_options().intra_op_num_threads)"

    assert ["False", "3"] == say(model, code, keeps=False)


def test_a_script_without_onnxruntime_does_not_load_it(model: Path) -> None:
    program = PRELUDE.format(keeps=True, path=str(model), fixed="/nowhere").replace(
        "import onnxruntime as rt", ""
    )
    done = subprocess.run(
        [sys.executable, "-c", program + "print('onnxruntime' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "False" == done.stdout.strip()
