# A name server that takes its time, and a service under a name of its. Runs in namespaces of its own, of the network
# and of mounts. $0: the tool; $1: a folder for what is found; $2: seconds before a name is told.
set -eu
cd "$1"
ip link set lo up
echo 'nameserver 127.0.0.1' > resolv.conf
mount --bind resolv.conf /etc/resolv.conf
cat > servers.py <<'PY'
import http.server, socket, struct, sys, threading, time
CALLER = b"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>AIDA</UserId><Account>123456789012</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
class Service(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", str(len(CALLER)))
        self.end_headers()
        self.wfile.write(CALLER)
service = http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Service)
threading.Thread(target=service.serve_forever, daemon=True).start()
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("127.0.0.1", 53))
print("ready", flush=True)
def answer(query, client):
    time.sleep(float(sys.argv[1]))
    question = query[12:query.index(b"\0", 12) + 5]
    is_a = question[-4:-2] == b"\0\1"
    records = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\x7f\0\0\1" if is_a else b""
    head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, int(is_a), 0, 0)
    names.sendto(head + question + records, client)
while True:
    query, client = names.recvfrom(4096)
    threading.Thread(target=answer, args=(query, client), daemon=True).start()
PY
python3 servers.py "$2" > ready &
servers=$!
trap 'kill $servers' EXIT
until [ -s ready ]; do kill -0 $servers; sleep 0.02; done
"$0" sts -n 1 --warmup 0 --source env --endpoint-url http://sts.example:8080 --format json
