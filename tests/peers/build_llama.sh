#!/bin/sh
# Builds llama.cpp for this machine: build_llama.sh FOLDER PYTHON. Its sources come with a Python package, so that one version is
# pinned and nothing else has to be reached. Leaves llama-server, llama-bench and llama-quantize in FOLDER/llama.cpp/bin.
set -eu

package=llama-cpp-python
version=0.3.36
folder=$1
python=$2
stamp=$folder/llama.cpp/version

[ "$(cat "$stamp" 2>/dev/null)" != "$version" ] || exit 0
for tool in cmake make c++; do
    if ! command -v "$tool" >/dev/null; then
        echo "llama.cpp needs $tool to be built. On Debian and Ubuntu: apt-get install build-essential cmake" >&2
        exit 1
    fi
done

mkdir -p "$folder"
rm -rf "$folder/llama.cpp" "$folder/sdist"
mkdir "$folder/sdist"
"$python" -m pip download --quiet --no-deps --no-binary "$package" --dest "$folder/sdist" "$package==$version"
tar -xzf "$folder"/sdist/*.tar.gz -C "$folder/sdist"
mkdir "$folder/llama.cpp"
mv "$folder"/sdist/*/vendor/llama.cpp "$folder/llama.cpp/source"
rm -rf "$folder/sdist"

cmake -S "$folder/llama.cpp/source" -B "$folder/llama.cpp/build" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DBUILD_SHARED_LIBS=OFF \
    -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF
nice -n 10 make -C "$folder/llama.cpp/build" -j"$(nproc)" llama-server llama-bench llama-quantize
mkdir "$folder/llama.cpp/bin"
for program in llama-server llama-bench llama-quantize; do
    mv "$folder/llama.cpp/build/bin/$program" "$folder/llama.cpp/bin/"
done
rm -rf "$folder/llama.cpp/build"
echo "$version" >"$stamp"
