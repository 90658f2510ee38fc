#!/usr/bin/env bash
# Build the wheel and try it where nothing else is: an empty environment with the base dependencies
# of the lock, without torch, outside the checkout. Needs `make .venv/ready`; `make wheel` calls it.
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
cd "$project"
python=$project/.venv/bin/python
uv=$project/.venv/bin/uv

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# A copy, so that nothing of an earlier build or of an editable installation gets into the wheel.
mkdir "$scratch/source"
git ls-files -z --cached --others --exclude-standard -- \
  wespe pyproject.toml README.md LICENSE |
  xargs -0 sh -c 'for file; do [ ! -e "$file" ] || printf "%s\0" "$file"; done' sh |
  xargs -0 cp --parents -t "$scratch/source"
"$uv" build --quiet --wheel --no-build-isolation --python "$python" \
  --out-dir "$scratch" "$scratch/source"

"$uv" venv --quiet --python "$python" "$scratch/venv"
"$uv" pip install --quiet --python "$scratch/venv/bin/python" \
  --constraint requirements.txt "$scratch"/*.whl

cp tools/try_wheel.py "$scratch"
git ls-files -z -- wespe | xargs -0 sh -c 'for file; do [ ! -e "$file" ] || echo "$file"; done' sh \
  > "$scratch/files.txt"
cd "$scratch"
"$scratch/venv/bin/wespe" --version
"$scratch/venv/bin/python" -I try_wheel.py files.txt
