/** What is so at the source: an API whose lists change, and which knows whom it has answered what. */
import { type Answer, type Asked, NO_SUCH_PATH, type ServedApi, startApi } from '../cases/served-api.ts';
import type { CaseClock } from '../cases/served-api.ts';
import type { Random } from '../random.ts';

export const PAGE_ROWS = 10;
const FUTURE = '2099-01-01T00:00:00.000Z';

/** How an API answers what is asked about one list during a run. `flaky`: the first answer is an error. */
export type Mood = 'well' | 'flaky' | 'failing' | 'denied' | 'denied_later';

/** A version of a record. */
export interface Version {
  readonly id: number;
  readonly v: number;
  /** When it was really changed. */
  readonly changed_ms: number;
  readonly cursor: 'true' | 'none' | 'future';
  /** Whether its `amount` is no number, although the configuration says that it is one. */
  readonly isMisfit: boolean;
}

export interface List {
  readonly versions: Version[];
  /** Fields that each record has besides those of every list. */
  readonly fields: Set<string>;
}

export class Shop {
  readonly lists = new Map<string, List>();
  readonly moods = new Map<string, Mood>();
  /** The last status that was answered about each list since the last run began. */
  readonly answered = new Map<string, number>();
  /** Called before each answer with its number in this run: 1 at the first. */
  onRequest: (number: number) => Promise<void> | void = () => undefined;
  url = '';
  readonly #clock: CaseClock;
  readonly #asked = new Map<string, number>();
  #requests = 0;
  #served: ServedApi | undefined;

  constructor(clock: CaseClock) {
    this.#clock = clock;
  }

  async open(): Promise<void> {
    this.#served = await startApi((asked) => this.#serve(asked), this.#clock);
    this.url = this.#served.url;
  }

  async close(): Promise<void> {
    await this.#served?.stop();
  }

  /** What is counted is counted anew. */
  beginRun(): void {
    this.answered.clear();
    this.#asked.clear();
    this.#requests = 0;
  }

  list(entity: string): List {
    const list = this.lists.get(entity);
    if (!list) throw new RangeError(`there is no list ${entity}`);
    return list;
  }

  async #serve({ path, query }: Asked): Promise<Answer> {
    const entity = path.slice(1);
    const list = this.lists.get(entity);
    if (!list) return NO_SUCH_PATH;
    this.#requests += 1;
    await this.onRequest(this.#requests);
    const asked = (this.#asked.get(entity) ?? 0) + 1;
    this.#asked.set(entity, asked);
    const after = Number(query.get('cursor') ?? 0);
    const status = statusOf(this.moods.get(entity) ?? 'well', asked, after);
    this.answered.set(entity, status);
    return status === 200 ? pageOf(list, query.get('since'), after) : { status, body: { error: 'no' } };
  }
}

function statusOf(mood: Mood, asked: number, after: number): number {
  if (mood === 'failing' || (mood === 'flaky' && asked === 1)) return 503;
  return mood === 'denied' || (mood === 'denied_later' && after > 0) ? 403 : 200;
}

function pageOf({ versions, fields }: List, since: string | null, after: number): Answer {
  const wanted = versions.filter((one) => one.id > after && (since === null || (cursorOf(one) ?? '') >= since));
  const page = wanted.slice(0, PAGE_ROWS);
  const more = Object.fromEntries([...fields].map((name) => [name, 'said']));
  const data = page.map((one) => ({
    id: one.id,
    v: one.v,
    updated_at: cursorOf(one),
    amount: one.isMisfit ? 'about ten' : `${one.id}.50`,
    ...more,
  }));
  const next_cursor = wanted.length > page.length ? String(page.at(-1)?.id) : null;
  return { body: { data, meta: { next_cursor } } };
}

function cursorOf({ cursor, changed_ms }: Version): string | null {
  if (cursor === 'none') return null;
  return cursor === 'future' ? FUTURE : new Date(changed_ms).toISOString();
}

/** A list of one or two pages. */
export function drawList(random: Random, now_ms: number, misfits: number): List {
  const versions = Array.from({ length: random.between(4, 18) }, (_, index) =>
    drawVersion(random, { id: index + 1, v: 0, changed_ms: now_ms - 86_400_000, misfits }),
  );
  return { versions, fields: new Set(random.chance(0.5) ? ['note'] : []) };
}

function drawVersion(
  random: Random,
  { misfits, ...given }: Pick<Version, 'id' | 'v' | 'changed_ms'> & { readonly misfits: number },
): Version {
  const cursor = random.weighted({ true: 30, none: 1, future: 1 });
  return { ...given, cursor, isMisfit: random.chance(misfits) };
}

/** What happens to a list between two runs: records are changed, corrected and added, fields come and go. */
export function changeList(random: Random, list: List, changed_ms: number, misfits: number): void {
  const { versions, fields } = list;
  for (const [index, { id, v }] of versions.entries()) {
    if (random.chance(0.15)) versions[index] = drawVersion(random, { id, v: v + 1, changed_ms, misfits });
  }
  const added = random.between(0, 6);
  for (let n = 0; n < added; n += 1)
    versions.push(drawVersion(random, { id: versions.length + 1, v: 0, changed_ms, misfits }));
  if (!random.chance(0.3)) return;
  const name = random.pick(['note', 'vip']);
  if (!fields.delete(name)) fields.add(name);
  // So that the next load has a record which shows it.
  versions.push({ id: versions.length + 1, v: 0, changed_ms, cursor: 'true', isMisfit: false });
}
