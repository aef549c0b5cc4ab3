import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { History, Version, Written } from './history.ts';
import { IDS_OF_WRITER, type Operation, type Shape, type Transaction, WRITERS } from './schedule.ts';

/** What the writers know about the loads, because some transactions must outlast some of them. */
export interface LoadsDone {
  readonly count: () => number;
  /** Whether no more loads will come. */
  readonly isOver: () => boolean;
}

export interface Writing {
  readonly client: pg.Client;
  readonly history: History;
  readonly table: string;
  readonly shape: Shape;
  readonly loads: LoadsDone;
  /** Prefix of the names of this writer's prepared transactions. */
  readonly name: string;
}

/** Above every row id: a statement reserves this many version numbers and adds each row's id to the first. */
export const VERSIONS = (WRITERS + 1) * IDS_OF_WRITER;

/** How often a transaction that waits for loads checks again. */
const CHECK_INTERVAL_MS = 3;

/** Runs a writer's transactions one after another. One that fails (deadlock, conflict) is rolled back and ignored. */
export async function runWriter(writing: Writing, transactions: readonly Transaction[]): Promise<void> {
  for (const [index, transaction] of transactions.entries()) {
    await sleep(transaction.pause_ms);
    await new RunningTransaction(writing, `${writing.name}_${index}`).run(transaction);
  }
}

class RunningTransaction {
  readonly #writing: Writing;
  readonly #name: string;
  readonly #written: Written;
  #savepoints = 0;

  constructor(writing: Writing, name: string) {
    this.#writing = writing;
    this.#name = name;
    this.#written = writing.history.begin();
  }

