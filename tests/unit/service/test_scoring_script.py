"""A script is looked at without running it: what is surely wrong is told with its line, what may be right is let be."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnxport.service.scoring.errors import ScriptIncomplete, ScriptInvalid
from onnxport.service.scoring.script import check_script

PATH = Path("score.py")
RUN = "def run(data):\n    return data\n"
INIT = "def init():\n    pass\n"


@pytest.mark.parametrize(
    "source",
    [
        INIT + RUN,
        f"if True:\n    {INIT.replace(chr(10), chr(10) + '    ')}\n{RUN}",
        f"try:\n    from fast import init\nexcept ImportError:\n    init = print\n{RUN}",
        f"import numpy as init\n{RUN}",
        "init, run = print, print",
        "async def init(): ...\nrun: object = print",
        "from impl import *",
        "globals()['init'] = globals()['run'] = print",
        "exec(open('other').read())",
        "with open('x') as init:\n    run = 1",
        "for init in []:\n    pass\nelse:\n    run = 1",
        "match 1:\n    case 1:\n        init = run = 1",
        "(init := 1)\nrun = 2",
        "\ufeff" + INIT + RUN,
        "# -*- coding: latin-1 -*-\n" + INIT + RUN,
        "'\\d'\n" + INIT + RUN,
        "class init: ...\nclass run: ...",
    ],
)
def test_names_that_may_be_there_are_enough(source):
    check_script(PATH, source.encode())


@pytest.mark.parametrize(
    ("source", "named"),
    [
        (INIT, "does not define run()"),
        (RUN, "does not define init()"),
        ("", "does not define init() and run()"),
        ("def main():\n    def init(): ...\n    def run(x): ...", "init() and run()"),
        ("class Model:\n    def init(self): ...\n    def run(self): ...", "init() and run()"),
        ("print(init, run)", "init() and run()"),
    ],
)
def test_what_is_surely_missing_is_named(source, named):
    with pytest.raises(ScriptIncomplete) as caught:
        check_script(PATH, source.encode())

    assert named in caught.value.message


@pytest.mark.parametrize(
    ("source", "where"),
    [
        (b"def init():\n    pass\ndef run(x)\n", "score.py, line 3: expected ':'"),
        (b"x = 'a\n", "line 1"),
        (b"\xff\xfe", "score.py"),
        (b"x = 1\0", "null bytes"),
        (b"(" * 5000, "score.py"),
    ],
    ids=["colon", "quote", "not UTF-8", "null", "deep"],
)
def test_what_is_no_python_is_told_with_its_place(source, where):
    with pytest.raises(ScriptInvalid) as caught:
        check_script(PATH, source)

    assert where in caught.value.message


def test_syntax_that_is_too_new_for_the_wanted_python_is_told():
    source = (INIT + RUN + "match 1:\n    case 1: pass\n").encode()

    check_script(PATH, source, "3.11")
    with pytest.raises(ScriptInvalid, match=r"3\.10"):
        check_script(PATH, source, "3.8")


@given(st.one_of(st.binary(max_size=80), st.text(max_size=80).map(lambda text: text.encode("utf-8", "replace"))))  # fmt: skip
def test_any_bytes_are_a_script_or_an_error_of_ours(source):
    with suppress(ScriptInvalid, ScriptIncomplete):
        check_script(PATH, source)
