#!/bin/sh
# Two owners with half of the classes each publish for one network, without seeing each other's images.
# Usage: sh examples/federated.sh DATA [OPTIONS OF hide]   where DATA has train/ and test/ with coloured images.
set -eu
data=$(cd "$1" && pwd)
shift
place=$(mktemp -d)
echo "everything happens in $place"
cd "$place"

echo "Both owners: agree on a network, and keep its file secret."
hideseek network slim --out net.safetensors

half=$(( ($(ls "$data/train" | wc -l) + 1) / 2 ))
mkdir first second
ls "$data/train" | head -n "$half" | while read -r name; do cp -r "$data/train/$name" first/; done
ls "$data/train" | tail -n "+$((half + 1))" | while read -r name; do cp -r "$data/train/$name" second/; done

for owner in first second; do  # hide ends with 1 where others still learn something; how much is measured below
    echo "Owner of the $owner half: hide it from all networks but that one."
    hideseek hide "$owner" --method uge --authorized net.safetensors --out "$owner.published" --masks "$owner.safetensors" "$@" ||
        [ $? -eq 1 ]
done

echo "Server: train on both. Others: try the same, and try to learn from what the authorized network says."
mkdir both
cp -r first.published/*/ second.published/*/ both/
hideseek verify both --test "$data/test" --authorized net.safetensors --distill-from net.safetensors --runs 2
