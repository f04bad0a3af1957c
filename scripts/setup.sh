#!/usr/bin/env bash
# Sets up all that Actverse needs, from the package registries alone. Idempotent; quick when nothing is to do.
#   scripts/setup.sh          what `npm run demo` and `npm start` need
#   scripts/setup.sh --test   and what the tests need: Chromium, pytest, a Jupyter kernel, readers of the result files
#   scripts/setup.sh --real   and what the long tests need: Label Studio, Triton
# What it found is written to .actverse/env.json. A failure ends with one line that says what to do.
set -euo pipefail
cd "$(dirname "$0")/.."

TEST=no
REAL=no
for argument in "$@"; do
  case "$argument" in
    --test) TEST=yes ;;
    --real) TEST=yes; REAL=yes ;;
    *) echo "setup: unknown option $argument; there are --test and --real" >&2; exit 2 ;;
  esac
done

TEMPORAL_VERSION=1.5.1
UV_VERSION=0.13.9
LABEL_STUDIO_VERSION=1.23.2
PYTRITON_VERSION=0.7.0
TRITON_ONNXRUNTIME_VERSION=1.23.2
CACHE="${ACTVERSE_CACHE:-$HOME/.cache/actverse}"
STATE=.actverse
LOGS="$STATE/setup-logs"
mkdir -p "$CACHE" "$LOGS" "$STATE/stamps"

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }
found() { command -v "$1" 2>/dev/null || true; }

# slow LOG "what" command...: runs it silently, with a line every 20 seconds; its output is in a log, whose end is shown when it fails.
slow() {
  local log="$LOGS/$1.log" what="$2" begun=$SECONDS
  shift 2
  say "$what ..."
  "$@" >"$log" 2>&1 </dev/null &
  local pid=$! next=20
  # Ends with us, so that Ctrl-C leaves no build running.
  trap 'kill '"$pid"' 2>/dev/null || true; exit 130' INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    if [ $((SECONDS - begun)) -ge "$next" ]; then say "  $what: $((SECONDS - begun)) s, $(wc -l <"$log" | tr -d ' ') lines of output in $log"; next=$((next + 20)); fi
    sleep 0.2
  done
  local status=0
  wait "$pid" || status=$?
  trap - INT TERM
  if [ "$status" -eq 0 ]; then say "  done in $((SECONDS - begun)) s"; else tail -n 15 "$log" | sed 's/^/    /' >&2; fi
  return "$status"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; elif [ -n "$(found sudo)" ]; then sudo ${CI:+-n} "$@"; else return 1; fi
}
apt_install() { as_root apt-get -qq -o DPkg::Lock::Timeout=600 update && as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "$@"; }
# install_package LOG "what" APT-NAME BREW-NAME
install_package() {
  if [ -n "$(found apt-get)" ]; then slow "$1" "installing $2 (apt-get)" apt_install "$3"
  elif [ -n "$(found brew)" ]; then slow "$1" "installing $2 (brew)" brew install "$4"
  else return 1; fi
}

# --- Node.js and npm packages
[ -n "$(found node)" ] || fail "Node.js is missing: install version 20.19 or later (https://nodejs.org), then run this again."
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "Node.js $(node --version) is too old: install version 20.19 or later (https://nodejs.org), then run this again."

# Complete when every package of the lock file lies there in its version (npm keeps its own list in node_modules).
npm_complete() {
  [ -f node_modules/.package-lock.json ] || return 1
  [ node_modules/.package-lock.json -ot "$STATE/stamps/npm" ] && [ package-lock.json -ot "$STATE/stamps/npm" ] && return 0
  node -e '
    const { readFileSync } = require("node:fs");
    const read = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
    const there = read("node_modules/.package-lock.json");
    const missing = Object.entries(read("package-lock.json")).filter(([path, p]) => path !== "" && !p.optional && there[path]?.version !== p.version);
    process.exit(missing.length === 0 ? 0 : 1);' && touch "$STATE/stamps/npm"
}
if ! npm_complete; then
  slow npm "installing the npm packages (npm ci)" npm ci --no-audit --no-fund ||
    fail "npm ci failed: look at $LOGS/npm.log, see that the npm registry can be reached, and run this again."
  touch "$STATE/stamps/npm"
fi

# --- ffmpeg and ffprobe
if [ -z "$(found ffmpeg)" ] || [ -z "$(found ffprobe)" ]; then
  install_package ffmpeg "ffmpeg" ffmpeg ffmpeg ||
    fail "ffmpeg could not be installed: install ffmpeg and ffprobe with your package manager, see that both are on PATH, and run this again."
