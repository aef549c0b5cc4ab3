import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { QueueDatabase } from '@bronze/common/adapters/local/local-queue';
import { refuseStrangers } from './callers.ts';
import { type Fault, type FaultPlan, NO_FAULTS } from './faults.ts';
import { GlueService } from './glue-service.ts';
import { type AwsCall, AwsRefusal, type AwsReply, type AwsRequest, type AwsService, targetOf } from './protocol.ts';
import { type OpenBucket, S3Service } from './s3-service.ts';
import { SecretsService } from './secrets-service.ts';
import { SqsService } from './sqs-service.ts';

export interface AwsEndpointOptions {
  /** Default: any free port. */
  readonly port?: number;
  /** Opens the store that holds a new bucket's objects. Default: in memory. */
  readonly openBucket?: OpenBucket;
  /** Holds all queues; closed with the endpoint. Default: in memory. */
  readonly queues?: QueueDatabase;
  /** Secret values by name or ARN. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Names of the databases in Glue's catalog. */
  readonly databases?: readonly string[];
}

const BODY_BYTES_MAX = 512 * 1024 * 1024;

/**
 * S3, SQS, Secrets Manager and Glue on one port of 127.0.0.1, built on the stores and queues that the local pipeline uses.
 * It authenticates nobody, and answers no web page (`callers.ts`). It refuses anything that it does not implement with
 * 501 rather than ignoring it.
 */
export class AwsEndpoint {
  readonly url: string;
  /** The faults to inject; may be replaced at any time. */
  faults: FaultPlan = NO_FAULTS;
  /** Sees each call before it is carried out. */
  observe: (call: AwsCall, request: AwsRequest) => void = () => undefined;
  readonly #server: Server;
  readonly #queues: QueueDatabase;
  readonly #s3: S3Service;
  readonly #sqs: SqsService;
  readonly #secrets: SecretsService;
  readonly #glue: GlueService;

  private constructor(server: Server, options: AwsEndpointOptions) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#queues = options.queues ?? new QueueDatabase({ path: ':memory:', now_ms: Date.now, newId: randomUUID });
    this.#s3 = new S3Service(options.openBucket);
    this.#sqs = new SqsService(this.#queues, (call) => this.faults(call));
    this.#secrets = new SecretsService(options.secrets ?? {});
    this.#glue = new GlueService(options.databases ?? []);
    server.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
      this.#answer(incoming, response).catch(() => response.destroy());
    });
  }

  static async start(options: AwsEndpointOptions = {}): Promise<AwsEndpoint> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    return new AwsEndpoint(server, options);
  }

  /** The environment variables that AWS SDKs need to call this endpoint instead of AWS. */
  get environment() {
    return {
      AWS_ENDPOINT_URL: this.url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    } as const;
  }

  /** The same, as the configuration of one client of the AWS SDK for JavaScript. */
  get client_config() {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    return { endpoint: this.url, region: 'us-east-1', credentials } as const;
  }

  createBucket(name: string): Promise<void> {
    return this.#s3.createBucket(name);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    this.#queues.close();
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const request = await readRequest(incoming, gone.signal);
    const service = this.#serviceOf(request);
    const { answer, fault } = await this.#carryOut(service, request);
    if (fault === 'drop') {
      response.destroy();
      return;
    }
    const { status, headers, body } = answer;
    response.writeHead(status, { 'x-amzn-requestid': randomUUID(), 'content-length': body.length, ...headers });
    response.end(incoming.method === 'HEAD' ? undefined : body);
  }

  #serviceOf(request: AwsRequest): AwsService {
    const target = targetOf(request);
    if (target.startsWith('AmazonSQS.')) return this.#sqs;
    if (target.startsWith('AWSGlue.')) return this.#glue;
    return target.startsWith('secretsmanager.') ? this.#secrets : this.#s3;
  }

  async #carryOut(service: AwsService, request: AwsRequest): Promise<{ answer: AwsReply; fault: Fault | undefined }> {
    let fault: Fault | undefined;
    try {
      refuseStrangers(request.headers);
      const call = service.callOf(request);
      this.observe(call, request);
      fault = this.faults(call);
      refuseOn(fault, call, request);
      return { answer: await service.handle(request, call), fault };
    } catch (thrown) {
      return { answer: service.refuse(toRefusal(thrown), request), fault };
    }
  }
}

async function readRequest(incoming: IncomingMessage, signal: AbortSignal): Promise<AwsRequest> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new RangeError('the body is larger than this endpoint accepts');
    chunks.push(chunk);
  }
  // Not parsed by URL, which would resolve `..`, a valid part of a key.
  const [path = '/', query = ''] = (incoming.url ?? '/').split('?', 2);
  const { method = 'GET', headers } = incoming;
  return { method, path, query: new URLSearchParams(query), headers, body: Buffer.concat(chunks), signal };
}

function refuseOn(fault: Fault | undefined, { service, action }: AwsCall, { headers }: AwsRequest): void {
  if (fault === 'unavailable') throw new AwsRefusal(503, service === 's3' ? 'SlowDown' : 'ServiceUnavailable');
  if (fault === 'denied') throw new AwsRefusal(403, service === 's3' ? 'AccessDenied' : 'AccessDeniedException');
  const isConditional = headers['if-match'] !== undefined || headers['if-none-match'] !== undefined;
  if (fault === 'conflict' && action === 'PutObject' && isConditional) {
    throw new AwsRefusal(409, 'ConditionalRequestConflict');
  }
}

/** Keys that a folder can't hold throw RangeError, bad percent-encoding URIError, bad JSON SyntaxError. */
function toRefusal(thrown: unknown): AwsRefusal {
  if (thrown instanceof AwsRefusal) return thrown;
  if (thrown instanceof RangeError || thrown instanceof URIError || thrown instanceof SyntaxError) {
    return new AwsRefusal(400, 'InvalidArgument', thrown.message);
  }
  return new AwsRefusal(500, 'InternalError', thrown instanceof Error ? thrown.message : String(thrown));
}
