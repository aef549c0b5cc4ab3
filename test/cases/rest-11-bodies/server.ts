import { type CaseClock, NO_SUCH_PATH, records, type Serve } from '../served-api.ts';

export function serve(clock: CaseClock): Serve {
  return ({ path }) => {
    const text = JSON.stringify({ data: records(clock, 3).map((one) => ({ ...one, text: '\u2603\u{1F600}' })) });
    if (path === '/xml')
      return { headers: { 'content-type': 'text/xml' }, body: '<?xml version="1.0"?><error>throttled</error>' };
    if (path === '/bom') return { body: `\ufeff${text}` };
    return path === '/chunked' ? { body: text, isTrickled: true } : NO_SUCH_PATH;
  };
}
