#!/bin/sh
# Makes sure of the system packages. `system.sh build` for what compiling and running need, `system.sh test` for the
# virtual display and the WebDriver too. Debian and Ubuntu: installs what is missing, and only that. Elsewhere: says
# precisely what to install, and fails only if it is not there.
set -eu

build_debian="build-essential pkg-config libgtk-3-dev libwebkit2gtk-4.1-dev libsoup-3.0-dev librsvg2-dev"
test_debian="webkit2gtk-driver xvfb xauth dbus dbus-x11 fonts-noto-core at-spi2-core imagemagick strace"

purpose=${1:?"system.sh build|test"}
case $purpose in
build) debian=$build_debian ;;
test) debian="$build_debian $test_debian" ;;
*)
    echo "system.sh build|test" >&2
    exit 2
    ;;
esac

on_debian() {
    missing=
    for package in $debian; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$status" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0

    sudo=
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "These system packages are missing and there is no sudo. As root, run:" >&2
            echo "  apt-get update && apt-get install -y$missing" >&2
            exit 1
        fi
        sudo=sudo
    fi
    echo "Installing system packages:$missing"
    # A fresh machine has no package lists, or old ones.
    $sudo apt-get update -q || echo "apt-get update failed; trying with the package lists that are here" >&2
    # shellcheck disable=SC2086 # a list of words is meant
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
}

# What the build asks pkg-config for.
libraries_are_there() {
    command -v cc >/dev/null && command -v pkg-config >/dev/null &&
        pkg-config --exists gtk+-3.0 webkit2gtk-4.1 libsoup-3.0 librsvg-2.0
}

# What only the tests start.
test_programs_are_there() {
    for program in WebKitWebDriver Xvfb xvfb-run xauth dbus-run-session strace; do
        command -v "$program" >/dev/null || return 1
    done
}

elsewhere_on_linux() {
    case "$1" in
    *fedora* | *rhel*)
        build="sudo dnf install gcc gcc-c++ make pkgconf-pkg-config gtk3-devel webkit2gtk4.1-devel libsoup3-devel librsvg2-devel"
        test="sudo dnf install /usr/bin/WebKitWebDriver xorg-x11-server-Xvfb xorg-x11-xauth dbus-daemon google-noto-sans-fonts at-spi2-core ImageMagick strace"
        ;;
    *arch*)
        build="sudo pacman -S --needed base-devel gtk3 webkit2gtk-4.1 libsoup3 librsvg"
        test="sudo pacman -S --needed xorg-server-xvfb xorg-xauth dbus noto-fonts at-spi2-core imagemagick strace"
        ;;
    *suse*)
        build="sudo zypper install gcc gcc-c++ make pkg-config gtk3-devel webkit2gtk3-devel libsoup-devel librsvg-devel"
        test="sudo zypper install xvfb-run xauth dbus-1 google-noto-sans-fonts at-spi2-core ImageMagick strace"
        ;;
    *)
        build="a C compiler, make, pkg-config and the development files of GTK 3, WebKitGTK 4.1, libsoup 3 and librsvg"
        test="WebKitWebDriver, Xvfb with xvfb-run, xauth, dbus, Noto fonts, at-spi2-core, ImageMagick and strace"
        ;;
    esac
    if ! libraries_are_there; then
        echo "Libraries for the window are missing. Install them, then run make again:" >&2
        echo "  $build" >&2
        exit 1
    fi
    if [ "$purpose" = test ] && ! test_programs_are_there; then
        echo "Programs for the tests are missing. Install them, then run make again:" >&2
        echo "  $test" >&2
        exit 1
    fi
}

case "$(uname -s)" in
Linux)
    distribution=unknown
    if [ -r /etc/os-release ]; then
        # shellcheck source=/dev/null
        distribution=$(. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}")
    fi
    case "$distribution" in
    *debian* | *ubuntu*) on_debian ;;
    *) elsewhere_on_linux "$distribution" ;;
    esac
    ;;
Darwin)
    if ! xcode-select -p >/dev/null 2>&1; then
        echo "The command line tools are missing. Install them, then run make again:" >&2
        echo "  xcode-select --install" >&2
        exit 1
    fi
    if [ "$purpose" = test ]; then
        echo "On macOS the tests that drive the real window are left out: there is no WebDriver for it."
    fi
    ;;
MINGW* | MSYS* | CYGWIN*)
    echo "On Windows these are needed:"
    echo "  Microsoft C++ Build Tools with 'Desktop development with C++':  winget install Microsoft.VisualStudio.2022.BuildTools"
    echo "  WebView2 (part of Windows 10 1803 and newer):                   winget install Microsoft.EdgeWebView2Runtime"
    ;;
*)
    echo "This system is not one that was tried. Needed: a C compiler, make, pkg-config, GTK 3 and WebKitGTK 4.1." >&2
    ;;
esac
