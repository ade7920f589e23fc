#!/usr/bin/env bash
# Makes the sealed files of this folder from plain.yaml with the real sops (3.11.0):
#   go install github.com/getsops/sops/v3/cmd/sops@v3.11.0 && test/core/secrets/files/make.sh
set -euo pipefail
cd "$(dirname "$0")"
ours=$(sed -n 's/^# public key: //p' age-key.txt)
# A recipient whose key nobody kept.
other=age1zpn5r7ehaf33z29ffy7gvdzlqnvvx3kx57fu580kd6y0ljssqu4q730yny
regex='^(data|stringData)$'
sops encrypt --age "$ours" --encrypted-regex "$regex" plain.yaml > sealed.yaml
sops encrypt --age "$other,$ours" --encrypted-regex "$regex" plain.yaml > two-recipients.yaml
printf 'creation_rules: [{age: "%s", encrypted_regex: "%s", mac_only_encrypted: true}]\n' "$ours" "$regex" > rules.tmp
sops --config rules.tmp encrypt plain.yaml > mac-only-encrypted.yaml
rm rules.tmp
sops encrypt --age "$ours" --encrypted-regex "$regex" scalars.yaml > sealed-scalars.yaml
sops encrypt --age "$other" --encrypted-regex "$regex" plain.yaml > for-others.yaml
sops encrypt --age "$ours" plain.yaml > all-encrypted.yaml
sops encrypt --age "$ours" --encrypted-regex "$regex" --input-type yaml --output-type json plain.yaml > sealed.json
