"""What is taken for a notebook, and what is not."""

import contextlib
import json
from pathlib import Path

import pytest
from fake.notebooks import code, save_notebook
from hypothesis import given
from hypothesis import strategies as st
from onnxport.errors import UserError
from onnxport.notebook.document import read_notebook
from onnxport.notebook.errors import (
    NotebookFormatUnsupported,
    NotebookLanguageUnsupported,
    NotebookUnreadable,
)


def test_code_cells_that_hold_something_are_numbered(tmp_path: Path) -> None:
    markdown = {"cell_type": "markdown", "metadata": {}, "source": ["# Title"]}
    path = save_notebook(tmp_path / "a.ipynb", markdown, "\n\nx = 1", "  ", ["y = 2\n", "z = 3"])

    cells = read_notebook(path).cells
    assert [(1, 1, "x = 1"), (3, 2, "y = 2")] == [
        (cell.place, cell.number, cell.first_line) for cell in cells
    ]
    assert "y = 2\nz = 3" == cells[1].source


def test_old_outputs_and_the_kernels_name_do_not_stay(tmp_path: Path) -> None:
    old = {"output_type": "stream", "name": "stdout", "text": "before"}
    document = read_notebook(save_notebook(tmp_path / "a.ipynb", code("x", outputs=[old]))).document

    assert [] == document["cells"][0]["outputs"]
    assert "python3" == document["metadata"]["kernelspec"]["name"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no notebook"),
        ('{"a": 1}', "no notebook"),
        ('{"nbformat": 4}', "cells are not a list"),
        ('{"nbformat": 4, "cells": {}}', "cells are not a list"),
        ('{"nbformat": 4, "cells": [1]}', "cell 1 is not an object"),
        ('{"nbformat": 4, "cells": [{"cell_type": "heading"}]}', "neither code"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": 1}]}', "not text"),
        (
            '{"nbformat": 4, "cells": [{"cell_type": "code", "source": "\\ud800"}]}',
            "half a character",
        ),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["a", 1]}]}', "not text"),
    ],
)
def test_what_is_no_notebook_is_said_in_one_message(text: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(text)

    with pytest.raises(NotebookUnreadable, match=why):
        read_notebook(path)


@pytest.mark.parametrize("stated", [3, 2, 5, "4", None])
def test_other_formats_are_refused(stated: object, tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"nbformat": stated, "worksheets": []}))

    with pytest.raises(NotebookFormatUnsupported):
        read_notebook(path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    with path.open("wb") as file:
        file.truncate(200_000_000)

    with pytest.raises(NotebookUnreadable, match="larger than 100 MB"):
        read_notebook(path)


@pytest.mark.parametrize("name", ["missing.ipynb", "."])
def test_what_is_no_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotebookUnreadable):
        read_notebook(tmp_path / name)


def test_other_languages_are_refused(tmp_path: Path) -> None:
    metadata = {"kernelspec": {"name": "ir", "language": "R"}}

    with pytest.raises(NotebookLanguageUnsupported, match="'R'"):
        read_notebook(save_notebook(tmp_path / "a.ipynb", "x <- 1", metadata=metadata))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["nbformat", "cells", "cell_type", "source", "metadata", "kernelspec"]), inner, max_size=4
    ),
)  # fmt: skip


@given(_json)
def test_any_json_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, value: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.ipynb"
    for document in (value, {"nbformat": 4, "cells": [value]}, {"nbformat": 4, "cells": value}):
        path.write_text(json.dumps(document))
        with contextlib.suppress(UserError):
            read_notebook(path)
