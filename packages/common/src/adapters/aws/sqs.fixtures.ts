import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AwsEndpoint } from '@bronze/emulators/aws-endpoint/aws-endpoint';
import { onTestFinished } from 'vitest';

/** A queue and its dead-letter queue, on an endpoint of their own. */
export async function openQueues(attributes: Readonly<Record<string, string>> = {}) {
  const endpoint = await AwsEndpoint.start();
  onTestFinished(() => endpoint.close());
  const client = new SQSClient(endpoint.client_config);
  const create = async (QueueName: string, Attributes: Readonly<Record<string, string>>) =>
    (await client.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? '';
  const dead_url = await create('extract-dlq', {});
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:extract-dlq',
    maxReceiveCount: 2,
  });
  const url = await create('extract', { RedrivePolicy, ...attributes });
  const receive = async (QueueUrl: string, VisibilityTimeout = 30) => {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      VisibilityTimeout,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
    });
    return (await client.send(command)).Messages ?? [];
  };
  const counts = async (QueueUrl: string) => {
    const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    return [
      Number(Attributes?.ApproximateNumberOfMessages),
      Number(Attributes?.ApproximateNumberOfMessagesNotVisible),
      Number(Attributes?.ApproximateNumberOfMessagesDelayed),
    ];
  };
  return { endpoint, client, url, dead_url, receive, counts };
}
