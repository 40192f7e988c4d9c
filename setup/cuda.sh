#!/bin/sh
# Compiles for NVIDIA cards. `cuda.sh build FOLDER` puts `saring-cuda` into FOLDER; `cuda.sh with COMMAND...` runs a command
# with everything set that a CUDA build and its tests need; `cuda.sh features` says with which features it builds.
#
# CUDA_HOME            an installed CUDA toolkit; without it one is looked for, and without any, wheels take its place
# CUDA_WHEELS          13.0 or 13.2: which wheels; what the driver here understands unless set
# CUDA_COMPUTE_CAP     80 unless set: runs on every card from capability 8.0 upward. From 90 upward: on that kind of card alone
# CUDA_FLASH           1: with flash attention, whose kernels take long to compile; git fetches NVIDIA's CUTLASS headers for them
# CUDAFORGE_THREADS    how many kernels are compiled at once; all processors unless set
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}/cuda

# The toolkits that cudarc, which candle reaches CUDA through, has bindings for.
oldest=12.0
newest=13.4

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

# `at_least FOUND NEEDED`: compares dotted versions.
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# The newest CUDA that the driver of this machine understands; nothing where there is no driver.
driver_cuda() {
    nvidia-smi 2>/dev/null | sed -n 's/.*CUDA[A-Z ]* Version: *\([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' | head -n 1
}

nvcc_version() {
    "$1/bin/nvcc" --version 2>/dev/null | sed -n 's/.*release \([0-9][0-9.]*\),.*/\1/p'
}

# The folder of an installed toolkit that can be used; nothing if there is none.
installed_toolkit() {
    if [ -n "${CUDA_HOME:-}" ]; then
        [ -x "$CUDA_HOME/bin/nvcc" ] || die "CUDA_HOME is $CUDA_HOME, and there is no bin/nvcc in it." \
            "  Set it to a CUDA toolkit, or unset it: the compiler then comes as Python packages."
        echo "$CUDA_HOME"
        return
    fi
    beside_nvcc=
    if nvcc=$(command -v nvcc); then
        beside_nvcc=$(dirname "$(dirname "$(readlink -f "$nvcc")")")
    fi
    for home in $beside_nvcc /usr/local/cuda /opt/cuda; do
        [ -x "$home/bin/nvcc" ] || continue
        version=$(nvcc_version "$home")
        if at_least "$version" "$oldest" && at_least "$newest" "$version"; then
            echo "$home"
            return
        fi
        echo "The CUDA toolkit in $home is version $version; $oldest to $newest can be used, so it is passed over." >&2
    done
}

# The parts of a toolkit that are needed, as the Python registry has them: compiler, headers, libraries to link with.
wheels() {
    case "$1" in
    13.2)
        echo nvidia-cuda-nvcc==13.2.86 nvidia-nvvm==13.2.86 nvidia-cuda-crt==13.2.86 nvidia-cuda-runtime==13.2.86 \
            nvidia-cuda-nvrtc==13.2.86 nvidia-cuda-cccl==13.2.86 nvidia-cublas==13.4.1.3 nvidia-curand==10.4.2.55
        ;;
    13.0)
        echo nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88 nvidia-cuda-runtime==13.0.96 \
            nvidia-cuda-nvrtc==13.0.88 nvidia-cuda-cccl==13.0.85 nvidia-cublas==13.1.0.3 nvidia-curand==10.4.0.35
        ;;
    esac
}

# Kernels are embedded as PTX, which a driver refuses that is older than the compiler. So: the newest it understands.
wheels_version() {
    driver=$(driver_cuda)
    if [ -n "${CUDA_WHEELS:-}" ]; then
        [ -n "$(wheels "$CUDA_WHEELS")" ] || die "CUDA_WHEELS is $CUDA_WHEELS; 13.0 and 13.2 are known."
        echo "$CUDA_WHEELS"
    elif [ -z "$driver" ] || at_least "$driver" 13.2; then
        echo 13.2
    elif at_least "$driver" 13.0; then
        echo 13.0
    else
        die "The NVIDIA driver here understands CUDA up to $driver; 13.0 is needed, which is driver 580 or newer." \
            "  Update the driver, or install a CUDA toolkit from $oldest to $driver and set CUDA_HOME to it."
    fi
}

# Makes a CUDA_HOME in .setup, once, and says where.
toolkit_from_wheels() {
    version=$(wheels_version)
    place=$PWD/.setup/cuda-$version
    if [ ! -e "$place/ready" ]; then
        echo "Installing CUDA $version's compiler and libraries into .setup (about 1 GB)" >&2
        rm -rf "$place"
        python3 -m venv "$place"
        # shellcheck disable=SC2046 # a list of words is meant
        "$place/bin/python" -m pip install --quiet --no-deps --only-binary :all: $(wheels "$version") >&2
        set -- "$place"/lib/python3*/site-packages/nvidia/cu13
        ln -s "$1" "$place/home"
        complete_toolkit "$place/home"
        touch "$place/ready"
    fi
    echo "$place/home"
}

