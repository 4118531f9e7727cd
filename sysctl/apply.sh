#!/usr/bin/env bash
# Sets the kernel parameters of 10m-server.conf or 10m-client.conf until the next boot, and reverts them.
# Needs bash, coreutils and /proc/sys; see --help.
set -euo pipefail

usage() {
  cat <<'USAGE'
apply.sh [server|client] [--dry-run]   set the values of 10m-ROLE.conf (default: server); print each key, old → new
apply.sh --revert [--dry-run]          restore every value that apply.sh changed

--dry-run    only show what would be done

A limit that is already higher is kept. Reserved ports are added to those that are already reserved. The old values are
saved in TENM_SYSCTL_STATE (default /run/10m-sysctl.state; a boot clears this file together with the values).
TENM_PROC_SYS replaces /proc/sys.
Exit: 0 everything is set, 1 something could not be set, 2 wrong arguments.
USAGE
}

proc_sys=${TENM_PROC_SYS:-/proc/sys}
state=${TENM_SYSCTL_STATE:-/run/10m-sysctl.state}
folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
role=server
revert=no
dry_run=no
failed=0

refuse() {
  echo "apply.sh: $1; see apply.sh --help" >&2
  exit 2
}

seen_role=no
for argument in "$@"; do
  case $argument in
    server | client)
      [[ $seen_role == no ]] || refuse "more than one role given"
      role=$argument
      seen_role=yes
      ;;
    --revert) revert=yes ;;
    --dry-run) dry_run=yes ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) refuse "unknown argument \"$argument\"" ;;
  esac
done
[[ $revert == no || $seen_role == no ]] || refuse "--revert restores everything that was changed and takes no role"

report() { printf '%-36s %s\n' "$1" "$2"; }

fail() {
  report "$1" "NOT SET: $2"
  failed=1
}

path_of() { printf '%s/%s' "$proc_sys" "${1//.//}"; }

# Prints the value of a key, its numbers separated by single spaces, as in the .conf files.
read_key() {
  local words
  read -r -a words <"$(path_of "$1")" || true
  printf '%s' "${words[*]-}"
}

# Succeeds if the value was written. The kernel refuses it in write(2), which a redirection alone would not show.
write_key() { { printf '%s\n' "$2" >"$(path_of "$1")"; } 2>/dev/null; }

# Succeeds for keys that are limits, which are raised but never lowered.
is_limit() {
  case $1 in
    fs.file-max | fs.nr_open | net.ipv4.tcp_mem | net.core.somaxconn) return 0 ;;
    net.ipv4.tcp_max_syn_backlog | net.netfilter.nf_conntrack_max) return 0 ;;
    *) return 1 ;;
  esac
}

# Prints the higher of two vectors, number by number.
highest() {
  local -a old new out
  local i
  read -r -a old <<<"$1"
  read -r -a new <<<"$2"
  for i in "${!new[@]}"; do
    if ((${old[i]:-0} > new[i])); then out[i]=${old[i]}; else out[i]=${new[i]}; fi
  done
  printf '%s' "${out[*]}"
}

# Prints the new value of a key, given its old value and the value of the .conf file.
target_of() {
  local key=$1 old=$2 wanted=$3
  if is_limit "$key"; then
    highest "$old" "$wanted"
  elif [[ $key == net.ipv4.ip_local_reserved_ports && -n $old ]]; then
    if includes_all "$old" "$wanted"; then printf '%s' "$old"; else printf '%s,%s' "$old" "$wanted"; fi
  else
    printf '%s' "$wanted"
  fi
}

# Succeeds if the list $1, in the kernel's notation, contains each item of the comma-separated list $2.
includes_all() {
  local item
  local -a items
  IFS=, read -r -a items <<<"$2"
  for item in "${items[@]}"; do
    [[ ,$1, == *,$item,* ]] || return 1
  done
}

