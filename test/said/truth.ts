/** What is so after each run: from what the source was made to do, what it has, and what the folder holds. */
import type { Brought, Checkpoint } from './folder.ts';
import { checkpointsIn, Folder, versionOf } from './folder.ts';
import type { Version } from './shop.ts';
import type { Entity } from './shop-config.ts';
import type { Played, World } from './world.ts';

export type Outcome = 'completed' | 'failed' | 'interrupted';

/** What a run should say of an entity. */
export interface Expected {
  readonly entity: Entity;
  readonly outcome: Outcome;
  readonly code: string | undefined;
  /** Decided in this run. */
  readonly loads: readonly Brought[];
  readonly rows: number;
  readonly rows_quarantined: number;
  /** Fields that came with a load of this run, and that went. */
  readonly added: readonly string[];
  readonly dropped: readonly string[];
  /** Whether a full load answers the request that an earlier run has claimed. */
  readonly isContinued: boolean;
  /** What the source has and the run must have read, where nothing that earlier runs left comes with it. */
  readonly rows_due: number | undefined;
  readonly left_for_later: number | undefined;
  readonly without_cursor: number | undefined;
  /** Rows of the source that must be in bronze or in quarantine now, and are in neither. */
  readonly lost: readonly string[];
}

/** What status should say of an entity. */
export interface Standing {
  readonly entity: string;
  readonly state: string;
  readonly record_count: number | null;
  readonly rows_quarantined: number;
  readonly is_late: boolean;
  readonly failures: readonly string[];
}

interface Known {
  /** Codes of failures since a load completed last, of whatever run. */
  failures: string[];
  /** What bronze is up to date with. */
  synced_ms: number | undefined;
  /** When the pending load was claimed. */
  pending_ms: number | undefined;
  /** Whether runs have left something that the next one carries out too. */
  isLeft: boolean;
  /** Fields that the source's records have, as far as loads have seen. */
  fields: Set<string>;
  readonly seen: Set<string>;
  readonly acknowledged: Set<string>;
}

const HOUR_MS = 3_600_000;
const FAILS = { 403: 'SOURCE_DENIED', 503: 'SOURCE_FAILING' } as Readonly<Record<number, string>>;

export class Truth {
  readonly folder: Folder;
  readonly #world: World;
  readonly #known: Map<string, Known>;

  constructor(world: World) {
    this.#world = world;
    this.folder = new Folder(world.out);
    const nothing = (): Known => ({
      failures: [],
      synced_ms: undefined,
      pending_ms: undefined,
      isLeft: false,
      fields: new Set(),
      seen: new Set(),
      acknowledged: new Set(),
    });
    this.#known = new Map(world.entities.map(({ name }) => [name, nothing()]));
  }

