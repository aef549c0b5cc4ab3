import { toFailure } from '@bronze/common/words/failure';
import { exitCodeOf } from '../exit-code.ts';
import { say } from './output.ts';

/**
 * Lets a command end its work when nobody reads its output any more, as in `bronze run | head`. Output that the machine
 * refuses, such as a file on a full disk, is a failure of the command.
 */
export function survivesClosedPipes(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (thrown) => {
    if (Reflect.get(thrown, 'code') === 'EPIPE') return;
    const failure = toFailure(thrown);
    say(`bronze: ${failure.code}: the output can’t be written: ${failure.message}`);
    process.on('exit', () => (process.exitCode = exitCodeOf(failure)));
  });
}
