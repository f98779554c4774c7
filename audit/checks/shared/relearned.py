"""Whether networks that are trained again learn the true labels as well as the audited model did."""

import math

from audit.record import Doubt


def sampling_error(accuracy: float, count: int) -> float:
    """Return twice the standard error of an accuracy that is measured on ``count`` inputs."""
    return 2 * math.sqrt(accuracy * (1 - accuracy) / max(count, 1))


def not_relearned(retrained: float, audited: float | None, within: float, *, who: str = "Networks") -> Doubt | None:
    """Return why retraining says nothing of the audited model, in two sentences with both accuracies and what to do.

    None where the accuracies are no further apart than ``within``, or the audited model's is not known. A retrained
    accuracy that is no number is too far from any.
    """
    if audited is None or abs(retrained - audited) <= within:
        return None
    return Doubt(
        code="other-accuracy",
        text=f"{who} trained again on the true labels reach a test accuracy of {retrained:.3f}, the audited model "
        f"{audited:.3f}: further apart than {within:.3g}, so what they learned need not be what it learned. Bring "
        "`training` closer to how the model was trained (its data, preprocessing, optimizer and epochs), or allow more "
        "in `baseline_within`.",
    )
