/**
 * What CloudWatch makes of recorded metrics: alarms of a template over points in time. Slower than CloudWatch, never faster:
 * periods are aligned to the clock, and a point is there two minutes after it was sent.
 */

const MINUTE_MS = 60_000;
/** How long metrics take to arrive. */
const DELAY_MS = 2 * MINUTE_MS;

export interface Point {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly at_ms: number;
  readonly value: number;
}

interface Emf {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
  readonly [field: string]: unknown;
}

/** The points of a line in the embedded metric format; none of any other line. */
export function pointsOf(line: string): Point[] {
  if (!line.startsWith('{"_aws"')) return [];
  const emf = JSON.parse(line) as Emf;
  return emf._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) =>
      Metrics.map(({ Name }) => ({
        namespace: Namespace,
        name: Name,
        dimensions: Object.fromEntries(names.map((name) => [name, String(emf[name])])),
        at_ms: emf._aws.Timestamp,
        value: Number(emf[Name]),
      })),
    ),
  );
}

type Token = string | { readonly Ref: string } | { readonly 'Fn::GetAtt': readonly [id: string, attribute: string] };

interface MetricReference {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: Token }[];
}

/** An alarm as the template has it. */
export interface AlarmProperties extends Partial<MetricReference> {
  readonly AlarmDescription: string;
  readonly Statistic?: string;
  readonly Period?: number;
  readonly Metrics?: readonly {
    readonly Id: string;
    readonly Expression?: string;
    readonly MetricStat?: { readonly Metric: MetricReference; readonly Period: number; readonly Stat: string };
  }[];
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
  readonly Threshold: number;
  readonly ComparisonOperator: 'GreaterThanThreshold' | 'LessThanThreshold';
  readonly TreatMissingData: 'notBreaching' | 'ignore';
}

interface Series {
  /** By the beginning of the period. */
  readonly points: ReadonlyMap<number, readonly Point[]>;
  readonly period_ms: number;
  readonly statistic: string;
  /** {@link SILENCE} */
  readonly isSilence: boolean;
}

/** Points by their metric. */
export class RecordedMetrics {
  readonly #points = new Map<string, Point[]>();

  add(point: Point): void {
    const key = keyOf(point.namespace, point.name, point.dimensions);
    const known = this.#points.get(key);
    if (known) known.push(point);
    else this.#points.set(key, [point]);
  }

  of(namespace: string, name: string, dimensions: Point['dimensions']): readonly Point[] {
    return this.#points.get(keyOf(namespace, name, dimensions)) ?? [];
  }

  copy(): RecordedMetrics {
    const copy = new RecordedMetrics();
    for (const [key, points] of this.#points) copy.#points.set(key, [...points]);
    return copy;
  }

  all(): Point[] {
    return [...this.#points.values()].flat();
  }
}

/** Names of a template's resources: a function's or queue's own, else its logical id. */
export type Names = (token: Token) => string;

/** @returns when the alarm goes into ALARM, each time, from `from_ms` to `to_ms` */
export function alarmTimes(
  alarm: AlarmProperties,
  metrics: RecordedMetrics,
  { names, from_ms, to_ms }: { readonly names: Names; readonly from_ms: number; readonly to_ms: number },
): number[] {
  const series = seriesOf(alarm, metrics, names);
  const times: number[] = [];
  let isAlarm = false;
  for (let now_ms = from_ms; now_ms <= to_ms; now_ms += MINUTE_MS) {
    const next: boolean = stateOf(alarm, valuesAt(series, alarm.EvaluationPeriods, now_ms)) ?? isAlarm;
    if (next && !isAlarm) times.push(now_ms);
    isAlarm = next;
  }
  return times;
}

/** The only expression that an alarm may have here. */
const SILENCE = /^IF\(RUNNING_SUM\(FILL\((\w+), 0\)\) > 0, FILL\(\1, 0\), 1\)$/;

function seriesOf(alarm: AlarmProperties, metrics: RecordedMetrics, names: Names): Series {
  const expressions = (alarm.Metrics ?? []).flatMap(({ Expression }) => Expression ?? []);
  if (expressions.some((expression) => !SILENCE.test(expression))) {
    throw new Error(`an expression that this evaluator does not know: ${expressions.join()}`);
  }
  const stat = alarm.Metrics?.find(({ MetricStat }) => MetricStat)?.MetricStat;
  const { Namespace, MetricName, Dimensions } = stat?.Metric ?? (alarm as MetricReference);
  const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, names(Value)]));
  const period_ms = (stat?.Period ?? alarm.Period ?? 0) * 1000;
  const own = metrics.of(Namespace, MetricName, dimensions);
  return {
    points: Map.groupBy(own, ({ at_ms }) => Math.floor(at_ms / period_ms) * period_ms),
    period_ms,
    statistic: stat?.Stat ?? alarm.Statistic ?? '',
    isSilence: expressions.length > 0,
  };
}

function keyOf(namespace: string, name: string, dimensions: Readonly<Record<string, string>>): string {
  return JSON.stringify([namespace, name, Object.entries(dimensions).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

/** The last periods that have ended, the oldest first; undefined where there is no data. */
function valuesAt({ points, period_ms, statistic, isSilence }: Series, periods: number, now_ms: number) {
  const end = Math.floor(now_ms / period_ms) * period_ms;
  const values = Array.from({ length: periods }, (_, index) => {
    const arrived = (points.get(end - (periods - index) * period_ms) ?? [])
      .filter(({ at_ms }) => at_ms + DELAY_MS <= now_ms)
      .map(({ value }) => value);
    if (arrived.length === 0) return undefined;
    return statistic === 'Sum' ? arrived.reduce((sum, value) => sum + value, 0) : Math.max(...arrived);
  });
  const first = values.findIndex((value) => (value ?? 0) > 0);
  // FILL of nothing is nothing.
  return isSilence && first !== -1 ? values.map((value, index) => (index < first ? 1 : (value ?? 0))) : values;
}

/** Whether it is in ALARM; undefined if it keeps the state that it has. */
function stateOf(alarm: AlarmProperties, values: readonly (number | undefined)[]): boolean | undefined {
  const present = values.filter((value) => value !== undefined);
  const breaching = present.filter((value) =>
    alarm.ComparisonOperator === 'GreaterThanThreshold' ? value > alarm.Threshold : value < alarm.Threshold,
  ).length;
  if (breaching >= alarm.DatapointsToAlarm) return true;
  const missing = alarm.TreatMissingData === 'ignore' ? values.length - present.length : 0;
  return breaching + missing >= alarm.DatapointsToAlarm ? undefined : false;
}
