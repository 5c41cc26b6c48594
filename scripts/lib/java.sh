# shellcheck shell=bash
# Finds the JDK and Maven, builds the jar, holds the JVM flags. Sourced by the scripts. Runs on bash 3.2, as on macOS.

root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly root
readonly jar=$root/app/target/fastforward.jar
readonly REQUIRED_JAVA=25
readonly JAVA_HINT="Install one, for example Temurin $REQUIRED_JAVA (https://adoptium.net) or with SDKMAN (sdk install java $REQUIRED_JAVA-tem), and set JAVA_HOME to its directory."

# Runs FastForward in place of this shell, so that signals and the exit code are the JVM's own. The one place with the
# flags of its JVM.
exec_fastforward() {
  local flags=(
    # What messages tell the user to type.
    "-Dfastforward.command=$0"
    # The BLAS library, the tokenizer and the memory mapping are native code.
    --enable-native-access=ALL-UNNAMED
    # Libraries that still use sun.misc.Unsafe would print a warning.
    --sun-misc-unsafe-memory-access=allow
    # Tensors live outside the heap, so the heap is small: the collector without threads of its own suits it.
    -XX:+UseSerialGC
    # SIMD kernels of the CPU backend. The JVM prints a warning about it at every start, which no flag stops.
    --add-modules=jdk.incubator.vector
  )
  if find_tornadovm; then
    exec "$JAVA_HOME/bin/java" "${tornado_flags[@]}" "${flags[@]}" -jar "$jar" "$@"
  fi
  exec "$JAVA_HOME/bin/java" "${flags[@]}" -jar "$jar" "$@"
}

# Sets tornado_flags to what the JVM needs for GPUs, if TORNADOVM_HOME names a TornadoVM SDK.
find_tornadovm() {
  [ -n "${TORNADOVM_HOME:-}" ] || return 1
  if [ ! -f "$TORNADOVM_HOME/tornado-argfile" ]; then
    say "TORNADOVM_HOME is set, but there is no tornado-argfile in $TORNADOVM_HOME, so GPUs are not used. Set it to the directory of a TornadoVM SDK."
    return 1
  fi
  tornado_flags=(
    "@$TORNADOVM_HOME/tornado-argfile"
    # It chooses a collector, and FastForward another one.
    -XX:-UseParallelGC
    # Its module path holds the working directory, where anything may lie.
    --module-path "$TORNADOVM_HOME/share/java/tornado"
    # Else a kernel that does not compile would run for one element, in Java, without a word.
    -Dtornado.recover.bailout=False
    -Dtornado.tvm.maxbytecodesize=65536
    # Arrays that stay on the device have no host memory behind them that could be pinned.
    -Dtornado.cuda.host.pinning=false
    # TornadoVM's own limit is 4 GB; FastForward leaves a tenth of what the device has.
    "-Dtornado.device.memory=${TORNADO_DEVICE_MEMORY:-1024GB}"
    -XX:MaxDirectMemorySize=4g
  )
}

say() {
  printf 'fastforward: %s\n' "$*" >&2
}

fail() {
  say "$*"
  exit 1
}

# The major version of the JDK in a directory; 0 if there is none. Reads a file, because starting a JVM takes longer.
java_version_of() {
  local version=0
  if [ -x "$1/bin/javac" ] && [ -r "$1/release" ]; then
    version=$(sed -n 's/^JAVA_VERSION="\([0-9][0-9]*\).*/\1/p' "$1/release")
  fi
  printf '%s\n' "${version:-0}"
}

# The real path of a file, through all symbolic links. (readlink -f is missing on older macOS.)
real_path() {
  local file=$1 target
  while [ -L "$file" ]; do
    target=$(readlink "$file")
    case $target in
      /*) file=$target ;;
      *) file=$(dirname "$file")/$target ;;
    esac
  done
  printf '%s/%s\n' "$(cd -P "$(dirname "$file")" && pwd)" "$(basename "$file")"
}

# All places in which a JDK may be, one a line, the preferred first.
java_candidates() {
  local java
  java=$(command -v java || true)
  if [ -n "$java" ]; then
    dirname "$(dirname "$(real_path "$java")")"
  fi
  if [ -x /usr/libexec/java_home ]; then
    /usr/libexec/java_home -v "$REQUIRED_JAVA" 2>/dev/null || true
  fi
  printf '%s\n' /usr/lib/jvm/* /Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/.sdkman/candidates/java/*
}

# Sets JAVA_HOME to a JDK of the required version or, failing that, of a later one. One that the user has set goes first.
find_java() {
  local candidate version later=
  if [ -n "${JAVA_HOME:-}" ] && [ "$(java_version_of "$JAVA_HOME")" -ge "$REQUIRED_JAVA" ]; then
    return 0
  fi
  while IFS= read -r candidate; do
    version=$(java_version_of "$candidate")
    if [ "$version" -eq "$REQUIRED_JAVA" ]; then
      export JAVA_HOME=$candidate
      return 0
    elif [ "$version" -gt "$REQUIRED_JAVA" ]; then
      later=${later:-$candidate}
    fi
  done < <(java_candidates)
  [ -n "$later" ] && export JAVA_HOME=$later
}

# Installs a Debian or Ubuntu package if that is possible without asking anyone.
install_package() {
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
  if ! apt-cache show "$1" >/dev/null 2>&1; then
    apt-get update -qq >/dev/null 2>&1 || true
    apt-cache show "$1" >/dev/null 2>&1 || return 1
  fi
  say "installing $1"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" </dev/null >/dev/null
}

require_java() {
  find_java && return
  install_package "openjdk-$REQUIRED_JAVA-jdk-headless" && find_java && return
  fail "needs JDK $REQUIRED_JAVA or later, and found none in JAVA_HOME, in PATH, or where JDKs are usually installed. $JAVA_HINT"
}

# Whether there is a Maven of at least 3.8.
find_maven() {
  local major minor
  command -v mvn >/dev/null || return 1
  read -r major minor < <(mvn --version 2>/dev/null | sed -n 's/.*Apache Maven \([0-9]*\)\.\([0-9]*\).*/\1 \2/p') || return 1
  [ "$major" -gt 3 ] || { [ "$major" -eq 3 ] && [ "$minor" -ge 8 ]; }
}

require_maven() {
  find_maven && return
  install_package maven && find_maven && return
  fail "needs Maven 3.8 or later in PATH to build itself. Install it (apt-get install maven, brew install maven, sdk install maven)."
}

# Whether a source is newer than the jar. A deleted file makes its directory newer.
jar_is_stale() {
  [ ! -f "$jar" ] || [ -n "$(find "$root" -mindepth 1 \( -name target -o -name '.*' -o -name runs \) -prune \
    -o \( -path '*/src/main/*' -o -name pom.xml \) -newer "$jar" -print | head -n 1)" ]
}

build_jar_if_stale() {
  jar_is_stale || return 0
  require_maven
  mkdir -p "$root/target"
  local log=$root/target/build.log
  (
    # Two at once would write the same files; the second then finds the jar.
    if command -v flock >/dev/null; then
      flock 9
    fi
    jar_is_stale || exit 0
    say "Building FastForward (first use or changed sources, about a minute)…"
    cd "$root" || exit
    if ! mvn -B -ntp -pl app -am -DskipTests -Dspotless.check.skip=true package </dev/null >"$log" 2>&1; then
      grep -m 20 '^\[ERROR\]' "$log" >&2 || tail -n 20 "$log" >&2
      fail "the build failed; all of its output is in $log"
    fi
    touch "$jar"
  ) 9>"$root/target/build.lock"
}
