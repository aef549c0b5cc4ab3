/**
 * `npm run conformance`: checks whether an object store and a queue service give the guarantees that Bronze relies on.
 *
 * `S3_ENDPOINT`, `SQS_ENDPOINT`: URL of the service, or `aws` for AWS itself. If only one is set, only that service is
 * checked; if neither is, Bronze's own local endpoint is. `S3_BUCKET`: an existing bucket; default: a new one.
 * Credentials and region come from the environment, as the AWS SDK reads them.
 */
import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { AwsEndpoint } from '@bronze/emulators/aws-endpoint/aws-endpoint';
import { runChecks, tableOf, type Verdict } from './checks.ts';
import { s3Checks } from './s3-checks.ts';
import { sqsChecks } from './sqs-checks.ts';

const { S3_ENDPOINT, SQS_ENDPOINT, S3_BUCKET } = process.env;

function configOf(url: string) {
  return url === 'aws' ? {} : { endpoint: url };
}

async function checkS3(client: S3Client, bucket: string | undefined): Promise<Verdict[]> {
  const name = bucket ?? `bronze-conformance-${randomUUID()}`;
  if (bucket === undefined) await client.send(new CreateBucketCommand({ Bucket: name }));
  return runChecks('S3', s3Checks(client, name));
}

async function checkOwn(): Promise<Verdict[]> {
  const endpoint = await AwsEndpoint.start();
  try {
    const s3 = await checkS3(new S3Client(endpoint.client_config), undefined);
    return [...s3, ...(await runChecks('SQS', sqsChecks(new SQSClient(endpoint.client_config))))];
  } finally {
    await endpoint.close();
  }
}

async function checkNamed(): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  if (S3_ENDPOINT) {
    const forcePathStyle = S3_ENDPOINT !== 'aws';
    verdicts.push(...(await checkS3(new S3Client({ ...configOf(S3_ENDPOINT), forcePathStyle }), S3_BUCKET)));
  }
  if (SQS_ENDPOINT) verdicts.push(...(await runChecks('SQS', sqsChecks(new SQSClient(configOf(SQS_ENDPOINT))))));
  return verdicts;
}

const verdicts = await (S3_ENDPOINT || SQS_ENDPOINT ? checkNamed() : checkOwn());
const failed = verdicts.filter(({ problem }) => problem !== undefined).length;
console.log(tableOf(verdicts));
console.log(`\n${verdicts.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
