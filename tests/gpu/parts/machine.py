"""What the check ran on."""

import os
import platform

import torch
from gpu.scale import Check


def run(check: Check) -> dict:
    """Return versions, and the GPU's name, memory and abilities."""
    facts = {"python": platform.python_version(), "torch": torch.__version__, "cores": os.cpu_count()}
    if check.device.type != "cuda":
        return facts | {"gpu": None}
    own = torch.cuda.get_device_properties(0)
    return facts | {
        "gpu": own.name,
        "gigabytes": round(own.total_memory / 2**30, 1),
        "capability": f"{own.major}.{own.minor}",
        "bfloat16_in_hardware": torch.cuda.is_bf16_supported(including_emulation=False),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
    }
