import { playCases } from './play-cases.ts';

await playCases('rest-', { concurrent: true });
