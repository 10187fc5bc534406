const [url = '', ...modes] = process.argv.slice(2);

/** Where the engine is. */
export const ENGINE_URL = url;

/** Whether requests that come while others are being stored are stored together, or each by a call of its own. */
export const BATCHED = modes.includes('batched');

/** Whether the worker is woken for each job, or has to look for it. */
export const NOTIFY = modes.includes('notify');
