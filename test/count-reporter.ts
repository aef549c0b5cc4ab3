import type { Reporter, TestModule } from 'vitest/node';

/** Prints which tests skipped themselves and why, and `N passed, N failed` as the last line. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0;
    // An unhandled rejection fails the run even if every test passed.
    let failed = unhandled.length;
    let skipped = 0;
    const reasons: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed += 1;
        else if (result.state === 'failed') failed += 1;
        else skipped += 1;
        if (result.state === 'skipped' && result.note) reasons.push(`skipped: ${test.fullName}: ${result.note}\n`);
      }
      failed += module.errors().length;
    }
    const tail = skipped > 0 ? `, ${skipped} skipped` : '';
    process.on('exit', () => process.stdout.write(`${reasons.join('')}${passed} passed, ${failed} failed${tail}\n`));
  }
}
