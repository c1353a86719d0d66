"""Compute targets: names that old code asks for before it deploys. Everything runs on this machine."""

from azureml.core.compute.aks import AksCompute
from azureml.core.compute.amlcompute import AmlCompute
from azureml.core.compute.batchai import BatchAiCompute
from azureml.core.compute.target import ComputeTarget, made_targets

__all__ = ["AksCompute", "AmlCompute", "BatchAiCompute", "ComputeTarget", "made_targets"]
