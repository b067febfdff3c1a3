# The lab's metadata at the IPv6 address alone, where only SDKs look for it that are told the mode.
# Runs in a network namespace of its own. $0: the tool; $1: a folder for what is found.
set -eu
ip link set lo up
ip addr add fd00:ec2::254/128 dev lo
cd "$1"
"$0" lab --quiet --scenario fast --bind fd00:ec2::254 --imds-port 80 > exports &
lab=$!
trap 'kill $lab; wait $lab' EXIT
until [ -s exports ]; do kill -0 $lab; done
export AWS_REGION=eu-west-1 AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6
"$0" imds --concurrency 1 -n 5 --quiet --format json > imds.json
"$0" doctor --format json > by_variable.json || true

unset AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE
printf '[default]\nec2_metadata_service_endpoint_mode = IPv6\n' > config
AWS_CONFIG_FILE=$PWD/config "$0" doctor --format json > by_profile.json || true
