#!/bin/sh
# Fail a build when a release does not protect what it says, or a level does not hold.
# Usage: sh examples/ci.sh DATA LEVELS [OPTIONS OF hide]   where DATA has train/ and test/, such as:
#   sh examples/ci.sh data 30,50 --prices 30=10,50=25
set -u
data=$1
levels=$2
shift 2
release=$(mktemp -d)
trap 'rm -rf "$release"' EXIT

hideseek hide "$data" --levels "$levels" -o "$release/published" --masks "$release/masks.safetensors" "$@" --json > "$release/hide.json"
case $? in
    0) ;;
    1) echo "a level was not reached, or the published folder still teaches:"; cat "$release/hide.json"; exit 1 ;;
    *) exit 2 ;;
esac

hideseek verify "$release/published" --test "$data/test" --json > "$release/published.json" || { cat "$release/published.json"; exit 1; }
hideseek cleaner "$release/masks.safetensors" --all -o "$release" -q > /dev/null || exit 2
for level in $(echo "$levels" | tr ',' ' '); do
    hideseek seek "$release/published" "$release/cleaner_k$level.safetensors" -o "$release/k$level" || exit 2
    hideseek verify "$release/k$level" --test "$data/test" --json > "$release/k$level.json"
    code=$?
    [ $code -eq 3 ] && { hideseek verify "$release/k$level" --test "$data/test" --runs 8 --json > "$release/k$level.json"; code=$?; }
    [ $code -eq 0 ] || { echo "level $level is not proven:"; cat "$release/k$level.json"; exit 1; }
done
echo "the release protects, and every level holds"
