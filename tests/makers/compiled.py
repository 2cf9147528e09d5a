"""A function that numba compiles when this is imported, and caches where it can: as umap-learn has hundreds."""

import numba


@numba.njit("int64(int64)", cache=True)
def twice(number: int) -> int:
    return 2 * number
