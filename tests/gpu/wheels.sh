#!/usr/bin/env bash
# Fills a folder with the wheels that tests/gpu/check.sh needs beside torch: tests/gpu/wheels.sh FOLDER TORCH
#
# TORCH: the version that the machine with the GPU has, as torch.__version__ says it without what follows a plus. Run it where there is a
# network, with the Python (3.12) and the kind of system that the machine has; PYTHON names another interpreter. torch itself is left out.
set -euo pipefail
folder="${1:?a folder to fill}" torch="${2:?the version of torch on the machine, such as 2.14.1}"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

"${PYTHON:-python3.12}" -m pip wheel --quiet --disable-pip-version-check --wheel-dir "$folder" "torch==$torch" -r "$here/requirements.txt"
rm -f "$folder"/torch-* "$folder"/triton-* "$folder"/nvidia_* "$folder"/cuda_*
du -sh "$folder"