fi
FFMPEG="$(found ffmpeg)"
FFPROBE="$(found ffprobe)"
[ -n "$FFMPEG" ] && [ -n "$FFPROBE" ] || fail "ffmpeg or ffprobe is still not on PATH: install both, and run this again."
if [ ! "$STATE/stamps/ffmpeg" -nt "$FFMPEG" ]; then
  # Not `| grep -q`: grep leaves at its first match, and ffmpeg's broken pipe would count as a failure.
  ABLE="$("$FFMPEG" -nostdin -hide_banner -filters 2>/dev/null; "$FFMPEG" -nostdin -hide_banner -encoders 2>/dev/null)"
  [[ "$ABLE" == *" ass "* && "$ABLE" == *" libx264 "* ]] ||
    fail "$FFMPEG lacks libass or libx264: install a full build of ffmpeg (on macOS: brew install ffmpeg-full), and run this again."
  touch "$STATE/stamps/ffmpeg"
fi

# --- Temporal's command line, whose dev server is the default server
download_temporal() {
  local system machine
  system="$(uname -s | tr '[:upper:]' '[:lower:]')"
  case "$(uname -m)" in x86_64 | amd64) machine=amd64 ;; arm64 | aarch64) machine=arm64 ;; *) return 1 ;; esac
  mkdir -p "$1" && curl -fsSL --connect-timeout 10 --max-time 300 --speed-limit 20000 --speed-time 20 \
    "https://temporal.download/cli/archive/v$TEMPORAL_VERSION?platform=$system&arch=$machine" -o "$1/temporal.tar.gz" &&
    tar -xzf "$1/temporal.tar.gz" -C "$1" && rm "$1/temporal.tar.gz" && "$1/temporal" --version
}
build_temporal() { env -u GOOS -u GOARCH GOFLAGS= GOBIN="$1" go install -v "github.com/temporalio/cli/cmd/temporal@v$TEMPORAL_VERSION" && "$1/temporal" --version; }

TEMPORAL_FOLDER="$CACHE/temporal-cli-$TEMPORAL_VERSION"
TEMPORAL="$(found temporal)"
if [ -z "$TEMPORAL" ]; then
  TEMPORAL="$TEMPORAL_FOLDER/temporal"
  if [ ! -x "$TEMPORAL" ]; then
    # Made aside, then moved: a set-up that was interrupted leaves no half binary where the next one looks.
    ASIDE="$(mktemp -d "$CACHE/temporal.XXXXXX")"
    ASIDE="$(cd "$ASIDE" && pwd)"
    if [ -n "$(found curl)" ] && slow temporal-download "downloading the Temporal CLI" download_temporal "$ASIDE" 2>/dev/null; then :
    elif [ -n "$(found go)" ]; then
      say "  no download; building it instead"
      slow temporal-build "building the Temporal CLI with Go (once, 3-7 minutes)" build_temporal "$ASIDE" ||
        { rm -rf "$ASIDE"; fail "the Temporal CLI could not be built: install it (https://docs.temporal.io/cli) so that \`temporal\` is on PATH, and run this again."; }
    else
      rm -rf "$ASIDE"
      fail "the Temporal CLI is missing: install it (https://docs.temporal.io/cli) so that \`temporal\` is on PATH, or install Go to build it, and run this again."
    fi
    mkdir -p "$TEMPORAL_FOLDER" && mv -f "$ASIDE/temporal" "$TEMPORAL" && rm -rf "$ASIDE"
  fi
fi

# --- uv and the trainer's Python environment (trainer/.venv; its files are links into uv's cache, so a second clone is quick)
install_uv() { python3 -m pip install --quiet --disable-pip-version-check --upgrade --target "$1" "uv==$UV_VERSION"; }
UV="$(found uv)"
if [ -z "$UV" ]; then
  UV_FOLDER="$CACHE/uv-$UV_VERSION"
  UV="$UV_FOLDER/bin/uv"
  if [ ! -x "$UV" ]; then
    [ -n "$(found python3)" ] || fail "Python 3 is missing: install Python 3.10 or later, and run this again."
    python3 -m pip --version >/dev/null 2>&1 || install_package python-pip "pip" python3-pip python || true
    slow uv "installing uv $UV_VERSION" install_uv "$UV_FOLDER" ||
      fail "uv could not be installed: install it (https://docs.astral.sh/uv) so that \`uv\` is on PATH, and run this again."
  fi
