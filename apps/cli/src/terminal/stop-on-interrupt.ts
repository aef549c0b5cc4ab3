import { EXIT } from '../exit-code.ts';
import { say } from './output.ts';
import type { Progress } from './progress.ts';

export const STOPPING = [
  'Stopping after the current batch; the next run continues from there.',
  'Press Ctrl-C again to stop at once.',
];

export const RUN_AGAIN = 'Interrupted. Nothing is lost: run the same command again to go on from here.';

/** The first Ctrl-C lets running work finish its batch and enqueue what comes next; the second ends the process. */
export function stopOnInterrupt(progress: Progress): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) {
      progress.stop();
      say(RUN_AGAIN);
      process.exit(EXIT.interrupted);
    }
    for (const text of STOPPING) progress.say(text);
    controller.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    release: () => process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}
