#!/usr/bin/env bash
# Wanda, SparseGPT and FISTAPruner on the maps of a layer, by FastForward and by PyTorch (double and single precision) in turn.
# Prints seconds, CPU seconds of all threads, and how many times as long PyTorch takes.
# Usage: scripts/bench/sparsify.sh [METHOD PATTERN [MAP...]]   (PYTHON names a Python with torch)
#   METHOD   wanda, sparsegpt or fista (default: all three)
#   MAP      OUTPUTSxINPUTS; default: those of a layer with hidden size 2048, 4 KV groups of 8 heads, and an MLP of 5632
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=../lib/java.sh
. "$(dirname "$0")/../lib/java.sh"

require_java
require_maven
cd "$root"
methods=${1:-wanda sparsegpt fista}
pattern=${2:-2:4}
shift $(($# < 2 ? $# : 2))
maps=("$@")
if [ ${#maps[@]} -eq 0 ]; then
  maps=(2048x2048 256x2048 256x2048 2048x2048 5632x2048 5632x2048 2048x5632)
fi
threads=$(getconf _NPROCESSORS_ONLN)
unset OPENBLAS_CORETYPE

classpath=$(mktemp)
results=$(mktemp -d)
trap 'rm -rf "$classpath" "$results"' EXIT
# In one go, so that the modules find each other here and nothing goes into the user's Maven repository.
mvn -q -B -ntp -pl plugins/backend-cpu,plugins/sparsifiers -am -Dspotless.check.skip=true test-compile \
  dependency:build-classpath -Dmdep.outputFile="$classpath.\${project.artifactId}" </dev/null
classes=plugins/sparsifiers/target/classes:plugins/sparsifiers/target/test-classes:plugins/backend-cpu/target/classes
classes+=:$(cat "$classpath.fastforward-backend-cpu"):$(cat "$classpath.fastforward-sparsifiers")
rm -f "$classpath".*

for method in $methods; do
  "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED --add-modules=jdk.incubator.vector -Xmx2g -cp "$classes" \
    io.fastforward.sparsifiers.SparsifierBenchmark "$method" "$pattern" "$threads" "${maps[@]}" >"$results/java"
  for type in float64 float32; do
    "${PYTHON:-python3}" scripts/bench/sparsify_pytorch.py "$method" "$pattern" "$threads" "$type" "${maps[@]}" \
      >"$results/$type"
  done
  echo "$method $pattern, seconds (CPU seconds)"
  paste -d' ' "$results/java" "$results/float64" "$results/float32" | awk '
    function line(name, a, b, c, d, e, f) {
      printf "%-12s FastForward %8.2f (%8.2f)  PyTorch float64 %8.2f (%8.2f): %.2f (%.2f)  float32 %8.2f (%8.2f): %.2f (%.2f)\n",
        name, a, b, c, d, c / a, d / b, e, f, e / a, f / b
    }
    { line($1, $2, $3, $5, $6, $8, $9); for (i = 2; i <= 9; i++) sum[i] += $i }
    END { line("all", sum[2], sum[3], sum[5], sum[6], sum[8], sum[9]) }'
done
