# A machine far from EC2: packets to metadata vanish on their way out, and so does everything else; or, with
# "unreachable", there is no way out at all.
# $0: the tool; $1: a folder for what is found; $2: "vanishing" or "unreachable".
set -eu
cd "$1"
ip link set lo up
if [ "$2" = vanishing ]; then
    # Without ARP everything goes to nobody in particular, who is not at the other end.
    ip link add out type veth peer name nowhere
    ip addr add 192.168.77.2/24 dev out
    ip link set nowhere up
    ip link set out arp off
    ip link set out up
    ip route add default dev out
fi
export AWS_REGION=eu-west-1
"$0" doctor --format json > doctor.json || true
"$0" doctor --details > doctor.txt || true
