#!/usr/bin/env bash
# Measures `10m-bench million` on Google Compute Engine: one server, enough client machines, results fetched, all deleted.
# Needs bash, gcloud (logged in, with a project), tar. See README.md beside this file for limits and cost.
set -euo pipefail

usage() {
  cat <<'USAGE'
run.sh [--dry-run] [--connections N]

--connections N   how many connections to make (default 10000000)
--dry-run         print every command that would change or ask anything, and run none

Environment: ZONE (us-central1-a), SERVER_TYPE (n1-highmem-32), CLIENT_TYPE (n1-highmem-8),
CONNECTIONS_PER_CLIENT (1000000), IMAGE_FAMILY (debian-12), IMAGE_PROJECT (debian-cloud), NODE_MAJOR (20),
OUT (bench-results/gce), SERVER_PRICE and CLIENT_PRICE (per machine and hour: the cost is printed where both are given).
Exit: 0 measured, 1 not, 2 wrong arguments. Whatever the end, the machines are deleted.
USAGE
}

connections=10000000
dry_run=no
while (($# > 0)); do
  case $1 in
    --dry-run) dry_run=yes ;;
    --connections)
      connections=${2:-}
      (($# < 2)) || shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      echo "run.sh: unknown argument \"$1\"; see run.sh --help" >&2
      exit 2
      ;;
  esac
  shift
done
if ! [[ $connections =~ ^[1-9][0-9]{0,8}$ ]]; then
  echo "run.sh: --connections \"$connections\" is not allowed; give a whole number from 1 to 999999999" >&2
  exit 2
fi

zone=${ZONE:-us-central1-a}
server_type=${SERVER_TYPE:-n1-highmem-32}
client_type=${CLIENT_TYPE:-n1-highmem-8}
per_client=${CONNECTIONS_PER_CLIENT:-1000000}
out=${OUT:-bench-results/gce}
id=tenm-$(date +%Y%m%d-%H%M%S)
server=$id-server
clients=$(((connections + per_client - 1) / per_client))
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
started=$SECONDS
created=no

run() {
  printf '+ %s\n' "$(printf '%q ' "$@")"
  [[ $dry_run == yes ]] || "$@"
}

on() {
  local machine=$1
  shift
  run gcloud compute ssh "$machine" --zone "$zone" --quiet --command "$*"
}

client_names() {
  local i
  for ((i = 0; i < clients; i++)); do echo "$id-client-$i"; done
}

finish() {
  local status=$?
  trap - EXIT INT TERM HUP
  set +e
  local jobs_left
  jobs_left=$(jobs -p)
  # shellcheck disable=SC2086
  [[ -z $jobs_left ]] || kill $jobs_left 2>/dev/null
  if [[ $created == yes ]]; then
    # shellcheck disable=SC2046
    run gcloud compute instances delete "$server" $(client_names) --zone "$zone" --quiet || {
      echo "run.sh: NOT DELETED, and they cost money: gcloud compute instances list --filter name~$id" >&2
      status=1
    }
    print_cost
  fi
  rm -rf "$work"
  exit "$status"
}

print_cost() {
  local seconds=$((SECONDS - started))
  echo "machines lived for about $seconds s: 1 × $server_type, $clients × $client_type"
  [[ -n ${SERVER_PRICE:-} && -n ${CLIENT_PRICE:-} ]] || return 0
  awk -v s="$seconds" -v n="$clients" -v a="$SERVER_PRICE" -v b="$CLIENT_PRICE" \
    'BEGIN { printf "cost at SERVER_PRICE and CLIENT_PRICE: about %.2f\n", s / 3600 * (a + n * b) }'
}

trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

echo "$connections connections: 1 × $server_type, $clients × $client_type in $zone"

# What is measured is this checkout, not a release.
run tar -czf "$work/10m.tgz" -C "$root" --exclude=node_modules --exclude=dist --exclude=.git --exclude=bench-results .

created=yes
create=(--zone "$zone" --image-family "${IMAGE_FAMILY:-debian-12}" --image-project "${IMAGE_PROJECT:-debian-cloud}"
  --network-interface nic-type=GVNIC --boot-disk-size 20GB --labels "purpose=$id")
run gcloud compute instances create "$server" --machine-type "$server_type" "${create[@]}"
mapfile -t names < <(client_names)
run gcloud compute instances create "${names[@]}" --machine-type "$client_type" "${create[@]}"

wait_for_ssh() {
  local tries
  for ((tries = 0; tries < 30; tries++)); do
    if on "$1" true; then return 0; fi
    sleep 5
  done
  echo "run.sh: $1 does not answer" >&2
  return 1
}

prepare() {
  local machine=$1 role=$2
  wait_for_ssh "$machine"
  run gcloud compute scp "$work/10m.tgz" "$root/bench/gce/prepare.sh" "$machine:" --zone "$zone" --quiet
  on "$machine" "NODE_MAJOR=${NODE_MAJOR:-20} bash prepare.sh $role"
}

prepare "$server" server
for name in "${names[@]}"; do prepare "$name" client; done

# The server waits for the clients; sockets of client machines belong to one process for each core.
open_files='sudo bash -c "ulimit -n 12000000 && exec \"\$@\"" --'
on "$server" "cd 10m && $open_files node dist/bench/main.js million --load external --connections $connections \
--workers \$(nproc) --out ../results" &
server_run=$!

address=$server
left=$connections
client_runs=()
for name in "${names[@]}"; do
  count=$((left < per_client ? left : per_client))
  left=$((left - count))
  # Longer than connecting and three intervals take; the results are fetched when the server has its own.
  on "$name" "cd 10m && mkdir -p ../results && $open_files node dist/client/main.js $address $count \
--idle-timeout 0 --duration 3600 --json > ../results/client.json" &
  client_runs+=($!)
done

status=0
wait "$server_run" || status=1
for name in "${names[@]}"; do on "$name" "sudo pkill -INT -o -f '^node dist/client/main.js'" || true; done
for job in "${client_runs[@]}"; do wait "$job" || true; done

run mkdir -p "$out"
for name in "$server" "${names[@]}"; do
  run gcloud compute scp --recurse "$name:results" "$out/$name" --zone "$zone" --quiet || status=1
done
echo "results: $out"
exit "$status"
