import type { ErrorObject } from 'ajv';
import { firstIssues, type Issue, type Issues, MAX_ISSUES } from '../core/schema.ts';

/** Where an error about an object names one of its properties, that is what to point at. */
const PROPERTY_PARAMETERS = [
  'missingProperty',
  'additionalProperty',
  'unevaluatedProperty',
  'propertyName',
] as const;

/** What is wrong with the value, each thing once. */
export function schemaIssues(errors: readonly ErrorObject[]): Issues {
  const issues = new Map<string, Issue>();
  for (const error of errors) {
    const issue = { pointer: pointerOf(error), message: messageOf(error) };
    issues.set(`${issue.pointer}\n${issue.message}`, issue);
    if (issues.size > MAX_ISSUES) break;
  }
  return firstIssues([...issues.values()]);
}

function pointerOf({ instancePath, params }: ErrorObject): string {
  const parameters: Readonly<Record<string, unknown>> = params;
  const name = PROPERTY_PARAMETERS.map((parameter) => parameters[parameter]).find(
    (value) => typeof value === 'string',
  );
  if (name === undefined) return instancePath;
  return `${instancePath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function messageOf({ message = 'is not valid', params }: ErrorObject): string {
  const { allowedValues, allowedValue }: Readonly<Record<string, unknown>> = params;
  const allowed = allowedValues ?? (allowedValue === undefined ? undefined : [allowedValue]);
  return Array.isArray(allowed)
    ? `${message}: ${allowed.map((value) => JSON.stringify(value)).join(', ')}`
    : message;
}
