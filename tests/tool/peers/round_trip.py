import boto3

session = boto3.Session()
identity = session.client("sts").get_caller_identity()
assert identity["Arn"].startswith("arn:aws:sts::"), identity

s3 = session.client("s3")
region = session.region_name
s3.create_bucket(Bucket="peers", CreateBucketConfiguration={"LocationConstraint": region})
s3.put_object(Bucket="peers", Key="a/b c", Body=b"hello")
assert s3.get_object(Bucket="peers", Key="a/b c")["Body"].read() == b"hello"
assert s3.head_object(Bucket="peers", Key="a/b c")["ContentLength"] == 5
assert [o["Key"] for o in s3.list_objects_v2(Bucket="peers")["Contents"]] == ["a/b c"]
assert "peers" in [b["Name"] for b in s3.list_buckets()["Buckets"]]
s3.delete_object(Bucket="peers", Key="a/b c")
assert s3.list_objects_v2(Bucket="peers")["KeyCount"] == 0
print("round trip ok")
