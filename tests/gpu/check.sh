#!/usr/bin/env bash
# Checks the project on a machine with one CUDA GPU, in ten minutes at most; prints one JSON object last. See docs/gpu.md.
#
#     tests/gpu/check.sh                                   everything is installed
#     WHEELS=wheels tests/gpu/check.sh                     what is missing is installed from this folder, from no network
#
# PYTHON: the interpreter that has torch (default: python3). Other words are handed to tests/gpu/check.py (--help).
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
python="${PYTHON:-python3}"

if [ -n "${WHEELS:-}" ]; then
  WHEELS="$(cd "$WHEELS" && pwd)"
  environment="$(mktemp -d)"
  trap 'rm -rf "$environment"' EXIT
  "$python" -m venv --system-site-packages "$environment/venv"
  python="$environment/venv/bin/python"
  "$python" -m pip install --quiet --disable-pip-version-check --no-index --find-links "$WHEELS" -r "$root/tests/gpu/requirements.txt" >&2
fi

cd "$root"
export PYTHONPATH="$root:$root/tests" PYTHONDONTWRITEBYTECODE=1
"$python" -m gpu.check "$@"
