#!/bin/sh
# Writes the passwords and keys that docker-compose.yml asks for (`${NAME:?...}`) into an env file, random ones:
#   scripts/env.sh [.env]
# What the file has already is kept: run again, it adds what is missing, and says so.
set -eu
cd "$(dirname "$0")/.."
file=${1:-.env}
umask 077

# hexadecimal: nothing in it means anything to a URL, a shell or an env file
password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
key() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }
# a new seed; of the seed in NKEY_SEED the public half, by which the bus knows identity's signature
nkey() {
  if command -v python3 >/dev/null; then
    python3 scripts/nkey.py
  else
    docker run --rm -i -e NKEY_SEED --entrypoint python "${TRUEUP_IMAGE:-trueup:local}" - <scripts/nkey.py
  fi
}

existed=no
if [ -e "$file" ]; then existed=yes; else : >"$file"; fi
chmod 600 "$file"
if [ -n "$(tail -c 1 "$file")" ]; then echo >>"$file"; fi

added=""
for name in $(grep -o '\${[A-Z_]*:?' docker-compose.yml | tr -d '${:?' | LC_ALL=C sort -ru); do # a seed before its issuer
  if grep -q "^$name=." "$file"; then continue; fi
  case "$name" in
    *_KEY) value=$(key) ;;
    *_SEED) value=$(nkey) ;;
    *_ISSUER) value=$(NKEY_SEED=$(sed -n "s/^${name}_SEED=//p" "$file") nkey) ;;
    *) value=$(password) ;;
  esac
  printf '%s=%s\n' "$name" "$value" >>"$file"
  added="$added $name"
done

if [ "$existed" = no ]; then
  echo "wrote $file (only you can read it). Keep a copy apart from the backups: the data cannot be read without TRUEUP_SECRET_KEY."
elif [ -z "$added" ]; then
  echo "$file exists and has everything; nothing was changed. To begin anew, remove it together with the data (docker compose down --volumes)."
else
  echo "$file exists; its values were kept. Added:$added"
fi
