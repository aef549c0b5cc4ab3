import type { IncomingHttpHeaders } from 'node:http';

export interface AwsRequest {
  readonly method: string;
  /** As it came: percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** With the transfer's framing still in it, if there is any. */
  readonly body: Buffer;
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal;
}

export interface AwsReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One call, as faults are planned for it. */
export interface AwsCall {
  readonly service: 's3' | 'sqs' | 'secretsmanager';
  /** `PutObject`, `ReceiveMessage`, … */
  readonly action: string;
  /** Key of the object, name of the queue or the secret; empty when there is none. */
  readonly name: string;
}

/** What the service answers instead of doing what it was asked. */
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

/** Services of the JSON protocol name the call in one header: `AmazonSQS.SendMessage`. */
export function targetOf(request: AwsRequest): string {
  const target = request.headers['x-amz-target'];
  return typeof target === 'string' ? target : '';
}

export function jsonReply(value: object): AwsReply {
  return reply(200, { 'content-type': 'application/x-amz-json-1.0' }, Buffer.from(JSON.stringify(value)));
}

/** @param namespace of the error's type; SQS has one, Secrets Manager none */
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
