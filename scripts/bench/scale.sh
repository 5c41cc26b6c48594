#!/usr/bin/env bash
# Memory and time of scoring, repair and writing at the sizes of large models, on a few layers with random weights.
# Prints for every number of layers what the plan said, seconds a layer of each stage, and the peak of memory that no file backs.
#
# usage: scripts/bench/scale.sh SHAPE [LAYERS...] [-- PRUNE_OPTION...]
#   SHAPE    tiny, or that of LLaMA-2: 7B, 13B, 70B
#   LAYERS   default: 2 4; their checkpoints take 0.4, 0.6 and 1.6 GiB a layer. 2+78: 78 more, of zeros that take no room there, but do
#            in what is written
#   PRUNE_OPTION   default: --agent uniform --sparsity 0.3, and 2 windows of 2048 tokens for each purpose
# SCALE_DIRECTORY   where checkpoints, results and what goes to disk are; default: a new one in $TMPDIR. What was made is deleted.
# PYTHON            a Python (default python3); it needs no packages
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=../lib/java.sh
. "$(dirname "$0")/../lib/java.sh"

if [ $# -lt 1 ] || [ "${1#-}" != "$1" ]; then
  sed -n '2,11s/^# \{0,1\}//p' "$0"
  exit 2
fi
shape=$1
shift
layers=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  layers+=("$1")
  shift
done
[ $# -eq 0 ] || shift
[ ${#layers[@]} -gt 0 ] || layers=(2 4)
for default in "--agent uniform" "--sparsity 0.3" "--window 2048" "--scoring-windows 2" "--repair-windows 2" "--reward-windows 2" \
  "--evaluation-windows 2"; do
  # shellcheck disable=SC2086
  case " $* " in
    *" ${default% *} "*) ;;
    *) set -- $default "$@" ;;
  esac
done
unset OPENBLAS_CORETYPE

work=$(mktemp -d "${SCALE_DIRECTORY:-${TMPDIR:-/tmp}}/scale.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The peak of a process in KiB, until it ends.
watch_anonymous() {
  local peak=0 now
  while now=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status" 2>/dev/null) && [ -n "$now" ]; do
    [ "$now" -le "$peak" ] || peak=$now
    printf '%s\n' "$peak" >"$2"
    sleep 0.2
  done
}

for count in "${layers[@]}"; do
  "${PYTHON:-python3}" "$root/scripts/bench/make_sized_llama.py" "$work/model" "$shape" "$count"
  "$root/scripts/fastforward" --version >/dev/null # built by now
  started=$(date +%s)
  "$root/scripts/fastforward" prune "$work/model" --output "$work/out" --run-dir "$work/run" --calibration "$work/text.txt" \
    --text-unit line --seed 0 "$@" >"$work/log" 2>&1 &
  process=$!
  watch_anonymous "$process" "$work/peak"
  wait "$process" || { cat "$work/log" >&2; fail "the run failed"; }
  echo "$shape, $count layers: $(($(date +%s) - started)) s, at most $(($(cat "$work/peak") / 1024)) MiB of anonymous memory"
  "${PYTHON:-python3}" - "$work/run/run.log" "$((count))" <<'PYTHON'
import datetime, sys

stage = begun = None
for line in open(sys.argv[1], encoding="utf-8"):
    time, _, text = line.rstrip("\n").partition(" ")
    try:
        now = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
    except ValueError:
        continue
    if text.startswith(("Memory:", "Time:")):
        print("  " + text)
    elif text.startswith("  ") and stage:
        seconds = (now - begun).total_seconds()
        print(f"  {stage}: {seconds:.0f} s, {seconds / int(sys.argv[2]):.1f} s a layer")
        stage = None
    else:
        stage, begun = text, now
PYTHON
  rm -rf "$work/model" "$work/out" "$work/run"
done