fi
# The stamp holds the hash of what the environment was made from; an environment for tests serves everything else too.
PYTHON_ENV="${UV_PROJECT_ENVIRONMENT:-$PWD/trainer/.venv}"
WANTED="$(cat trainer/uv.lock trainer/pyproject.toml | cksum | tr ' ' '-')"
HAVE="$(cat "$PYTHON_ENV/.actverse" 2>/dev/null || true)"
if [ "$HAVE" != "$WANTED test" ] && { [ "$TEST" = yes ] || [ "$HAVE" != "$WANTED base" ]; }; then
  GROUPS_WANTED=()
  KIND=base
  if [ "$TEST" = yes ]; then KIND=test; GROUPS_WANTED=(--group dev --group notebook); fi
  # ${a[@]+"${a[@]}"}: bash 3.2 (macOS) takes an empty array for an unset variable.
  slow python "making the trainer's Python environment (uv sync; the first time it downloads PyTorch)" \
    "$UV" sync --project trainer --frozen ${GROUPS_WANTED[@]+"${GROUPS_WANTED[@]}"} ||
    fail "the Python environment could not be made: look at $LOGS/python.log, see that Python 3.10 or later is there and PyPI can be reached, and run this again."
  echo "$WANTED $KIND" >"$PYTHON_ENV/.actverse"
fi

# --- other people's readers of the result files, for the tests: an environment of its own, as they and the trainer want different versions
READERS_ENV="$PWD/test/readers/.venv"
READERS_WANTED="$(cat test/readers/uv.lock test/readers/pyproject.toml | cksum | tr ' ' '-')"
if [ "$TEST" = yes ] && [ "$(cat "$READERS_ENV/.actverse" 2>/dev/null || true)" != "$READERS_WANTED" ]; then
  slow readers "making the Python environment that opens the result files in the tests (uv sync)" \
    env -u UV_PROJECT_ENVIRONMENT "$UV" sync --project test/readers --frozen ||
    fail "the readers' Python environment could not be made: look at $LOGS/readers.log, see that PyPI can be reached, and run this again."
  echo "$READERS_WANTED" >"$READERS_ENV/.actverse"
fi
READERS=""
[ ! -x "$READERS_ENV/bin/python" ] || READERS="$READERS_ENV/bin/python"

# --- the pages, built when a source is newer than the last build
if [ ! -f api/web/dist/.built ] || [ -n "$(find api/web domain package-lock.json -newer api/web/dist/.built -type f -not -path 'api/web/dist/*' -print -quit)" ]; then
  slow web "building the web pages (vite build)" npm run --silent web || fail "the web pages could not be built: look at $LOGS/web.log."
  touch api/web/dist/.built
fi

# --- Chromium, for the tests of the pages
find_chromium() {
  local name
  for name in chromium google-chrome google-chrome-stable chromium-browser; do [ -z "$(found "$name")" ] || { found "$name"; return; }; done
  for name in "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" "/Applications/Chromium.app/Contents/MacOS/Chromium"; do [ ! -x "$name" ] || { echo "$name"; return; }; done
}
CHROMIUM="$(find_chromium)"
if [ "$TEST" = yes ] && [ -z "$CHROMIUM" ]; then
  if [ -n "$(found apt-get)" ]; then slow chromium "installing Chromium for the tests of the pages (apt-get)" apt_install chromium || true
  elif [ -n "$(found brew)" ]; then slow chromium "installing Chromium for the tests of the pages (brew)" brew install --cask chromium || true; fi
  CHROMIUM="$(find_chromium)"
  [ -n "$CHROMIUM" ] || fail "the tests of the pages need Chromium: install chromium or google-chrome with your package manager, and run this again."
fi

# --- Label Studio, for the long tests: a program of its own, in an environment of its own
LABEL_STUDIO_FOLDER="$CACHE/label-studio-$LABEL_STUDIO_VERSION"
LABEL_STUDIO="$LABEL_STUDIO_FOLDER/bin/label-studio"
install_label_studio() {
  # Made in its place, not aside: an environment knows its own path. The mark says that it is whole.
  "$UV" venv --quiet --clear --python ">=3.10,<3.14" "$LABEL_STUDIO_FOLDER" &&
    "$UV" pip install --python "$LABEL_STUDIO_FOLDER/bin/python" "label-studio==$LABEL_STUDIO_VERSION" && touch "$LABEL_STUDIO_FOLDER/.complete"
}
if [ "$REAL" = yes ] && [ ! -f "$LABEL_STUDIO_FOLDER/.complete" ]; then
  slow label-studio "installing Label Studio $LABEL_STUDIO_VERSION for the long tests (uv)" install_label_studio ||
    fail "Label Studio could not be installed: look at $LOGS/label-studio.log, see that PyPI can be reached, and run this again."
