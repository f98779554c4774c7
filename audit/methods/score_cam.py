"""Score-CAM: the channels of a layer, weighted by what the network says of the input seen through each."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from audit.declare import declared
from audit.methods.method import Array, Attribute, MethodDefaults, Need
from audit.methods.shared.activation import chosen_layer, layer_noise, resize
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network, Params


@declared
class ScoreCam(MethodDefaults):
    """The channels of one layer's activation, weighted by the logit that the input keeps under each as a mask.

    Formula: A(x) = resize(ReLU(sum over k of w_k a_k)), with w the softmax over k of S_c(x * m_k) and m_k the channel
    a_k, resized to the input's height and width and brought to [0, 1] by its own least and greatest value. (The
    baseline's logit that the paper subtracts first is the same for all k and leaves a softmax as it is; the authors'
    code weights by the class's probability instead, without a softmax over k.) A channel that is constant masks nothing
    and gets no weight. Not normalised; a map that is zero everywhere stays so, and is reported as constant.
    Unit: that of the activation. Sign: never negative. One channel: (B, H, W, 1).
    One masked input at a time, so memory does not grow with the channels; it costs one forward pass for each, which
    ``evaluations`` cannot say, since it depends on the layer, and counts as one.
    Needs: recorded operations with a convolution among them, and image inputs; no gradient.
    Known criticisms: a masked input is unlike any data, and is black where the mask is low, whatever 0 means; the
    softmax of logits gives most weight to one channel where logits are large; slow.
    Source: Wang et al. 2019, arXiv:1910.01279, definition 3, equation 9 and algorithm 1.
    """

    unit: ClassVar[str] = "relevance"
    signed: ClassVar[bool] = False
    stochastic: ClassVar[bool] = False
    needs: ClassVar[Need] = "convolution"
    evaluations: ClassVar[int] = 1
    claims: ClassVar[frozenset[Claim]] = frozenset()
    source: ClassVar[str] = "Wang et al. 2019, arXiv:1910.01279"

    layer: str = "auto"
    """The layer, as in ``grad_cam``. The paper: the last convolution's rectified output."""

    def attribute(self, network: "Network") -> Attribute:
        """Return Score-CAM as a pure function of the parameters.

        Raises:
            InputError: the network has no convolution, no image inputs or no such layer.
        """
        from keras import ops

        from audit.network.network import score, tap

        trunk, _ = tap(network, chosen_layer(network, self.layer, "score_cam").layer)
        size = network.input_shape[:2]

        def score_cam(params: "Params", x: Array, target: Array, key: Array) -> Array:
            activation = ops.cast(trunk(params, x), x.dtype)
            channels = activation.shape[-1]

            def add(number: Array, scores: Array) -> Array:
                mask = _unit_range(resize(ops.take(activation, ops.reshape(number, (1,)), axis=-1), size))
                own = score(network, params, x * mask, target)
                return scores + own[:, None] * ops.one_hot(number, channels, dtype="float32")

            scores = ops.fori_loop(0, channels, add, ops.zeros((x.shape[0], channels)))
            weights = _softmax(scores, ops.max(activation, axis=(1, 2)) > ops.min(activation, axis=(1, 2)))
            combined = ops.sum(weights[:, None, None] * activation, axis=-1, keepdims=True)
            return resize(ops.relu(combined), size)

        return score_cam

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return rectified noise of the layer's height and width, resized in the same way: (H, W, 1)."""
        return layer_noise(network, chosen_layer(network, self.layer, "score_cam"), generator, rectified=True)


def _unit_range(maps: Array) -> Array:
    """Return maps (B, H, W, 1) from 0 to 1; zeros where a map is constant."""
    from keras import ops

    least, greatest = (each(maps, axis=(1, 2, 3), keepdims=True) for each in (ops.min, ops.max))
    spread = greatest - least
    return (maps - least) / ops.where(spread > 0, spread, 1.0)


def _softmax(scores: Array, included: Array) -> Array:
    """Return the softmax of scores (B, K) over those included; zeros where none is."""
    from keras import ops

    floor = ops.where(included, scores, -np.inf)
    highest = ops.max(floor, axis=-1, keepdims=True)
    parts = ops.where(included, ops.exp(scores - ops.where(highest > -np.inf, highest, 0.0)), 0.0)
    total = ops.sum(parts, axis=-1, keepdims=True)
    return parts / ops.where(total > 0, total, 1.0)
