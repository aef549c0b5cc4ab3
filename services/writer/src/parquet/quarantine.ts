/**
 * One line of a quarantine object: why the record is not in bronze, and the record as staged, byte for byte.
 *
 * @example {"reason":"due: \"infinity\" is not exactly a timestamptz","record":{"due":"infinity","id":"7"}}
 */
export function quarantineLine(reason: string, record: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`{"reason":${JSON.stringify(reason)},"record":`), record, Buffer.from('}\n')]);
}
