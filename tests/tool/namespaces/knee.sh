# The lab's metadata where every SDK looks for it, behind a kernel that passes 1,024 packets per second.
# Runs in a network namespace of its own. $0: the tool; $1: a folder for what is found.
set -eu
ip link set lo up
ip addr add 169.254.169.254/32 dev lo
cd "$1"
"$0" lab --quiet --scenario fast --bind 169.254.169.254 --imds-port 80 > exports &
lab=$!
trap 'kill $lab; wait $lab' EXIT
until [ -s exports ]; do kill -0 $lab; sleep 0.02; done
export AWS_REGION=eu-west-1

to_metadata="INPUT -d 169.254.169.254 -p tcp --dport 80"
iptables -A $to_metadata -j ACCEPT
"$0" imds --concurrency 1 -n 50 --warmup 0 --quiet --format json > unlimited.json
iptables -vnxL INPUT | awk '$3 == "ACCEPT" {print $1; exit}' > packets
iptables -F INPUT

iptables -A $to_metadata -m hashlimit --hashlimit-name metadata --hashlimit-upto 1024/sec --hashlimit-burst 64 -j ACCEPT
iptables -A $to_metadata -j DROP
"$0" imds --concurrency --format json > limited.json 2> notes