apply_key() {
  local key=$1 wanted=$2 may_be_missing=$3 old target now
  if [[ ! -e $(path_of "$key") ]]; then
    if [[ $may_be_missing == yes ]]; then
      report "$key" "skipped: this kernel or network namespace has no such key"
    else
      fail "$key" "this kernel or network namespace has no such key"
    fi
    return
  fi
  if ! old=$(read_key "$key" 2>/dev/null); then
    fail "$key" "it cannot be read here"
    return
  fi
  target=$(target_of "$key" "$old" "$wanted")
  if [[ $old == "$target" ]]; then
    report "$key" "$(shown "$old") (kept)"
    return
  fi
  if [[ $dry_run == yes ]]; then
    report "$key" "$(shown "$old") → $target (dry run)"
    return
  fi
  if ! remember "$key" "$old"; then
    fail "$key" "the old value cannot be saved in $state"
    return
  fi
  if ! write_key "$key" "$target"; then
    forget "$key"
    fail "$key" "$(shown "$old") → $target was refused (not root, or forbidden in this container)"
    return
  fi
  now=$(read_key "$key")
  report "$key" "$(shown "$old") → $(shown "$now")"
}

shown() { printf '%s' "${1:-(empty)}"; }

# Saves the value from before the first change. A second run must not save our own value as the old one.
remember() {
  if [[ -e $state ]] && grep_key "$1"; then
    remembered_before=yes
    return
  fi
  remembered_before=no
  { printf '%s=%s\n' "$1" "$2" >>"$state"; } 2>/dev/null
}

grep_key() {
  local line
  while IFS= read -r line; do
    [[ ${line%%=*} != "$1" ]] || return 0
  done <"$state"
  return 1
}

# Removes what remember() has just saved, because nothing was changed.
forget() {
  [[ $remembered_before == no ]] || return 0
  local -a kept=()
  local line
  while IFS= read -r line; do
    [[ ${line%%=*} == "$1" ]] || kept+=("$line")
  done <"$state"
  rewrite_state "${kept[@]+"${kept[@]}"}"
}

rewrite_state() {
  if (($# == 0)); then
    rm -f "$state"
  else
    printf '%s\n' "$@" >"$state.new"
    mv "$state.new" "$state"
  fi
}

apply_all() {
  local line key value may_be_missing
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ ^[[:space:]]*([#\;].*)?$ ]] && continue
    [[ $line =~ ^(-?)([A-Za-z0-9_.-]+)[[:space:]]*=[[:space:]]*(.*[^[:space:]])[[:space:]]*$ ]] || {
      echo "apply.sh: cannot read this line of 10m-$role.conf: $line" >&2
      exit 1
    }
    key=${BASH_REMATCH[2]}
    value=${BASH_REMATCH[3]}
    may_be_missing=no
    [[ -z ${BASH_REMATCH[1]} ]] || may_be_missing=yes
    apply_key "$key" "$value" "$may_be_missing"
  done <"$folder/10m-$role.conf"
}

revert_all() {
  local -a lines=() kept=()
  local i key old current
  if [[ ! -e $state ]]; then
    echo "nothing to revert: $state does not exist"
    return
  fi
  mapfile -t lines <"$state"
  for ((i = ${#lines[@]} - 1; i >= 0; i--)); do
    key=${lines[i]%%=*}
    old=${lines[i]#*=}
    current=$(read_key "$key" 2>/dev/null) || current='(unreadable)'
    if [[ $dry_run == yes ]]; then
      report "$key" "$(shown "$current") → $(shown "$old") (dry run)"
    elif write_key "$key" "$old" && [[ $(read_key "$key") == "$old" ]]; then
      report "$key" "$(shown "$current") → $(shown "$old")"
    else
      fail "$key" "$(shown "$current") → $(shown "$old") was refused"
      kept=("${lines[i]}" "${kept[@]+"${kept[@]}"}")
    fi
  done
  [[ $dry_run == yes ]] || rewrite_state "${kept[@]+"${kept[@]}"}"
}

if [[ $revert == yes ]]; then revert_all; else apply_all; fi
exit "$failed"
