// Two clients, one after the other, whose credentials come from the profile that AWS_PROFILE names.
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";

for (let i = 0; i < 2; i++) {
  const identity = await new STSClient({}).send(new GetCallerIdentityCommand({}));
  console.log(identity.Arn);
}
