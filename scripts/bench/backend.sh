#!/usr/bin/env bash
# Perplexity evaluation by the CPU backend and by PyTorch in turn, in f32 and bf16, on a model of random weights.
# Usage: scripts/bench/backend.sh demo|1b|7b [rounds]   (PYTHON names a Python with torch and transformers)
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=../lib/java.sh
. "$(dirname "$0")/../lib/java.sh"

require_java
require_maven
cd "$root"
shape=${1:?demo, 1b or 7b}
rounds=${2:-3}
threads=$(getconf _NPROCESSORS_ONLN)
case $shape in
  demo) layers=8 repetitions=30 ;;
  1b) layers=22 repetitions=3 ;;
  7b) layers=2 repetitions=3 ;; # as much as says what a layer takes
  *) echo "unknown shape $shape; there are demo, 1b and 7b" >&2; exit 2 ;;
esac
unset OPENBLAS_CORETYPE

classpath=$(mktemp)
trap 'rm -f "$classpath"' EXIT
# In one go, so that the modules find each other here and nothing goes into the user's Maven repository.
mvn -q -B -ntp -pl plugins/backend-cpu -am -Dspotless.check.skip=true test-compile \
  dependency:build-classpath -Dmdep.outputFile="$classpath" </dev/null

java_model() { # precision, retained share of the units
  "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED --add-modules=jdk.incubator.vector -Xmx2g \
    -cp "plugins/backend-cpu/target/classes:plugins/backend-cpu/target/test-classes:$(cat "$classpath")" \
    io.fastforward.backend.cpu.ModelBenchmark "$shape" "$layers" "$2" "$repetitions" "$threads" "$1" | tail -2
}

for ((round = 1; round <= rounds; round++)); do
  for precision in f32 bf16; do
    java_model "$precision" 1
    java_model "$precision" 0.7
    "${PYTHON:-python3}" scripts/bench/backend_pytorch.py "$shape" "$layers" "$threads" "$precision"
  done
done
