#!/usr/bin/env bash
# How fast llama.cpp runs a pruned model against the dense one, in turn, from GGUF files of half precision.
# Usage: scripts/bench/llama_cpp.sh [MODEL_DIR [SPARSITY [ROUNDS]]]   (PYTHON names a Python with torch and transformers)
#   MODEL_DIR  a LLaMA checkpoint; default: random weights with the shapes of TinyLlama 1.1B, which PYTHON makes
#   SPARSITY   of the decoder layers; default: 0.3, the same share from every layer
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=../lib/java.sh
. "$(dirname "$0")/../lib/java.sh"

require_java
require_maven
cd "$root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
model=${1:-}
sparsity=${2:-0.3}
rounds=${3:-5}
if [ -z "$model" ]; then
  model=$work/random
  "${PYTHON:-python3}" scripts/bench/make_random_llama.py "$model"
fi
mvn -q -B -ntp -pl app -am -Dspotless.check.skip=true test-compile dependency:build-classpath \
  -Dmdep.outputFile="$work/classpath.\${project.artifactId}" </dev/null
head -c 200000 app/src/main/resources/demo/calibration.txt >"$work/text"

scripts/fastforward export "$model" --format gguf --dtype F16 --output "$work/dense" >&2
scripts/fastforward prune "$model" --sparsity "$sparsity" --agent uniform --criterion magnitude --calibrator none \
  --target-runtime llama.cpp --format gguf --dtype F16 --calibration "$work/text" --window 64 --evaluation-windows 1 \
  --output "$work/pruned" >&2
"$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED -cp "app/target/test-classes:$(cat "$work/classpath.fastforward-app")" \
  io.fastforward.testing.LlamaCppSpeed "$rounds" "$(getconf _NPROCESSORS_ONLN)" "$work/dense/model.gguf" \
  "$work/pruned/model.gguf"
