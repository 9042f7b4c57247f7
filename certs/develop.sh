#!/usr/bin/env bash
# Certificates for a Lockkeeper on this machine, in certs/local, which git ignores. The CA that is there already signs
# again, so whoever was told to trust it goes on doing so.
#
#   certs/develop.sh                        for localhost, 127.0.0.1 and ::1
#   certs/develop.sh --name 192.168.1.10    for this name too; a new CA if the one that is there may not sign for it
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
local="$root/certs/local"

# LOCKKEEPER names a binary that is built already.
lockkeeper() {
    if [ -n "${LOCKKEEPER:-}" ]; then
        "$LOCKKEEPER" "$@"
    else
        cargo run --quiet --manifest-path "$root/Cargo.toml" --bin lockkeeper -- "$@"
    fi
}

names=(--name localhost --name 127.0.0.1 --name ::1)
if ! lockkeeper certs issue --dir "$local" "${names[@]}" "$@"; then
    echo "making another CA" >&2
    lockkeeper certs issue --dir "$local" --new-ca "${names[@]}" "$@"
fi
cat <<TEXT

Serve with them:
  lockkeeper serve --tls-cert "$local/tls.crt" --tls-key "$local/tls.key"
Tell an API server of it:
  lockkeeper webhooks --url https://127.0.0.1:8443 --ca-file "$local/ca.crt" | kubectl apply --server-side -f -
TEXT
