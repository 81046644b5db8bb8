/** The API on TCP behind certificates, which are checked before anything listens. */

import { readFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { createSecureContext, createServer, type TlsOptions } from 'node:tls';
import { errorMessage, TiffinError } from '../../base/errors.ts';
import type { Porter, Visitor } from './doors.ts';

export interface TlsFiles {
  /** Of the authority that signed the certificates of clients; absent: clients are not asked for one. */
  ca?: string;
  cert: string;
  key: string;
}

/** A connection is counted before its handshake: who does not finish it is cut like who never asks anything. */
export function secured(files: TlsFiles, porter: Porter, visitor: Visitor): Server {
  const server = createServer({ ...tlsOptions(files), allowHalfOpen: true });
  server.on('connection', (socket) => {
    // Nothing can be said before the handshake, which may never come.
    if (!porter.arrive(socket)) socket.destroy();
  });
  server.on('secureConnection', (socket) => {
    if (files.ca !== undefined && !socket.authorized) socket.destroy();
    else if (!socket.destroyed) porter.enter(socket, visitor);
  });
  server.on('tlsClientError', () => undefined);
  return server;
}

/** Throws `invalid` naming the file that cannot be used. */
export function tlsOptions(files: TlsFiles): TlsOptions {
  const options: TlsOptions = {
    cert: read('certificate', files.cert),
    key: read('key', files.key),
    minVersion: 'TLSv1.2',
    ...(files.ca === undefined
      ? {}
      : { ca: read('CA certificate', files.ca), requestCert: true, rejectUnauthorized: true }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    const message = `cannot use the TLS certificate ${files.cert} with the key ${files.key}: ${errorMessage(cause)}`;
    throw new TiffinError('invalid', 'bad-tls', message, { cause });
  }
  return options;
}

function read(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const message = `could not read the TLS ${what}: ${errorMessage(cause)}`;
    throw new TiffinError('invalid', 'bad-tls', message, {
      hint: 'name the files with --tlscacert, --tlscert and --tlskey',
      cause,
    });
  }
}
