#!/bin/sh
# The main job on one folder, as docs/results/2026-11-masks.md reports it: hide, every cleaner, every seek, metrics, every verify.
# Usage: sh bench/levels/main_job.sh DATA LEVELS [OPTIONS OF hide]   where DATA has train/ and test/; works in the current folder.
set -eu
data=$1
levels=$2
shift 2
began=$(date +%s)
hideseek hide "$data" --levels "$levels" "$@" --json > hide.json || echo "exit code $?"
echo "hide: $(($(date +%s) - began)) s"
python -c "import json; [print(name, value) for name, value in json.load(open('hide.json')).items() if name != 'recipe']"
hideseek cleaner masks.safetensors --all
ls -l masks.safetensors cleaner_*.safetensors
du -sb published
for cleaner in cleaner_*.safetensors; do
    hideseek seek published "$cleaner" -q
done
hideseek metrics "$data/train" published
hideseek metrics "$data/train" cleaned | head -4
for folder in published cleaned*; do
    echo "$folder"
    hideseek verify "$folder" --test "$data/test" --seed 1000 || echo "exit code $?"
done
