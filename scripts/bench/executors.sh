#!/usr/bin/env bash
# What it costs to evaluate candidates elsewhere: a search on the demo model in this process, in a worker process, and on a Spark
# cluster of one worker, one core each. A search of twice as many batches tells what a batch takes without what starts once.
# Usage: scripts/bench/executors.sh [ROUNDS [SPARK_HOME]]   (SPARK_HOME: a Spark distribution, or plugins/executor-spark/target/spark)
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=../lib/java.sh
. "$(dirname "$0")/../lib/java.sh"

require_java
cd "$root"
rounds=${1:-3}
home=${2:-$root/plugins/executor-spark/target/spark}
work=$(mktemp -d)
cluster=()
finish() {
  for pid in "${cluster[@]:-}"; do [ -z "$pid" ] || kill "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT
demo=app/src/main/resources/demo
batch=8
export SPARK_LOCAL_IP=127.0.0.1 SPARK_HOME=$home SPARK_SCALA_VERSION=2.13

search_seconds() { # executor, batches, options
  local name=$1 batches=$2
  shift 2
  rm -rf "$work/out" "$work/out-run"
  scripts/fastforward prune "$demo" --output "$work/out" --run-dir "$work/out-run" --sparsity 0.3 --calibration "$demo/calibration.txt" \
    --text-unit line --window 128 --scoring-windows 4 --repair-windows 4 --reward-windows 4 --evaluation-windows 2 --agent random \
    --option agent.batch=$batch --episodes $((batch * batches)) --device cpu --threads 1 --executor "$name" "$@" 2>&1 >/dev/null |
    sed -n 's/^Searching with .*(\([0-9.]*\) s)$/\1/p'
}

executors=("local" "process --option executor.workers=1")
if [ -d "$home/jars" ]; then
  touch "$home/RELEASE"
  mkdir "$work/plugins"
  cp plugins/executor-spark/target/fastforward-executor-spark.jar "$work/plugins"
  "$JAVA_HOME/bin/java" -Xmx256m -cp "$home/jars/*" org.apache.spark.deploy.master.Master --host 127.0.0.1 --port 7177 \
    --webui-port 0 >"$work/master.log" 2>&1 &
  cluster+=($!)
  sleep 8
  "$JAVA_HOME/bin/java" -Xmx256m -cp "$home/jars/*" org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --webui-port 0 \
    --cores 1 --memory 1g --work-dir "$work/worker" spark://127.0.0.1:7177 >"$work/worker.log" 2>&1 &
  cluster+=($!)
  sleep 8
  executors+=("spark --plugins $work/plugins --option executor.master=spark://127.0.0.1:7177 --option executor.home=$home --option executor.cores=1 --option executor.heap=512m")
fi
for ((round = 1; round <= rounds; round++)); do
  for executor in "${executors[@]}"; do
    read -ra words <<<"$executor"
    few=$(search_seconds "${words[0]}" 10 "${words[@]:1}")
    many=$(search_seconds "${words[0]}" 30 "${words[@]:1}")
    awk -v name="${words[0]}" -v few="$few" -v many="$many" \
      'BEGIN { each = (many - few) / 20; printf "%s: %.3f s a batch, %.1f s to begin\n", name, each, few - 10 * each }'
  done
done
