import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { S3Client, CreateBucketCommand, PutObjectCommand, GetObjectCommand } from "@aws-sdk/client-s3";
import assert from "node:assert";

const sts = new STSClient({});
const identity = await sts.send(new GetCallerIdentityCommand({}));
assert.match(identity.Arn, /^arn:aws:sts::/);

// Credentials are cached per client: hand over the ones that this process already has.
const s3 = new S3Client({ credentials: sts.config.credentials, forcePathStyle: true });
await s3.send(new CreateBucketCommand({ Bucket: "peers" }));
await s3.send(new PutObjectCommand({ Bucket: "peers", Key: "k", Body: "hello" }));
const object = await s3.send(new GetObjectCommand({ Bucket: "peers", Key: "k" }));
assert.equal(await object.Body.transformToString(), "hello");
console.log("round trip ok");
