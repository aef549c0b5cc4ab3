const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
type Unit = keyof typeof UNIT_SECONDS;

/** `90m`, `26h`, `2d`. */
export const DURATION = /^([1-9]\d{0,5})([smhd])$/;

/** Seconds of a text like `26h`. @throws RangeError for any other text */
export function secondsOf(text: string): number {
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (count === undefined) throw new RangeError(`not a duration: ${text.slice(0, 40)}`);
  return Number(count) * UNIT_SECONDS[unit as Unit];
}

/** A time span in its largest unit, as people say it: `12 s`, `3 min`, `21 h`, `9 days`. Negative ones are `0 s`. */
export function describeSeconds(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 2 * 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 2 * 86_400) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86_400)} days`;
}
