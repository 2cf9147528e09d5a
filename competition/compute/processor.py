"""What the processor can do, without loading torch."""

from functools import cache
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
BFLOAT16 = "avx512_bf16", "amx_bf16"  # Linux' names


@cache
def has_bfloat16() -> bool:
    """Return whether the processor computes in bfloat16: elsewhere float32 is faster. False where nothing says so."""
    try:
        known = CPU_INFO.read_text()
    except OSError:
        return False
    return any(name in known for name in BFLOAT16)
