/** Codes of Node's errors for an address that no connection came to, whatever was called there. */
export const NOT_REACHED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'] as const;
