import { SluiceError } from '../core/errors.ts';

export interface Endpoint {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

const MAX_PORT = 65_535;

/**
 * Reads `host:port` or `[address]:port`.
 * @param option for the error
 * @throws SluiceError `SLUICE_OPTION_INVALID`
 */
export function parseEndpoint(text: string, option: string): Endpoint {
  const [, address, name, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = address ?? name;
  if (host === undefined || Number(port) < 1 || Number(port) > MAX_PORT) {
    const expected = 'a host and a port, such as 10.0.0.1:7070 or [::1]:7070';
    throw new SluiceError('SLUICE_OPTION_INVALID', { option, value: JSON.stringify(text), expected });
  }
  return { host, port: Number(port) };
}

export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
