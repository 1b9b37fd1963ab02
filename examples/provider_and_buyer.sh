#!/bin/sh
# A provider sells a level to a buyer, who pays the balance when the level is proven.
# Usage: sh examples/provider_and_buyer.sh DATA LEVEL [OPTIONS OF hide]   where DATA has train/ and test/, such as:
#   sh examples/provider_and_buyer.sh data 50 --epsilon 8
set -eu
data=$(cd "$1" && pwd)
level=$2
shift 2
market=$(mktemp -d)
echo "everything happens in $market"

echo "Provider: hide the folder, publish it with its price table, keep the masks."
mkdir "$market/provider" "$market/buyer"
cd "$market/provider"
head -c 32 /dev/urandom > key
chmod 600 key
hideseek hide "$data" --levels "$level" --prices "$level=25" --key-file key "$@"

echo "Buyer: download what is public, look at it, read the price table."
cp -r published "$market/buyer/published"
cd "$market/buyer"
python3 -c "import json; [print(offer) for offer in json.loads(next(open('published/hideseek.json')))['offers']]"

echo "Provider: the deposit for level $level has come; send its cleaner, and nothing else."
cd "$market/provider"
hideseek cleaner masks.safetensors --level "$level"
cp "cleaner_k$level.safetensors" "$market/buyer/"

echo "Buyer: clean, and prove the level before paying the balance."
cd "$market/buyer"
hideseek seek published "cleaner_k$level.safetensors"
if hideseek verify "cleaned_k$level" --test "$data/test"; then
    echo "Buyer: it holds; pay the balance."
else
    echo "Buyer: not proven (exit code 1: it fails, 3: more --runs decide); talk to the provider."
fi
