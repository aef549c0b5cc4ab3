/** Preloaded into a command by machine.test.ts: the disk is full once FULL_AFTER files were written. Half of the next stays. */
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { writeFile } = promises;
let left = Number(process.env['FULL_AFTER']);

promises.writeFile = async (file, data) => {
  left -= 1;
  if (left >= 0) return writeFile(file, data);
  await writeFile(file, 'half');
  throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
};
syncBuiltinESMExports();
