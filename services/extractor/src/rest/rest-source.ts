import type { HighWatermark } from '@bronze/common/load/high-watermark';
import type { PendingLoad } from '@bronze/common/load/checkpoint';
import { BronzeError } from '@bronze/common/words/failure';
import type { Claim, SliceReader, SliceStart, Source } from '@bronze/common/load/source';
import type { Clock, Deadline } from '@bronze/common/ports/clock';
import type { Log } from '@bronze/common/load/events';
import { type Environment, resolve } from '@bronze/common/reference';
import type { EndpointEntity, RestSourceConfig } from '@bronze/common/config/rest';
import { minusSeconds, type Timestamp, timestamp } from '@bronze/common/words/timestamp';
import { type ApiAnswer, type ApiClient, isRefusal, type Refusal } from './http/api-client.ts';
import { baseUrl, secretsInPath } from './http/base-url.ts';
import { checkDeclaredEventDate } from './records/event-date.ts';
import { FieldPresence } from './records/field-presence.ts';
import { FieldTypes } from './records/field-types.ts';
import type { JsonObject } from './records/json-node.ts';
import { LoadWindow } from './records/load-window.ts';
import { cursorTime } from './records/cursor-time.ts';
import { sinceText, sinceTimestamp } from './records/since-text.ts';
import { isEndStatus } from './pages/list-end.ts';
import type { ImpliedEnd, RawPage } from './pages/page-step.ts';
import { checkPaging, type PageAddress, type PageToken, pageUrl } from './pages/paging.ts';
import { isFirstPage, readPage, recordsOf, refusedPage } from './pages/read-page.ts';
import { httpDateMs } from './http/rate-limit-headers.ts';
import { checkFields } from './records/records.ts';
import { restBatches, startOf } from './rest-slice.ts';

/** Statuses by which an API says that it doesn't know the `since` parameter, or rejects its value. */
const SINCE_REFUSED: ReadonlySet<number> = new Set([400, 404, 405, 422, 501]);
/** Statuses by which an API says that a page token is no longer valid. */
const TOKEN_REFUSED: ReadonlySet<number> = new Set([400, 404, 410, 422]);

export interface RestSourcePorts {
  readonly api: ApiClient;
  readonly config: RestSourceConfig;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Log;
}

/** Reads the lists of one REST API, page by page. */
export class RestSource implements Source {
  readonly system = 'api';
  readonly #ports: RestSourcePorts;

  constructor(ports: RestSourcePorts) {
    this.#ports = ports;
  }

  /**
   * Asks for the first page just as the load will, so that mistakes show before anything is claimed (decision 16).
   *
   * @throws BronzeError SOURCE_REJECTED, RECORDS_MISSING, KEY_MISSING, COLUMN_MISSING, COLUMN_UNSUPPORTED,
   *   CONFIG_INVALID, and what {@link ApiClient.get} throws
   */
  async readHighWatermark(entity: EndpointEntity, claim: Claim): Promise<HighWatermark> {
    const { answer, since_parameter } = await this.#firstPage(entity, claim);
    const records = recordsOf(entity, answer, '');
    checkFields(entity, records);
    checkDeclaredEventDate(entity);
    checkPaging(entity, answer, records.length);
    const isIgnored = since_parameter === 'sent' && holdsOlder(entity, records, claim.since);
    return {
      ...this.#watermarkAt(answer),
      ...(since_parameter && { since_parameter: isIgnored ? 'ignored' : since_parameter }),
    };
  }

