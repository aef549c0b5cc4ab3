import type { Checkpoint } from '@bronze/common/load/checkpoint';
import type { LoadRecord } from '@bronze/common/load/load-record';
import type { Receipt } from '@bronze/common/load/receipts';
import { CHECKPOINTS_KEY, type LoadKey, taskNameOfReceipt } from '@bronze/common/load/object-keys';
import type { SliceManifest } from '@bronze/common/load/slice-manifest';
import { partLines, type PartHeader, quarantinedLines } from './lines-engine.ts';

export interface PartFacts {
  readonly key: string;
  readonly header: PartHeader;
  readonly lines: readonly string[];
}

/** Everything durable about one load. */
export interface LoadFacts {
  readonly entity: string;
  readonly load_id: string;
  readonly slices: (SliceManifest | undefined)[];
  readonly batches: Map<string, readonly string[]>;
  readonly receipts: Map<string, Receipt>;
  readonly parts: PartFacts[];
  readonly quarantined: string[];
  record: LoadRecord | undefined;
  /** How often it became a checkpoint's pending load. */
  claims: number;
  /** When its claim, its last slice and its record became durable, in virtual microseconds; `Infinity` before. */
  claimed_us: number;
  staged_us: number;
  decided_us: number;
  readonly sends: SendsOfLoad;
}

/** What was sent for one load, and why. */
export interface SendsOfLoad {
  writes: number;
  continuations: number;
  /** The number of durable writes when it was claimed. */
  claimed_at: number;
  /** Invocations that sent tasks of slices which they found committed. */
  readonly helpers: Set<string>;
  /** Invocations that sent the tasks of the slice which they had staged. */
  readonly handed_over: Set<string>;
  /** Indexes of slices that an invocation staged but another had committed first, once per such invocation. */
  readonly lost_slices: number[];
  /** The number of durable writes when each receipt was written, by task name. */
  readonly receipts_at: Map<string, number>;
}

/** A plan whose requests were sent. */
export interface PlanFacts {
  readonly scheduled_at: string;
  readonly planned: readonly { readonly entity: string; readonly load_id: string }[];
  /** The number of durable writes when its planner began. */
  readonly began: number;
}

/** A durable write, or an attempt at one. */
export type Change =
  | { readonly kind: 'batch' | 'receipt' | 'quarantine'; readonly key: string; readonly load: LoadFacts }
  | { readonly kind: 'manifest'; readonly key: string; readonly load: LoadFacts; readonly manifest: SliceManifest }
  | { readonly kind: 'part'; readonly key: string; readonly load: LoadFacts; readonly part: PartFacts }
  | { readonly kind: 'record'; readonly key: string; readonly load: LoadFacts; readonly record: LoadRecord }
  | {
      readonly kind: 'checkpoint';
      readonly entity: string;
      readonly before: Checkpoint | undefined;
      readonly after: Checkpoint | undefined;
    }
  /** A conditional put that met an existing object. */
  | { readonly kind: 'repeated'; readonly key: string; readonly isSame: boolean }
  | { readonly kind: 'replaced' | 'removed' | 'other'; readonly key: string; readonly load: LoadFacts | undefined };

/** `data/staging/orders/{load_id}/…`, `data/quarantine/orders/ingestion_date=2024-01-15/{load_id}-…`, and so on. */
const LOAD_OF_KEY =
  /^(?:data\/(?:staging|bronze|quarantine)|logs\/pipeline\/ingestion\/loads)\/([a-z0-9_]+)\/.*?([0-9a-f]{8}-[0-9a-f-]{27})/;

/** The slice index of a manifest's key; undefined for other keys. */
export function sliceOf(key: string): number | undefined {
  const [, slice] = /\/slice-(\d{5})\.json$/.exec(key) ?? [];
  return slice === undefined ? undefined : Number(slice);
}

/** Everything durable in a world, in the form that laws use. It learns of writes to the store, and of nothing else. */
export class Ledger {
  readonly loads = new Map<string, LoadFacts>();
  readonly checkpoints = new Map<string, Checkpoint>();
  /** The completed loads that hold a line, by entity and line. */
  readonly #bronze = new Map<string, Map<string, LoadFacts[]>>();
  readonly plans: PlanFacts[] = [];
  /** The number of durable writes when the last load of an entity was claimed. */
  readonly claimed_at = new Map<string, number>();
  /** The number of durable writes so far. */
  changes = 0;
  /** Requests sent that don't continue a load: they start one that waited. */
  wakes = 0;
  /** Names of the invocations that sent requests. */
  readonly senders_of_requests = new Set<string>();
  deliveries = 0;
  readonly #now_us: () => number;

  constructor(now_us: () => number) {
    this.#now_us = now_us;
  }

