import { describe, expect, test } from 'vitest';
import { BronzeError, machineError, toFailure } from './failure.ts';
import { isMachineCode } from './machine-failure.ts';

const error = (message: string, properties: object) => Object.assign(new Error(message), properties);
const sqlite = (errcode: number) => error('refused', { code: 'ERR_SQLITE_ERROR', errcode });

describe('a failure of the machine', () => {
  test.each([
    ['DISK_FULL', error('ENOSPC', { code: 'ENOSPC', syscall: 'write' })],
    ['DISK_FULL', error('EDQUOT', { code: 'EDQUOT', syscall: 'write' })],
    ['DISK_FULL', sqlite(13)],
    ['DISK_FULL', new Error('IO Error: Could not write file "/tmp/x": No space left on device')],
    ['DISK_FULL', new Error('Out of Memory Error: failed to offload data block\n the max_temp_directory_size setting')],
    ['DISK_FAILING', error('EIO', { code: 'EIO', syscall: 'read' })],
    ['DISK_FAILING', sqlite(778)],
    ['FILES_EXHAUSTED', error('EMFILE', { code: 'EMFILE', syscall: 'open' })],
    ['FILES_EXHAUSTED', error('ENFILE', { code: 'ENFILE', syscall: 'open' })],
    ['FILES_EXHAUSTED', new Error('IO Error: Cannot open file "/tmp/x": Too many open files')],
    ['FOLDER_UNUSABLE', error('EROFS', { code: 'EROFS', syscall: 'open' })],
    ['FOLDER_UNUSABLE', error('EACCES', { code: 'EACCES', syscall: 'open' })],
    ['FOLDER_UNUSABLE', error('EPERM', { code: 'EPERM', syscall: 'link' })],
    ['FOLDER_UNUSABLE', error('ENOTDIR', { code: 'ENOTDIR', syscall: 'mkdir' })],
    ['FOLDER_UNUSABLE', error('EEXIST', { code: 'EEXIST', syscall: 'mkdir' })],
    ['FOLDER_UNUSABLE', error('ENOENT', { code: 'ENOENT', syscall: 'mkdtemp' })],
    ['FOLDER_UNUSABLE', sqlite(8)],
    ['FOLDER_UNUSABLE', new Error('IO Error: Cannot open file "/tmp/x": Permission denied')],
  ])('is %s: %s', (code, thrown) => {
    expect(toFailure(thrown)).toMatchObject({ code, kind: code === 'FOLDER_UNUSABLE' ? 'configuration' : 'transient' });
    expect(isMachineCode(code)).toBe(true);
  });

  test.each([
    error('connect EACCES', { code: 'EACCES', syscall: 'connect' }),
    error('ENOENT', { code: 'ENOENT', syscall: 'open' }),
    error('EEXIST', { code: 'EEXIST', syscall: 'link' }),
    sqlite(5),
    error('toString', { code: 'toString' }),
    new Error('Conversion Error: No space left on device'),
    new Error('anything'),
    'No space left on device',
  ])('is not %s', (thrown) => {
    expect(machineError(thrown)).toBeUndefined();
    expect(toFailure(thrown).code).toBe('UNEXPECTED');
  });

  test('names the path that the error has, else the one that is known, and keeps the cause', () => {
    const named = error('ENOSPC: write', { code: 'ENOSPC', syscall: 'open', path: '/its/own' });
    expect(machineError(named, '/known')?.message).toContain('/its/own');
    expect(machineError(sqlite(13), '/known')).toMatchObject({
      message: 'there is no space left on the disk: /known (refused)',
      cause: { errcode: 13 },
    });
    expect(machineError(new Error('IO Error: Could not write file "/a/b": disk'))?.message).toContain(': /a/b (');
  });

  test('is not what Bronze has named already', () => {
    const known = new BronzeError('ENGINE_LIMIT', { message: 'max_temp_directory_size', hint: 'none' });
    expect(machineError(known)).toBeUndefined();
    expect(isMachineCode(known.code)).toBe(false);
  });
});
