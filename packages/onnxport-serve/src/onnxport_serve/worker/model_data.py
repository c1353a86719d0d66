"""Rows of inputs and predictions, written as CSV where the endpoint collects data.

Layout: `<subscription>/<resource group>/<workspace>/<service>/<model>/<version>/<designation>/<yyyy>/<mm>/<dd>/data.csv`, with columns of
Azure ML's own first. Source: `azureml.monitoring.ModelDataCollector`.
"""

from __future__ import annotations

import csv
import datetime
import fcntl
import io
import os
import sys
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from . import current
from .models import known_models

_COLUMNS = (
    "$aml_dc_correlation_id",
    "$aml_dc_scoring_timestamp",
    "$aml_request_id",
    "$aml_workspace",
    "$aml_service_name",
    "$aml_model_name",
    "$aml_model_version",
)


class ModelDataCollector:
    """Collects rows of one model.

    Args:
        model_name: the model.
        designation: what the rows are: `inputs`, `predictions`.
        identifier: the older name of `designation`.
        feature_names: names of the columns.
        model_version: the model's version; found from the revision where it is not given.
    """

    def __init__(
        self,
        model_name: str,
        designation: str = "default",
        feature_names: Sequence[str] | None = None,
        identifier: str | None = None,
        workspace: str | None = None,
        webservice_name: str | None = None,
        model_version: str | None = None,
        collection_name: str | None = None,
    ) -> None:
        self._model = model_name
        self._designation = identifier or collection_name or designation or "default"
        self._features = None if feature_names is None else [str(name) for name in feature_names]
        self._workspace = workspace or os.environ.get("WORKSPACE_NAME", "")
        self._service = webservice_name or os.environ.get("SERVICE_NAME", "")
        self._version = str(model_version or _version_of(model_name))
        self._folder = os.environ.get("ONNXPORT_MODEL_DATA")
        for part in (self._model, self._designation, self._version):
            if part in (".", "..") or any(mark in part for mark in "/\\\0"):
                raise ValueError(f"{part!r} cannot be part of the path of collected data")

    def collect(self, input_data: Any, user_correlation_id: str = "") -> Any:
        """Append rows: an array, a data frame, or a list of rows. Does nothing where the endpoint does not collect.

        Returns:
            The identifier under which the rows are kept, by which inputs and predictions can be matched.
        """
        correlation = user_correlation_id or str(uuid.uuid4())
        if self._folder:
            names, rows = _rows(input_data)
            self._append(correlation, self._features or names, rows)
        return correlation

    def _append(
        self, correlation: str, names: Sequence[str] | None, rows: Iterable[Sequence[Any]]
    ) -> None:
        now = datetime.datetime.now(datetime.timezone.utc)
        own = [
            correlation,
            now.isoformat(),
            current.request_id,
            self._workspace,
            self._service,
            self._model,
            self._version,
        ]
        text = io.StringIO()
        writer = csv.writer(text)
        rows = [list(row) for row in rows]
        width = max(map(len, rows), default=0)
        header = [*_COLUMNS, *(names or [str(n) for n in range(width)])]
        for row in rows:
            writer.writerow([*own, *row])
        file = self._file(now)
        try:
            _append_text(file, header, text.getvalue())
        except OSError as error:
            # A full disk must not fail the prediction.
            print(
                f"collected data cannot be written to {file}: {error.strerror}",
                file=sys.stderr,
            )

    def _file(self, now: datetime.datetime) -> str:
        own = (self._model, self._version, self._designation)
        day = (f"{now.year:04}", f"{now.month:02}", f"{now.day:02}")
        return os.path.join(str(self._folder), *own, *day, "data.csv")


def _append_text(file: str, header: Sequence[str], text: str) -> None:
    """Whole rows at the end of a file that other workers append to as well; its first line is the header."""
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "a", encoding="utf-8", newline="") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        if os.fstat(stream.fileno()).st_size == 0:
            csv.writer(stream).writerow(header)
        stream.write(text)


def _rows(data: Any) -> tuple[list[str] | None, list[Any]]:
    """Names of columns where the data has some, and its rows."""
    if hasattr(data, "columns") and hasattr(data, "values"):
        return [str(name) for name in data.columns], data.values.tolist()
    if hasattr(data, "reshape") and hasattr(data, "tolist"):
        shape = data.shape
        if len(shape) <= 1:
            return None, [data.reshape(-1).tolist()]
        return None, data.reshape(shape[0], -1).tolist()
    rows = list(data)
    if rows and not isinstance(rows[0], (list, tuple)):
        return None, [rows]
    return None, rows


def _version_of(model: str) -> Any:
    versions = [int(one["version"]) for one in known_models() if one["name"] == model]
    return max(versions, default="")
