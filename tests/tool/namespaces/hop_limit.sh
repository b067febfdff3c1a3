# A container on a node: metadata on one side of a router, its client on the other.
# $0: the tool; $1: a folder for what is found; $2: the hop limit.
set -eu
cd "$1"
node=acb-node-$$ router=acb-router-$$ client=acb-client-$$
lab=
clean_up() {
    [ -z "$lab" ] || { kill $lab; wait $lab || true; }
    for space in $node $router $client; do ip netns del $space || true; done
}
trap clean_up EXIT
for space in $node $router $client; do
    ip netns add $space
    ip -n $space link set lo up
done
ip link add a-$$ netns $node type veth peer name b-$$ netns $router
ip link add c-$$ netns $router type veth peer name d-$$ netns $client
ip -n $node addr add 169.254.169.254/32 dev lo
ip -n $node addr add 10.91.1.1/24 dev a-$$
ip -n $router addr add 10.91.1.2/24 dev b-$$
ip -n $router addr add 10.91.2.2/24 dev c-$$
ip -n $client addr add 10.91.2.1/24 dev d-$$
ip -n $node link set a-$$ up
ip -n $router link set b-$$ up
ip -n $router link set c-$$ up
ip -n $client link set d-$$ up
ip netns exec $router sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
ip -n $router route add 169.254.169.254/32 via 10.91.1.1
ip -n $node route add 10.91.2.0/24 via 10.91.1.2
ip -n $client route add 169.254.169.254/32 via 10.91.2.2

printf '[imds]\nhop_limit = %s\n' "$2" > scenario.toml
ip netns exec $node "$0" lab --quiet --scenario scenario.toml --bind 169.254.169.254 --imds-port 80 > exports &
lab=$!
until [ -s exports ]; do kill -0 $lab; sleep 0.02; done
export AWS_REGION=eu-west-1 AWS_ENDPOINT_URL_STS=http://10.91.2.1:1
ip netns exec $client "$0" doctor --format json > doctor.json || true
ip netns exec $client "$0" imds --concurrency 1 -n 5 --quiet --format json > imds.json 2> imds.errors || true
