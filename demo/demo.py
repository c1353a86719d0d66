"""The whole way on real data: train, convert, prove, register, deploy, score over HTTP. Run by `make demo`.

Works in `.demo/` of the checkout unless `ONNXPORT_WORKSPACE` names another workspace, and leaves the endpoint `digits` running.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from asking import measure, score
from onnxport import Workspace
from onnxport.errors import OnnxportError
from onnxport.service.conversion.convert import ConversionResult, convert_file
from onnxport.service.conversion.converters import prepare_environment
from onnxport.service.conversion.options import ConvertOptions

HERE = Path(__file__).parent
FOLDER = HERE.parent / ".demo"
ONE_IMAGE = FOLDER / "one_image.json"
NAME = "digits"
_SHADES = " .:-=+*#%@"
_STARTED = time.perf_counter()


def main() -> None:
    """Go the whole way, saying at each step what is done and how long it took."""
    FOLDER.mkdir(exist_ok=True)
    workspace = Workspace.open(os.environ.get("ONNXPORT_WORKSPACE") or FOLDER / "workspace")
    model = train()
    images = np.load(FOLDER / "held_back.npz")["X"]
    answers = np.load(FOLDER / "answers.npz")
    result = convert(model)
    compare(result, images, answers)
    url = deploy(workspace, result, images[0].tolist())
    score_images(url, images, answers)
    show_speed(url, images[0].tolist())
    say_what_next(workspace, url)


def train() -> Path:
    """Train in scikit-learn's own environment: onnxport itself does not depend on scikit-learn."""
    heading("Train a classifier on scikit-learn's handwritten digits, and save it as skops")
    python = prepare_environment("sklearn", say)
    subprocess.run([python, "-I", HERE / "train.py", FOLDER], check=True)
    model = FOLDER / "digits.skops"
    say(f"{model} ({model.stat().st_size / 1000:.0f} kB)")
    return model


def convert(model: Path) -> ConversionResult:
    """Convert and prove on all held-back images and on generated rows."""
    heading("Convert it to ONNX in the isolated environment, and prove it on the held-back images")
    options = ConvertOptions(sample=FOLDER / "held_back.npz", overwrite=True)
    result = convert_file(model, options, Steps())
    say(f"proof: {result.proof_file}")
    return result


def compare(result: ConversionResult, images: np.ndarray, answers: "np.lib.npyio.NpzFile") -> None:
    """Run ONNX Runtime here on every held-back image, next to what scikit-learn said."""
    import onnxruntime

    heading("Both predict the same")
    session = onnxruntime.InferenceSession(result.output, providers=["CPUExecutionProvider"])
    label, probabilities = session.run(["label", "probabilities"], {"X": images})
    same = int(np.count_nonzero(label == answers["label"]))
    difference = float(np.abs(probabilities - answers["probabilities"]).max())
    say(f"{same} of {len(images)} held-back images have the same digit")
    say(f"largest difference of a probability: {difference:.1e}")
    if same != len(images):
        raise SystemExit("the two do not agree")


def deploy(workspace: Workspace, result: ConversionResult, image: list[float]) -> str:
    """Register a version (its proof comes along) and put it behind the endpoint; a second time this makes revision 2."""
    ONE_IMAGE.write_text(json.dumps({"data": [image]}))
    heading("Register and deploy")
    version = workspace.models.register(result.output, name=NAME, description="Handwritten digits")
    say(f"{version.reference}: {version.framework} {version.framework_version}, proof kept with it")
    deployment = workspace.endpoints.deploy(
        str(version.reference), NAME, sample=ONE_IMAGE, progress=Steps()
    )
    say(f"revision {deployment.revision} at {deployment.endpoint.url}")
    return deployment.endpoint.url


def score_images(url: str, images: np.ndarray, answers: "np.lib.npyio.NpzFile") -> None:
    """Score all held-back images over HTTP, and show one."""
    heading(f"Score real images: POST {url}/score")
    outputs = score(url, images.tolist())
    labels = np.array(outputs["label"])
    shown = int(np.argmax(np.asarray(outputs["probabilities"]).max(axis=1)))
    print(drawing(images[shown]))
    sure = max(outputs["probabilities"][shown])
    say(
        f"the endpoint says {labels[shown]} (probability {sure:.3f}); it is {answers['truth'][shown]}"
    )
    right = int(np.count_nonzero(labels == answers["truth"]))
    same = int(np.count_nonzero(labels == answers["label"]))
    say(f"accuracy over HTTP: {right} of {len(images)} ({right / len(images):.1%})")
    say(f"the same digit as scikit-learn: {same} of {len(images)}")


def show_speed(url: str, row: list[float]) -> None:
    """Time single images as JSON over one connection, then over eight."""
    heading("Speed: one image per request, JSON, a client in plain Python on the same machine")
    measure(url, row, 1, 200)
    for connections, requests in ((1, 2000), (8, 4000)):
        speed = measure(url, row, connections, requests)
        noun = "connection " if connections == 1 else "connections"
        say(
            f"{connections} {noun}: p50 {speed.p50_ms:.2f} ms, p99 {speed.p99_ms:.2f} ms, "
            f"{speed.per_second:,.0f} requests/s ({speed.requests} requests)"
        )
    say(
        "the client is part of these times, and its threads share one interpreter: `make bench` measures the endpoint itself"
    )


def say_what_next(workspace: Workspace, url: str) -> None:
    """Where the endpoint is, what to try, and how to stop it."""
    program = HERE.parent / ".venv" / "bin" / "onnxport"
    print(f"\nDone in {time.perf_counter() - _STARTED:.0f} s. The endpoint is running:\n")
    print(f"  open   {url}/docs\n")
    print(f"  export ONNXPORT_WORKSPACE={workspace.root}")
    print(f"  {program} endpoint show {NAME}")
    print(f"  {program} predict {NAME} --input {ONE_IMAGE}")
    print(f"  {program} logs {NAME}")
    print(f"  {program} model show models:/{NAME}")
    print(f"  {program} down {NAME}      # stop it\n")


class Steps:
    """Prints the steps of a service with their times."""

    @contextmanager
    def step(self, title: str) -> Iterator[SimpleNamespace]:
        """Time one step."""
        step, began = SimpleNamespace(detail=""), time.perf_counter()
        yield step
        say(f"{title:<12} {time.perf_counter() - began:5.2f} s  {step.detail}")

    def notice(self, text: str) -> None:
        """Say something while a step takes its time."""
        say(text)


def drawing(image: np.ndarray) -> str:
    """An image of 8 x 8 as text, each dot twice as wide."""
    rows = np.clip(image.reshape(8, 8) / 16 * (len(_SHADES) - 1), 0, len(_SHADES) - 1).astype(int)
    return "\n".join("      " + "".join(_SHADES[dot] * 2 for dot in row) for row in rows)


def heading(text: str) -> None:
    """Begin a part."""
    print(f"\n[{time.perf_counter() - _STARTED:4.0f} s] {text}", flush=True)


def say(text: str) -> None:
    """One line of progress."""
    print(f"         {text}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except OnnxportError as error:
        sys.exit(f"error: {error.message}\nhelp: {error.remedy}")
