import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDataRoot } from './lock.ts';

test('lockDataRoot refuses a second holder by name and lets the next one in after disposal', () => {
  const root = mkdtempSync(join(tmpdir(), 'tiffin-lock-'));
  const path = join(root, 'lock.db');
  {
    using _held = lockDataRoot(path, root);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(() => lockDataRoot(path, root)).toThrow(
      `another engine (pid ${process.pid}) uses the data root ${root}`,
    );
  }
  {
    using _again = lockDataRoot(path, root);
  }
  rmSync(root, { recursive: true });
});

test('lockDataRoot is free again after its holder was killed', async () => {
  const root = mkdtempSync(join(tmpdir(), 'tiffin-lock-'));
  const path = join(root, 'lock.db');
  const module = new URL('./lock.ts', import.meta.url).pathname;
  const script = `import { lockDataRoot } from ${JSON.stringify(module)};
    globalThis.held = lockDataRoot(${JSON.stringify(path)}, 'x'); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' });
  await holder.stdout.getReader().read();
  expect(() => lockDataRoot(path, root)).toThrow(`pid ${holder.pid}`);
  holder.kill('SIGKILL');
  await holder.exited;
  lockDataRoot(path, root)[Symbol.dispose]();
  rmSync(root, { recursive: true });
});
