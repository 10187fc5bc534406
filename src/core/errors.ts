/**
 * Every failure that a user of Sluice can meet: its stable code, what it says, the HTTP status it has where it leaves
 * through the API (500 where it never does), and whether the same call may succeed later. Documented in
 * docs/reference/errors.md; a test ties the two together. `{name}` is filled from the error's data.
 */
export const ERRORS = {
  // The request
  SLUICE_ROUTE_NOT_FOUND: [
    404,
    false,
    'There is nothing at {method} {path}. /openapi.json lists what there is.',
  ],
  SLUICE_METHOD_NOT_ALLOWED: [405, false, '{method} is not allowed here; use {allowed}.'],
  SLUICE_TASK_UNKNOWN: [
    404,
    false,
    'There is no task named "{task}". /openapi.json lists the tasks this gateway knows.',
  ],
  SLUICE_TASK_NOT_FOUND: [
    404,
    false,
    'There is no task with this id here. Ids are those that a 202 of this installation gave you.',
  ],
  SLUICE_TASK_GONE: [410, false, 'The task ended and its retention is over; nothing of it is left to read.'],
  SLUICE_RESULT_GONE: [410, false, 'The task succeeded, and the time its result is kept for is over.'],
  SLUICE_MEDIA_TYPE_UNSUPPORTED: [415, false, 'Send the input as application/json; this was {type}.'],
  SLUICE_BODY_NOT_JSON: [400, false, 'The body is not valid JSON: {reason}.'],
  SLUICE_BODY_TOO_LARGE: [
    413,
    false,
    'The body is larger than the {limit} bytes allowed. Store large data elsewhere and send a reference.',
  ],
  SLUICE_BODY_TOO_DEEP: [400, false, 'The body nests deeper than the {limit} levels allowed.'],
  SLUICE_TEXT_UNSTORABLE: [
    422,
    false,
    'A string in the body holds {what}, which not every store can keep. Remove it or encode the text, as base64 for example.',
  ],
  SLUICE_INPUT_INVALID: [422, false, 'The input does not fit the schema of task "{task}": see errors.'],
  SLUICE_OPTION_INVALID: [400, false, '{option} is {value}; it has to be {expected}.'],
  SLUICE_PARAMETER_UNKNOWN: [
    400,
    false,
    'There is no query parameter "{parameter}" here. Known are: {known}.',
  ],
  SLUICE_DEADLINE_INVALID: [
    400,
    false,
    'The deadline {deadline} is not after {bound}, so the task could never run.',
  ],
  SLUICE_IDEMPOTENCY_KEY_INVALID: [
    400,
    false,
    'The Idempotency-Key has to be one string of 1 to 255 printable ASCII characters, quoted or bare.',
  ],
  SLUICE_IDEMPOTENCY_KEY_REUSED: [
    422,
    false,
    'This Idempotency-Key was used before with another input or other options; that made task {taskId}. Use a new key for a new request.',
  ],
  SLUICE_REQUEST_TIMEOUT: [408, true, 'The request did not arrive in time. Send it again.'],
  SLUICE_REQUEST_MALFORMED: [400, false, 'The request is not valid HTTP.'],
  SLUICE_HEADERS_TOO_LARGE: [431, false, 'The request headers are too large.'],

  // Who asks
  SLUICE_CREDENTIALS_MISSING: [
    401,
    false,
    'This server asks for an API key: send "Authorization: Bearer <key>".',
  ],
  SLUICE_CREDENTIALS_INVALID: [
    401,
    false,
    'The API key is not known here. Check for a typing error, or ask for a new key.',
  ],

  // What a running system can not do just now
  SLUICE_QUEUE_UNAVAILABLE: [
    503,
    true,
    'The queue did not confirm the task, so it may or may not have been accepted. Send it again with the same Idempotency-Key.',
  ],
  SLUICE_QUEUE_FULL: [503, true, 'The queue is full. Nothing was accepted; try again later.'],
  SLUICE_GATEWAY_SATURATED: [
    503,
    true,
    'This gateway has as many requests in flight as it can hold. Nothing was accepted; try again later.',
  ],
  SLUICE_GATEWAY_DRAINING: [503, true, 'This gateway is shutting down. Nothing was accepted; send it again.'],
  SLUICE_GATEWAY_UNREACHABLE: [
    503,
    true,
    'The load balancer reaches no gateway. Send the request again, a task with the same Idempotency-Key.',
  ],
  SLUICE_GATEWAY_LOST: [
    502,
    true,
    'The gateway ended without an answer, so a task may or may not have been accepted. Send it again with the same Idempotency-Key.',
  ],
  SLUICE_GATEWAY_TIMEOUT: [
    504,
    true,
    'The gateway did not answer in time, so a task may or may not have been accepted. Send it again with the same Idempotency-Key.',
  ],
  SLUICE_MESSAGE_TOO_LARGE: [413, false, 'The task takes {bytes} bytes in the queue; {limit} are allowed.'],
  SLUICE_DATABASE_UNAVAILABLE: [
    503,
    true,
    'The database does not answer. Accepting goes on; try this call again later.',
  ],
  SLUICE_INTERNAL: [500, true, 'Something went wrong inside Sluice; its log says what.'],

  // How a task ended, or why it waits
  SLUICE_TASK_FAILED: [409, false, 'The task failed: see error.'],
  SLUICE_TASK_CANCELLED: [409, false, 'The task was cancelled, so it has no result.'],
  SLUICE_TASK_EXPIRED: [409, false, 'The deadline of the task passed before it could run to its end.'],
  SLUICE_TASK_ENDED: [409, false, 'The task has already ended as {state}; that can not be changed.'],
  SLUICE_HANDLER_FAILED: [500, true, 'The handler failed: {reason}'],
  SLUICE_TASK_TIMEOUT: [500, true, 'The handler did not finish within its timeout of {timeoutMs} ms.'],
  SLUICE_TASK_CRASHED: [
    500,
    true,
    'The process that ran the task died under it: {reason}. That was time number {times}.',
  ],
  SLUICE_TASK_NOT_HERE: [
    500,
    true,
    'No worker that knows the task "{task}" has come by yet; it waits for one.',
  ],
  SLUICE_RESULT_INVALID: [500, false, 'The handler returned something that is not its output: {reason}.'],
  SLUICE_RESULT_TOO_LARGE: [
    500,
    false,
    'The result takes {bytes} bytes; {limit} are allowed. Store it elsewhere and return a reference.',
  ],
  SLUICE_MESSAGE_INVALID: [
    500,
    false,
    'A message of the queue could not be used and was put into quarantine: {reason}.',
  ],

  // Definitions and task files
  SLUICE_DEFINITION_INVALID: [500, false, 'Task {task}: {reason}.'],
  SLUICE_DEFINITION_DUPLICATE: [
    500,
    false,
    'The task name "{task}" is defined twice, in {first} and in {second}. Rename one of them.',
  ],
  SLUICE_SCHEMA_UNSUPPORTED: [
    500,
    false,
    'Task "{task}": its {side} schema can not be written as JSON Schema ({reason}). Use a type that JSON has (a date as z.iso.datetime(), for example), or give the JSON Schema itself.',
  ],
  SLUICE_MANIFEST_INVALID: [
    500,
    false,
    'The manifest {path} can not be used: {reason}. Make it again with "sluice build".',
  ],
  SLUICE_TASKS_MISSING: [
    500,
    false,
    'There is no task in {path}. Export one: export const hello = task("hello", { input, run }).',
  ],
  SLUICE_TASKS_PATH_MISSING: [
    500,
    false,
    'There is nothing at {path}. Give the folder or the file of your tasks, or make some with "sluice init".',
  ],
  SLUICE_TASKS_BUILD_FAILED: [500, false, 'The task files do not compile:\n{reason}'],
  SLUICE_PACKAGE_MISSING: [500, false, 'Not installed: {imports}. Run "npm install {packages}".'],
  SLUICE_TASKS_LOAD_FAILED: [500, false, 'The task files could not be loaded: {reason}'],

  // Starting
  SLUICE_CONFIG_INVALID: [500, false, 'The configuration {path} can not be used: {reason}.'],
  SLUICE_KEYS_INVALID: [500, false, 'The key file {path} can not be used: {reason}.'],
  SLUICE_SECRET_INVALID: [
    500,
    false,
    'The secret can not be used: {reason}. Give SLUICE_SECRET at least 32 characters.',
  ],
  SLUICE_BIND_UNPROTECTED: [
    500,
    false,
    'Listening on {host} would let anyone on the network use this server. Give API keys (--keys FILE or SLUICE_KEYS), or listen on 127.0.0.1.',
  ],
  SLUICE_PORT_IN_USE: [
    500,
    false,
    'Port {port} of {host} is in use. Stop what uses it, or choose another with {option}.',
  ],
  SLUICE_DATA_LOCKED: [
    500,
    false,
    'The data folder {path} is in use by another process{holder}. Stop that one, or give another folder (--data, or --spool where it is a spool).',
  ],
  SLUICE_DATA_UNLOCKABLE: [
    500,
    false,
    'The data folder {path} can not be locked ({reason}), so two processes could destroy it. Put it on a local disk.',
  ],
  SLUICE_DATA_UNUSABLE: [500, false, 'The data folder {path} can not be used: {reason}.'],
  SLUICE_SPOOL_LEFT: [
    500,
    true,
    '{count} accepted tasks are still on this disk, since the queue has not taken them. They are safe in {folder}; start a gateway with that spool again to have them forwarded.',
  ],
  SLUICE_ENGINE_UNREACHABLE: [
    500,
    true,
    'The {engine} can not be reached: {reason}. See that it runs and that its URL is right; "sluice doctor" looks closer.',
  ],
  SLUICE_QUEUE_UNUSABLE: [
    500,
    false,
    'The queue can not be used: {reason}. Change that, or the URL of the queue.',
  ],
  SLUICE_DATABASE_UNUSABLE: [
    500,
    false,
    'The database can not be used: {reason}. Change that, or the URL of the database.',
  ],
  SLUICE_DATABASE_NEWER: [
    500,
    false,
    'The schema "{schema}" is at version {version}, and this release knows no version above {newest}. Run "sluice migrate" of the newest release.',
  ],
  SLUICE_DURABILITY_INSUFFICIENT: [
    500,
    false,
    '--require-durable asks for more of the {engine}: {reason}. Mend that, or start without the flag.',
  ],

  // The engines of a topology on one machine
  SLUICE_BINARY_MISSING: [
    500,
    false,
    'The program {name} is not installed. On Debian: apt-get install {debianPackage}.',
  ],
  SLUICE_MEMBER_UNKNOWN: [500, false, 'There is no "{name}" in this cluster. There are: {known}.'],
  SLUICE_CLUSTER_RUNNING: [
    500,
    false,
    'A cluster runs in {folder} already. End it with "sluice cluster down", or give another folder with --data.',
  ],
  SLUICE_CLUSTER_ABSENT: [
    500,
    false,
    'No cluster runs in {folder}. Start one with "sluice cluster up", or name its folder with --data.',
  ],
  SLUICE_CLUSTER_ABANDONED: [
    500,
    false,
    'The process that ran the cluster in {folder} was killed, and these members run on: {members}. "sluice cluster down" ends them, and so does the next "sluice cluster up".',
  ],
  SLUICE_CLUSTER_SILENT: [
    500,
    true,
    'The cluster in {folder} is run by process {pid}, which does not answer. If it was stopped with Ctrl-Z, "fg" lets it go on.',
  ],
  SLUICE_MEMBER_NOT_UP: [500, false, '{name} is {state}. Only a member that is up can be paused.'],
  SLUICE_MEMBER_FAILED: [500, true, '{name} could not be brought up: {reason}. Its log ends with:\n{log}'],

  // The command line
  SLUICE_COMMAND_INVALID: [500, false, '{reason}. "{command} --help" shows what there is.'],
  SLUICE_SERVER_UNREACHABLE: [
    500,
    true,
    'No Sluice server answers at {url}. Start one with "sluice dev", or name another with --url.',
  ],
  SLUICE_WAIT_TIMEOUT: [
    500,
    true,
    'The task {taskId} did not end within {waited}. It goes on; watch it with "sluice tasks watch {taskId}".',
  ],
} as const satisfies Record<string, readonly [status: number, retryable: boolean, message: string]>;

export type ErrorCode = keyof typeof ERRORS;

const BRAND = Symbol.for('sluice.error');

/** Values for the placeholders of the message, and anything a caller may want to read from the error. */
export type ErrorData = Readonly<Record<string, unknown>>;

/** A failure with a code of the table above. `cause` keeps what was underneath. */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryable: boolean;
  readonly data: ErrorData;
  readonly [BRAND] = true;

  constructor(code: ErrorCode, data: ErrorData = {}, options?: ErrorOptions) {
    const [status, retryable, template] = ERRORS[code];
    super(fill(template, data), options);
    this.name = 'SluiceError';
    this.code = code;
    this.status = status;
    this.retryable = retryable;
    this.data = data;
  }

  /** True for a SluiceError of any copy of this package, and of `code` where one is given. */
  static is(value: unknown, code?: ErrorCode): value is SluiceError {
    const branded = typeof value === 'object' && value !== null && BRAND in value;
    return branded && (code === undefined || (value as unknown as SluiceError).code === code);
  }
}

function fill(template: string, data: ErrorData): string {
  return template.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) =>
    name in data ? String(data[name]) : placeholder,
  );
}

/** What of an unknown thrown value can be shown to a person. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  try {
    return typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown));
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}
