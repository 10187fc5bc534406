/** Tenant of everybody where no API keys are configured. */
export const DEFAULT_TENANT = 'default';
