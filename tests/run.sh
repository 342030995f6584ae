#!/usr/bin/env bash
# Runs every test there is, from any directory. As root it prepares the machine for the lab, and says first what it
# changes. Without root it changes nothing, and the lab tests are skipped with the reason. The last line is
# "N passed, N failed, N skipped"; the exit code is 0 if none failed.
#
#   bash tests/run.sh [--no-install]
#
#   --no-install             leave the machine alone: no package, no policy-rc.d, no device node; what the lab lacks
#                            then is the reason of its skipped tests
#   USERTCP_LAB_REQUIRED=1   a lab that cannot be built is a failure, and so is every skipped test
#   USERTCP_TEST_MINUTES=25  the longest that one test project may take
set -u -o pipefail

usage() {
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
    exit "$1"
}

may_install=1
for argument in "$@"; do
    case $argument in
        --no-install) may_install=0 ;;
        -h | --help) usage 0 ;;
        *) printf 'There is no option %s.\n\n' "$argument" && usage 2 ;;
    esac
done

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
results=$(mktemp -d "${TMPDIR:-/tmp}/usertcp-tests.XXXXXX")
trap 'rm -rf -- "$results"' EXIT
cd -- "$root" || exit 1

required=${USERTCP_LAB_REQUIRED:-0}
minutes=${USERTCP_TEST_MINUTES:-25}
# A build server that outlives the script would hold its output open, and with it whoever waits for the end.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0
passed=0 failed=0 skipped=0

say() { printf '%s\n' "$*"; }

finish() {
    if [ "$required" = 1 ] && [ "$skipped" -gt 0 ]; then
        say "USERTCP_LAB_REQUIRED=1: $skipped skipped tests count as a failure."
        failed=$((failed + skipped)) skipped=0
    fi
    say "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ]
    exit
}

# --- what the lab needs -----------------------------------------------------------------------------------------------

# Debian package and what it is for:
#   libpcap0.8 the pcap link · iproute2 namespaces and veth · ethtool offloads · tcpdump writes captures, tshark reads
#   them · nginx-light, python3, curl, nghttp2-client (h2load), wrk peers · iputils-ping ping · procps sysctl and ps ·
#   iperf3 the other end of perf
packages="libpcap0.8 iproute2 ethtool tcpdump tshark nginx-light python3 curl nghttp2-client wrk iputils-ping procps"
packages="$packages iperf3"
policy=/usr/sbin/policy-rc.d node=/dev/net/tun

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing_packages() {
    local package missing=""
    for package in $packages; do
        is_installed "$package" || missing="$missing $package"
    done
    printf '%s' "${missing# }"
}

# nginx is wanted as a program: installing it must not start it as a service.
forbid_services() {
    [ -e "$policy" ] && return
    services_forbidden=1
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
}

allow_services() {
    [ "${services_forbidden:-0}" = 0 ] || rm -f -- "$policy"
    services_forbidden=0
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    forbid_services
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends $1; } >"$results/apt.log" 2>&1
    local code=$?
    allow_services
    [ $code -eq 0 ] || { tail -n 20 "$results/apt.log"; say "apt-get failed ($code): lab tests may be skipped."; }
}

# A container may lack the node of TAP devices; the kernel has the driver all the same.
make_node() {
    [ -d "${node%/*}" ] || { mkdir -p "${node%/*}" && folder_made=1; }
    mknod -m 666 "$node" c 10 200 && node_made=1
}

remove_node() {
    [ "${node_made:-0}" = 0 ] || rm -f -- "$node"
    [ "${folder_made:-0}" = 0 ] || rmdir -- "${node%/*}" 2>/dev/null
    node_made=0 folder_made=0
}

# Says what the machine lacks and what is about to be changed, and only then changes it.
prepare_machine() {
    local missing="" lacks_node=0
    if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
        missing=$(missing_packages)
    else
        say "This is no Debian: the lab's tools are not installed from here ($packages)."
    fi
    [ -e "$node" ] || lacks_node=1
    [ -n "$missing" ] || [ "$lacks_node" = 1 ] || return 0

    if [ "$may_install" = 0 ]; then
        say "--no-install: this machine stays as it is, and the lab lacks ${missing:-no package}$(
            [ "$lacks_node" = 0 ] || printf ', and %s' "$node")."
        return 0
    fi
    say "This run changes the machine (--no-install prevents that):"
    if [ -n "$missing" ]; then
        say "  apt-get update, and apt-get install $missing; they stay"
        [ -e "$policy" ] || say "  $policy for the time of the installation, so that no service starts"
    fi
    [ "$lacks_node" = 0 ] || say "  $node with mode 0666, for the time of the run"
    [ -z "$missing" ] || install_packages "$missing"
    [ "$lacks_node" = 0 ] || make_node || say "$node cannot be made: lab tests may be skipped."
}

