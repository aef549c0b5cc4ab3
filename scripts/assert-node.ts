/** Run after the set-up: says at once when scripts would run on another Node than the one Bronze pins. */
const [major] = process.versions.node.split('.');
if (major !== '24') {
  process.stderr.write(
    `Bronze needs Node 24, this is ${process.version}. Is node allowed to build in pnpm-workspace.yaml?\n`,
  );
  process.exitCode = 2;
}
