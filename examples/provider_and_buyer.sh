#!/bin/sh
# A provider sells level 50 to a buyer, who pays the balance when the level is proven.
# Usage: sh examples/provider_and_buyer.sh DATA   where DATA has train/ and test/
set -eu
data=$(cd "$1" && pwd)
market=$(mktemp -d)
echo "everything happens in $market"

echo "Provider: hide the folder, publish it with its price table, keep the masks."
mkdir "$market/provider" "$market/buyer"
cd "$market/provider"
head -c 32 /dev/urandom > key
chmod 600 key
hideseek hide "$data" --levels 30,50 --prices 30=10,50=25 --key-file key

echo "Buyer: download what is public, look at it, read the price table."
cp -r published "$market/buyer/published"
cd "$market/buyer"
python3 -c "import json; [print(offer) for offer in json.load(open('published/hideseek.json'))['offers']]"

echo "Provider: the deposit for level 50 has come; send its cleaner, and nothing else."
cd "$market/provider"
hideseek cleaner masks.safetensors --level 50
cp cleaner_k50.safetensors "$market/buyer/"

echo "Buyer: clean, and prove the level before paying the balance."
cd "$market/buyer"
hideseek seek published cleaner_k50.safetensors
if hideseek verify cleaned_k50 --test "$data/test"; then
    echo "Buyer: it holds; pay the balance."
else
    echo "Buyer: not proven (exit code 1: it fails, 3: more --runs decide); talk to the provider."
fi
