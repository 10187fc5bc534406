import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { type ChannelModel, connect } from 'amqplib';
import { SluiceError, messageOf } from '../../core/errors.ts';
import type { BrokerNode, BrokerUrl, TlsSettings } from './broker-url.ts';

/** A node that takes the connection and then says nothing is as good as dead. */
const HANDSHAKE_MS = 5000;
const CLOSE_MS = 2000;

/**
 * Connects to one node and logs in.
 * @throws SluiceError `SLUICE_QUEUE_UNUSABLE` where the node answers, and will not have this client; otherwise what
 *   keeps it from being reached
 */
export type Connect = (node: BrokerNode, purpose: string) => Promise<ChannelModel>;

/** @throws SluiceError `SLUICE_QUEUE_UNUSABLE` where a file for TLS can not be read */
export function connector({ user, password, vhost, tls, heartbeatSeconds }: BrokerUrl): Connect {
  const secure = tls && tlsOptions(tls);
  return async ({ host, port }, purpose) => {
    try {
      return await connect(
        {
          protocol: secure ? 'amqps' : 'amqp',
          hostname: host,
          port,
          username: user,
          password,
          // The library decodes it once more.
          vhost: encodeURIComponent(vhost),
          heartbeat: heartbeatSeconds,
        },
        {
          noDelay: true,
          timeout: HANDSHAKE_MS,
          clientProperties: { connection_name: `sluice ${purpose}` },
          ...secure,
        },
      );
    } catch (thrown) {
      throw refusal(thrown, vhost) ?? thrown;
    }
  };
}

/** Says goodbye, and hangs up in any case: a frozen node would never answer. */
export async function disconnect(model: ChannelModel): Promise<void> {
  let patience: NodeJS.Timeout | undefined;
  const gone = new Promise<void>((resolve) => {
    model.once('close', () => resolve());
    patience = setTimeout(resolve, CLOSE_MS);
  });
  // Rejects where the connection is closed already.
  await Promise.race([model.close().catch(() => undefined), gone]);
  clearTimeout(patience);
  hangUp(model, new Error('the server did not take leave'));
}

/**
 * Closes the socket. Once a connection counts as dead, the library only ends its own half of it, and of a frozen node the
 * other half would stay for ever.
 * @param reason told to whoever listens on a connection that does not count as dead yet
 */
export function hangUp(model: ChannelModel, reason?: Error): void {
  socketOf(model)?.destroy(reason);
}

/** The library does not declare it. */
function socketOf(model: ChannelModel): Socket | undefined {
  return (model.connection as ChannelModel['connection'] & { readonly stream?: Socket }).stream;
}

function tlsOptions({ caFile, certificateFile, keyFile, serverName }: TlsSettings) {
  return {
    ...(caFile !== undefined && { ca: contentOf(caFile) }),
    ...(certificateFile !== undefined && { cert: contentOf(certificateFile) }),
    ...(keyFile !== undefined && { key: contentOf(keyFile) }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (thrown) {
    throw unusable(`${file} can not be read: ${messageOf(thrown)}`, thrown);
  }
}

function refusal(cause: unknown, vhost: string): SluiceError | undefined {
  const reason = messageOf(cause);
  if (isOfCertificate(cause)) {
    const text = `the certificate of RabbitMQ is not accepted (${reason}): see cacertfile and server_name_indication`;
    return unusable(text, cause);
  }
  if (reason.includes('ACCESS-REFUSED')) {
    return unusable('RabbitMQ refuses the user or the password of the URL', cause);
  }
  // In place of the answer to the opening of the virtual host, which is all that the library tells.
  if (reason.includes('ConnectionClose')) {
    return unusable(`RabbitMQ has no virtual host "${vhost}", or not for this user`, cause);
  }
  return undefined;
}

/** @see https://nodejs.org/api/tls.html#x509-certificate-error-codes */
function isOfCertificate(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return /CERT|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH/.test(code);
}

function unusable(reason: string, cause: unknown): SluiceError {
  return new SluiceError('SLUICE_QUEUE_UNUSABLE', { reason }, { cause });
}
