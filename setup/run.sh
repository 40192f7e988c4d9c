#!/bin/sh
# Opens the window on a demo workspace with the demo queue in it. Without a display: runs the demo on the command line.
# Usage: run.sh FOLDER-OF-PROGRAMS
set -eu
cd "$(dirname "$0")/.."
programs=$1
workspace=$PWD/demo-workspace

display_is_there() {
    case "$(uname -s)" in
    Linux) [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] ;;
    *) true ;;
    esac
}

if display_is_there; then
    "$programs/saring" --workspace "$workspace" demo --import-only
    SARING_WORKSPACE=$workspace exec "$programs/saring-desktop"
fi
echo "There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set), so the demo runs on the command line."
exec "$programs/saring" --workspace "$workspace" demo
