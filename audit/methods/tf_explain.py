"""tf-explain's methods under audit: its own code, by the routes that return raw numbers."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.errors import InputError
from audit.methods.gradient import Gradient
from audit.methods.input_times_gradient import InputTimesGradient
from audit.methods.integrated_gradients import IntegratedGradients
from audit.methods.method import Attribute, MethodDefaults, Need
from audit.methods.shared.activation import coarse_noise, layer_noise
from audit.methods.shared.with_model import global_numpy_seed, need_tensorflow, spatial_layer, spatial_node, with_model
from audit.methods.smoothgrad import SmoothGrad
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network

Name = Literal[
    "vanilla_gradients", "gradients_inputs", "integrated_gradients", "smoothgrad", "grad_cam", "occlusion_sensitivity"
]

_PROBABILITIES = ("smoothgrad", "occlusion_sensitivity")
"""Methods that read the model's output as probabilities: they get the model with its softmax on."""


@declared
class TfExplain(MethodDefaults):
    """A method of the tf-explain library, run by that library's own code.

    Formula: by ``method``: ``vanilla_gradients`` dS_c/dx; ``gradients_inputs`` x * dS_c/dx; ``integrated_gradients``
    the mean gradient from zeros to x, both ends counted, not multiplied by x - x' as the paper does; ``smoothgrad`` the
    mean gradient of the cross-entropy loss over noisy copies, with a standard deviation in units of the input and not
    of its range; ``grad_cam`` the channels of a layer's activation weighted by their mean gradient, of which by default
    only entries with positive gradient and activation count, without the paper's ReLU; ``occlusion_sensitivity``
    1 - p_c under a patch of the value 127.5, whatever the input's range.
    Unit: that of the method. Sign: kept, except occlusion's, which is never negative.
    Needs: TensorFlow, and a Keras model to hold. The pictures that the library's ``explain()`` returns (8-bit,
    standardised over the batch, mixed with the input) are not audited. Grad-CAM is resized to the input (bilinear).
    Known criticisms: three of these do not compute what their paper says; the formula above tells which.
    Source: tf-explain 0.3, core modules.
    """

    signed: ClassVar[bool] = True
    needs: ClassVar[Need] = "model"
    compiled: ClassVar[bool] = False
    unit: ClassVar[str] = "that of the method"
    source: ClassVar[str] = "tf-explain 0.3"

    method: Name
    """Name of the library's method. ``ExtractActivations`` is excluded: it does not attribute."""

    steps: Annotated[int, Field(ge=2, le=10_000)] = 10
    """Of integrated gradients: points on the line. The library's default."""

    samples: Annotated[int, Field(ge=1, le=10_000)] = 5
    """Of SmoothGrad: noisy copies. The library's default."""

    noise: Annotated[float, Field(gt=0)] = 1.0
    """Of SmoothGrad: standard deviation, in units of the input. The library's default, made for inputs up to 255."""

    layer: str = "auto"
    """Of Grad-CAM: the layer; ``auto``: the model's last that gives images."""

    guided: bool = True
    """Of Grad-CAM: count only entries with positive gradient and activation. The library's default, not the paper's."""

    patch: Annotated[int, Field(ge=1)] = 4
    """Of occlusion: side of the patch in pixels. The library asks for it; 4 is this project's choice."""

    @property
    def claims(self) -> frozenset[Claim]:
        """Those of the method whose name ``method`` is, whether or not this code keeps them."""
        return _CLAIMS.get(self.method, frozenset())

    @property
    def stochastic(self) -> bool:
        """Whether it draws noise."""
        return self.method == "smoothgrad"

    @property
    def multiplies_input(self) -> bool:
        """Gradients times inputs does; the library's integrated gradients lacks the factor."""
        return self.method == "gradients_inputs"

    @property
    def evaluations(self) -> int:
        """Gradient evaluations per input."""
        return {"integrated_gradients": self.steps, "smoothgrad": self.samples}.get(self.method, 1)

    def attribute(self, network: "Network") -> Attribute:
        """Return the library's method as an attribution function.

        Raises:
            InputError: another backend than TensorFlow, no Keras model to hold, or inputs that the method cannot take.
        """
        need_tensorflow("tf-explain")
        if self.method == "occlusion_sensitivity" and len({*network.input_shape[:2]}) != 1:
            raise InputError(
                "T143",
                "tf-explain's occlusion swaps height and width",
                expected="square inputs",
                received=str(network.input_shape),
                fix="use the built-in `occlusion`",
            )
        function = with_model(network, _ROUTES[self.method](self), head=self.method in _PROBABILITIES)
        return function

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return noise: times the input, or of the layer's or the patches' height and width and resized, where they do.

        Grad-CAM is not rectified there.
        """
        if self.method == "grad_cam":
            return layer_noise(network, spatial_node(network, self.layer), generator, rectified=False)
        if self.method == "occlusion_sensitivity":
            height, width = (-(-side // self.patch) for side in x.shape[:2])
            return coarse_noise((height, width), x.shape[:2], generator, rectified=False)
        noise = generator.standard_normal(x.shape, dtype=np.float32)
        return noise * x if self.method == "gradients_inputs" else noise


Route = Callable[[TfExplain], Callable[[Any, np.ndarray, int, np.random.Generator], Any]]


def _vanilla(method: TfExplain) -> Any:
    from tf_explain.core.vanilla_gradients import VanillaGradients

    return lambda model, x, label, generator: VanillaGradients.compute_gradients(*_tensors(x, label, model))


def _times_inputs(method: TfExplain) -> Any:
    from tf_explain.core.gradients_inputs import GradientsInputs

    return lambda model, x, label, generator: GradientsInputs.compute_gradients(*_tensors(x, label, model))


def _integrated(method: TfExplain) -> Any:
    from tf_explain.core.integrated_gradients import IntegratedGradients

    def explain(model: Any, x: np.ndarray, label: int, generator: np.random.Generator) -> Any:
        path = IntegratedGradients.generate_interpolations(x, method.steps).astype(np.float32)
        return IntegratedGradients.get_integrated_gradients(*_tensors(path, label, model), method.steps)

    return explain


def _smoothgrad(method: TfExplain) -> Any:
    from tf_explain.core.smoothgrad import SmoothGrad

    def explain(model: Any, x: np.ndarray, label: int, generator: np.random.Generator) -> Any:
        with global_numpy_seed(generator):
            noisy = SmoothGrad.generate_noisy_images(x, method.samples, method.noise)
        return SmoothGrad.get_averaged_gradients(*_tensors(noisy, label, model), method.samples)

    return explain


def _grad_cam(method: TfExplain) -> Any:
    from keras import ops
    from tf_explain.core.grad_cam import GradCAM

    def explain(model: Any, x: np.ndarray, label: int, generator: np.random.Generator) -> Any:
        layer = spatial_layer(model, method.layer).name
        found = GradCAM.get_gradients_and_filters(model, x, layer, label, method.guided)
        (small,) = GradCAM.generate_ponderated_output(*found)
        return ops.image.resize(np.asarray(small)[None, :, :, None], x.shape[1:3], interpolation="bilinear")

    return explain


def _occlusion(method: TfExplain) -> Any:
    from tf_explain.core.occlusion_sensitivity import OcclusionSensitivity

    def explain(model: Any, x: np.ndarray, label: int, generator: np.random.Generator) -> Any:
        return OcclusionSensitivity().get_sensitivity_map(_Silent(model), x[0], label, method.patch)

    return explain


class _Silent:
    """A model whose ``predict`` draws no progress bar."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def predict(self, x: np.ndarray, batch_size: int | None = None) -> np.ndarray:
        return np.asarray(self._model(x.astype(np.float32), training=False))


def _tensors(x: np.ndarray, label: int, model: Any) -> tuple[Any, Any, Any]:
    """Return the arguments that the library's compiled functions share: a Python number would be traced anew each."""
    from keras import ops

    return ops.convert_to_tensor(x), model, ops.convert_to_tensor(label, dtype="int32")


_ROUTES: Mapping[str, Route] = MappingProxyType(
    {
        "vanilla_gradients": _vanilla,
        "gradients_inputs": _times_inputs,
        "integrated_gradients": _integrated,
        "smoothgrad": _smoothgrad,
        "grad_cam": _grad_cam,
        "occlusion_sensitivity": _occlusion,
    }
)

_CLAIMS: Mapping[str, frozenset[Claim]] = MappingProxyType(
    {
        "vanilla_gradients": Gradient.claims,
        "gradients_inputs": InputTimesGradient.claims,
        "integrated_gradients": IntegratedGradients().claims,
        "smoothgrad": SmoothGrad().claims,
    }
)
