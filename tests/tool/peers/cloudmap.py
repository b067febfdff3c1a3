"""A namespace, a service and three instances: made, discovered, taken away. Prints what it saw."""
import json

import boto3
from botocore.config import Config

client = boto3.client("servicediscovery", config=Config(inject_host_prefix=False))
ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]

operation = client.create_http_namespace(Name="shop")["OperationId"]
done = client.get_operation(OperationId=operation)["Operation"]
namespace = done["Targets"]["NAMESPACE"]
service = client.create_service(Name="api", NamespaceId=namespace, HealthCheckCustomConfig={})["Service"]["Id"]
for number, zone in enumerate(ZONES):
    attributes = {
        "AWS_INSTANCE_IPV4": f"10.0.0.{number}",
        "AWS_INSTANCE_PORT": "50051",
        "AVAILABILITY_ZONE": zone,
    }
    client.register_instance(ServiceId=service, InstanceId=f"i-{number}", Attributes=attributes)


def discovered(**further):
    answer = client.discover_instances(NamespaceName="shop", ServiceName="api", **further)
    keep = ("InstanceId", "NamespaceName", "ServiceName", "HealthStatus", "Attributes")
    found = [{name: instance[name] for name in keep} for instance in answer["Instances"]]
    return sorted(found, key=lambda instance: instance["InstanceId"])


def revision():
    return client.discover_instances_revision(NamespaceName="shop", ServiceName="api")["InstancesRevision"]


seen = {
    "operation": [done["Status"], done["Type"]],
    "namespaces": [n["Name"] for n in client.list_namespaces()["Namespaces"] if n["Id"] == namespace],
    "namespace": [client.get_namespace(Id=namespace)["Namespace"][key] for key in ("Name", "Type")],
    "service": client.get_service(Id=service)["Service"]["Name"],
    "listed": sorted(i["Id"] for i in client.list_instances(ServiceId=service)["Instances"]),
    "instance": client.get_instance(ServiceId=service, InstanceId="i-1")["Instance"]["Attributes"],
    "all": discovered(),
    "in one zone": discovered(QueryParameters={"AVAILABILITY_ZONE": "eu-west-1b"}),
    "in no zone": discovered(QueryParameters={"AVAILABILITY_ZONE": "eu-west-1z"}),
}
before = revision()
client.update_instance_custom_health_status(ServiceId=service, InstanceId="i-0", Status="UNHEALTHY")
seen["health leaves the revision"] = revision() == before
seen["healthy"] = discovered(HealthStatus="HEALTHY")
client.deregister_instance(ServiceId=service, InstanceId="i-0")
seen["leaving changes the revision"] = revision() != before
seen["left"] = [instance["InstanceId"] for instance in discovered()]
print(json.dumps(seen, sort_keys=True))
