/**
 * One line of a quarantine object: the record as it was staged, byte for byte, and why it is not in bronze.
 *
 * @example {"reason":"due: \"infinity\" is not exactly a timestamptz","record":{"due":"infinity","id":"7"}}
 */
export function quarantineLine(reason: string, record: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`{"reason":${JSON.stringify(reason)},"record":`), record, Buffer.from('}\n')]);
}
