"""Modules shaped like those of the Azure ML SDK v1, over onnxport. Importing them beside the vendor's package is refused."""

from azureml._installation import refuse_beside_vendor

refuse_beside_vendor()
