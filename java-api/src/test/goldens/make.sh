#!/bin/sh
# Makes the small models that every checkout tests: random weights by `chaku model new`, logits by float64_models.py.
# The same configurations give the same files; a new family needs a NAME.config.json here.
set -e
here=$(cd "$(dirname "$0")" && pwd)
out=$here/../resources/dev/chaku/goldens
mkdir -p "$out"
for config in "$here"/*.config.json; do
  name=$(basename "$config" .config.json)
  "$here/../../../../chaku" model new "$out/$name.gguf" --config "$config" --seed 7 --type f32 --overwrite
done
python3 "$here/float64_models.py" "$out"
encoders=$out/encoders
mkdir -p "$encoders"
for config in "$here"/encoders/*.config.json; do
  name=$(basename "$config" .config.json)
  "$here/../../../../chaku" model new "$encoders/$name.gguf" --config "$config" --seed 7 --type f32 --overwrite
done
python3 "$here/float64_encoders.py" "$encoders"