  async run({ isolation, operations, end, prepared_ms }: Transaction): Promise<void> {
    const { client, history } = this.#writing;
    let isPrepared = false;
    try {
      await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
      this.#written.versions = await this.#perform(operations);
      if (end === 'commit' || end === 'rollback') {
        const { command } = await client.query(end);
        return history.end(this.#written, command === 'COMMIT' ? 'committed' : 'rolled_back');
      }
      await client.query(`PREPARE TRANSACTION '${this.#name}'`);
      isPrepared = true;
      await sleep(prepared_ms);
      const isKept = end === 'prepare_and_commit';
      await client.query(`${isKept ? 'COMMIT' : 'ROLLBACK'} PREPARED '${this.#name}'`);
      history.end(this.#written, isKept ? 'committed' : 'rolled_back');
    } catch (thrown) {
      if (isPrepared || Reflect.get(Object(thrown), 'severity') !== 'ERROR') throw thrown;
      await client.query('ROLLBACK');
      history.end(this.#written, 'rolled_back');
    }
  }

  /** @returns the versions that remain if everything around them commits */
  async #perform(operations: readonly Operation[]): Promise<Version[]> {
    const versions: Version[] = [];
    for (const operation of operations) versions.push(...(await this.#one(operation)));
    return versions;
  }

  async #one(operation: Operation): Promise<Version[]> {
    const { client, table, loads } = this.#writing;
    switch (operation.kind) {
      case 'insert':
      case 'update':
      case 'tie':
      case 'delete':
        return this.#change(operation);
      case 'savepoint':
        return this.#savepoint(operation);
      case 'exception_block':
        return this.#exceptionBlock(operation);
      case 'read':
        await client.query(`SELECT count(*) FROM ${table}`);
        return [];
      case 'take_id':
        await this.#writes('SELECT pg_current_xact_id()');
        return [];
      case 'sleep':
        await client.query(`SELECT pg_sleep(${operation.ms / 1000})`);
        return [];
      case 'outlast_loads': {
        const last = loads.count() + operation.loads;
        while (loads.count() < last && !loads.isOver()) await sleep(CHECK_INTERVAL_MS);
        return [];
      }
      default:
        return operation satisfies never;
    }
  }

  async #change(operation: Extract<Operation, { kind: 'insert' | 'update' | 'tie' | 'delete' }>): Promise<Version[]> {
    const { history, table, shape } = this.#writing;
    if (operation.kind === 'delete') {
      await this.#writes(`DELETE FROM ${table} WHERE id IN (${operation.ids.join(', ')})`);
      return [];
    }
    const at = timestampSql(operation);
    // A soft delete sets only `deleted_at`, not `updated_at`.
    const isSoft = shape === 'two_cursors' && operation.kind === 'update' && operation.ids.length % 2 === 1;
    const set =
      operation.clock === 'null'
        ? 'updated_at = NULL, deleted_at = NULL'
        : `${isSoft ? 'deleted_at' : 'updated_at'} = ${at}`;
    const ids = operation.kind === 'tie' ? [] : operation.ids;
    const first = history.reserve(VERSIONS);
    const values = ids.map((id) => `(${id}, ${first + id}, ${at})`).join(', ');
    const where = operation.kind === 'tie' ? `id % ${operation.modulus} = 0` : `id IN (${ids.join(', ')})`;
    const sql =
      operation.kind === 'insert'
        ? `INSERT INTO ${table} (id, version, updated_at) VALUES ${values}`
        : `UPDATE ${table} SET version = ${first} + id, ${set} WHERE ${where}`;
    const rows = await this.#writes(`${sql} RETURNING version`);
    const is_null = operation.clock === 'null';
    const is_true = operation.clock === 'now' || operation.clock === 'clock';
    return rows.map((row) => ({ version: Number(row['version']), is_null, is_true }));
  }

  async #savepoint(operation: Extract<Operation, { kind: 'savepoint' }>): Promise<Version[]> {
    const { client } = this.#writing;
    this.#savepoints += 1;
    const name = `s${this.#savepoints}`;
    await client.query(`SAVEPOINT ${name}`);
    try {
      const versions = await this.#perform(operation.operations);
      const isKept = operation.end === 'release';
      await client.query(`${isKept ? 'RELEASE' : 'ROLLBACK TO'} ${name}`);
      return isKept ? versions : [];
    } catch (thrown) {
      // After a unique violation the transaction continues from the savepoint; any other error ends it.
      if (Reflect.get(Object(thrown), 'code') !== '23505') throw thrown;
      await client.query(`ROLLBACK TO ${name}`);
      return [];
    }
  }

  async #exceptionBlock({
    ids,
    failing,
    handled,
  }: Extract<Operation, { kind: 'exception_block' }>): Promise<Version[]> {
    const { history, table } = this.#writing;
    const first = history.reserve(ids.length + 2);
    const row = (id: number, index: number) => `(${id}, ${first + index}, now())`;
    const insert = `INSERT INTO ${table} (id, version, updated_at) VALUES`;
    await this.#writes(`DO $$ BEGIN
      ${insert} ${ids.map(row).join(', ')};
      BEGIN
        ${insert} ${row(failing, ids.length)};
        RAISE EXCEPTION 'planned';
      EXCEPTION WHEN raise_exception THEN
        ${insert} ${row(handled, ids.length + 1)};
      END;
    END $$`);
    const kept = [...ids.map((_, index) => first + index), first + ids.length + 1];
    return kept.map((version) => ({ version, is_null: false, is_true: true }));
  }

  /** Runs a statement that writes; at the latest from then on, the transaction has an id. */
  async #writes(sql: string): Promise<Record<string, string>[]> {
    this.#written.wrote ??= this.#writing.history.tick();
    const { rows } = await this.#writing.client.query<Record<string, string>>(sql);
    return rows;
  }
}

function timestampSql({ clock, skew_ms }: Extract<Operation, { kind: 'insert' | 'update' | 'tie' }>): string {
  switch (clock) {
    case 'now':
      return 'now()';
    case 'clock':
      return 'clock_timestamp()';
    case 'null':
      return 'NULL';
    case 'skewed':
      return `now() + interval '${skew_ms} milliseconds'`;
    default:
      return clock satisfies never;
  }
}
