import { setTimeout as delay } from 'node:timers/promises';
import type { QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import type { FaultPlan } from './faults.ts';
import {
  type AwsCall,
  AwsRefusal,
  type AwsReply,
  type AwsRequest,
  type AwsService,
  jsonRefusal,
  jsonReply,
  targetOf,
} from './protocol.ts';
import { decodeInput, entriesOf, queueNameOf, required, type SqsEntry, type SqsInput } from './sqs-input.ts';
import { md5Of, type SqsMessage, type SqsQueue, SqsQueues } from './sqs-queues.ts';

const MESSAGE_BYTES_MAX = 1024 * 1024;
const POLL_INTERVAL_MS = 20;
const ACCOUNT = '000000000000';

type Action = (input: SqsInput, request: AwsRequest) => object | Promise<object>;

/** SQS's JSON protocol, for standard queues. */
export class SqsService implements AwsService {
  readonly #queues: SqsQueues;
  readonly #faults: FaultPlan;

  constructor(database: QueueDatabase, faults: FaultPlan) {
    this.#queues = new SqsQueues(database);
    this.#faults = faults;
  }

  callOf(request: AwsRequest): AwsCall {
    const action = targetOf(request).split('.')[1] ?? '';
    return { service: 'sqs', action, name: queueNameOf(decodeInput(request.body)) };
  }

  async handle(request: AwsRequest, { action }: AwsCall): Promise<AwsReply> {
    const act = this.#actions[action];
    if (!act) throw new AwsRefusal(501, 'NotImplemented', action);
    return jsonReply(await act(decodeInput(request.body), request));
  }

  refuse(refusal: AwsRefusal): AwsReply {
    return jsonRefusal(refusal, 'com.amazonaws.sqs#');
  }

  readonly #actions: Readonly<Record<string, Action>> = {
    CreateQueue: (input, request) => {
      this.#queues.create(required(input.QueueName, 'QueueName'), input.Attributes ?? {});
      return { QueueUrl: queueUrl(queueNameOf(input), request) };
    },
    DeleteQueue: (input) => nothing(this.#queues.delete(queueNameOf(input))),
    ListQueues: (input, request) => ({
      QueueUrls: this.#queues.names(input.QueueNamePrefix ?? '').map((name) => queueUrl(name, request)),
    }),
    GetQueueUrl: (input, request) => {
      this.#queue(input);
      return { QueueUrl: queueUrl(queueNameOf(input), request) };
    },
    GetQueueAttributes: (input, request) => ({
      Attributes: picked(attributesOf(this.#queue(input), queueArn(queueNameOf(input), request)), input.AttributeNames),
    }),
    SetQueueAttributes: (input) => nothing(this.#queues.change(queueNameOf(input), input.Attributes ?? {})),
    PurgeQueue: (input) => nothing(this.#queue(input).purge()),
    SendMessage: (input) => sent(this.#queue(input), input),
    SendMessageBatch: (input) => this.#sendBatch(input),
    ReceiveMessage: async (input, { signal }) => receive(this.#queue(input), input, signal),
    DeleteMessage: (input) => deleted(this.#queue(input), input),
    DeleteMessageBatch: (input) =>
      eachOf(entriesOf(input), (entry) => {
        this.#maybeFail('DeleteMessageBatchEntry', input);
        return deleted(this.#queue(input), entry);
      }),
    ChangeMessageVisibility: (input) => hidden(this.#queue(input), input),
    ChangeMessageVisibilityBatch: (input) => eachOf(entriesOf(input), (entry) => hidden(this.#queue(input), entry)),
  };

  #queue(input: SqsInput): SqsQueue {
    return this.#queues.open(queueNameOf(input));
  }

  #sendBatch(input: SqsInput): object {
    const queue = this.#queue(input);
    const entries = entriesOf(input);
    const bytes = entries.reduce((sum, entry) => sum + Buffer.byteLength(entry.MessageBody ?? ''), 0);
    if (bytes > MESSAGE_BYTES_MAX) throw new AwsRefusal(400, 'BatchRequestTooLong');
    return eachOf(entries, (entry) => {
      this.#maybeFail('SendMessageBatchEntry', input);
      return sent(queue, entry);
    });
  }

  /** One entry of a batch fails although the batch is answered with 200. */
  #maybeFail(action: 'SendMessageBatchEntry' | 'DeleteMessageBatchEntry', input: SqsInput): void {
    const fault = this.#faults({ service: 'sqs', action, name: queueNameOf(input) });
    if (fault === 'failed') throw new AwsRefusal(500, 'InternalError');
    if (fault === 'rejected') throw new AwsRefusal(400, 'InvalidMessageContents');
  }
}

type Message = Omit<SqsEntry, 'Id'>;

function sent(queue: SqsQueue, { MessageBody, DelaySeconds, MessageGroupId, MessageAttributes }: Message): object {
  const body = required(MessageBody, 'MessageBody');
  if (body === '' || Buffer.byteLength(body) > MESSAGE_BYTES_MAX) throw new AwsRefusal(400, 'InvalidParameterValue');
  // As SQS documents: characters that XML 1.0 allows, so most control characters are refused.
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(body)) {
    throw new AwsRefusal(400, 'InvalidMessageContents');
  }
  if (DelaySeconds !== undefined && (DelaySeconds < 0 || DelaySeconds > 900)) {
    throw new AwsRefusal(400, 'InvalidParameterValue', 'DelaySeconds');
  }
  const sending = { delay_seconds: DelaySeconds, group_id: MessageGroupId, attributes: MessageAttributes };
  return { MessageId: queue.send(body, sending), MD5OfMessageBody: md5Of(body) };
}

function deleted(queue: SqsQueue, { ReceiptHandle }: Message): object {
  return nothing(queue.delete(required(ReceiptHandle, 'ReceiptHandle')));
}

function hidden(queue: SqsQueue, { ReceiptHandle, VisibilityTimeout }: Message): object {
  const seconds = required(VisibilityTimeout, 'VisibilityTimeout');
  return nothing(queue.changeVisibility(required(ReceiptHandle, 'ReceiptHandle'), seconds));
}

/** A batch answers 200 and reports for each entry whether it succeeded. */
function eachOf(entries: readonly SqsEntry[], act: (entry: SqsEntry) => object): object {
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...act(entry) });
    } catch (thrown) {
      if (!(thrown instanceof AwsRefusal)) throw thrown;
      Failed.push({ Id: entry.Id, Code: thrown.code, Message: thrown.message, SenderFault: thrown.status < 500 });
    }
  }
  return { Successful, Failed };
}

async function receive(queue: SqsQueue, input: SqsInput, signal: AbortSignal): Promise<object> {
  const until_ms = Date.now() + 1000 * (input.WaitTimeSeconds ?? queue.wait_seconds);
  for (;;) {
    // A caller that has gone gets nothing: its messages would be hidden from the other consumers in vain.
    if (signal.aborted) return {};
    const messages = queue.receive(input.MaxNumberOfMessages ?? 1, input.VisibilityTimeout);
    if (messages.length > 0) return { Messages: messages.map((message) => asked(message, input)) };
    if (Date.now() >= until_ms) return {};
    await delay(POLL_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
}

function asked(message: SqsMessage, input: SqsInput): SqsMessage {
  const names = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])];
  const MessageAttributes = picked(message.MessageAttributes, input.MessageAttributeNames);
  return { ...message, Attributes: picked(message.Attributes, names), MessageAttributes };
}

function picked<T>(all: Readonly<Record<string, T>>, names: readonly string[] = []): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name)));
}

function attributesOf(queue: SqsQueue, arn: string): Record<string, string> {
  const { visible, in_flight, delayed } = queue.counts();
  return {
    ...queue.attributes,
    QueueArn: arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(in_flight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
  };
}

/** Uses the host that the caller used, which differs from ours behind a forwarded port. */
function queueUrl(name: string, { headers }: AwsRequest): string {
  return `http://${headers.host ?? '127.0.0.1'}/${ACCOUNT}/${name}`;
}

/** In the region that the caller signed the request for. */
function queueArn(name: string, { headers }: AwsRequest): string {
  const region = /Credential=[^/]+\/\d+\/([a-z0-9-]+)\//.exec(headers.authorization ?? '')?.[1] ?? 'us-east-1';
  return `arn:aws:sqs:${region}:${ACCOUNT}:${name}`;
}

function nothing(_done: void): object {
  return {};
}
