#!/usr/bin/env bash
# Sees to it that the browser tests have a Chromium that Playwright can launch.
#
#   tests/install_browser.sh PYTHON    find or install one (PYTHON: a Python that has Playwright)
#   tests/install_browser.sh --find    print the system's browser; fail if Playwright's own is meant
#
# A system browser comes first, then one Playwright has downloaded already. Only then is anything
# installed: Debian's package where we have the rights, else Playwright's download. Ubuntu's
# chromium packages only bring in a snap, which cannot see files in /tmp, so they are passed over.
set -euo pipefail

find_system_browser() {
  local name path
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    path=$(command -v "$name") || continue
    if ! is_snap "$path" && "$path" --version >/dev/null 2>&1; then
      echo "$path"
      return
    fi
  done
  return 1
}

is_snap() {
  case $(readlink -f "$1") in
    /snap/* | */bin/snap) return 0 ;;
  esac
  head -c 4096 "$1" | grep -aq /snap/bin
}

# Launches what the tests will launch: the system's browser, or Playwright's own where there is none.
launches() {
  BROWSER_PATH=$(find_system_browser || true) "$PYTHON" - <<'PY'
import os
from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=os.environ["BROWSER_PATH"] or None)
    print(f"browser: Chromium {browser.version} ({os.environ['BROWSER_PATH'] or 'from Playwright'})")
    browser.close()
PY
}

# Runs a command as root; fails without a question where that is not allowed.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_be_root() {
  [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

is_debian() {
  [ -r /etc/os-release ] && (. /etc/os-release && [ "${ID:-}" = debian ])
}

install_debian_package() {
  as_root apt-get update -q &&
    as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -q --no-install-recommends chromium fonts-liberation
}

install_playwright_browser() {
  if may_be_root && "$PYTHON" -m playwright install --with-deps chromium; then return; fi
  "$PYTHON" -m playwright install chromium
}

say_what_to_run() {
  {
    echo "No Chromium for the browser tests could be installed or launched (see above)."
    if is_debian; then
      echo "Run:  sudo apt-get update && sudo apt-get install -y chromium"
    else
      echo "Run:  $PYTHON -m playwright install chromium"
      echo "and:  sudo $PYTHON -m playwright install-deps chromium"
    fi
    echo "then make test again."
  } >&2
}

main() {
  if launches 2>/dev/null; then return; fi
  if is_debian && may_be_root && install_debian_package && launches; then return; fi
  if install_playwright_browser && launches; then return; fi
  say_what_to_run
  return 1
}

case ${1:-} in
  --find) find_system_browser ;;
  "") echo "usage: $0 PYTHON | --find" >&2; exit 2 ;;
  *) PYTHON=$1; main ;;
esac
