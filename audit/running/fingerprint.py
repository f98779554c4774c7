"""The digest of everything besides check, method, condition and code that a number can depend on."""

import hashlib

import numpy as np

from audit.network.network import Network
from audit.network.params import architecture
from audit.network.params import digest as params_digest
from audit.record import Provenance, digest
from audit.running.inputs import Chosen


def world_digest(network: Network, chosen: Chosen, logits: np.ndarray, provenance: Provenance, batch: int) -> str:
    """Return the digest of everything besides check, method, condition and code that a number can depend on.

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
            "draws": network.draws,
            "versions": dict(provenance.versions),
            "backend": [
                provenance.backend,
                provenance.device,
                sorted(provenance.numerics.items()),
                provenance.platform,
            ],
        }
    )


def arrays_digest(*arrays: np.ndarray) -> str:
    """Return the digest of arrays: their types, shapes and bytes, in this order."""
    summed = hashlib.sha256()
    for array in arrays:
        summed.update(f"{array.dtype}{array.shape}".encode())
        summed.update(np.ascontiguousarray(array).tobytes())
    return summed.hexdigest()
