/** Entry points of the functions, by the names of their bundles and constructs. */
export const FUNCTIONS = {
  planner: 'services/planner/src/handler.ts',
  freshness: 'services/planner/src/freshness-handler.ts',
  extractor: 'services/extractor/src/handler.ts',
  writer: 'services/writer/src/handler.ts',
  catalog: 'services/writer/src/catalog-handler.ts',
  orchestrator: 'services/planner/src/orchestrator-handler.ts',
} as const;

export type FunctionName = keyof typeof FUNCTIONS;
export const FUNCTION_NAMES = Object.keys(FUNCTIONS) as readonly FunctionName[];
