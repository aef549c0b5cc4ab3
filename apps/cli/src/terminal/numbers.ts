/** `46,273`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

const ROUGHLY = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 2 });

/** `1.2M`, for what is not known better. */
export function roughly(value: number): string {
  return ROUGHLY.format(value);
}

/** `1 part`, `2 parts`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `1 entity`, `2 entities`. */
export function entitiesOf(value: number): string {
  return `${count(value)} ${value === 1 ? 'entity' : 'entities'}`;
}

/** `1.4 MB`: decimal units. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 1000 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? scaled : scaled.toFixed(1)} ${units[unit]}`;
}

/** Whole rows per second; 0 if the duration is 0. */
export function perSecond(rows: number, duration_seconds: number): number {
  return duration_seconds > 0 ? Math.round(rows / duration_seconds) : 0;
}

/** `0.4 s`, `61 s`, `12 min 5 s`, `2 h 3 min`. */
export function lasted(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${count(Math.floor(whole / 3600))} h ${Math.floor((whole % 3600) / 60)} min`;
}
