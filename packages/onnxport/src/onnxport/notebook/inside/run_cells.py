"""Started by path in the runner's environment: runs the cells of a notebook on a kernel and tells what happens, one JSON object per line.

python run_cells.py     standard input: one line, the request; its end is the wish to stop

Events: {"begin": place}, {"end": place, "error": null | {"name", "text", "traceback"}}, {"lost": why}, {"done": true}
"""

import asyncio
import json
import os
import shutil
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

_START_S = 120
_STOP_S = 8
_KERNEL = "onnxport"
_MOST_CHARACTERS_OF_SOCKET = 90
_SET = "get_ipython().user_ns.update(__import__('json').loads({!r}))"


def main() -> int:
    """Run the request that is on standard input."""
    request = json.loads(sys.stdin.buffer.readline())
    folder = Path(request["scratch"])
    for name in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR"):
        os.environ[name] = str(folder / name.lower())
    os.environ["ONNXPORT_NOTEBOOK_RUNNER"] = str(os.getpid())
    try:
        with suppress(asyncio.CancelledError):
            asyncio.run(Runner(request, folder).run())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


class Runner:
    """Runs one notebook."""

    def __init__(self, request: dict[str, Any], folder: Path) -> None:
        self.request = request
        self.notebook = nbformat.from_dict(request["notebook"])
        self.output = Path(request["output"])
        self.log = folder / "kernel.log"
        self.error: dict[str, Any] | None = None
        spec = folder / "kernels" / _KERNEL / "kernel.json"
        spec.parent.mkdir(parents=True)
        spec.write_text(json.dumps(request["kernel"]), encoding="utf-8")
        specs = KernelSpecManager(kernel_dirs=[str(folder / "kernels")], ensure_native_kernel=False)
        self.manager = AsyncKernelManager(
            kernel_name=_KERNEL,
            kernel_spec_manager=specs,
            connection_file=str(folder / "connection.json"),
            **_transport(folder),
        )
        timeout_s = request["timeout_s"]
        self.client = NotebookClient(
            self.notebook,
            km=self.manager,
            kernel_name=_KERNEL,
            timeout=timeout_s,
            startup_timeout=_START_S,
            allow_errors=True,
            store_widget_state=True,
            interrupt_on_timeout=True,
            error_on_timeout={
                "ename": "CellTimeout",
                "evalue": f"the cell ran longer than {timeout_s} s",
                "traceback": [],
            },
            on_cell_error=self._take_error,
            ipython_hist_file=":memory:",
        )

    async def run(self) -> None:
        """Run every cell, unless one fails; the output is written whatever happens."""
        self._stop_with_input(asyncio.get_running_loop(), asyncio.current_task())
        kernel = None
        try:
            with self.log.open("wb") as log:
                folder = self.request["folder"]
                async with self.client.async_setup_kernel(cwd=folder, stdout=log, stderr=log):
                    kernel = self.manager.provisioner.process.pid
                    await self._run_cells()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            words = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
            tell({"lost": f"{type(error).__name__}: {error} {words}".strip()})
        else:
            tell({"done": True})
        finally:
            end_group(kernel)
            self.write()

    async def _run_cells(self) -> None:
        self.client.reset_execution_trackers()
        info = await self.client.async_wait_for_reply(self.client.kc.kernel_info())
        self.notebook.metadata["language_info"] = info["content"]["language_info"]
        if self.request["values"]:
            code = _SET.format(json.dumps(self.request["values"]))
            message = self.client.kc.execute(code, silent=True, store_history=False)
            await self.client.async_wait_for_reply(message)
        for place, cell in enumerate(self.notebook.cells):
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            tell({"begin": place})
            error = await self._run_cell(place, cell)
            self.write()
            tell({"end": place, "error": error})
            if error and (error["name"] == "DeadKernel" or not self.request["allow_errors"]):
                return

    async def _run_cell(self, place: int, cell: Any) -> dict[str, Any] | None:
        self.error = None
        try:
            await self.client.async_execute_cell(cell, place)
        except DeadKernelError:
            text = (
                "the kernel ended while the cell ran: it was killed, ran out of memory or crashed"
            )
            self.error = {"name": "DeadKernel", "text": text, "traceback": []}
            note = {"ename": "DeadKernel", "evalue": text, "traceback": [text]}
            cell.outputs.append(nbformat.v4.new_output("error", **note))
        if self.error and self.error["name"] == "CellTimeout":
            note = {"ename": "CellTimeout", "evalue": self.error["text"], "traceback": []}
            cell.outputs.append(nbformat.v4.new_output("error", **note))
        expected = "raises-exception" in cell.metadata.get("tags", [])
        return None if expected else self.error

    def _take_error(self, cell: Any, cell_index: int, execute_reply: Any) -> None:  # noqa: ARG002 - nbclient's
        content = execute_reply["content"]
        self.error = {
            "name": str(content.get("ename", "")),
            "text": str(content.get("evalue", "")),
            "traceback": [str(line) for line in content.get("traceback", [])],
        }

    def write(self) -> None:
        """Replace the output file as a whole."""
        beside = self.output.with_name(f".{self.output.name}.{os.getpid()}")
        try:
            with beside.open("w", encoding="utf-8", errors="replace") as file:
                nbformat.write(self.notebook, file)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.output)
        finally:
            beside.unlink(missing_ok=True)

    def _stop_with_input(self, loop: Any, task: Any) -> None:
        """Stop when standard input ends: then nobody waits for the result any more."""

        def stop() -> None:
            self.client.shutdown_kernel = "immediate"
            task.cancel()

        def watch() -> None:
            sys.stdin.buffer.read()
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(stop)
            threading.Timer(_STOP_S, self._give_up).start()

        threading.Thread(target=watch, daemon=True).start()

    def _give_up(self) -> None:
        process = getattr(self.manager.provisioner, "process", None)
        end_group(process.pid if process else None)
        os._exit(1)


def _transport(folder: Path) -> dict[str, str]:
    """Sockets in our own folder, where no other user reaches them; TCP where their paths would be too long."""
    path = str(folder / "socket")
    return {"transport": "ipc", "ip": path} if len(path) < _MOST_CHARACTERS_OF_SOCKET else {}


def tell(event: dict[str, Any]) -> None:
    """Tell whoever started this program; it may be gone."""
    with suppress(BrokenPipeError):
        print(json.dumps(event), flush=True)


def end_group(pid: int | None) -> None:
    """End what the kernel has left in its process group; a kernel is the first of its own."""
    if pid is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the thread that watches standard input is not waited for
