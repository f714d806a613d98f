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
      build) set -- ca-certificates curl g++ gcc libc6-dev libssl-dev make pkg-config ;;
      # Kafka comes by Maven and runs on Java, S3 by pip on Python; the console's tests drive a browser;
      # those of SQL run psql, a Java source, which takes a whole JDK, and Python.
      test) set -- chromium chromium-driver default-jdk-headless maven openssl postgresql-client python3-venv zstd ;;
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

# Kafka runs on Java 17 or newer.
has_java() {
  local version
  version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
  [ "${version:-0}" -ge 17 ]
}
