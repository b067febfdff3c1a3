"""Third-party gRPC health servers, one for each zone, registered in Cloud Map; runs until stdin closes.

With a certificate and its key as arguments the servers speak TLS."""
import sys
from concurrent import futures

import boto3
import grpc
from botocore.config import Config
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

client = boto3.client("servicediscovery", config=Config(inject_host_prefix=False))
client.create_http_namespace(Name="peers")
namespaces = client.list_namespaces()["Namespaces"]
namespace = next(n["Id"] for n in namespaces if n["Name"] == "peers")
service = client.create_service(Name="health", NamespaceId=namespace)["Service"]["Id"]
servers = []
for zone in "abc":
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    servicer = health.HealthServicer()
    servicer.set("shop", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    if len(sys.argv) == 3:
        certificate, key = (open(path, "rb").read() for path in sys.argv[1:])
        credentials = grpc.ssl_server_credentials([(key, certificate)])
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    servers.append(server)
    attributes = {
        "AWS_INSTANCE_IPV4": "127.0.0.1",
        "AWS_INSTANCE_PORT": str(port),
        "AVAILABILITY_ZONE": f"eu-west-1{zone}",
    }
    client.register_instance(ServiceId=service, InstanceId=f"python-{zone}", Attributes=attributes)
print("ready", flush=True)
sys.stdin.read()
