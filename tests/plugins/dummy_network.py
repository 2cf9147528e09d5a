"""A network that timm lacks: `plugins: [tests/plugins/dummy_network.py]`, `network: dummy_resnet`, `weights: none`."""

from timm.models import register_model
from timm.models.resnet import BasicBlock, ResNet


@register_model
def dummy_resnet(pretrained=False, pretrained_cfg=None, pretrained_cfg_overlay=None, cache_dir=None, **kwargs):
    network = ResNet(BasicBlock, (1, 1, 1, 1), channels=(8, 16, 32, 64), **kwargs)
    network.pretrained_cfg = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
    return network
