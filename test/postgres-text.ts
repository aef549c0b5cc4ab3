/** Values as PostgreSQL prints them with `datestyle` ISO in UTC: what tests compare each reader of Parquet by. */

/** @param days since 1970-01-01, of the years 1 to 9999 */
export function dateText(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, 10);
}

/** @param micros since 1970-01-01, of the years 1 to 9999 */
export function timestampText(micros: bigint, isUtc: boolean): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = Number((micros - fraction) / 1_000_000n);
  const text = new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
  const digits = String(fraction).padStart(6, '0').replace(/0+$/, '');
  return `${text}${digits && `.${digits}`}${isUtc ? '+00' : ''}`;
}

export function bytesText(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes).toString('hex')}`;
}

/** @param unscaled the decimal times 10^scale */
export function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : '';
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** As JavaScript prints it, with the sign of a zero. PostgreSQL prints the same number, at times with an exponent. */
export function floatText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
