"""What of an endpoint changes at once, without another revision: labels, keys, limits, hosts."""

import re
from dataclasses import replace

from onnxport.service.deployment.options import DeployOptions, key_policy
from onnxport.service.endpoint.errors import InvalidOption
from onnxport.service.endpoint.keys import KEY_NAMES, accepted_keys, new_key, new_keys
from onnxport.service.endpoint.store import EndpointStore

_SHORTEST_KEY = 16
_KEY = re.compile(r"[A-Za-z0-9._~+/=-]+")


def update_in_place(store: EndpointStore, name: str, options: DeployOptions) -> None:
    """Take up those of the options that need no revision; raises `EndpointNotFound`."""
    options.check()
    with store.changing_existing(name) as endpoint:
        before = endpoint.spec()
        keys = key_policy(options, before.keys, before.listen.host, endpoint.keys())
        limits, http = options.limits(before.limits), options.http(before.http)
        wanted = replace(before, keys=keys, limits=limits, http=http)
        if wanted != before:
            store.changes.apply(endpoint, replace(wanted, generation=before.generation + 1))
        store.records.set_labels(name, options.labels())


def rotate_key(store: EndpointStore, name: str, which: str, key: str | None) -> dict[str, str]:
    """The keys with a new one; see `Endpoints.rotate_key`."""
    if which not in KEY_NAMES:
        raise InvalidOption("the key to rotate", "one of " + ", ".join(KEY_NAMES))
    if key is not None and not (len(key) >= _SHORTEST_KEY and _KEY.fullmatch(key)):
        raise InvalidOption("a key", f"{_SHORTEST_KEY} or more letters, digits and -._~+/=")
    with store.changing_existing(name) as endpoint:
        before = endpoint.keys() or new_keys()
        keys = {**before, which: key or new_key()}
        spec = endpoint.spec()
        spec = replace(spec, generation=spec.generation + 1)
        endpoint.write_keys(keys)
        try:
            policy = replace(spec.keys, accepted=accepted_keys(keys))
            store.changes.apply(endpoint, replace(spec, keys=policy))
        except BaseException:
            endpoint.write_keys(before)
            raise
    return keys
