import { type Facts, isHealthy, type Law } from '../world/facts.ts';
import type { PlanFacts } from '../world/ledger.ts';

/** Whatever a plan says it planned is asked for and loaded, whoever else fails. */
export const PLANNED: Law = {
  name: 'planned',
  onPlanned({ entities }, { planned }) {
    const names = new Set(planned.map(({ entity }) => entity));
    const left = [...entities.keys()].find((name) => !names.has(name));
    return left && `a plan left ${left} out`;
  },
  atRest(facts) {
    for (const plan of facts.ledger.plans) {
      const idle = plan.planned.find(({ entity, load_id }) => !isServed(facts, plan, { entity, load_id }));
      if (idle) return `${idle.entity} was planned for ${plan.scheduled_at}, and no load of it came`;
    }
    return undefined;
  },
};

/** By its own load, by one that was claimed since, or because the checkpoint had come so far already. */
function isServed({ ledger, ...facts }: Facts, plan: PlanFacts, { entity, load_id }: PlanFacts['planned'][number]) {
  if (facts.gone.has(entity) || !isHealthy({ ledger, ...facts }, entity)) return true;
  const synced = ledger.checkpoints.get(entity)?.last_sync_timestamp ?? '';
  return (
    ledger.loads.get(`${entity}/${load_id}`)?.record !== undefined ||
    (ledger.claimed_at.get(entity) ?? 0) > plan.began ||
    synced >= plan.scheduled_at
  );
}
