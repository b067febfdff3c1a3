import datetime
import json
import os
import urllib.request
from unittest import mock

import boto3
import botocore.auth
from botocore.exceptions import ClientError

KEY = os.environ["AWS_ACCESS_KEY_ID"]
SECRET = os.environ["AWS_SECRET_ACCESS_KEY"]
WRONG = "x" * 40


def refusal(service, call, key=KEY, secret=SECRET):
    client = boto3.client(service, aws_access_key_id=key, aws_secret_access_key=secret)
    try:
        call(client)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "accepted"


def who(client):
    client.get_caller_identity()


def buckets(client):
    client.list_buckets()


real = getattr(botocore.auth, "get_current_datetime", None)


def an_hour_ago(*args, **kwargs):
    now = real(*args, **kwargs) if real else datetime.datetime.utcnow()
    return now - datetime.timedelta(hours=1)


if real:
    late = mock.patch("botocore.auth.get_current_datetime", an_hour_ago)
else:
    late = mock.patch("botocore.auth.datetime.datetime", mock.Mock(utcnow=an_hour_ago))

answers = {
    "wrong secret": refusal("sts", who, secret=WRONG),
    "unknown key": refusal("sts", who, key="AKIAUNKNOWNUNKNOWN00"),
    "s3 wrong secret": refusal("s3", buckets, secret=WRONG),
    "s3 unknown key": refusal("s3", buckets, key="AKIAUNKNOWNUNKNOWN00"),
}
# botocore corrects its clock from the answer and tries again; one attempt shows the first answer.
os.environ["AWS_MAX_ATTEMPTS"] = "1"
with late:
    answers["signed an hour ago"] = refusal("sts", who)
    answers["s3 signed an hour ago"] = refusal("s3", buckets)

s3 = boto3.client("s3")
s3.create_bucket(Bucket="signed", CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
s3.put_object(Bucket="signed", Key="k", Body=b"hello")
url = s3.generate_presigned_url("get_object", Params={"Bucket": "signed", "Key": "k"}, ExpiresIn=60)
answers["presigned get"] = urllib.request.urlopen(url).read().decode()
print(json.dumps(answers))
