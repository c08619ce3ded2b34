#!/bin/sh
# Installs what skystackfs needs, with apt-get, on Debian 12 and its kin.
#
#   deps.sh [run|build|test]     default: test, which is everything
#
# What is installed already is left alone; when nothing is missing, apt is not called and nothing is downloaded.
set -eu

fail()
{
    echo "deps.sh: $*" >&2
    exit 1
}

# The program alone: its libraries come with the package or are here from the build.
run='fuse3 ca-certificates'

# To build it, with gcc.
build='gcc libc6-dev meson ninja-build pkg-config libfuse3-dev libcurl4-openssl-dev libcjson-dev libssl-dev libuv1-dev
libsqlite3-dev libncurses-dev libmicrohttpd-dev libgnutls28-dev libinih-dev libsystemd-dev scdoc python3 uthash-dev libcmocka-dev'

# To try it out and to test it.
test='ccache iproute2 clang libclang-rt-dev clang-format clang-tidy cppcheck valgrind shellcheck bats bats-support bats-assert bats-file
jq attr curl openssl xxd procps util-linux mount perl git tmux stress-ng vim nano emacs-nox ed mc moreutils rsync zip
unzip patch nghttp2-proxy nginx-light prometheus systemd systemd-container mandoc man-db zsh fish bash-completion debhelper dpkg-dev fakeroot lintian debootstrap autopkgtest'
# Any node from 18 on will do, from wherever it is.
for package in nodejs:node npm:npm; do
    command -v "${package#*:}" >/dev/null || test="$test ${package%:*}"
done

case "${1:-test}" in
run) wanted=$run ;;
build) wanted="$run $build" ;;
test) wanted="$run $build $test" ;;
*) fail "usage: deps.sh [run|build|test]" ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    fail "there is no apt-get here; install by other means: $(echo "$wanted" | tr '\n' ' ')"
fi

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo "deps.sh: everything is installed"
    exit 0
fi

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    fail "these packages are missing, and only root can install them:$missing"
fi

echo "deps.sh: installing$missing"
apt()
{
    # shellcheck disable=SC2086  # empty, or one word
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}
# Package lists that are there are tried first; fresh ones only where these do not do.
# shellcheck disable=SC2086  # a list of words
apt install --no-install-recommends $missing </dev/null || {
    apt update </dev/null
    apt install --no-install-recommends $missing </dev/null
} || fail "these packages could not be installed:$missing"

# These bring a service each, and the tests want their programs alone.
for package in nginx-light:nginx nghttp2-proxy:nghttpx prometheus:prometheus; do
    case " $missing " in
    *" ${package%:*} "*) $as_root systemctl --quiet disable --now "${package#*:}" 2>/dev/null || true ;;
    esac
done
