import type { ArgsDef } from 'citty';

/** The flags of every command about a cluster on this machine. */
export const CLUSTER_ARGS = {
  data: {
    type: 'string',
    default: './.sluice-cluster',
    valueHint: 'FOLDER',
    description: 'Folder of the cluster.',
  },
} as const satisfies ArgsDef;
