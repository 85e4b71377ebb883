#!/bin/bash
# Installs Debian's packages of the real peers that tests/scenarios and tests/differential start.
# Never fails: a test whose peer is missing is skipped, and the skip names the package.
set -u
packages="chromium curl kamailio kamailio-tls-modules sip-tester baresip linphone-cli sipsak tshark nsd openssl postgresql mariadb-server freeradius neovim"
packages="$packages memcached slapd libldap2-dev libsasl2-dev"

# Where they did not come from Debian, they do: its npm would fight with them.
command -v node >/dev/null && command -v npm >/dev/null || packages="$packages nodejs npm"

missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "peers: not installed (needs root and apt):$missing; the tests that use them are skipped"
    exit 0
fi

# Packages that start a service on installation would take port 5060 from the machine.
policy=/usr/sbin/policy-rc.d
[ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && trap 'rm -f "$policy"' EXIT; }
export DEBIAN_FRONTEND=noninteractive
apt-get -q update || echo "peers: apt-get update failed, trying the lists at hand"
# shellcheck disable=SC2086
apt-get -q install -y --no-install-recommends $missing ||
    for package in $missing; do
        apt-get -q install -y --no-install-recommends "$package" ||
            echo "peers: $package could not be installed; the tests that use it are skipped"
    done
exit 0
