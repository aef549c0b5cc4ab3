import { afterAll } from 'vitest';
import { stopOwnServer } from './own-server.ts';
import { playCases } from './play-cases.ts';

afterAll(stopOwnServer);
await playCases('pg-');
