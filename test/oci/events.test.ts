import { describe, expect, test } from 'bun:test';
import { Bundle, binary, type Config } from './harness.ts';

function lines(text: string): Config[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

describe('oci events', () => {
  test('oci events --stats prints one record in the shape of runc', () => {
    using box = new Bundle();
    box.write('exec sleep 1000', (config) => {
      config.linux.resources.pids = { limit: 50 };
      config.linux.resources.memory = { limit: 64 * 2 ** 20 };
    });
    box.run('-d');
    const { status, stdout } = box.oci('events', '--stats', box.id);
    expect(status).toBe(0);
    const [event, ...more] = lines(stdout);
    expect(more).toEqual([]);
    expect(event).toMatchObject({ type: 'stats', id: box.id });
    expect(Object.keys(event.data)).toEqual([
      ...['cpu', 'cpuset', 'memory', 'pids', 'blkio', 'hugetlb', 'intel_rdt'],
      'network_interfaces',
    ]);
    expect(event.data.pids).toEqual({ current: 1, limit: 50 });
    expect(event.data.memory.usage).toMatchObject({ limit: 64 * 2 ** 20, failcnt: 0 });
    expect(event.data.memory.usage.usage).toBeGreaterThan(0);
    expect(event.data.memory.kernel).toHaveProperty('limit');
    expect(Object.values(event.data.memory.raw).every(Number.isInteger)).toBe(true);
    expect(event.data.cpu.usage.total).toBeGreaterThan(0);
    expect(event.data.cpu.throttling).toEqual({});
    expect(event.data.network_interfaces).toBeNull();
    // A limit of none is an integer that fits 64 bits, as other languages insist.
    const limit = /"swap":\{"limit":(\d+)/.exec(stdout)?.[1] ?? '';
    expect(BigInt(limit)).toBeLessThan(2n ** 64n);
  });

  test('oci events tells statistics at an interval, and ends with the container', async () => {
    using box = new Bundle();
    box.write('exec sleep 1000');
    box.run('-d');
    const child = Bun.spawn(
      [binary, 'oci', '--root', box.root, 'events', '--interval', '20ms', box.id],
      { stdin: 'ignore', stdout: 'pipe' },
    );
    let text = '';
    let killed = false;
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      text += decoder.decode(chunk);
      // After the second, so that it is seen to go on; a chunk may hold several, and the kill is for once.
      if (!killed && text.split('\n').length >= 3) {
        killed = true;
        box.oci('kill', box.id, 'KILL');
      }
    }
    expect(await child.exited).toBe(0);
    expect(lines(text).length).toBeGreaterThanOrEqual(2);
    expect(lines(text).every(({ type }) => type === 'stats')).toBe(true);
  });

  test('oci events tells of a kill for lack of memory', async () => {
    using box = new Bundle();
    box.write('read line; tail /dev/zero; exec sleep 1000', (config) => {
      config.linux.resources.memory = { limit: 16 * 2 ** 20, swap: 16 * 2 ** 20 };
    });
    const init = Bun.spawn([binary, 'oci', '--root', box.root, 'run', '-b', box.bundle, box.id], {
      stdin: 'pipe',
      stdout: 'ignore',
    });
    while (!box.oci('state', box.id).stdout.includes('"running"')) await Bun.sleep(1);
    const child = Bun.spawn(
      [binary, 'oci', '--root', box.root, 'events', '--interval', '20ms', box.id],
      { stdin: 'ignore', stdout: 'pipe' },
    );
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      // It watches from its first record on.
      if (text === '') {
        init.stdin.write('go\n');
        init.stdin.flush();
      }
      text += decoder.decode(chunk);
      if (text.includes('"oom"')) box.oci('kill', box.id, 'KILL');
    }
    expect(lines(text).filter(({ type }) => type === 'oom')).toEqual([{ type: 'oom', id: box.id }]);
    await init.exited;
  });
});