fi
[ -f "$LABEL_STUDIO_FOLDER/.complete" ] || LABEL_STUDIO=""

# --- schemathesis, for the long tests: an environment of its own
if [ "$REAL" = yes ]; then
  slow schemathesis "making the Python environment of schemathesis for the long tests (uv sync)" \
    env -u UV_PROJECT_ENVIRONMENT "$UV" sync --project test/schemathesis --frozen ||
    fail "schemathesis could not be installed: look at $LOGS/schemathesis.log, see that Python 3.11 or later and PyPI can be reached, and run this again."
fi

# --- Triton, for the long tests: the server of the wheel nvidia-pytriton, which has the Python backend alone; onnxruntime is for that
TRITON_FOLDER="$CACHE/triton-pytriton-$PYTRITON_VERSION-onnxruntime-$TRITON_ONNXRUNTIME_VERSION"
TRITON="$TRITON_FOLDER/bin/triton"
install_triton() {
  local python="$TRITON_FOLDER/bin/python" version site server libraries
  "$UV" venv --quiet --clear --python ">=3.10,<3.14" "$TRITON_FOLDER" &&
    "$UV" pip install --python "$python" --no-deps "nvidia-pytriton==$PYTRITON_VERSION" &&
    "$UV" pip install --python "$python" "onnxruntime==$TRITON_ONNXRUNTIME_VERSION" "numpy<2" || return 1
  version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
  site="$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
  server="$site/pytriton/tritonserver"
  libraries="$site/nvidia_pytriton.libs:$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("LIBDIR"))')"
  cp "$server/python_backend_stubs/$version/triton_python_backend_stub" "$server/backends/python/" || return 1
  cat >"$TRITON" <<END
#!/bin/sh
# tritonserver with its libraries and the Python of its backend.
PATH="$TRITON_FOLDER/bin:\$PATH" PYTHONPATH="$site" LD_LIBRARY_PATH="$libraries"
export PATH PYTHONPATH LD_LIBRARY_PATH
exec "$server/bin/tritonserver" --backend-directory="$server/backends" "\$@"
END
  chmod +x "$TRITON"
  [[ "$("$TRITON" --help 2>&1 || true)" == *--model-control-mode* ]] || { "$TRITON" --help; return 1; }
  # Its stub is linked with libpython: a Python without the shared library does not do.
  if LD_LIBRARY_PATH="$libraries" ldd "$server/backends/python/triton_python_backend_stub" | grep "not found"; then return 1; fi
  touch "$TRITON_FOLDER/.complete"
}
if [ "$REAL" = yes ] && [ ! -f "$TRITON_FOLDER/.complete" ]; then
  if [ "$(uname -s)" = Linux ] && [ "$(uname -m)" = x86_64 ]; then
    slow triton "installing Triton (nvidia-pytriton $PYTRITON_VERSION) for the long tests (uv)" install_triton ||
      fail "Triton could not be installed: look at $LOGS/triton.log, see that PyPI can be reached, and run this again."
  else
    say "Triton has no build for $(uname -s) on $(uname -m): its long tests will fail here"
  fi
fi
[ -f "$TRITON_FOLDER/.complete" ] || TRITON=""

ACTVERSE_FOUND="$TEMPORAL|$FFMPEG|$FFPROBE|$UV|$PYTHON_ENV|$PYTHON_ENV/bin/python|$CHROMIUM|$LABEL_STUDIO|$TRITON|$READERS" node -e '
  const [temporal, ffmpeg, ffprobe, uv, python_env, python, chromium, label_studio, triton, readers] = process.env.ACTVERSE_FOUND.split("|");
  const text = JSON.stringify({ temporal, ffmpeg, ffprobe, uv, python_env, python, chromium: chromium || null, label_studio: label_studio || null, triton: triton || null, readers: readers || null }, null, 2) + "\n";
  const { readFileSync, writeFileSync, renameSync, existsSync } = require("node:fs");
  const file = ".actverse/env.json";
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) { writeFileSync(file + ".new", text); renameSync(file + ".new", file); }'
say "ready ($SECONDS s)"
