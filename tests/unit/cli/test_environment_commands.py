"""The commands for environments, from arguments to what is printed."""

import json
from pathlib import Path

import pytest
from fake.wheels import write_requirements, write_wheel
from onnxport import Workspace
from onnxport.cli.main import main
from onnxport.environment.python_version import running_python


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("ONNXPORT_WORKSPACE", str(tmp_path / "workspace"))
    return tmp_path / "workspace"


@pytest.fixture
def run(root, capsys):
    """Run a command in an own workspace; its exit code, output and error output."""

    def command(*arguments):
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return command


@pytest.fixture
def asked(tmp_path) -> Path:
    write_wheel(tmp_path / "wheels", "thing", "1.0")
    return write_requirements(tmp_path / "asked.txt", tmp_path / "wheels", "thing", "azureml-core")


@pytest.fixture
def built(run, asked):
    """The id of an environment that is built."""
    code, out, _ = run("environment", "build", asked, "--json")
    assert 0 == code
    return json.loads(out)["id"]


def use(root: Path, endpoint: str, environment: object) -> None:
    folder = root / "endpoints" / endpoint
    folder.mkdir(parents=True)
    document = {"revisions": [{"number": 1}, {"number": 2, "environment": environment}]}
    (folder / "endpoint.json").write_text(json.dumps(document))


def test_build_says_what_is_there_and_what_was_changed(run, asked):
    code, out, err = run("environment", "build", asked)

    assert 0 == code
    assert ["id", "python", "size", "packages"] == [line.split()[0] for line in out.splitlines()]
    assert "packages  thing 1.0" in out
    assert "note: azureml-core is provided by onnxport and not downloaded" in err
    assert "lock" in err


def test_build_again_is_the_same_environment(run, built, asked):
    assert built == json.loads(run("environment", "build", asked, "--json")[1])["id"]


def test_list_and_show_name_the_endpoints_that_use_it(run, root, built):
    use(root, "iris", f"../../environments/{built}")
    use(root, "other", None)
    (listed,) = json.loads(run("environment", "list", "--json")[1])
    shown = json.loads(run("environment", "show", built[:8], "--json")[1])

    assert listed == shown
    assert (built, ["iris"], {"thing": "1.0"}, running_python()) == (
        shown["id"],
        shown["endpoints"],
        shown["packages"],
        shown["python"],
    )
    assert "iris" in run("environment", "list")[1]
    assert "thing" in run("environment", "show", built)[1]


def test_an_environment_in_use_is_not_deleted(run, root, built):
    use(root, "iris", f"../../environments/{built}")
    code, _, err = run("environment", "delete", built, "--yes")

    assert 1 == code
    assert "is used by a revision of iris" in err
    assert "onnxport endpoint delete iris" in err
    assert 1 == len(json.loads(run("environment", "list", "--json")[1]))


def test_delete_removes_it(run, built):
    code, out, _ = run("environment", "delete", built, "--yes", "--json")

    assert (0, built) == (code, json.loads(out)["id"])
    assert [] == json.loads(run("environment", "list", "--json")[1])


@pytest.mark.parametrize("text", ["{", "[]", '{"revisions": 3}', '{"revisions": [1]}'])
def test_an_endpoint_that_cannot_be_read_is_no_user(run, root, built, text):
    use(root, "broken", None)
    (root / "endpoints" / "broken" / "endpoint.json").write_text(text)

    assert [] == json.loads(run("environment", "show", built, "--json")[1])["endpoints"]


def test_an_unknown_environment_is_answered_with_those_that_are_there(run, built):
    code, _, err = run("environment", "show", "nothing")

    assert 1 == code
    assert built in err


def test_a_python_that_cannot_be_is_refused(run, asked):
    code, _, err = run("environment", "build", asked, "--python", "2.7")

    assert 1 == code
    assert "3.8 or newer" in err


def test_names_in_the_workspace_are_used(run, root, tmp_path):
    Workspace.open(root)
    (root / "conda-names.json").write_text('{"in-house": null}')
    conda = tmp_path / "myenv.yml"
    conda.write_text("dependencies: [in-house]\n")
    code, out, _ = run("environment", "build", conda, "--json")

    assert 0 == code
    assert {} == json.loads(out)["packages"]


def test_gc_removes_unfinished_builds_and_keeps_finished_ones(run, root, built):
    leftover = root / "environments" / ".0000-py3.8-linux-x86_64.abc.building"
    leftover.mkdir()
    code, out, _ = run("workspace", "gc", "--json")

    assert (0, 1) == (code, json.loads(out)["leftovers"])
    assert not leftover.exists()
    assert 1 == len(json.loads(run("environment", "list", "--json")[1]))
