import type { PlantedBug } from './planted-bug.ts';

const CONNECTIONS = 'services/extractor/src/postgres/connections.ts';
const OUTAGE = 'services/extractor/src/postgres/outage.ts';

/** Mistakes in how many connections a source gets, who gets them, and how long they are waited for. */
export const CONNECTION_BUGS: readonly PlantedBug[] = [
  {
    name: 'a permit is given back before its connection is closed',
    edits: [
      {
        file: CONNECTIONS,
        find: '          await session.close();',
        put: '          void session.close().catch(() => undefined);',
      },
    ],
  },
  {
    name: 'an attempt that failed keeps its permit',
    edits: [
      {
        file: CONNECTIONS,
        find: '          this.#permits.giveBack();\n          throw thrown;',
        put: '          throw thrown;',
      },
    ],
  },
  {
    name: 'log-ins are tried together before one has succeeded',
    edits: [{ file: CONNECTIONS, find: 'new Permits(1)', put: 'new Permits(2)' }],
  },
  {
    name: 'a refused log-in is tried again',
    edits: [{ file: CONNECTIONS, find: 'this.#refusal = failure;', put: 'this.#refusal = undefined;' }],
  },
  {
    name: 'what waits for a connection does not see the stop',
    edits: [{ file: CONNECTIONS, find: 'if (!deadline?.isNear()) continue;', put: 'continue;' }],
  },
  {
    name: 'a server with too many connections is waited for as if it were away',
    edits: [{ file: CONNECTIONS, find: ' && this.#connected > 0)', put: ' && this.#connected > 9)' }],
  },
  {
    name: 'an outage goes on after a success',
    edits: [{ file: OUTAGE, find: '    this.#now = undefined;', put: '' }],
  },
];
