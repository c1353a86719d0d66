"""What the process that converts may read beside the model: the system's programs, the interpreter with its packages, the converter."""

import glob
import os
import sys

# Of `/etc` only what programs look at when they start: passwords, keys and services' settings lie there too.
_OF_ETC = (
    "alternatives",
    "crypto-policies",
    "fonts",
    "group",
    "host.conf",
    "hosts",
    "java*",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "passwd",
    "pki/tls/openssl.cnf",
    "resolv.conf",
    "ssl/openssl.cnf",
    "timezone",
)
_OF_SYSTEM = ("/usr", "/bin", "/sbin", "/lib*", "/nix/store", "/gnu/store", "/sys")
_NAMING_FOLDERS = ("LD_LIBRARY_PATH", "JAVA_HOME")


def readable(package: str) -> "list[str]":
    """Files and folders that are there, none of them the user's own.

    Args:
        package: the folder of the package `onnxport`.
    """
    found = [package]
    for pattern in (*_OF_SYSTEM, *("/etc/" + name for name in _OF_ETC)):
        found += glob.glob(pattern)
    found += [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix]
    for name in _NAMING_FOLDERS:
        found += os.environ.get(name, "").split(os.pathsep)
    found += [*_mapped_folders(), *_linked_packages()]
    return [path for path in found if os.path.isabs(path) and os.path.exists(path)]


def _mapped_folders() -> "set[str]":
    """Where the libraries lie that the interpreter itself is linked to, wherever a system keeps them."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            paths = {line.split(None, 5)[5].rstrip("\n") for line in maps if "/" in line}
    except OSError:
        return set()
    return {os.path.dirname(path) for path in paths if ".so" in os.path.basename(path)}


def _linked_packages() -> "set[str]":
    """Where packages lie whose files uv linked into the environment instead of copying them."""
    found = set()
    for folder in sys.path:
        for stated in glob.glob(os.path.join(glob.escape(folder), "*.dist-info", "METADATA")):
            if os.path.islink(stated):
                found.add(os.path.dirname(os.path.dirname(os.path.realpath(stated))))
    return found
