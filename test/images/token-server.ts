/** A token server as the distribution project describes it (docs/spec/auth/token.md), with a key of its own. */

import { createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../integration/harness.ts';

export interface TokenServer extends Disposable {
  /** For the registry's configuration. */
  section: string;
  /** What was asked for, oldest first. */
  asked: { authorization: string | null; scopes: string[] }[];
  /** Seconds that a token lives. */
  lifeSeconds: number;
}

export async function startTokenServer(
  directory: string,
  port: number,
  user: string,
  word: string,
): Promise<TokenServer> {
  const key = join(directory, 'token.key');
  const cert = join(directory, 'token.crt');
  await must(
    [
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=token',
    ].concat(['-keyout', key, '-out', cert]),
  );
  const der = readFileSync(cert, 'utf8').replace(/-----[A-Z ]+-----|\s/g, '');
  const secret = readFileSync(key, 'utf8');
  const credentials = `Basic ${btoa(`${user}:${word}`)}`;
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port,
    fetch(request) {
      const url = new URL(request.url);
      const scopes = url.searchParams.getAll('scope').flatMap((text) => text.split(' '));
      const authorization = request.headers.get('authorization');
      tokens.asked.push({ authorization, scopes });
      if (authorization !== null && authorization !== credentials) {
        return Response.json({ details: 'wrong' }, { status: 401 });
      }
      // Whoever has no name may only read what is public.
      const access = scopes
        .map((scope) => scope.split(':'))
        .filter((parts) => authorization !== null || parts[1]?.startsWith('public/'))
        .map(([type, name, actions]) => ({
          type,
          name,
          actions: (actions ?? '')
            .split(',')
            .filter((action) => authorization !== null || action === 'pull'),
        }));
      return Response.json({ token: sign(access) });
    },
  });

  function sign(access: object[]): string {
    const now = Math.floor(Date.now() / 1000);
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const head = encode({ typ: 'JWT', alg: 'RS256', x5c: [der] });
    const claims = {
      iss: 'tests',
      sub: user,
      aud: 'kitchen',
      jti: String(Math.trunc(performance.now() * 1000)),
      access,
    };
    const body = encode({ ...claims, exp: now + tokens.lifeSeconds, nbf: now - 10, iat: now });
    const signature = createSign('RSA-SHA256').update(`${head}.${body}`).sign(secret, 'base64url');
    return `${head}.${body}.${signature}`;
  }

  const tokens: TokenServer = {
    section: `auth:\n  token:\n    realm: http://127.0.0.1:${port}/token\n    service: kitchen\n    issuer: tests\n    rootcertbundle: ${cert}\n`,
    asked: [],
    lifeSeconds: 300,
    [Symbol.dispose]: () => void server.stop(true),
  };
  return tokens;
}
