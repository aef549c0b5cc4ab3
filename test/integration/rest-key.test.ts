import { describe, expect, test } from 'vitest';
import { RestWorld } from './rest-world.ts';

async function expectAll(world: RestWorld): Promise<void> {
  await world.load();
  expect(await world.versions()).toEqual(world.expected());
}

describe('the API key', () => {
  test.concurrent('is read again when it is rotated in the middle of a load', async () => {
    await using world = await RestWorld.open();
    const handle = world.api.handle;
    Reflect.set(world.api, 'handle', async (event: Parameters<typeof handle>[0]) => {
      if (world.api.requests === 4) await rotate(world, 'key-rotated-once');
      if (world.api.requests === 9) await rotate(world, 'key-rotated-twice');
      return handle(event);
    });
    await expectAll(world);
  });

  test.concurrent('is shown nowhere when it is wrong, which is a clear error', async () => {
    await using world = await RestWorld.open();
    await world.writeSecret('canary-5c1e7a');
    const failure = await world.failingRun();
    const said =
      'the API of things answers 403, even after the key was read again from its secret: {"message":"forbidden"}';
    expect(failure).toMatchObject({ code: 'SOURCE_DENIED', message: expect.stringContaining(said) as string });
    expect(JSON.stringify([failure, world.events])).not.toContain('canary');
    expect(await world.everythingWritten()).not.toContain('canary');
    expect(world.api.requests).toBe(2);
  });

  test.concurrent('is nowhere in what a load leaves behind, even when the API echoes it', async () => {
    await using world = await RestWorld.open({ key: 'canary-77aa01', faults: { fail: { status: 503, times: 1 } } });
    await expectAll(world);
    expect(await world.everythingWritten()).not.toContain('canary');
    const handle = world.api.handle;
    Reflect.set(world.api, 'handle', async (event: Parameters<typeof handle>[0]) => ({
      ...(await handle(event)),
      statusCode: 409,
      body: JSON.stringify(event.headers),
    }));
    const { failure } = await world.run();
    expect(failure).toMatchObject({ code: 'SOURCE_REJECTED', message: expect.stringContaining('(hidden)') as string });
    expect(JSON.stringify([failure, world.events])).not.toContain('canary');
    expect(await world.everythingWritten()).not.toContain('canary');
  });

  test.concurrent.each<[how: string, spell: (key: string) => string]>([
    ['percent-encoded', encodeURIComponent],
    ['in lower case', (key) => encodeURIComponent(key).toLowerCase()],
    ['in Base64', (key) => Buffer.from(key).toString('base64')],
    ['in HTML', (key) => key.replaceAll('&', '&amp;').replaceAll('<', '&lt;')],
    ['in upper case', (key) => key.toUpperCase()],
  ])('is hidden when an API echoes it %s, in its refusal or in a field’s name', async (_, spell) => {
    const key = 'Canary+1/2=&<@x';
    const echoed = spell(key);
    for (const [status, body] of [
      [409, `you sent ${echoed}`],
      [200, JSON.stringify({ data: [{ [echoed]: 1 }] })],
    ] as const) {
      await using world = await RestWorld.open({ key, entity: { paging: { style: 'none' } } });
      const headers = { 'content-type': 'application/json' };
      Reflect.set(world.api, 'handle', async () => ({ statusCode: status, headers, body }));
      const failure = await world.failingRun();
      expect(JSON.stringify(failure)).toContain('(hidden)');
      const told = JSON.stringify([failure, world.events]) + (await world.everythingWritten());
      expect(told).not.toContain(JSON.stringify(echoed).slice(1, -1));
      expect(told).not.toMatch(/canary/i);
    }
  });

  test.concurrent.each([
    ['', /holds no API key/],
    ['{"key": "x"}', /holds no API key/],
    ['two\nlines', /characters that a header can’t carry/],
  ])('a secret that is %j is a clear error', async (secret, message) => {
    await using world = await RestWorld.open({ source: { api_key_secret: `env:UNUSED` } });
    expect(await world.failingRun()).toMatchObject({
      code: 'SECRET_UNREADABLE',
      message: expect.stringMatching(/UNUSED/) as string,
    });
    await world.writeRaw(secret);
    await using other = await RestWorld.open({ source: { api_key_secret: `file:${world.secretFile}` } });
    expect(await other.failingRun()).toMatchObject({
      code: 'SECRET_UNREADABLE',
      message: expect.stringMatching(message) as string,
    });
  });

  async function rotate(world: RestWorld, key: string): Promise<void> {
    world.key = key;
    await world.writeSecret(key);
  }
});
