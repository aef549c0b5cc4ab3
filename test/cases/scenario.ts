import type { LoadType } from '@bronze/common/words/entity';
import type { CaseClock, Serve } from './served-api.ts';

/** Values as PostgreSQL prints them. */
export type Row = readonly (string | null)[];

/** What an entity must show after a run that asked for it. */
export interface Shown {
  /** The code of its failure; it must complete if there is none. */
  readonly fails?: string;
  /** What the failure's message and hint say. */
  readonly says?: RegExp;
  /** How many rows this run brought to bronze. */
  readonly rows?: number;
  /** How many rows this run put into quarantine. */
  readonly quarantined?: number;
  /** Whether its checkpoint is later than before the run. */
  readonly moves?: boolean;
  /** What the last load record says besides. */
  readonly record?: object;
  /** Queries of everything that is in bronze, and what each gives: rows, or what a query of the source gives. */
  readonly bronze?: readonly (readonly [query: string, gives: readonly Row[] | { readonly source: string }])[];
  /** The `event_date=` levels of its files. */
  readonly event_dates?: readonly string[];
}

export interface RunStep {
  /** What the run is asked for, and what the configuration has besides bronze.config.ts. */
  readonly run?: {
    readonly entities?: readonly string[];
    readonly load_type?: LoadType;
    readonly config?: Settings;
    /** Replaces the URL of the database. */
    readonly url?: (url: URL) => string;
  };
  readonly shows: Readonly<Record<string, Shown>>;
}

/** Settings by source or entity: `{ sources: { db: { max_connections: 1 } } }`. */
export type Settings = Readonly<Partial<Record<'sources' | 'entities', Readonly<Record<string, object>>>>>;

export type Step =
  | RunStep
  /** Statements, or a file of them in the case's folder; a superuser runs them. */
  | { readonly sql: string }
  /** A path of the API that is asked for. */
  | { readonly get: string };

export interface Scenario {
  readonly steps: readonly Step[];
  /** The role that loads, which setup.sql creates with its name as password; default: a superuser. */
  readonly role?: string;
  /** Whether it needs the server of own-server.ts, and the German locale of it. */
  readonly server?: 'own' | 'german';
  /** Texts that appear nowhere: not in results, events or files. */
  readonly never?: readonly string[];
}

/** What expected.ts of a case exports: scenarios by what a user expects. */
export type Scenarios = Readonly<Record<string, Scenario>>;

/** What server.ts of a case exports. */
export interface ServerModule {
  readonly serve: (clock: CaseClock) => Serve;
}
