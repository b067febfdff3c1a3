"""Signs the requests of a file with botocore, each at its own time, and prints what came out."""

import datetime
import json
import sys
from unittest import mock

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def sign(vector):
    credentials = Credentials(KEY_ID, SECRET, vector.get("session_token"))
    place = (credentials, vector["service"], vector["region"])
    s3 = vector["service"] == "s3"
    if vector.get("kind") == "presign":
        expires = vector.get("expires_s", 3600)
        auth = (S3SigV4QueryAuth if s3 else SigV4QueryAuth)(*place, expires=expires)
    else:
        auth = (S3SigV4Auth if s3 else SigV4Auth)(*place)
    request = AWSRequest(
        method=vector["method"],
        url=vector["url"],
        headers=vector.get("headers", {}),
        data=vector.get("payload", "").encode(),
    )
    signed = not vector.get("unsigned_payload", False)
    request.context["client_config"] = Config(s3={"payload_signing_enabled": signed})
    now = datetime.datetime.fromisoformat(vector["time"].replace("Z", "+00:00"))
    with mock.patch("botocore.auth.get_current_datetime", lambda *a, **k: now.replace(tzinfo=None)):
        auth.add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    return {"name": vector["name"], "url": request.url, "headers": headers}


with open(sys.argv[1], encoding="utf-8") as file:
    print(json.dumps([sign(vector) for vector in json.load(file)]))