  #of(entity: string): Known {
    const known = this.#known.get(entity);
    if (!known) throw new RangeError(`there is no entity ${entity}`);
    return known;
  }

  /** @param before the checkpoints when the run began */
  async after(run: Played, before: Readonly<Record<string, Checkpoint>>): Promise<Expected[]> {
    const now = await checkpointsIn(this.#world.out);
    for (const { entity, failure } of run.foreignRun?.results ?? []) {
      if (failure) this.#of(entity).failures.push(failure.code);
    }
    const expected: Expected[] = [];
    for (const entity of run.asked) {
      const { name } = entity;
      expected.push(await this.#expected(run, entity, { before: before[name] ?? {}, now: now[name] ?? {} }));
    }
    return expected;
  }

  async #expected(run: Played, entity: Entity, at: { before: Checkpoint; now: Checkpoint }): Promise<Expected> {
    const known = this.#of(entity.name);
    const all = await this.folder.loads(entity.name);
    const loads = all.filter(({ load_id }) => !known.seen.has(load_id));
    for (const { load_id } of loads) known.seen.add(load_id);
    const asksFull = run.isFull || !entity.hasCursor;
    const isFull = asksFull || known.synced_ms === undefined;
    const isContinued = asksFull && at.before.pending_load?.load_type === 'full';
    // All of it may have been staged: then nobody needs the source.
    const isEnded = isContinued && !at.now.pending_load;
    const code = isEnded ? undefined : this.#failureOf(run, entity);
    const isDone = isContinued ? isEnded : isUpToDate(at.now, run.began_ms) && (!asksFull || loads.some(isWhole));
    const outcome = code ? 'failed' : isDone || !run.isInterrupted ? 'completed' : 'interrupted';
    const isPlain = outcome === 'completed' && !known.isLeft && !at.before.next_requests;
    const due = this.#due(entity, isFull);
    const rest = isPlain && !isFull ? this.#leftBy(entity) : undefined;
    const claimed_ms = (isContinued ? known.pending_ms : undefined) ?? run.began_ms;
    if (outcome === 'completed') {
      known.synced_ms = claimed_ms;
      known.failures = [];
    } else if (code) known.failures.push(code);
    known.isLeft = outcome !== 'completed';
    known.pending_ms =
      at.now.pending_load &&
      (at.before.pending_load?.load_id === at.now.pending_load.load_id ? known.pending_ms : run.began_ms);
    return {
      entity,
      outcome,
      code,
      loads,
      rows: sum(loads, ({ bronze }) => bronze.length),
      rows_quarantined: sum(sinceFull(loads), ({ quarantine }) => quarantine.length),
      ...this.#drift(known, loads),
      isContinued: isContinued && outcome === 'completed',
      rows_due: isPlain ? due : undefined,
      left_for_later: rest?.future,
      without_cursor: rest?.none,
      lost: outcome === 'completed' ? this.#lost(entity, all, { claimed_ms, isWhole: isPlain && isFull }) : [],
    };
  }

  /** Why the run of an entity must have failed. */
  #failureOf({ unset }: Played, { name, source }: Entity): string | undefined {
    if (source === unset) return 'REFERENCE_UNRESOLVED';
    return FAILS[this.#world.shop.answered.get(name) ?? 200];
  }

  #versions(entity: Entity): readonly Version[] {
    return this.#world.shop.list(entity.name).versions;
  }

  /** How many rows a load has to bring that begins where the last one ended. */
  #due(entity: Entity, isFull: boolean): number {
    const { synced_ms = 0 } = this.#of(entity.name);
    const isDue = ({ cursor, changed_ms }: Version) => isFull || (cursor === 'true' && changed_ms >= synced_ms);
    return this.#versions(entity).filter(isDue).length;
  }

  /** Records that an incremental load saw and did not take. */
  #leftBy(entity: Entity): { readonly future: number; readonly none: number } {
    const withCursor = (wanted: Version['cursor']) =>
      this.#versions(entity).filter(({ cursor }) => cursor === wanted).length;
    return { future: withCursor('future'), none: entity.isAskedSince ? 0 : withCursor('none') };
  }

  #drift(known: Known, loads: readonly Brought[]): { added: string[]; dropped: string[] } {
    const [added, dropped]: [string[], string[]] = [[], []];
    for (const { fields, load_type } of loads) {
      if (fields.size === 0) continue;
      if (known.fields.size > 0) added.push(...without(fields, known.fields));
      if (load_type === 'full') dropped.push(...without(known.fields, fields));
      known.fields = new Set(load_type === 'full' ? fields : [...known.fields, ...fields]);
    }
    return { added: added.toSorted(), dropped: dropped.toSorted() };
  }

  /** @param given `isWhole`: one load of this run has read everything */
  #lost(entity: Entity, all: readonly Brought[], given: { claimed_ms: number; isWhole: boolean }): string[] {
    const there = new Set(all.flatMap(({ bronze, quarantine }) => [...bronze, ...quarantine]));
    const isDue = ({ cursor, changed_ms }: Version) =>
      changed_ms < given.claimed_ms && (cursor === 'true' || given.isWhole);
    return this.#versions(entity)
      .filter(isDue)
      .map((one) => versionOf({ ...one }))
      .filter((version) => !there.has(version));
  }

  async standing(
    entity: Entity,
    allowsQuarantine: boolean,
  ): Promise<{ readonly standing: Standing; readonly isHealthy: boolean }> {
    const { failures, synced_ms } = this.#of(entity.name);
    const loads = await this.folder.loads(entity.name);
    const rows_quarantined = sum(await this.missing(entity), ({ quarantine }) => quarantine.length);
    const { pending_load } = (await checkpointsIn(this.#world.out))[entity.name] ?? {};
    const isOld = synced_ms === undefined || this.#world.now_ms - synced_ms > 1.5 * HOUR_MS;
    const is_late = entity.isFreshWithin90m && isOld;
    const isMissing = rows_quarantined > 0 && !allowsQuarantine && !entity.allowsQuarantine;
    const idle = loads.length === 0 ? 'never_loaded' : 'idle';
    const standing = {
      entity: entity.name,
      state: failures.length > 0 ? 'failed' : pending_load ? 'interrupted' : idle,
      record_count: loads.at(-1)?.bronze.length ?? null,
      rows_quarantined,
      is_late,
      failures: failures.toSorted(),
    };
    return { standing, isHealthy: failures.length === 0 && !is_late && !isMissing };
  }

  /** Loads whose rows in quarantine nobody has acknowledged and no later full load has read again. */
  async missing(entity: Entity): Promise<readonly Brought[]> {
    const loads = await this.folder.loads(entity.name);
    const { acknowledged } = this.#of(entity.name);
    return sinceFull(loads).filter(({ load_id, quarantine }) => quarantine.length > 0 && !acknowledged.has(load_id));
  }

  async acknowledge(entity: Entity): Promise<void> {
    for (const { load_id } of await this.missing(entity)) this.#of(entity.name).acknowledged.add(load_id);
  }

  /** Takes over what is said of failures that came when nobody knows: before or after another run had ended. */
  learnFailures(entity: string, codes: readonly string[]): void {
    this.#of(entity).failures = [...codes];
  }
}

const isWhole = ({ load_type }: Brought) => load_type === 'full';

function isUpToDate({ last_sync_timestamp = '0', pending_load, next_requests }: Checkpoint, began_ms: number): boolean {
  return Date.parse(last_sync_timestamp) >= began_ms && !pending_load && !next_requests;
}

/** The last full load and those after it: it has read again what was in quarantine before. */
function sinceFull(loads: readonly Brought[]): readonly Brought[] {
  return loads.slice(Math.max(0, loads.findLastIndex(isWhole)));
}

function without(one: ReadonlySet<string>, other: ReadonlySet<string>): string[] {
  return [...one].filter((name) => !other.has(name));
}

function sum<T>(list: readonly T[], of: (one: T) => number): number {
  return list.reduce((total, one) => total + of(one), 0);
}
