"""The commands for models and workspaces, from arguments to what is printed."""

import json

import pytest
from fake.models import save_scaling_model
from onnxport.cli.main import main


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run a command in an own workspace; its exit code, output and error output."""
    monkeypatch.setenv("ONNXPORT_WORKSPACE", str(tmp_path / "workspace"))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))

    def command(*arguments):
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return command


@pytest.fixture
def read(run):
    def command(*arguments):
        code, out, err = run(*arguments, "--json")
        assert (0, "") == (code, err)
        return json.loads(out)

    return command


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "forest.pkl"
    path.write_bytes(b"trees")
    return path


@pytest.fixture
def forest(run, file):
    """The model `forest` with two versions."""
    for alias in ("old", "champion"):
        run(
            "model",
            "register",
            file,
            "--framework",
            "sklearn",
            "--alias",
            alias,
            "--tag",
            "stage=test",
            "--tag",
            "flag",
        )


def test_register_prints_the_reference_and_json_prints_everything(run, read, tmp_path):
    path = save_scaling_model(tmp_path / "scale.onnx")

    code, out, err = run(
        "model", "register", path, "--name", "s", "--description", "d", "--property", "a=b=c"
    )
    document = read(
        "model", "register", path, "-n", "s", "--alias", "champion", "--tag", "k=v", "-y"
    )

    assert (0, "models:/s/1\n", True) == (code, out, err.startswith("✓ register"))
    assert document == read("model", "show", "models:/s@champion")
    assert ("s", 2, "models:/s/2", {"k": "v"}) == tuple(
        document[key] for key in ("name", "version", "reference", "tags")
    )
    assert {"a": "b=c"} == read("model", "show", "models:/s/1")["properties"]
    assert "float32" == document["signature"]["inputs"][0]["type"]["dtype"]


def test_list_shows_models_or_the_versions_of_one(run, read, forest):
    assert [("forest", 2, 2)] == [
        (m["name"], m["newest"], m["versions"]) for m in read("model", "list")
    ]
    versions = read("model", "list", "forest")
    assert [1, 2] == [version["version"] for version in versions]
    assert ["models:/forest/1", {"stage": "test", "flag": ""}, ["old"]] == [
        versions[0][k] for k in ("reference", "tags", "aliases")
    ]
    _, out, _ = run("model", "list", "forest")
    assert ["VERSION", "1", "2"] == [line.split()[0] for line in out.splitlines()]
    _, out, _ = run("model", "list")
    assert ["NAME", "forest"] == [line.split()[0] for line in out.splitlines()]


def test_an_empty_workspace_lists_nothing(run, read):
    assert [] == read("model", "list")
    assert (1, "") == run("model", "list", "iris")[:2]


def test_show_prints_a_page(run, forest):
    code, out, err = run("model", "show", "forest")

    assert (0, "") == (code, err)
    for text in ("models:/forest/2", "sklearn", "champion", "flag, stage=test", "forest.pkl"):
        assert text in out


def test_tags_are_set_and_removed(run, read, forest):
    assert {"flag": "", "stage": "prod", "a": "b=c"} == read(
        "model", "tag", "forest", "stage=prod", "a=b=c"
    )
    assert {"stage": "prod", "a": "b=c"} == read(
        "model", "tag", "models:/forest/2", "--remove", "flag"
    )
    assert {"stage": "test", "flag": ""} == read("model", "tag", "models:/forest/1")


def test_an_alias_moves_and_goes(run, read, forest):
    assert (
        "models:/forest@champion is models:/forest/1\n"
        == run("model", "alias", "models:/forest/1", "champion")[1]
    )
    assert 1 == read("model", "show", "models:/forest@champion")["version"]
    assert 0 == run("model", "alias", "forest", "champion", "--remove")[0]
    assert 1 == run("model", "show", "models:/forest@champion")[0]


def test_download_prints_where_the_model_is(run, read, forest, tmp_path, file):
    _, out, _ = run("model", "download", "forest", tmp_path / "back")

    assert f"{tmp_path / 'back'}\n" == out
    assert file.read_bytes() == (tmp_path / "back" / "forest.pkl").read_bytes()
    assert 1 == run("model", "download", "forest", tmp_path / "back")[0]


def test_delete_takes_one_version_or_all(run, read, forest):
    assert ["models:/forest/2"] == read("model", "delete", "models:/forest@champion")
    assert [1] == [version["version"] for version in read("model", "list", "forest")]
    assert ["models:/forest/1"] == read("model", "delete", "forest", "--all", "--yes")
    assert [] == read("model", "list")


def test_a_mistake_is_two_lines_and_exit_code_1(run):
    code, out, err = run("model", "show", "models:/iris/x")

    assert (1, "", 2) == (code, out, len(err.splitlines()))
    assert err.startswith(
        "error: 'models:/iris/x' is not a model reference\nhelp: Write models:/NAME"
    )


def test_a_workspace_is_made_shown_listed_and_tidied(run, read, forest, tmp_path):
    made = tmp_path / "made"

    assert (0, f"{made}\n") == run("workspace", "init", made)[:2]
    assert str(made) in [workspace["path"] for workspace in read("workspace", "list")]
    shown = read("workspace", "show")
    assert {
        "path": str(tmp_path / "workspace"),
        "models": 1,
        "versions": 2,
        "bytes": 5,
        "endpoints": [],
    } == shown
    run("model", "delete", "forest", "--all")
    assert {"blobs": 1, "bytes": 5, "leftovers": 0, "bundles": 0, "damaged": []} == read(
        "workspace", "gc"
    )
    assert "versions   0" in run("workspace", "show")[1]


def test_gc_with_verify_fails_when_something_is_damaged(run, forest, tmp_path):
    [blob] = (tmp_path / "workspace").glob("blobs/sha256/*/*")
    blob.chmod(0o644)
    blob.write_bytes(b"treez")

    code, out, err = run("workspace", "gc", "--verify")

    assert (3, True) == (code, out.startswith("removed 0 blobs"))
    assert "1 of the workspace's blobs are missing or damaged" in err
    assert 0 == run("workspace", "gc")[0]
