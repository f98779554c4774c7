"""A ``Normalization`` that computes with its weights, as all other layers do.

Keras's computes with copies that are made when it is adapted or loaded: given other parameters, or built again, it
would go on with the old ones, or with none.
"""

from typing import Any

import keras

Array = Any


class Normalization(keras.layers.Normalization):
    """Keras's layer of the same name, adapted, as a function of its mean and variance."""

    def call(self, inputs: Array) -> Array:
        """Return ``(x - mean) / deviation``, or with ``invert`` the way back."""
        ops = keras.ops
        x = ops.convert_to_tensor(inputs, dtype=self.compute_dtype)
        mean, variance = (self._broadcast(each) for each in (self.adapt_mean, self.adapt_variance))
        deviation = ops.maximum(ops.sqrt(variance), keras.config.epsilon())
        return mean + x * deviation if self.invert else (x - mean) / deviation

    def _broadcast(self, variable: Any) -> Array:
        return keras.ops.reshape(keras.ops.cast(variable, self.compute_dtype), self._broadcast_shape)


def is_adapted(operation: Any) -> bool:
    """Whether an operation is a ``Normalization`` of Keras's own class that holds what it was adapted to."""
    kinds = keras.layers.Normalization, Normalization
    return type(operation) in kinds and operation.built and operation.input_mean is None


def by_weights(operation: Any) -> Any:
    """Return an adapted normalisation that shares its weights with the given one and computes with them."""
    own: Any = object.__new__(Normalization)  # not from the configuration: that would hold a second set of weights
    vars(own).update(vars(operation))
    return own


def built_again(layer: keras.Layer) -> keras.Layer:
    """Return a layer from another one's configuration; an adapted normalisation computes with its weights."""
    kind = Normalization if is_adapted(layer) else type(layer)
    return kind.from_config(layer.get_config())
