# A name server that takes its time. Runs in namespaces of its own, of the network and of mounts.
# $0: the tool; $1: a folder for what is found; $2: seconds before an answer.
set -eu
cd "$1"
ip link set lo up
echo 'nameserver 127.0.0.1' > resolv.conf
mount --bind resolv.conf /etc/resolv.conf
cat > server.py <<'PY'
import socket, struct, sys, threading, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("127.0.0.1", 53))
print("ready", flush=True)
def answer(query, client):
    time.sleep(float(sys.argv[1]))
    end = query.index(b"\0", 12) + 5
    question = query[12:end]
    is_a = question[-4:-2] == b"\0\1"
    records = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" if is_a else b""
    head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, int(is_a), 0, 0)
    sock.sendto(head + question + records, client)
while True:
    query, client = sock.recvfrom(4096)
    threading.Thread(target=answer, args=(query, client), daemon=True).start()
PY
python3 server.py "$2" > ready &
server=$!
trap 'kill $server' EXIT
until [ -s ready ]; do kill -0 $server; sleep 0.02; done
export AWS_REGION=eu-west-1 AWS_EC2_METADATA_DISABLED=true
export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=not-a-secret
"$0" doctor --format json > doctor.json || true
