# For ./up, ./check and .ci/run: what a bare Debian machine with Rust lacks. Read with `.`, not run.

# Rust's own installer puts cargo here, and a shell that was open before does not know.
command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/twinstream/target}"

say() {
  printf '\033[1m• %s\033[0m\n' "$*"
}

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# took SECONDS: "12 s", "3 min 5 s".
took() {
  if [ "$1" -lt 60 ]; then echo "$1 s"; else echo "$(($1 / 60)) min $(($1 % 60)) s"; fi
}

# install_packages build|test...: installs the packages of these lists that are missing.
install_packages() {
  local list missing=() package root=()
  command -v cargo >/dev/null || fail "Rust is missing: see https://rustup.rs"
  for list in "$@"; do
    case "$list" in
      # librdkafka is compiled from its source, and speaks TLS by the system's OpenSSL.
      # The library that runs models comes by pip.
      build) set -- ca-certificates curl g++ gcc libc6-dev libssl-dev make pkg-config python3-venv ;;
      # Kafka comes by Maven and runs on Java, S3 by pip on Python; the console's tests drive a browser;
      # those of SQL run psql, a Java source, which takes a whole JDK, and Python.
      test) set -- chromium chromium-driver default-jdk-headless maven openssl postgresql-client zstd ;;
    esac
    for package in "$@"; do
      has_package "$package" || missing+=("$package")
    done
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || fail "missing, and no apt-get to install it: ${missing[*]}"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "missing; install as root: apt-get install ${missing[*]}"
    root=(sudo)
  fi
  say "installing ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { "${root[@]}" apt-get update -qq && "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    cat "$log" >&2
    fail "these packages could not be installed: ${missing[*]}"
  fi
  rm -f "$log"
}

# What a program or header already gives need not come from a package.
has_package() {
  case "$1" in
    ca-certificates) [ -s "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" ] ;;
    chromium-driver) command -v chromedriver >/dev/null ;;
    default-jdk-headless) has_java && java --list-modules 2>/dev/null | grep -q '^jdk.compiler' ;;
    libc6-dev) [ -e /usr/include/stdlib.h ] ;;
    libssl-dev) pkg-config --exists openssl 2>/dev/null ;;
    maven) command -v mvn >/dev/null ;;
    postgresql-client) command -v psql >/dev/null ;;
    python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

# The library that runs models comes in a wheel of PyPI: version and checksum pinned, fetched once, kept in the
# cache. Without it the program works, and says of its models that they are not computable.
install_onnx_runtime() {
  local version=1.32.0 platform sum folder library draft
  folder="${XDG_CACHE_HOME:-$HOME/.cache}/twinstream/onnxruntime"
  library="libonnxruntime.so.$version"
  case "$(uname -m)" in
    x86_64)
      platform=manylinux_2_28_x86_64
      sum=6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f
      ;;
    aarch64)
      platform=manylinux_2_28_aarch64
      sum=49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a
      ;;
    *)
      say "no ONNX Runtime is known for $(uname -m): what models say is not computable"
      return
      ;;
  esac
  if [ -f "$folder/$library" ] && echo "$sum  $folder/$library" | sha256sum --check --status; then return; fi
  say "fetching ONNX Runtime $version"
  mkdir -p "$folder"
  draft=$(mktemp -d "$folder/draft.XXXXXX")
  python3 -m venv "$draft/venv"
  "$draft/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --platform "$platform" --implementation cp --python-version 3.11 --dest "$draft" "onnxruntime==$version"
  python3 -m zipfile -e "$draft"/onnxruntime-*.whl "$draft"
  echo "$sum  $draft/onnxruntime/capi/$library" | sha256sum --check --quiet \
    || fail "ONNX Runtime $version is not what was expected: its checksum is another"
  mv -f "$draft/onnxruntime/capi/$library" "$folder/$library"
  rm -rf "$draft"
}

# Kafka runs on Java 17 or newer.
has_java() {
  local version
  version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
  [ "${version:-0}" -ge 17 ]
}
