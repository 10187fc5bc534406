const LEVELS: Record<number, readonly [name: string, colour: number]> = {
  20: ['debug', 90],
  30: ['info', 32],
  40: ['warn', 33],
  50: ['error', 31],
};

/** One entry of the log as a person reads it: time of day, level, message, what belongs to it, and the frames of a stack. */
export function prettyLine(json: string, colours: boolean): string {
  const { level, time, msg, stack, ...data } = JSON.parse(json) as Record<string, unknown>;
  const [name, colour] = LEVELS[Number(level)] ?? [String(level), 0];
  const paint = (text: string, code: number): string => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const at = new Date(String(time)).toTimeString().slice(0, 8);
  const fields = Object.entries(data).map(([key, value]) => `${key}=${show(value)}`);
  const line = [paint(at, 90), paint(name.padEnd(5), colour), String(msg), paint(fields.join(' '), 90)]
    .join(' ')
    .trimEnd();
  return [line, ...framesOf(stack).map((frame) => paint(frame, 90))].join('\n').concat('\n');
}

/** Without what was thrown, which the entry says. */
function framesOf(stack: unknown): string[] {
  return typeof stack === 'string' ? stack.split('\n').filter((line) => /^ +at /.test(line)) : [];
}

function show(value: unknown): string {
  return typeof value === 'string' && /^\S+$/.test(value) ? value : JSON.stringify(value);
}
