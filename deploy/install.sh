# For ./up and ./check: what a bare Debian machine with Rust lacks. Read with `.`, not run.

say() {
  printf '\033[1m• %s\033[0m\n' "$*"
}

# install_packages build|test...: installs the packages of these lists that are missing.
install_packages() {
  local list missing=() package
  for list in "$@"; do
    case "$list" in
      build) set -- gcc g++ make perl pkg-config libssl-dev curl ;;
      test) set -- maven openjdk-17-jre-headless chromium chromium-driver postgresql-client zstd ;;
    esac
    for package in "$@"; do
      has_package "$package" || missing+=("$package")
    done
  done
  [ ${#missing[@]} -eq 0 ] && return
  say "installing ${missing[*]}"
  local root=()
  [ "$(id -u)" = 0 ] || root=(sudo)
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# What a program or header already gives need not come from a package.
has_package() {
  case "$1" in
    openjdk-17-jre-headless) command -v java >/dev/null ;;
    maven) command -v mvn >/dev/null ;;
    chromium-driver) command -v chromedriver >/dev/null ;;
    postgresql-client) command -v psql >/dev/null ;;
    pkg-config) command -v pkg-config >/dev/null ;;
    libssl-dev) pkg-config --exists openssl 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}
