"""What dnspython sees of the lab's own service: addresses, servers with ports, and names that are not there."""
import json
import sys

import dns.resolver

resolver = dns.resolver.Resolver(configure=False)
resolver.nameservers = ["127.0.0.1"]
resolver.port = int(sys.argv[1])
name = "server.grpc.demo"
servers = resolver.resolve(name, "SRV")
further = {record.name.to_text(): record[0].address for record in servers.response.additional}


def missing(name):
    try:
        resolver.resolve(name, "A")
    except dns.resolver.NXDOMAIN:
        return True
    return False


print(
    json.dumps(
        {
            "addresses": [record.address for record in resolver.resolve(name, "A")],
            "ttl": resolver.resolve(name, "A").rrset.ttl,
            "targets": sorted(record.target.to_text() for record in servers),
            "ports": len({record.port for record in servers}),
            "additional": sorted(further) == sorted(record.target.to_text() for record in servers),
            "missing": missing("nothing.grpc.demo"),
        }
    )
)
