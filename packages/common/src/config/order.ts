/** The order in which a run loads entities: what `after` in their configuration asks for. */

/** For each entity, those that it is loaded after. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

/** Only what is among the entities counts: one that a run leaves out holds up nothing. */
export function dependenciesAmong(
  entities: readonly string[],
  afterOf: (entity: string) => readonly string[],
): Dependencies {
  const among = new Set(entities);
  return new Map(entities.map((entity) => [entity, afterOf(entity).filter((other) => among.has(other))]));
}

/**
 * Groups of entities that have nothing to do with each other, each as waves: every entity is in the first wave that is
 * behind all that it is loaded after. Groups and entities are in the order of `dependencies`.
 *
 * @throws RangeError for a circle, which the configuration does not allow
 */
export function groupsOfWaves(dependencies: Dependencies): string[][][] {
  const waveOf = new Map<string, number>();
  const place = (entity: string, path: readonly string[]): number => {
    if (path.includes(entity)) throw new RangeError(`a circle: ${[...path, entity].join(' → ')}`);
    const placed =
      waveOf.get(entity) ??
      Math.max(0, ...(dependencies.get(entity) ?? []).map((other) => place(other, [...path, entity]) + 1));
    waveOf.set(entity, placed);
    return placed;
  };
  for (const entity of dependencies.keys()) place(entity, []);
  return groupsOf(dependencies).map((group) => {
    const waves: string[][] = [];
    for (const entity of group) (waves[waveOf.get(entity) ?? 0] ??= []).push(entity);
    return waves;
  });
}

/** Entities that depend on each other, directly or through others, are in one group. */
function groupsOf(dependencies: Dependencies): string[][] {
  const groupOf = new Map([...dependencies.keys()].map((entity) => [entity, entity]));
  for (const [entity, others] of dependencies) {
    for (const other of others) {
      const [kept, joined] = [groupOf.get(entity), groupOf.get(other)];
      for (const [one, group] of groupOf) if (group === joined && kept !== undefined) groupOf.set(one, kept);
    }
  }
  return [...Map.groupBy(dependencies.keys(), (entity) => groupOf.get(entity)).values()];
}

/** The first circle that leads from an entity back to itself, as `[orders, customers, orders]`; undefined if there is none. */
export function circleFrom(entity: string, dependencies: Dependencies): string[] | undefined {
  const seen = new Set<string>();
  const search = (from: string, path: readonly string[]): string[] | undefined => {
    for (const other of dependencies.get(from) ?? []) {
      if (other === entity) return [...path, other];
      if (seen.has(other)) continue;
      seen.add(other);
      const found = search(other, [...path, other]);
      if (found) return found;
    }
    return undefined;
  };
  return search(entity, [entity]);
}

/** What became of an entity in a run: `open` while it is not decided. */
export type Outcome = 'open' | 'completed' | 'failed';

/**
 * What an entity's request waits for: `ready` once all that it is loaded after has completed; `skipped` once one of them
 * failed or was skipped itself, which `because` names.
 */
export type Readiness =
  | { readonly kind: 'ready' }
  | { readonly kind: 'waiting'; readonly for: string }
  | { readonly kind: 'skipped'; readonly because: string };

export function readinessOf(
  entity: string,
  dependencies: Dependencies,
  outcomeOf: (entity: string) => Outcome,
): Readiness {
  const others = dependencies.get(entity) ?? [];
  for (const other of others) {
    const isSkipped = readinessOf(other, dependencies, outcomeOf).kind === 'skipped';
    if (isSkipped || outcomeOf(other) === 'failed') return { kind: 'skipped', because: other };
  }
  const open = others.find((other) => outcomeOf(other) !== 'completed');
  return open === undefined ? { kind: 'ready' } : { kind: 'waiting', for: open };
}
