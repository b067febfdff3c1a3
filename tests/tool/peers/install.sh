#!/bin/sh
# Installs what tests run beside the tool, unless it is there: install.sh FOLDER python|node|chromium
# Whoever asks for the same at the same time waits. `.ci/run` asks while the tests compile, and each test for itself.
set -eu

folder=$1/$2
mkdir -p "$folder"
exec 9>"$folder.lock"
flock 9

case $2 in
python)
    packages="boto3 awscli moto[server] hdrhistogram jsonschema grpcio-health-checking dnspython"
    install() {
        python3 -m venv --clear "$folder"
        "$folder/bin/pip" install --quiet $packages
    }
    ;;
node)
    packages="@aws-sdk/client-sts @aws-sdk/client-s3 hdr-histogram-js"
    install() {
        echo '{"private": true, "type": "module"}' >"$folder/package.json"
        npm install --no-audit --no-fund --prefix "$folder" $packages
    }
    ;;
chromium)
    packages=chromium
    install() {
        [ -x /usr/bin/chromium ] && return
        apt-get update && apt-get install -y --no-install-recommends chromium && return
        echo "the tests of pages need Chromium at /usr/bin/chromium; as root they install it themselves" >&2
        return 1
    }
    ;;
esac

if [ "$(cat "$folder/installed" 2>/dev/null)" != "$packages" ]; then
    # Not for the installer's own children, one of which may stay.
    install </dev/null 9>&-
    echo "$packages" >"$folder/installed"
fi
