#!/bin/sh
# Makes .venv from a lock file: `scripts/bootstrap.sh runtime` (make demo, up) or `... dev` (make test, check).
# Needs Python >= 3.11 and a package index. Finds or installs uv. When nothing changed it takes no time.
set -eu
cd "$(dirname "$0")/.."

oldest="3.11"
wanted=${1:-dev}
stamp=.venv/trueup-stamp

say() { printf '%s\n' "$*" >&2; }
fail() { say "trueup: $*"; exit 1; }

# --- what should be there -------------------------------------------------------------------------------------------

# The development environment contains the runtime one, with the same versions: once there, it stays.
case "$wanted" in
  runtime) if [ -f "$stamp" ] && grep -q '^dev ' "$stamp"; then wanted=dev; fi ;;
  dev) ;;
  *) fail "usage: scripts/bootstrap.sh runtime|dev" ;;
esac
if [ "$wanted" = dev ]; then lock=requirements-dev.lock; else lock=requirements.lock; fi

# A moved or copied folder, another Python or another lock file gives another line.
state() { printf '%s %s %s %s\n' "$wanted" "$(cksum <"$lock")" "$(.venv/bin/python -V 2>&1)" "$(pwd)"; }

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(state)" ]; then exit 0; fi

# --- Python -----------------------------------------------------------------------------------------------------------

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
  for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.14 python; do
    if is_new_enough "$candidate"; then command -v "$candidate"; return; fi
  done
  fail "no Python $oldest or newer was found; install one (Debian, Ubuntu: apt-get install python3 python3-venv)" \
    "or name it: make demo PYTHON=/path/to/python3"
}
python=$(find_python)

# --- a home that may be missing or read-only ----------------------------------------------------------------------------

mkdir -p var
cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
if [ -z "$cache" ] || ! mkdir -p "$cache" 2>/dev/null || [ ! -w "$cache" ]; then
  export UV_CACHE_DIR="${UV_CACHE_DIR:-$PWD/var/uv-cache}"
  export PIP_NO_CACHE_DIR=1
fi

# --- uv -----------------------------------------------------------------------------------------------------------------

find_uv() {
  for candidate in uv var/uv/bin/uv; do
    if "$candidate" --version >/dev/null 2>&1; then echo "$candidate"; return; fi
  done
  rm -rf var/uv
  say "trueup: getting uv ..."
  if "$python" -m venv var/uv >/dev/null 2>&1 && install_uv var/uv/bin/python; then :
  elif rm -rf var/uv && install_uv "$python" --target var/uv; then :
  else
    fail "uv cannot be installed: this Python has neither venv nor pip. Please run: apt-get install python3-venv"
  fi
  echo var/uv/bin/uv
}

install_uv() {
  interpreter=$1
  shift
  "$interpreter" -m pip --version >/dev/null 2>&1 || return 1
  "$interpreter" -m pip install --quiet --quiet --disable-pip-version-check --require-hashes "$@" -r scripts/uv.lock >&2 ||
    fail "uv cannot be installed: the package index did not give it (see above)"
}

# uv reads neither pip's configuration nor the system's certificates: a machine whose index is set there, or stands
# behind its owner's certificate, is served as pip serves it.
pip_setting() { "$python" -m pip config get "global.$1" 2>/dev/null || true; }

use_index_of_pip() {
  if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
    index=${PIP_INDEX_URL:-$(pip_setting index-url)}
    if [ -n "$index" ]; then export UV_DEFAULT_INDEX="$index"; fi
  fi
  for bundle in "${SSL_CERT_FILE:-}" "${PIP_CERT:-$(pip_setting cert)}" \
    /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
    if [ -f "$bundle" ]; then export SSL_CERT_FILE="$bundle"; break; fi
  done
}

# --- the environment ----------------------------------------------------------------------------------------------------

export UV_PYTHON_DOWNLOADS=never
uv=$(find_uv)
use_index_of_pip
rm -f "$stamp"
if ! { .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' && [ "$(cat .venv/trueup-place)" = "$PWD" ]; } \
  >/dev/null 2>&1; then
  "$uv" venv --quiet --clear --python "$python" .venv
  printf '%s\n' "$PWD" >.venv/trueup-place
fi
say "trueup: installing the locked packages ..."
"$uv" pip sync --quiet --python .venv/bin/python --require-hashes "$lock" ||
  fail "the packages of $lock could not be installed (see above)"

# The project itself is never built: a path file makes its packages importable, and survives a sync.
packages=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\n' "$PWD" >"$packages/trueup.pth"
state >"$stamp"
