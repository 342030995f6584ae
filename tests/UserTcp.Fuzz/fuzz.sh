#!/usr/bin/env bash
# Fuzzes the whole stack, from a fresh clone: builds, instruments, fuzzes, and prints every half minute how far it is. The
# exit code is 1 if there is a finding, or if fewer than 90 % of the reachable states were reached.
#
#   bash tests/UserTcp.Fuzz/fuzz.sh [MINUTES]         the fuzzer in the process; default: until it is interrupted
#   bash tests/UserTcp.Fuzz/fuzz.sh --afl [MINUTES]   AFL++ (Debian: apt-get install afl++)
#
# All it makes is in artifacts/fuzz: findings, coverage.txt, and the queue, from which a later run goes on.
set -eu -o pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
cd -- "$root"
driver=learn
[ "${1:-}" != --afl ] || { driver=afl; shift; }
minutes=${1:-0}
out=$root/artifacts/fuzz
bin=$out/bin

[ $driver = learn ] || command -v afl-fuzz >/dev/null || { echo "afl-fuzz is missing: apt-get install afl++" >&2; exit 2; }
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
mkdir -p "$out"

echo "Building (configuration Fuzz: optimised, with assertions)"
dotnet build tests/UserTcp.Fuzz -c Fuzz --nologo -v quiet -nodeReuse:false
rm -rf -- "$bin"
cp -r tests/UserTcp.Fuzz/bin/Fuzz/net10.0 "$bin"

echo "Instrumenting UserTcp.dll"
[ -x "$out/tools/sharpfuzz" ] ||
    dotnet tool install SharpFuzz.CommandLine --version 2.3.0 --tool-path "$out/tools" --verbosity quiet
"$out/tools/sharpfuzz" "$bin/UserTcp.dll"

# The stack's memory comes and goes with each execution: malloc is to keep it, and no array is to be a large object.
export MALLOC_MMAP_THRESHOLD_=1000000000 MALLOC_TRIM_THRESHOLD_=2000000000
export DOTNET_GCgen0size=4000000 DOTNET_GCLOHThreshold=1000000
if [ $driver = learn ]; then
    exec nice -n 10 "$bin/UserTcp.Fuzz" learn "$out" "$minutes"
fi

# --- AFL++ ------------------------------------------------------------------------------------------------------------

# A queue of an earlier run is gone on with; inputs that were made for other code are still inputs.
export AFL_AUTORESUME=1 AFL_SKIP_BIN_CHECK=1 AFL_SKIP_CPUFREQ=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1
export AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_FAST_CAL=1
[ -d "$out/seeds" ] || "$bin/UserTcp.Fuzz" unpack "$out/seeds"
limit=""
[ "$minutes" = 0 ] || limit="-V $((minutes * 60))"
# shellcheck disable=SC2086
nice -n 10 afl-fuzz -i "$out/seeds" -o "$out/afl" -t 20000 -m none $limit -- \
    "$bin/UserTcp.Fuzz" target "$out/coverage.txt" >"$out/afl.log" 2>&1 &
fuzzer=$!
trap 'kill $fuzzer 2>/dev/null || true' INT TERM

stat() { sed -n "s/^$1 *: *//p" "$out/afl/default/fuzzer_stats" 2>/dev/null || true; }

report() {
    local states
    states=$(awk -F: '$1 != "executions" { all++; if ($2 > 0) seen++ }
        END { printf "%d of %d states", seen, all }' "$out/coverage.txt" 2>/dev/null || true)
    echo "$(stat execs_done) executions, $(stat execs_per_sec)/s, $(stat edges_found) branches, ${states:-no states yet}," \
        "$(stat saved_crashes) findings, $(stat saved_hangs) without an end"
}

while kill -0 $fuzzer 2>/dev/null; do
    sleep 30 &
    wait -n $fuzzer $! || true
    report
done
wait $fuzzer || { [ -s "$out/afl/default/fuzzer_stats" ] || { tail -n 20 "$out/afl.log"; exit 2; }; }

findings=0
for input in "$out"/afl/default/crashes/id* "$out"/afl/default/hangs/id*; do
    [ -e "$input" ] || continue
    findings=$((findings + 1))
    tests/UserTcp.Fuzz/bin/Fuzz/net10.0/UserTcp.Fuzz replay "$input" | head -n 12 || true
done
report
awk -F: '$1 != "executions" { all++; if ($2 > 0) seen++; else print "  never reached: " $1 }
    END { exit !(all && seen >= 0.9 * all) }' "$out/coverage.txt" || { echo "Fewer than 90 % of the states."; exit 1; }
[ "$findings" = 0 ]
