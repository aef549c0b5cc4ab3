import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';

/** What happens to a call: an error by its name, such as `ThrottlingException`; or it works and its answer is lost. */
export type DynamoFault = 'lost answer' | `${string}Exception` | 'RequestLimitExceeded';

/** DynamoDB's API on one port of 127.0.0.1, by dynalite, whose tables are in this process's memory. */
export class DynamoEndpoint {
  readonly url: string;
  /** By action, what happens to its next calls: `{ PutItem: ['lost answer'] }`. */
  faults: Record<string, DynamoFault[]> = {};
  /** Called before each call is answered. */
  before: (action: string) => Promise<void> = async () => undefined;
  /** The actions that were called, `PutItem`, in order. */
  readonly calls: string[] = [];
  readonly #server: Server;
  readonly #dynalite: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.#dynalite = dynalite({ createTableMs: 0 });
    server.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
      this.#answer(incoming, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<DynamoEndpoint> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new DynamoEndpoint(server);
  }

  /** The configuration of a client of the AWS SDK for JavaScript. */
  get client_config() {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    return { endpoint: this.url, region: 'us-east-1', credentials } as const;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    // `DynamoDB_20120810.PutItem`
    const action = String(incoming.headers['x-amz-target']).split('.')[1] ?? '';
    this.calls.push(action);
    await this.before(action);
    const fault = this.faults[action]?.shift();
    if (fault === 'lost answer') {
      response.end = () => response.destroy();
    } else if (fault !== undefined) {
      incoming.resume();
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${fault}`, message: 'simulated' }));
      return;
    }
    this.#dynalite.emit('request', incoming, response);
  }
}
