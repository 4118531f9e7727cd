#!/usr/bin/env bash
# Runs on each machine: installs Node, builds the checkout that was copied here, sets the kernel. Argument: server or client.
set -euo pipefail
role=${1:?server or client}
major=${NODE_MAJOR:-20}

sudo apt-get update -qq
sudo apt-get install -y -qq ca-certificates curl >/dev/null
curl -fsSL "https://deb.nodesource.com/setup_$major.x" | sudo bash - >/dev/null
sudo apt-get install -y -qq nodejs >/dev/null

mkdir -p 10m
tar -xzf 10m.tgz -C 10m
cd 10m
npm ci --no-audit --no-fund
sudo sysctl/apply.sh "$role"
