"""Names to classes: the names a spec can use, and the class of each. A class is imported only when it is needed.

A plug-in adds names through the entry points ``audit.methods``, ``audit.checks``, ``audit.similarities`` and
``audit.datasets``.
"""

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from types import MappingProxyType
from typing import Any, Literal

from audit import plugins
from audit.contracts import completed, completed_value
from audit.errors import PluginError

Family = Literal["methods", "checks", "similarities", "datasets"]

_BUILT_IN: Mapping[Family, Mapping[str, str]] = MappingProxyType(
    {
        "methods": {
            "gradient": "audit.methods.gradient:Gradient",
            "input_times_gradient": "audit.methods.input_times_gradient:InputTimesGradient",
            "integrated_gradients": "audit.methods.integrated_gradients:IntegratedGradients",
            "smoothgrad": "audit.methods.smoothgrad:SmoothGrad",
            "smoothgrad_squared": "audit.methods.smoothgrad_squared:SmoothGradSquared",
            "vargrad": "audit.methods.vargrad:VarGrad",
            "expected_gradients": "audit.methods.expected_gradients:ExpectedGradients",
            "guided_integrated_gradients": "audit.methods.guided_integrated_gradients:GuidedIntegratedGradients",
            "blur_integrated_gradients": "audit.methods.blur_integrated_gradients:BlurIntegratedGradients",
            "full_grad": "audit.methods.full_grad:FullGrad",
            "guided_backprop": "audit.methods.guided_backprop:GuidedBackprop",
            "deconvnet": "audit.methods.deconvnet:Deconvnet",
            "lrp": "audit.methods.lrp:Lrp",
            "deep_taylor": "audit.methods.deep_taylor:DeepTaylor",
            "deep_lift": "audit.methods.deep_lift:DeepLift",
            "pattern_net": "audit.methods.pattern_net:PatternNet",
            "pattern_attribution": "audit.methods.pattern_attribution:PatternAttribution",
            "grad_cam": "audit.methods.grad_cam:GradCam",
            "grad_cam_plus_plus": "audit.methods.grad_cam_plus_plus:GradCamPlusPlus",
            "score_cam": "audit.methods.score_cam:ScoreCam",
            "layer_cam": "audit.methods.layer_cam:LayerCam",
            "guided_grad_cam": "audit.methods.guided_grad_cam:GuidedGradCam",
            "cam": "audit.methods.cam:Cam",
            "lime": "audit.methods.lime:Lime",
            "kernel_shap": "audit.methods.kernel_shap:KernelShap",
            "anchors": "audit.methods.anchors:Anchors",
            "xrai": "audit.methods.xrai:Xrai",
            "occlusion": "audit.methods.occlusion:Occlusion",
            "rise": "audit.methods.rise:Rise",
            "prediction_difference": "audit.methods.prediction_difference:PredictionDifference",
            "meaningful_perturbation": "audit.methods.meaningful_perturbation:MeaningfulPerturbation",
            "extremal_perturbation": "audit.methods.extremal_perturbation:ExtremalPerturbation",
            "sobol": "audit.methods.sobol:Sobol",
            "hsic": "audit.methods.hsic:Hsic",
            "tf_explain": "audit.methods.tf_explain:TfExplain",
            "tf_keras_vis": "audit.methods.tf_keras_vis:TfKerasVis",
            "python": "audit.methods.python:Python",
            "edge_detector": "audit.methods.edge_detector:EdgeDetector",
            "random_map": "audit.methods.random_map:RandomMap",
            "input": "audit.methods.input:Input",
            "constant": "audit.methods.constant:Constant",
            "blurred_random": "audit.methods.blurred_random:BlurredRandom",
            "canny": "audit.methods.canny:Canny",
            "laplacian": "audit.methods.laplacian:Laplacian",
        },
        "checks": {
            "cascading_randomization": "audit.checks.cascading_randomization:CascadingRandomization",
            "independent_randomization": "audit.checks.independent_randomization:IndependentRandomization",
            "smooth_mprt": "audit.checks.smooth_mprt:SmoothMprt",
            "efficient_mprt": "audit.checks.efficient_mprt:EfficientMprt",
            "class_sensitivity": "audit.checks.class_sensitivity:ClassSensitivity",
            "repeatability": "audit.checks.repeatability:Repeatability",
            "roar": "audit.checks.roar:Roar",
            "road": "audit.checks.road:Road",
            "diff_roar": "audit.checks.diff_roar:DiffRoar",
            "label_permutation": "audit.checks.label_permutation:LabelPermutation",
            "completeness": "audit.checks.completeness:Completeness",
            "sensitivity_a": "audit.checks.sensitivity_a:SensitivityA",
            "sensitivity_b": "audit.checks.sensitivity_b:SensitivityB",
            "linearity": "audit.checks.linearity:Linearity",
            "symmetry": "audit.checks.symmetry:Symmetry",
            "two_object_task": "audit.checks.two_object_task:TwoObjectTask",
            "planted_shortcut": "audit.checks.planted_shortcut:PlantedShortcut",
            "reproducibility": "audit.checks.reproducibility:Reproducibility",
            "input_stability": "audit.checks.input_stability:InputStability",
            "infidelity": "audit.checks.infidelity:Infidelity",
            "equivariance": "audit.checks.equivariance:Equivariance",
            "adversarial_fragility": "audit.checks.adversarial_fragility:AdversarialFragility",
            "input_shift": "audit.checks.input_shift:InputShift",
            "implementation_invariance": "audit.checks.implementation_invariance:ImplementationInvariance",
            "precision": "audit.checks.precision:Precision",
            "batch_invariance": "audit.checks.batch_invariance:BatchInvariance",
        },
        "similarities": {
            "spearman": "audit.similarities.spearman:Spearman",
            "pearson": "audit.similarities.pearson:Pearson",
            "cosine": "audit.similarities.cosine:Cosine",
            "top_k_intersection": "audit.similarities.top_k_intersection:TopKIntersection",
            "ssim": "audit.similarities.ssim:Ssim",
            "hog": "audit.similarities.hog:Hog",
        },
        "datasets": {
            "digits": "audit.datasets.digits:Digits",
            "npz": "audit.datasets.npz:Npz",
            "table": "audit.datasets.table:Table",
            "two_objects": "audit.datasets.two_objects:TwoObjects",
            "planted_shortcut": "audit.datasets.planted_shortcut:PlantedShortcutImages",
        },
    }
)


