"""One import name, two products: whether the vendor's files lie under it as well."""

from importlib.metadata import PackageNotFoundError, version

_VENDOR = "azureml-core"


class VendorPackageInstalled(ImportError):
    """The vendor's SDK is installed beside this package: both put files under `azureml`, and which are imported is chance."""


def refuse_beside_vendor() -> None:
    """Raise `VendorPackageInstalled` where the vendor's SDK is installed in this environment."""
    try:
        found = version(_VENDOR)
    except PackageNotFoundError:
        return
    raise VendorPackageInstalled(
        f"{_VENDOR} {found} is installed beside onnxport-azureml, and both own the import name 'azureml'. Keep one of them: "
        f"pip uninstall {_VENDOR} && pip install --force-reinstall --no-deps onnxport-azureml; or use another environment"
    )
