"""The digest of everything besides check, method and condition that a number can depend on."""

import hashlib

import numpy as np

from audit.network.network import Network
from audit.network.params import architecture
from audit.network.params import digest as params_digest
from audit.record import Provenance, digest
from audit.resources import sources
from audit.running.inputs import Chosen

_DECIDES_NUMBERS = ("backend", "network", "methods", "similarities", "checks", "datasets", "engine", "maps.py")


def world_digest(network: Network, chosen: Chosen, logits: np.ndarray, provenance: Provenance, batch: int) -> str:
    """Return the digest of everything besides check, method and condition that a number can depend on.

    The logits represent the parts of a subclassed model that cannot be inspected.
    """
    return digest(
        {
            "weights": params_digest(network.params),
            "architecture": architecture(network),
            "logits": arrays_digest(logits),
            "inputs": arrays_digest(chosen.inputs, chosen.targets),
            "ids": chosen.ids.tolist(),
            "truth": {name: arrays_digest(each) for name, each in {**chosen.truth, **chosen.counterparts}.items()},
            "seed": provenance.seed,
            "batch": batch,
            "versions": dict(provenance.versions),
            "backend": [
                provenance.backend,
                provenance.device,
                sorted(provenance.numerics.items()),
                provenance.platform,
            ],
            "code": _code_digest(),
        }
    )


def arrays_digest(*arrays: np.ndarray) -> str:
    """Return the digest of arrays: their types, shapes and bytes, in this order."""
    summed = hashlib.sha256()
    for array in arrays:
        summed.update(f"{array.dtype}{array.shape}".encode())
        summed.update(np.ascontiguousarray(array).tobytes())
    return summed.hexdigest()


def _code_digest() -> str:
    """Return the digest of the sources that decide numbers: evidence from other code is not reused."""
    return digest([hashlib.sha256(path.read_bytes()).hexdigest() for path in sources(*_DECIDES_NUMBERS)])