_PROTOCOLS: Mapping[Family, str] = MappingProxyType(
    {
        "methods": "audit.methods.method:Method",
        "checks": "audit.checks.check:Check",
        "similarities": "audit.similarities.similarity:Similarity",
        "datasets": "audit.datasets.dataset:Source",
    }
)
"""What every class of a family is."""


def places(family: Family) -> Mapping[str, str]:
    """Return every name of a family with its ``module:attribute``: the built-in ones, then those of plug-ins."""
    added = {name: rivals[0].point.value for name, rivals in plugins.installed(family).items()}
    return MappingProxyType({**_BUILT_IN[family], **added, **_BUILT_IN[family]})  # in the order of the first


def protocol(family: Family) -> type:
    """Import and return the protocol of a family."""
    return _imported(_PROTOCOLS[family])


def find(family: Family, name: str) -> Any:
    """Import and return the class that a name stands for; a plug-in's with every member of its family.

    A built-in name stands for the audit's own class, also where a plug-in has it too: see ``taken``.

    Raises:
        KeyError: the name is not registered; ``places`` lists those that are.
        PluginError: the plug-in cannot be imported, several have this name, or its class lacks members of its family,
            or has other ones.
    """
    if name in _BUILT_IN[family]:
        return _imported(_BUILT_IN[family][name])
    plugin, *others = plugins.installed(family)[name]
    if others:
        raise plugins.clash(name, [plugin, *others], shipped=False)
    return completed(plugin.kind, protocol(family), name)


def taken(family: Family, name: str) -> PluginError | None:
    """Return the error of a built-in name that a plug-in has too, of which a spec cannot say which it means."""
    rivals = plugins.installed(family).get(name, ()) if name in _BUILT_IN[family] else ()
    return plugins.clash(name, rivals, shipped=True) if rivals else None


def building(family: Family, name: str) -> AbstractContextManager[None]:
    """Return a context in which an unexpected error of a plug-in's class is a PluginError."""
    rivals = () if name in _BUILT_IN[family] else plugins.installed(family).get(name, ())
    return plugins.building(rivals[0]) if rivals else nullcontext()


def named_at(kind: type) -> tuple[str, ...]:
    """Return the places at which plug-ins name a class, among the modules that are imported by now."""
    given = (place for family in _BUILT_IN for place in places(family).values())
    found = dict.fromkeys(place.partition("[")[0].strip() for place in given)
    return tuple(place for place in found if not place.startswith("audit.") and _loaded(place) is kind)


def complete(family: Family, value: Any) -> Any:
    """Return a declared value with every member of its family, whether its class is registered or not.

    Raises:
        PluginError: its class lacks members of the family, or has other ones.
    """
    return completed_value(value, protocol(family))


def _imported(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


def _loaded(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(sys.modules.get(module), attribute, None)