# What the wheels lack: libraries under the names that a linker asks for, and something to link in the driver's place.
complete_toolkit() {
    for library in "$1"/lib/lib*.so.*; do
        name=$(basename "$library")
        ln -sf "$name" "$1/lib/${name%%.so.*}.so"
    done
    # Never loaded: at run time `libcuda.so.1` is the driver's own.
    mkdir -p "$1/lib/stubs"
    grep -ohE '\bcu[A-Z][A-Za-z0-9_]*' "$1/include/cuda.h" | sort -u |
        sed 's/.*/int &(void) { return 999; }/' >"$1/lib/stubs/driver.c"
    cc -w -shared -fPIC -Wl,-soname,libcuda.so.1 -o "$1/lib/stubs/libcuda.so" "$1/lib/stubs/driver.c"
}

# Where the toolkit's libraries lie; they have other places in other installations.
library_folder() {
    for folder in "$1/lib64" "$1/lib" "$1/targets/$(uname -m)-linux/lib" "$1/lib/$(uname -m)-linux-gnu"; do
        if [ -e "$folder/libcublas.so" ]; then
            echo "$folder"
            return
        fi
    done
    die "There is no libcublas.so in the CUDA toolkit $1. Install its development libraries (cublas, curand, nvrtc)."
}

set_up() {
    command -v g++ >/dev/null || [ -n "${NVCC_CCBIN:-}" ] ||
        die "CUDA's compiler needs a C++ compiler beside it, and there is no g++. (Debian, Ubuntu: apt-get install g++)"
    home=$(installed_toolkit)
    [ -n "$home" ] || home=$(toolkit_from_wheels)
    version=$(nvcc_version "$home")
    driver=$(driver_cuda)
    if [ -n "$driver" ] && ! at_least "$driver" "$version"; then
        die "The CUDA toolkit in $home is $version, and the driver here understands CUDA up to $driver only." \
            "  What it compiles would not start. Update the driver, or set CUDA_HOME to a toolkit up to $driver."
    fi
    libraries=$(library_folder "$home")

    export CUDA_HOME="$home" NVCC="$home/bin/nvcc" PATH="$home/bin:$PATH"
    export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    export CUDA_COMPUTE_CAP="${CUDA_COMPUTE_CAP:-80}"
    # What flash attention's build fetches stays in the repository too.
    export CUDAFORGE_HOME="${CUDAFORGE_HOME:-$PWD/.setup/cudaforge}"
    export CUDAFORGE_THREADS="${CUDAFORGE_THREADS:-$(getconf _NPROCESSORS_ONLN)}"
    # The kernels for quantised weights are compiled for one generation of cards; with PTX beside, later ones run them too.
    if [ "$CUDA_COMPUTE_CAP" -lt 90 ]; then
        capability=compute_$CUDA_COMPUTE_CAP
        export NVCC_APPEND_FLAGS="-gencode=arch=$capability,code=$capability${NVCC_APPEND_FLAGS:+ $NVCC_APPEND_FLAGS}"
    fi
    echo "CUDA $version from $home, for compute capability $CUDA_COMPUTE_CAP" >&2
}

# What is built: the package's features.
features() {
    case "${CUDA_FLASH:-}" in
    '' | 0) echo cuda ;;
    1)
        command -v git >/dev/null || die "CUDA_FLASH needs git, and there is none. (Debian, Ubuntu: apt-get install git)"
        echo flash-attn
        ;;
    *) die "CUDA_FLASH is $CUDA_FLASH; 0 and 1 are known." ;;
    esac
}

# rustup installs here and asks for a new shell, which is easily forgotten.
export PATH="$PATH:$HOME/.cargo/bin"

[ "$(uname -s)" = Linux ] || die "This script is for Linux. docs/gpu.md says what to do elsewhere."
case "${1:-}" in
build)
    folder=${2:?"cuda.sh build FOLDER"}
    features=$(features)
    set_up
    # The program finds the toolkit's libraries where they were when it was built.
    cargo rustc --locked --package saring --bin saring --features "$features" --target-dir "$target" -- \
        -C "link-arg=-Wl,-rpath,$libraries"
    mkdir -p "$folder"
    # By renaming, since the old one may be running.
    cp "$target/debug/saring" "$folder/saring-cuda.new"
    mv "$folder/saring-cuda.new" "$folder/saring-cuda"
    echo "$folder/saring-cuda is built; the window and the command line take it when it starts. Check: $folder/saring doctor"
    ;;
with)
    shift
    set_up
    exec "$@"
    ;;
features)
    features
    ;;
*)
    die "cuda.sh build FOLDER | cuda.sh with COMMAND... | cuda.sh features"
    ;;
esac
