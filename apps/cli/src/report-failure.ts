import { type Failure, toFailure } from '@bronze/common/words/failure';
import { CommanderError } from 'commander';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { printJson, say } from './terminal/output.ts';

/**
 * Reports what ended a command before it could do its work: on stderr for people, and with `-o json` as
 * `{"error": {"code", "kind", "message", "hint"}}` on stdout too, where its result would be.
 *
 * @param given the command's arguments, which may be wrong themselves
 * @returns the exit code
 */
export function reportFailure(thrown: unknown, given: readonly string[]): number {
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return EXIT.ok;
    if (wantsJson(given)) printJson({ error: usageFailure(thrown) });
    return EXIT.usage;
  }
  const failure = toFailure(thrown);
  say(`bronze: ${failure.code}: ${failure.message}\n  What to do: ${failure.hint}`);
  if (failure.kind === 'bug' && thrown instanceof Error && thrown.stack) say(thrown.stack);
  if (wantsJson(given)) printJson({ error: failure });
  return exitCodeOf(failure);
}

/** A mistake in how the command was called, which commander has said on stderr. */
function usageFailure({ code, message }: CommanderError): Failure {
  return {
    code: 'CONFIG_INVALID',
    kind: 'configuration',
    message: code === 'commander.help' ? 'there is no command' : withoutUrls(message.replace(/^error: /, '').trim()),
    hint: 'bronze --help shows the commands, and bronze <command> --help how each is called.',
  };
}

/** Whether the arguments ask for JSON, as far as they can be understood. */
export function wantsJson(given: readonly string[]): boolean {
  return given.some((one, index) => {
    if (one === '-o' || one === '--output') return given[index + 1] === 'json';
    return one === '-ojson' || one === '--output=json';
  });
}

/** Arguments may be connection URLs in the wrong place. What follows one may belong to it. */
export function withoutUrls(text: string): string {
  return text.replaceAll(/[^\s'"=]*:\/\/.*/g, '(a URL)');
}
