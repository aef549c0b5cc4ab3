/**
 * What each function calls in AWS, recorded at the local endpoint. The functions share a process, so each request carries the
 * name of the function whose invocation made it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { AwsEndpoint } from '@bronze/emulators/aws-endpoint/aws-endpoint';
import type { AwsCall, AwsRequest } from '@bronze/emulators/aws-endpoint/protocol';

/** One call in the words of a policy. */
export interface RecordedCall {
  /** `extractor` */
  readonly role: string;
  /** `s3:PutObject` */
  readonly action: string;
  /** Bucket and key, or name of a queue, secret or table: `shop-bronze/data/bronze/…`, `table/aws-ecom-pipeline/orders`. */
  readonly resource: string;
  /** That a bucket is listed by. */
  readonly prefix?: string;
}

const HEADER = 'x-bronze-function';
const running = new AsyncLocalStorage<string>();

function mark(message: unknown): void {
  const name = running.getStore();
  if (name !== undefined) (message as { request: ClientRequest }).request.setHeader(HEADER, name);
}

/** Actions that a policy names otherwise than the API; the others have the API's name. */
const POLICY_ACTIONS: Readonly<Record<string, string>> = {
  's3:ListObjectsV2': 's3:ListBucket',
  's3:HeadBucket': 's3:ListBucket',
  's3:HeadObject': 's3:GetObject',
  'sqs:SendMessageBatch': 'sqs:SendMessage',
  'sqs:DeleteMessageBatch': 'sqs:DeleteMessage',
  'sqs:ChangeMessageVisibilityBatch': 'sqs:ChangeMessageVisibility',
};

export class CallRecorder {
  readonly #calls = new Map<string, RecordedCall>();

  /** Records what functions call from now on, until `stop`. */
  constructor(endpoint: AwsEndpoint) {
    endpoint.observe = (call, request) => this.#record(call, request);
    subscribe('http.client.request.created', mark);
  }

  /** Each call once. */
  get calls(): readonly RecordedCall[] {
    return [...this.#calls.values()];
  }

  stop(): void {
    unsubscribe('http.client.request.created', mark);
  }

  /** The function, recorded under this name. */
  under<Arguments extends unknown[], Answer>(
    name: string,
    handler: (...values: Arguments) => Promise<Answer>,
  ): (...values: Arguments) => Promise<Answer> {
    return (...values) => running.run(name, () => handler(...values));
  }

  #record({ service, action, name }: AwsCall, { headers, path, query }: AwsRequest): void {
    const role = headers[HEADER];
    // What has no role is the test's own, or the event source's.
    if (typeof role !== 'string') return;
    const asked = `${service}:${action}`;
    const bucket = path.split('/')[1] ?? '';
    const resource = service === 's3' ? `${bucket}${name === '' ? '' : `/${name}`}` : name;
    if (service === 'glue') return this.#addGlue(role, asked, name);
    const prefix = query.get('prefix');
    this.#add({ role, action: POLICY_ACTIONS[asked] ?? asked, resource, ...(prefix !== null && { prefix }) });
    // Without the right to list, S3 answers 403 and not 404 for a key that does not exist.
    if (asked === 's3:GetObject') this.#add({ role, action: 's3:ListBucket', resource: bucket, prefix: name });
  }

  /** Glue asks for the right on the catalog, the database and the table. @param name `aws-ecom-pipeline.orders` */
  #addGlue(role: string, action: string, name: string): void {
    const [database = '', ...table] = name.split('.');
    for (const resource of ['catalog', `database/${database}`, `table/${database}/${table.join('.')}`])
      this.#add({ role, action, resource });
  }

  #add(call: RecordedCall): void {
    this.#calls.set(JSON.stringify(call), call);
  }
}
