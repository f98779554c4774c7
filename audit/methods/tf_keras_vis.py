"""tf-keras-vis's methods under audit: its own code, without its normalisation."""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from audit.declare import declared
from audit.errors import InputError
from audit.methods.gradient import Gradient
from audit.methods.method import Attribute, MethodDefaults, Need
from audit.methods.shared.activation import layer_noise
from audit.methods.shared.with_model import global_numpy_seed, need_tensorflow, spatial_layer, spatial_node, with_model
from audit.methods.smoothgrad import SmoothGrad
from audit.record import Claim

if TYPE_CHECKING:
    from audit.network.network import Network

_CLASSES = {
    "grad_cam": ("gradcam", "Gradcam"),
    "grad_cam_plus_plus": ("gradcam_plus_plus", "GradcamPlusPlus"),
    "layer_cam": ("layercam", "Layercam"),
    "score_cam": ("scorecam", "Scorecam"),
}


@declared
class TfKerasVis(MethodDefaults):
    """A method of the tf-keras-vis library, run by that library's own code.

    Formula: by ``method``: ``saliency`` dS_c/dx; ``smoothgrad`` the mean gradient over noisy copies with a standard
    deviation of ``noise`` times the input's range; ``grad_cam``, ``grad_cam_plus_plus``, ``layer_cam`` and
    ``score_cam`` as that library has them, resized linearly with corners aligned. Raw: not normalised, signs kept.
    Unit: that of the method. Sign: kept for the gradients; the CAMs are never negative before their resizing.
    Needs: TensorFlow, the library (install the extra ``vis``), and a Keras model to hold.
    Known criticisms: those of each method; see our own of the same name.
    Source: tf-keras-vis 0.8.
    """

    signed: ClassVar[bool] = True
    needs: ClassVar[Need] = "model"
    compiled: ClassVar[bool] = False
    unit: ClassVar[str] = "that of the method"
    source: ClassVar[str] = "tf-keras-vis 0.8"

    method: Literal["saliency", "smoothgrad", "grad_cam", "grad_cam_plus_plus", "layer_cam", "score_cam"]
    """Name of the library's method."""

    samples: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Of SmoothGrad: noisy copies. The library's example."""

    noise: Annotated[float, Field(gt=0)] = 0.2
    """Of SmoothGrad: standard deviation as a share of the input's range. The library's default."""

    layer: str = "auto"
    """Of the CAMs: the layer; ``auto``: the model's last that gives images."""

    @property
    def claims(self) -> frozenset[Claim]:
        """Those of the method whose name ``method`` is, whether or not this code keeps them."""
        return {"saliency": Gradient().claims, "smoothgrad": SmoothGrad().claims}.get(self.method, frozenset())

    @property
    def stochastic(self) -> bool:
        """Whether it draws noise."""
        return self.method == "smoothgrad"

    @property
    def evaluations(self) -> int:
        """Gradient evaluations per input."""
        return self.samples if self.method == "smoothgrad" else 1

    def attribute(self, network: "Network") -> Attribute:
        """Return the library's method as an attribution function.

        Raises:
            InputError: another backend than TensorFlow, the library is missing, or no Keras model to hold.
        """
        need_tensorflow("tf-keras-vis")
        if find_spec("tf_keras_vis") is None:
            fix = "install saliency-audit with the extra `vis`"
            raise InputError("T144", "tf-keras-vis is not installed", fix=fix)
        return with_model(network, self._explain if self.method in _CLASSES else self._gradient, head=False)

    def noise_map(self, network: "Network", x: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Return noise; for the CAMs rectified, of the layer's height and width, and resized."""
        if self.method in _CLASSES:
            return layer_noise(network, spatial_node(network, self.layer), generator, rectified=True)
        return generator.standard_normal(x.shape, dtype=np.float32)

    def _gradient(self, model: Any, x: np.ndarray, label: int, generator: np.random.Generator) -> Any:
        from tf_keras_vis.saliency import Saliency
        from tf_keras_vis.utils.scores import CategoricalScore

        with global_numpy_seed(generator):
            return Saliency(model, clone=False)(
                CategoricalScore([label]),
                x,
                smooth_samples=self.samples if self.stochastic else 0,
                smooth_noise=self.noise,
                keepdims=True,
                gradient_modifier=None,
                normalize_map=False,
            )

    def _explain(self, model: Any, x: np.ndarray, label: int, generator: np.random.Generator) -> Any:
        from tf_keras_vis.utils.scores import CategoricalScore

        module, name = _CLASSES[self.method]
        explainer = getattr(import_module(f"tf_keras_vis.{module}"), name)(model, clone=False)
        layer = spatial_layer(model, self.layer)
        return explainer(CategoricalScore([label]), x, penultimate_layer=layer, normalize_cam=False)
