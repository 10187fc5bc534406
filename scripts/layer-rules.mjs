/**
 * The layers of Sluice. Each module may import from its own layer downwards:
 * cli, sluice.ts -> gateway, worker, runner, scheduler, task-files -> contracts, manifest, observe -> core
 */

const CONTRACTS = 'queue|database|cache|signals';
const ROLES = 'gateway|worker|runner|scheduler';
const DRIVERS = `^src/(${CONTRACTS})/[^/]+/`;

/** A library, and the only places that may know of it. */
const LIBRARIES = {
  libsql: 'src/sqlite/',
  ioredis: '(src/redis/|src/cache/redis/|src/signals/redis/)',
  amqplib: 'src/queue/rabbitmq/',
  pg: 'src/database/postgres/',
  fastify: 'src/gateway/',
  ajv: 'src/manifest/',
  pino: 'src/observe/',
  'prom-client': 'src/observe/',
  'lru-cache': '(src/cache/memory/|src/gateway/read/)',
  citty: 'src/cli/',
  esbuild: 'src/task-files/',
};

const onlyInItsPlace = Object.entries(LIBRARIES).map(([library, place]) => ({
  name: `external-library-only-in-its-driver: ${library}`,
  comment: `${library} is known to ${place} only, so that another can take its place there.`,
  from: { path: '^src/', pathNot: `^${place}` },
  to: { path: `(^|/)node_modules/(${library})/` },
}));

const rolesKnowNotEachOther = ROLES.split('|').map((role) => ({
  name: `gateway-and-worker-meet-only-in-the-queue: ${role}`,
  comment: 'Each role can run in a process of its own; the gateway and the worker meet only in the queue.',
  from: { path: `^src/${role}/` },
  to: { path: `^src/(${ROLES})/`, pathNot: `^src/${role}/` },
}));

const driversKnowTheirContract = CONTRACTS.split('|').map((contract) => ({
  name: `a-driver-knows-its-contract-and-core: ${contract}`,
  comment: 'A driver can be taken out and another put in.',
  from: { path: `^src/${contract}/[^/]+/` },
  to: { path: '^src/', pathNot: `^src/(core|${contract}|sqlite|redis)/` },
}));

export const RULES = [
  {
    name: 'no-cycles',
    comment: 'Modules that need each other are one module.',
    from: {},
    to: { circular: true },
  },
  {
    name: 'every-import-is-found',
    comment: 'What can not be found can not be checked.',
    from: { path: '^src/' },
    to: { couldNotResolve: true },
  },
  {
    name: 'core-imports-nothing',
    comment: 'Core knows nothing of the rest, and no library but the types of Standard Schema.',
    from: { path: '^src/core/' },
    to: { path: '^src/(?!core/)|(^|/)node_modules/(?!@standard-schema/)' },
  },
  {
    name: 'acceptance-needs-only-the-queue',
    comment: 'A valid request is answered 202 with the database, the cache and every worker down.',
    from: { path: '^src/gateway/accept/' },
    to: { path: '^src/(database|cache|signals|worker|runner|scheduler|task-files|sqlite)/', reachable: true },
  },
  ...rolesKnowNotEachOther,
  {
    name: 'only-the-top-builds-task-files',
    comment:
      'What works on tasks is given a module that is built; how it came to be is none of its business.',
    from: { path: '^src/', pathNot: '^src/(task-files/|cli/|sluice\\.ts$)' },
    to: { path: '^src/task-files/' },
  },
  {
    name: 'task-files-know-core-and-manifest-only',
    comment: "They are found and built, not run: users' code is loaded in src/runner/ only.",
    from: { path: '^src/task-files/' },
    to: { path: '^src/', pathNot: '^src/(task-files|core|manifest)/' },
  },
  {
    name: 'only-the-root-names-a-driver',
    comment: 'src/engines.ts is the one product file that picks drivers.',
    from: { path: '^src/', pathNot: `^src/engines\\.ts$|${DRIVERS}` },
    to: { path: DRIVERS },
  },
  {
    name: 'drivers-know-no-other-driver',
    comment:
      'Drivers share the SQLite file through src/sqlite/, the way to Redis through src/redis/, and nothing else.',
    from: { path: `^src/((?:${CONTRACTS})/[^/]+)/` },
    to: { path: DRIVERS, pathNot: '^src/$1/' },
  },
  {
    name: 'only-its-drivers-know-the-file',
    comment: 'SQLite is an engine behind the contracts, not a service of the product.',
    from: {
      path: '^src/',
      pathNot: '^src/(sqlite/|queue/embedded/|database/sqlite/|engines\\.ts$|cli/checks/)',
    },
    to: { path: '^src/sqlite/' },
  },
  {
    name: 'only-its-drivers-know-redis',
    comment: 'Redis is an engine behind the contracts, not a service of the product.',
    from: { path: '^src/', pathNot: '^src/(redis|cache/redis|signals/redis)/' },
    to: { path: '^src/redis/' },
  },
  ...driversKnowTheirContract,
  {
    name: 'shared-engines-know-core-only',
    comment: 'What is stored in them is up to the drivers.',
    from: { path: '^src/(sqlite|redis)/' },
    to: { path: '^src/', pathNot: '^src/($1|core)/' },
  },
  {
    name: 'contracts-manifest-and-observe-know-core-only',
    comment: 'They are what the roles share.',
    from: { path: `^src/((?:${CONTRACTS})(?=/[^/]+\\.ts$)|manifest|observe)/` },
    to: { path: '^src/', pathNot: '^src/(core|$1)/' },
  },
  {
    name: 'the-command-line-is-a-client',
    comment: 'It talks to servers over HTTP, and knows no more of their routes than any client.',
    from: { path: '^src/cli/' },
    to: { path: '^src/gateway/http/' },
  },
  {
    name: 'the-balancer-knows-core-only',
    comment: 'It stands before gateways that it knows by their addresses alone.',
    from: { path: '^src/balancer/' },
    to: { path: '^src/', pathNot: '^src/(balancer|core)/' },
  },
  {
    name: 'nothing-imports-the-top',
    comment: 'The command line and the composition root stand above everything.',
    from: { path: '^src/', pathNot: '^src/(cli/|index\\.ts$|create-sluice\\.ts$|sluice\\.ts$|testing/)' },
    to: { path: '^src/(cli/|sluice\\.ts$|index\\.ts$)' },
  },
  {
    name: 'testing-not-in-production',
    comment: 'The suites are for the tests of drivers and of handlers.',
    from: { path: '^src/', pathNot: '^src/testing/' },
    to: { path: '^src/testing/' },
  },
  ...onlyInItsPlace,
];
