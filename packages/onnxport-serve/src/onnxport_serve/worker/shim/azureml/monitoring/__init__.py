"""`ModelDataCollector`: rows of inputs and predictions into CSV files, where the endpoint collects data."""

from onnxport_worker.model_data import ModelDataCollector

__all__ = ["ModelDataCollector"]
