import type { IncomingHttpHeaders } from 'node:http';
import { AwsRefusal } from './protocol.ts';

/** Names of this machine. The port is free, because it differs behind a forwarded one. */
const LOCAL_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;

/**
 * Nobody signs requests here, so a web page must not make any: one whose name was rebound to 127.0.0.1 sends that name
 * as the host, and one that calls the endpoint from elsewhere sends its origin.
 *
 * @throws AwsRefusal 403
 */
export function refuseStrangers({ host = '', origin }: IncomingHttpHeaders): void {
  if (!LOCAL_HOST.test(host)) {
    throw new AwsRefusal(403, 'AccessDenied', 'This endpoint answers to 127.0.0.1, localhost and [::1] only.');
  }
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    throw new AwsRefusal(403, 'AccessDenied', 'This endpoint answers no web page of another origin.');
  }
}