  /** Leaves out the parameter that asks for changed records if none is configured, or if the API refuses it. */
  async #firstPage(entity: EndpointEntity, { since, deadline }: Claim): Promise<FirstPage> {
    const plain = async () => {
      const answer = await this.#ask(entity, { token: '', since: undefined, deadline });
      if (isRefusal(answer)) throw rejected(entity, answer, '');
      return answer;
    };
    if (since === undefined || entity.cursor === null) return { answer: await plain(), since_parameter: undefined };
    if (entity.since === null) return { answer: await plain(), since_parameter: 'not_configured' };
    const answer = await this.#ask(entity, { token: '', since: sinceText(since, entity.since, entity), deadline });
    if (!isRefusal(answer)) return { answer, since_parameter: 'sent' };
    if (SINCE_REFUSED.has(answer.status)) return { answer: await plain(), since_parameter: 'refused' };
    throw rejected(entity, answer, '');
  }

  async openSlice(entity: EndpointEntity, load: PendingLoad, start: SliceStart): Promise<SliceReader> {
    const window = new LoadWindow(entity, load, await start.newestSeen?.());
    const types = new FieldTypes(entity, await start.knownColumns());
    const presence = new FieldPresence(entity, types.fields);
    const { token, trail, counts, seen } = startOf(entity, load, window, start.position);
    const { deadline } = start;
    const isLater = start.position !== undefined;
    const fetch = (page: PageToken, size?: number) =>
      this.#page(entity, { token: page, size, window, deadline, isLater: isLater && page === token });
    const onImpliedEnd = (end: ImpliedEnd) =>
      this.#ports.log.event({ kind: 'end_implied', entity: entity.name, ...end });
    const isBeyond = (record: JsonObject) => window.isBeyond(record);
    const batches =
      token === undefined
        ? noBatches()
        : restBatches({
            entity,
            window,
            types,
            presence,
            deadline,
            walk: { entity, seen, start: token, trail, counts, fetch, isBeyond, onImpliedEnd },
          });
    return {
      get columns() {
        return types.columns();
      },
      get unseen_columns() {
        return presence.unseen?.map((field) => types.nameOf(field));
      },
      get left_out() {
        return window.leftOut;
      },
      get seen_cursors() {
        return window.seenCursors;
      },
      get since_parameter() {
        return window.sinceParameter;
      },
      is_resumable: entity.paging.style !== 'none',
      batches,
    };
  }

  async #page(entity: EndpointEntity, { window, ...rest }: AskedPage): Promise<RawPage> {
    const asked = { ...rest, since: window.since };
    const answer = await this.#ask(entity, asked);
    if (!isRefusal(answer)) {
      // `Date` has no fractions: the source's clock may show almost a second more.
      window.answeredAt(minusSeconds(this.#clockOf(answer).at, -1));
      return readPage(entity, answer, asked.token);
    }
    const mayBeEnd = !isFirstPage(entity, asked.token) && isEndStatus(entity.paging, answer.status);
    if (mayBeEnd || asked.size !== undefined) return refusedPage(answer, rejected(entity, answer, asked.token));
    throw this.#refusal(entity, asked, answer);
  }

  #refusal(entity: EndpointEntity, asked: Asked & { readonly isLater: boolean }, answer: Refusal): BronzeError {
    const { style } = entity.paging;
    const hasToken = asked.token !== '' && (style === 'cursor' || style === 'next-link');
    if (!hasToken || !TOKEN_REFUSED.has(answer.status)) return rejected(entity, answer, asked.token);
    const message = `the API of ${entity.name} answers ${answer.status} to its own page token, which has expired`;
    return asked.isLater
      ? new BronzeError('PAGE_TOKEN_EXPIRED', {
          message,
          hint: 'Abandon the load and run the entity again. Raise slice_rows, so that loads need fewer slices.',
        })
      : new BronzeError('SOURCE_INTERRUPTED', {
          message,
          hint: 'Bronze retries it from the last slice. If it persists, lower slice_rows.',
        });
  }

  #ask(entity: EndpointEntity, { token, size, since, deadline }: Asked): Promise<ApiAnswer | Refusal> {
    const { api, config, environment } = this.#ports;
    const references = Object.values(entity.headers).filter((one) => typeof one !== 'string');
    const base_url = baseUrl(config, environment, config.api_key_secret !== undefined || references.length > 0);
    const address: PageAddress = { base_url, entity, since, size };
    const headers = Object.fromEntries(
      Object.entries(entity.headers).map(([name, value]) => [name, resolve(value, environment)]),
    );
    const isInClear = typeof config.base_url === 'string';
    const secrets = [
      ...references.flatMap((one) => secretsInHeader(resolve(one, environment))),
      ...(isInClear ? [] : secretsInPath(base_url, [entity.name, entity.source, entity.endpoint])),
    ];
    const empty_status = isFirstPage(entity, token) ? entity.empty_status : [];
    return api.get({ entity: entity.name, url: pageUrl(address, token), headers, secrets, empty_status, deadline });
  }

  #watermarkAt(answer: ApiAnswer): HighWatermark {
    const { at, basis } = this.#clockOf(answer);
    return { until: minusSeconds(at, this.#ports.config.margin_seconds), basis };
  }

  /**
   * The server's clock, which dates its records. Ours if it sends no `Date`, or one that is far ahead: a checkpoint there
   * would keep every later load from reading anything until that time has come.
   */
  #clockOf({ headers }: ApiAnswer): { readonly at: Timestamp; readonly basis: 'server_date' | 'own_clock' } {
    const now = this.#ports.clock.now();
    const at_ms = httpDateMs(headers['date']);
    const isUsable = at_ms !== undefined && at_ms <= Date.parse(now) + AHEAD_MS_MAX;
    return isUsable
      ? { at: timestamp(new Date(at_ms).toISOString()), basis: 'server_date' }
      : { at: now, basis: 'own_clock' };
  }
}

/** Clocks that are kept by NTP differ by less. */
const AHEAD_MS_MAX = 5 * 60 * 1000;

/** A header such as `Bearer …` is a secret as a whole, and so is what stands behind the name of its scheme. */
function secretsInHeader(value: string): string[] {
  return [value, value.replace(/^\w+ +/, '')];
}

interface FirstPage {
  readonly answer: ApiAnswer;
  readonly since_parameter: HighWatermark['since_parameter'];
}

type AskedPage = Omit<Asked, 'since'> & { readonly window: LoadWindow; readonly isLater: boolean };

interface Asked {
  readonly token: PageToken;
  /** Instead of the configured page size. */
  readonly size?: number | undefined;
  readonly since: string | undefined;
  readonly deadline: Deadline;
}

async function* noBatches(): AsyncGenerator<never> {}

/** Whether an API gave records older than it was asked for: then it ignores the parameter. */
function holdsOlder(entity: EndpointEntity, records: readonly JsonObject[], since: Timestamp | undefined): boolean {
  const { cursor } = entity;
  if (!since || !entity.since || cursor === null) return false;
  const oldest = sinceTimestamp(since, entity.since, entity);
  return records.some((record) => (cursorTime(entity, record.get(cursor))?.at ?? oldest) < oldest);
}

function rejected(entity: EndpointEntity, { status, excerpt }: Refusal, token: PageToken): BronzeError {
  const isMaybeEmpty = status === 404 && isFirstPage(entity, token);
  const or = isMaybeEmpty ? ' If it says so when there are no records, set empty_status: [404].' : '';
  return new BronzeError('SOURCE_REJECTED', {
    message: `the API of ${entity.name} answers ${status}: ${excerpt || '(an empty body)'}`,
    hint: `Are endpoint, paging and headers of ${entity.name} what the API expects?${or}`,
  });
}
