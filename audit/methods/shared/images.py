"""The refusal that methods for images share."""

from typing import TYPE_CHECKING

from audit.errors import InputError

if TYPE_CHECKING:
    from audit.network.network import Network


def check_images(network: "Network", method: str) -> None:
    """Refuse a network whose inputs are not images (H, W, C).

    Raises:
        InputError: they are not; ``method`` is the name in the spec.
    """
    if len(network.input_shape) != 3:
        raise InputError(
            "T120",
            f"`{method}` does not apply: it needs images",
            where=network.name,
            expected="inputs (H, W, C)",
            received=f"inputs {network.input_shape}",
            fix=f"remove `{method}` from `methods`, or use a method for any input, such as `integrated_gradients`",
        )
