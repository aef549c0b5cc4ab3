import type { Cut, PendingLoad } from '@bronze/common/checkpoint';
import { BronzeError } from '@bronze/common/failure';
import type { Claim, Clock, Deadline, SliceReader, SliceStart, Source } from '@bronze/common/ports';
import { type Environment, resolve } from '@bronze/common/reference';
import type { EndpointEntity, RestSourceConfig } from '@bronze/common/rest-config';
import { timestamp } from '@bronze/common/timestamp';
import { type ApiAnswer, ApiClient, isRefusal, type Refusal } from '../rest/api-client.ts';
import { FieldTypes } from '../rest/field-types.ts';
import { LoadWindow } from '../rest/load-window.ts';
import { askedMoment, earlier, momentOf, sinceText } from '../rest/moment.ts';
import type { RawPage } from '../rest/page-walk.ts';
import { nextToken, type PageAddress, type PageToken, pageUrl } from '../rest/paging.ts';
import { httpDateMs } from '../rest/rate-limit.ts';
import { checkFields, recordsIn } from '../rest/records.ts';
import { restBatches, startOf } from '../rest/rest-slice.ts';

/** How an API says that it does not know a parameter, or does not like its value. */
const SINCE_REFUSED: ReadonlySet<number> = new Set([400, 404, 405, 422, 501]);
/** How an API says that a page token is none any more. */
const TOKEN_REFUSED: ReadonlySet<number> = new Set([400, 404, 410, 422]);

export interface RestSourcePorts {
  readonly api: ApiClient;
  readonly config: RestSourceConfig;
  readonly environment: Environment;
  readonly clock: Clock;
}

/** Reads lists of one REST API, page by page. */
export class RestSource implements Source {
  readonly system = 'api';
  readonly #ports: RestSourcePorts;

  constructor(ports: RestSourcePorts) {
    this.#ports = ports;
  }

  /** Asks for the first page as the load will, which shows all that can be wrong before anything is claimed. */
  async cut(entity: EndpointEntity, { since: synced, deadline }: Claim): Promise<Cut> {
    const { since } = entity;
    const asks = since !== null && entity.cursor !== null && synced !== undefined;
    const asked = asks ? await this.#ask(entity, { token: '', since: sinceText(synced, since), deadline }) : undefined;
    const isRefused = asked !== undefined && isRefusal(asked) && SINCE_REFUSED.has(asked.status);
    const answer = asked === undefined || isRefused ? await this.#ask(entity, { token: '', since: undefined, deadline }) : asked;
    if (isRefusal(answer)) throw rejected(entity, answer);
    const records = recordsIn(entity, answer.body);
    checkFields(entity, records);
    const cut = this.#cutAt(answer.headers['date']);
    if (synced === undefined || entity.cursor === null) return cut;
    if (since === null) return { ...cut, since_parameter: 'not_configured' };
    if (isRefused) return { ...cut, since_parameter: 'refused' };
    const oldest = askedMoment(synced, since);
    const type = entity.columns[entity.cursor] ?? '';
    const isIgnored = records.some((record) => (momentOf(record.get(entity.cursor ?? ''), type)?.at ?? oldest) < oldest);
    return { ...cut, since_parameter: isIgnored ? 'ignored' : 'sent' };
  }

  async openSlice(entity: EndpointEntity, load: PendingLoad, start: SliceStart): Promise<SliceReader> {
    const window = new LoadWindow(entity, load);
    const types = new FieldTypes(entity, await start.knownColumns());
    const { token, seen } = startOf(entity, load, window, start.position);
    const { deadline } = start;
    const isLater = start.position !== undefined;
    const fetch = (page: PageToken) => this.#page(entity, { token: page, since: window.since, deadline, isLater: isLater && page === token });
    const batches =
      token === undefined
        ? nothing()
        : restBatches({ entity, window, types, deadline, walk: { entity, seen, start: token, fetch } });
    return {
      get columns() {
        return types.columns();
      },
      get left_out() {
        return window.leftOut;
      },
      get since_parameter() {
        return window.sinceParameter;
      },
      is_resumable: entity.paging.style !== 'none',
      batches,
    };
  }

  async #page(entity: EndpointEntity, asked: Asked & { readonly isLater: boolean }): Promise<RawPage> {
    const answer = await this.#ask(entity, asked);
    if (isRefusal(answer)) throw this.#refusedPage(entity, asked, answer);
    const { url, body, headers } = answer;
    const records = recordsIn(entity, body);
    if (asked.token === '') checkFields(entity, records);
    const next = nextToken(entity, { url, body, link: headers['link'] });
    return { records, next, characters: answer.characters };
  }

  #refusedPage(entity: EndpointEntity, asked: Asked & { readonly isLater: boolean }, answer: Refusal): BronzeError {
    const { style } = entity.paging;
    const hasToken = asked.token !== '' && (style === 'cursor' || style === 'next-link');
    if (!hasToken || !TOKEN_REFUSED.has(answer.status)) return rejected(entity, answer);
    const message = `the API of ${entity.name} answers ${answer.status} to a page token of its own: it has expired`;
    return asked.isLater
      ? new BronzeError('PAGE_TOKEN_EXPIRED', { message, hint: 'Abandon the load and run the entity again; raise slice_rows, so that loads need fewer slices.' })
      : new BronzeError('SOURCE_INTERRUPTED', { message, hint: 'It is retried from the last slice. If it stays, lower slice_rows.' });
  }

  #ask(entity: EndpointEntity, { token, since, deadline }: Asked): Promise<ApiAnswer | Refusal> {
    const { api, config, environment } = this.#ports;
    const base_url = baseUrl(config, environment);
    const address: PageAddress = { base_url, entity, since };
    const headers = Object.fromEntries(
      Object.entries(entity.headers).map(([name, value]) => [name, resolve(value, environment)]),
    );
    return api.get({ entity: entity.name, url: pageUrl(address, token), headers, deadline });
  }

  /** By the server's clock, since its records are dated by it; without one by ours. */
  #cutAt(date: string | undefined): Cut {
    const { config, clock } = this.#ports;
    const at_ms = httpDateMs(date);
    const at = at_ms === undefined ? clock.now() : timestamp(new Date(at_ms).toISOString());
    return { until: earlier(at, config.margin_seconds), basis: at_ms === undefined ? 'own_clock' : 'server_date' };
  }
}

interface Asked {
  readonly token: PageToken;
  readonly since: string | undefined;
  readonly deadline: Deadline;
}

async function* nothing(): AsyncGenerator<never> {}

/** @throws BronzeError CONFIG_INVALID for what is no URL, or would carry the API key in the clear */
function baseUrl(config: RestSourceConfig, environment: Environment): string {
  const text = resolve(config.base_url, environment);
  const url = URL.parse(text);
  const isLoopback = url !== null && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && (isLoopback || !config.api_key_secret));
  if (url && isSafe && url.username === '' && url.search === '' && url.hash === '') return url.href;
  throw new BronzeError('CONFIG_INVALID', {
    message: `base_url is ${url ? 'no URL that an API key may be sent to' : 'no URL'}`,
    hint: 'Give it as https://host/path, without user, query and fragment. Plain http is for loopback, or without an API key.',
  });
}

function rejected(entity: EndpointEntity, { status, excerpt }: Refusal): BronzeError {
  return new BronzeError('SOURCE_REJECTED', {
    message: `the API of ${entity.name} answers ${status}: ${excerpt || '(nothing)'}`,
    hint: `Are endpoint, paging and headers of ${entity.name} what the API expects?`,
  });
}
