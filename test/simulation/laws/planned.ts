import { type Facts, isHealthy, type Law } from '../world/facts.ts';
import type { PlanFacts } from '../world/ledger.ts';

/** A plan includes every entity, and every load that it names is carried out, even if other entities fail. */
export const PLANNED: Law = {
  name: 'planned',
  onPlanned({ entities, count }, { planned }) {
    count('planned_loads', planned.length);
    const names = new Set(planned.map(({ entity }) => entity));
    const missing = [...entities.keys()].find((name) => !names.has(name));
    return missing && `a plan does not include ${missing}`;
  },
  atRest(facts) {
    for (const plan of facts.ledger.plans) {
      const idle = plan.planned.find(({ entity, load_id }) => !isServed(facts, plan, { entity, load_id }));
      if (idle) return `${idle.entity} was planned for ${plan.scheduled_at}, but was not loaded`;
    }
    return undefined;
  },
};

/** By the load planned for it, by a load that was claimed later, or because its checkpoint was already that far. */
function isServed({ ledger, ...facts }: Facts, plan: PlanFacts, { entity, load_id }: PlanFacts['planned'][number]) {
  if (facts.gone.has(entity) || !isHealthy({ ledger, ...facts }, entity)) return true;
  const synced = ledger.checkpoints.get(entity)?.last_sync_timestamp ?? '';
  return (
    ledger.loads.get(`${entity}/${load_id}`)?.record !== undefined ||
    (ledger.claimed_at.get(entity) ?? 0) > plan.began ||
    synced >= plan.scheduled_at
  );
}
