import type { IncomingHttpHeaders } from 'node:http';

export interface AwsRequest {
  readonly method: string;
  /** As received: percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Still with its `aws-chunked` framing, if it has any. */
  readonly body: Buffer;
  /** Aborts when the caller closes the connection. */
  readonly signal: AbortSignal;
}

export interface AwsReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One call, as a fault plan sees it. */
export interface AwsCall {
  readonly service: 's3' | 'sqs' | 'secretsmanager' | 'glue';
  /** `PutObject`, `ReceiveMessage`, … */
  readonly action: string;
  /** Key of the object, or name of the queue, the secret or the table; empty if there is none. */
  readonly name: string;
}

/** An error that the service answers with, by HTTP status and AWS error code. */
export class AwsRefusal extends Error {
  override readonly name = 'AwsRefusal';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message = code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface AwsService {
  callOf(request: AwsRequest): AwsCall;
  handle(request: AwsRequest, call: AwsCall): Promise<AwsReply>;
  refuse(refusal: AwsRefusal, request: AwsRequest): AwsReply;
}

/** The call that a request of the JSON protocol names in a header, `AmazonSQS.SendMessage`; empty for S3. */
export function targetOf(request: AwsRequest): string {
  const target = request.headers['x-amz-target'];
  return typeof target === 'string' ? target : '';
}

export function jsonReply(value: object): AwsReply {
  return reply(200, { 'content-type': 'application/x-amz-json-1.0' }, Buffer.from(JSON.stringify(value)));
}

/** @param namespace prefix of the error's type; SQS has one, Secrets Manager doesn't */
export function jsonRefusal({ status, code, message }: AwsRefusal, namespace: string): AwsReply {
  const body = Buffer.from(JSON.stringify({ __type: namespace + code, message }));
  return reply(status, { 'content-type': 'application/x-amz-json-1.0' }, body);
}

export function reply(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: Buffer = Buffer.alloc(0),
): AwsReply {
  return { status, headers, body };
}