  /** Records the put of a new object. */
  created(key: string, body: Uint8Array): Change[] {
    this.changes += 1;
    const text = Buffer.from(body).toString();
    if (key === CHECKPOINTS_KEY) return this.#checkpointChanges(text);
    const load = this.loadOfKey(key);
    return [load ? this.#createdOf(load, key, text) : { kind: 'other', key, load }];
  }

  replaced(key: string, body: Uint8Array): Change[] {
    this.changes += 1;
    if (key === CHECKPOINTS_KEY) return this.#checkpointChanges(Buffer.from(body).toString());
    return [{ kind: 'replaced', key, load: this.loadOfKey(key) }];
  }

  loadOfKey(key: string): LoadFacts | undefined {
    const [, entity, load_id] = LOAD_OF_KEY.exec(key) ?? [];
    if (entity === undefined || load_id === undefined) return undefined;
    return this.loadOf({ entity, load_id });
  }

  loadOf({ entity, load_id }: LoadKey): LoadFacts {
    const name = `${entity}/${load_id}`;
    const known = this.loads.get(name);
    if (known) return known;
    const load: LoadFacts = {
      entity,
      load_id,
      slices: [],
      batches: new Map(),
      receipts: new Map(),
      parts: [],
      quarantined: [],
      record: undefined,
      claims: 0,
      claimed_us: Infinity,
      staged_us: Infinity,
      decided_us: Infinity,
      sends: {
        writes: 0,
        continuations: 0,
        claimed_at: Infinity,
        helpers: new Set(),
        handed_over: new Set(),
        lost_slices: [],
        receipts_at: new Map(),
      },
    };
    this.loads.set(name, load);
    return load;
  }

  /** Records a conditional put that met an existing object. */
  repeated(key: string, isSame: boolean): Change[] {
    const slice = sliceOf(key);
    if (slice !== undefined) this.loadOfKey(key)?.sends.lost_slices.push(slice);
    return [{ kind: 'repeated', key, isSame }];
  }

  /** The completed loads that hold a line in a part or in quarantine. */
  loadsOf(entity: string, line: string): readonly LoadFacts[] {
    return this.#bronze.get(entity)?.get(line) ?? [];
  }

  linesOf(entity: string): Iterable<[string, readonly LoadFacts[]]> {
    return this.#bronze.get(entity) ?? [];
  }

  #createdOf(load: LoadFacts, key: string, text: string): Change {
    if (key.includes('/receipts/')) {
      const name = taskNameOfReceipt(load, key) ?? '';
      load.receipts.set(name, JSON.parse(text) as Receipt);
      load.sends.receipts_at.set(name, this.changes);
      return { kind: 'receipt', key, load };
    }
    if (key.endsWith('.zst')) {
      load.batches.set(key, text.split('\n').slice(0, -1));
      return { kind: 'batch', key, load };
    }
    if (key.startsWith('data/staging/')) {
      const manifest = JSON.parse(text) as SliceManifest;
      load.slices[manifest.slice] = manifest;
      if (manifest.final) load.staged_us = this.#now_us();
      return { kind: 'manifest', key, load, manifest };
    }
    if (key.startsWith('data/bronze/')) {
      const part = { key, ...partLines(text) };
      load.parts.push(part);
      return { kind: 'part', key, load, part };
    }
    if (key.startsWith('data/quarantine/')) {
      load.quarantined.push(...quarantinedLines(text));
      return { kind: 'quarantine', key, load };
    }
    const record = JSON.parse(text) as LoadRecord;
    load.record = record;
    load.decided_us = this.#now_us();
    if (record.status === 'completed') this.#bringToBronze(load);
    return { kind: 'record', key, load, record };
  }

  #bringToBronze(load: LoadFacts): void {
    const lines = this.#bronze.get(load.entity) ?? new Map<string, LoadFacts[]>();
    this.#bronze.set(load.entity, lines);
    for (const line of [...load.parts.flatMap((part) => part.lines), ...load.quarantined]) {
      const loads = lines.get(line) ?? [];
      loads.push(load);
      lines.set(line, loads);
    }
  }

  #checkpointChanges(text: string): Change[] {
    const file = JSON.parse(text) as Record<string, Checkpoint>;
    const names = new Set([...Object.keys(file), ...this.checkpoints.keys()]);
    const changes: Change[] = [];
    for (const entity of names) {
      const [before, after] = [this.checkpoints.get(entity), file[entity]];
      if (JSON.stringify(before) === JSON.stringify(after)) continue;
      if (after) this.checkpoints.set(entity, after);
      if (after?.pending_load && after.pending_load.load_id !== before?.pending_load?.load_id) {
        this.claimed_at.set(entity, this.changes);
        const load = this.loadOf({ entity, load_id: after.pending_load.load_id });
        load.sends.claimed_at = this.changes;
        load.claimed_us = this.#now_us();
        load.claims += 1;
      }
      changes.push({ kind: 'checkpoint', entity, before, after });
    }
    return changes;
  }
}
