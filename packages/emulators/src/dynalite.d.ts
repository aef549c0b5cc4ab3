/** Only what Bronze uses: a server of DynamoDB's API that keeps its tables in memory. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  export default function dynalite(options: { readonly createTableMs: number }): Server;
}
