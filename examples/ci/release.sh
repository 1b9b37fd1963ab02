#!/bin/sh
# Fail a build when a release does not protect what it says, or a level does not hold.
# Usage: sh examples/ci/release.sh DATA LEVELS [OPTIONS OF hide]   where DATA has train/ and test/, such as:
#   sh examples/ci/release.sh data 30,50 --prices 30=10,50=25
# The folder that REPORTS names, reports unless it is set, gets JUnit files and a summary in Markdown.
# Exit codes are those of hideseek.
set -u
data=$1
levels=$2
shift 2
reports=${REPORTS:-reports}
summary=$reports/summary.md
release=$(mktemp -d)
trap 'rm -rf "$release"' EXIT
mkdir -p "$reports" || exit 2

stop() { # CODE WORDS...
    code=$1
    shift
    echo "$@"
    exit "$code"
}

verify() { # FOLDER NAME [OPTIONS]
    folder=$1
    name=$2
    shift 2
    hideseek verify "$folder" --test "$data/test" --junit "$reports/$name.xml" --format markdown "$@" > "$release/verdict.md"
}

prove() { # FOLDER NAME
    verify "$@"
    code=$?
    if [ $code -eq 3 ]; then
        verify "$@" --runs 8
        code=$?
    fi
    { cat "$release/verdict.md"; echo; } >> "$summary"
    [ $code -eq 0 ] || stop $code "$2 is not proven: see $reports/$2.xml"
}

hideseek hide "$data" --levels "$levels" -o "$release/published" --masks "$release/masks.safetensors" "$@" --format markdown > "$summary"
code=$?
echo >> "$summary"
[ $code -eq 0 ] || stop $code "a level was not reached, the published folder still teaches, or hide failed: see $summary"

prove "$release/published" published
hideseek cleaner "$release/masks.safetensors" --all -o "$release" -q > /dev/null || exit
for level in $(echo "$levels" | tr ',' ' '); do
    hideseek seek "$release/published" "$release/cleaner_k$level.safetensors" -o "$release/k$level" || exit
    prove "$release/k$level" "k$level"
done
echo "the release protects, and every level holds"