# Namespaces are named utcp-PID-…: those of a run that was killed are ours to remove, with the
# servers that still run in them.
remove_leftovers() {
    local name owner
    for name in $(ip netns list 2>/dev/null | awk '/^utcp-/ { print $1 }'); do
        owner=${name#utcp-} owner=${owner%%-*}
        [ -d "/proc/$owner" ] && continue
        say "Removing the namespace $name of a run that was killed"
        ip netns pids "$name" | xargs -r kill -9
        ip netns delete "$name"
    done
}

# What is changed for the time of the run is undone at its end, also when it is interrupted.
clean_up() {
    rm -rf -- "$results"
    allow_services
    remove_node
}

if [ "$(id -u)" = 0 ]; then
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    prepare_machine
    command -v ip >/dev/null && remove_leftovers
else
    say "Not root: the lab's tools are not installed, and the lab tests are skipped."
fi

# --- build ------------------------------------------------------------------------------------------------------------

say "Building UserTcp.sln (Release)"
if ! dotnet build UserTcp.sln -c Release --nologo -v quiet -warnaserror -nodeReuse:false >"$results/build.log" 2>&1; then
    grep -E '(error|warning) [A-Z]+[0-9]+' "$results/build.log" | sort -u | head -n 40
    grep -qE '(error|warning) [A-Z]+[0-9]+' "$results/build.log" || tail -n 40 "$results/build.log"
    say "The build failed: no test was run."
    failed=1
    finish
fi

# --- test -------------------------------------------------------------------------------------------------------------

counter() { grep -o '<Counters [^>]*' "$1" | grep -o " $2=\"[0-9]*" | tr -dc 0-9; }

# Scripts by others may lie beside the repository. Where they do not, their tests are left out: nothing is missing.
filter=""
if [ ! -d ../shared/packetdrill ]; then
    filter="Category!=ScriptsByOthers"
    say "There is no ../shared/packetdrill: the packetdrill scripts by others are left out."
fi

# A test project is a program. It runs without a test host of VSTest: xunit's adapter takes a program for crashed whose
# last test was long, if it is gone before the adapter has read its last lines.
# A project's result is what its result file says; where the program died, hung or found no tests, that is one failure more.
run_project() {
    local name=${1##*/} code=0 p=0 f=0 s=0
    local trx="$results/$name.trx" log="$results/$name.log"
    local start=$SECONDS
    (cd -- "$1/bin/Release/net10.0" && exec timeout --kill-after=30 "${minutes}m" "./$name" -noLogo -noColor \
        -reporter quiet -longRunning 300 ${filter:+-filterVSTest "$filter"} -result-trx "$trx") \
        >"$log" 2>&1 </dev/null || code=$?

    if [ -s "$trx" ]; then
        p=$(counter "$trx" passed) s=$(counter "$trx" notExecuted)
        f=$(($(counter "$trx" failed) + $(counter "$trx" error)))
    fi
    if [ "$f" -gt 0 ] || [ $code -ne 0 ]; then
        grep -vE '^ *at (System|Xunit|InvokeStub)|^$' "$log" | head -n 300
    fi
    if [ $code -ne 0 ] && [ "$f" -eq 0 ]; then
        [ $code -eq 124 ] && say "$name was stopped after $minutes minutes."
        say "$name ended with code $code before all tests were done."
        f=1
    elif [ $((p + f + s)) -eq 0 ]; then
        say "$name ran no test."
        f=1
    fi
    [ "$s" -eq 0 ] || report_skipped "$name" "$log" "$s"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    say "$name: $p passed, $f failed, $s skipped, $((SECONDS - start)) s"
}

# The reasons, each once, with how many tests have it: xunit prints each below the name of its test.
report_skipped() {
    say "$1 skipped $3:"
    awk '/\[SKIP\]$/ { getline; sub(/^ */, ""); print }' "$2" | sort | uniq -c | sort -rn | head -n 5
}

for project in tests/*.Tests samples/TestWithSimulatedNetwork; do
    run_project "$project"
done

finish
