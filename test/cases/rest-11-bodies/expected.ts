import type { Scenarios, Shown } from '../scenario.ts';

const THREE: Shown = {
  rows: 3,
  bronze: [['SELECT id, text FROM bronze ORDER BY id', ['0', '1', '2'].map((id) => [id, '\u2603\u{1F600}'])]],
};

/** Common complaints about HTTP sources; compressed bodies, other charsets and lines of JSON are features that are missing */
export const scenarios: Scenarios = {
  'a byte order mark and chunks of one byte change nothing': {
    steps: [{ run: { entities: ['bom', 'chunked'] }, shows: { bom: THREE, chunked: THREE } }],
  },
  'an XML error with status 200 is an error': {
    steps: [{ run: { entities: ['xml'] }, shows: { xml: { fails: 'RESPONSE_MALFORMED' } } }],
  },
};
