#!/bin/sh
# Stands in for cargo under `cargo lambda watch`: runs one process of a function, and runs it again when it
# dies, as Lambda does. Everything but `cargo run` goes to the real cargo.
case "$1" in
    run) shift ;;
    *) CARGO=$OMS_CARGO exec "$OMS_CARGO" "$@" ;;
esac

name=
previous=
for word in "$@"; do
    case "$previous" in --bin) name=$word ;; esac
    case "$word" in --bin=*) name=${word#--bin=} ;; esac
    previous=$word
done

# A build that finds nothing to do still takes a second for each process, so look first.
newer() { [ -n "$(find Cargo.toml Cargo.lock functions shared -type f -newer "$OMS_TARGET/$name" 2>&1 | head -n 1)" ]; }
if [ "$OMS_BUILD" = yes ] && newer; then
    CARGO=$OMS_CARGO "$OMS_CARGO" build --quiet "$@" || exit
fi

. "$OMS_FUNCTIONS/$name.env"
# Between the process and cargo-lambda stands our own runtime API; the instance is this script's process.
unset AWS_LAMBDA_MAX_CONCURRENCY
export AWS_LAMBDA_RUNTIME_API="$OMS_RUNTIME_API/$name/$$"
process=
trap 'kill "$process" 2>/dev/null; rm -f "$OMS_FUNCTIONS/$name.$$.pid"; exit 143' TERM INT HUP

# A process that dies within a second of its start is dying of the start; after twenty in a row, give up.
early=0
while [ "$early" -lt 20 ] && kill -0 "$PPID" 2>/dev/null; do
    began=$(date +%s)
    "$OMS_TARGET/$name" &
    process=$!
    # Where to find it, for who wants to see what its death does.
    echo "$process" >"$OMS_FUNCTIONS/$name.$$.pid"
    wait "$process"
    status=$?
    now=$(date +%s)
    if [ $((now - began)) -gt 1 ]; then early=0; else early=$((early + 1)); sleep 0.1; fi
    echo "the function $name ended with status $status; starting it again" >&2
done
if [ "$early" -ge 20 ]; then echo "the function $name dies whenever it starts: given up" >&2; fi
exit 1
