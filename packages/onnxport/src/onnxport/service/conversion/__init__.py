"""Converting models to ONNX: recognise, make the environment, convert in a child process, prove, write."""

from onnxport.service.conversion.convert import ConversionResult, convert_file, convert_live
from onnxport.service.conversion.converters import (
    ConverterStatus,
    list_converters,
    prepare_environment,
)
from onnxport.service.conversion.options import ConvertOptions, Trust

__all__ = [
    "ConversionResult",
    "ConvertOptions",
    "ConverterStatus",
    "Trust",
    "convert_file",
    "convert_live",
    "list_converters",
    "prepare_environment",
]
