import { describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFacts } from '../host/facts.ts';
import type { OpName, Plan } from '../plan/ops.ts';
import { LENT } from '../plan/ops-root.ts';
import { printPlan } from '../plan/print.ts';
import { capabilityMask } from '../spec/capabilities.ts';
import type { RuntimeSpec } from '../spec/runtime/index.ts';
import { foreground, fullSpec, hybrid, mappedSpec, plainSpec, unified } from './fixtures.ts';
import { type LaunchRequest, planExec, planLaunch } from './planner.ts';
import { beside, inside } from './step.ts';

/** TIFFIN_GOLDEN=write makes the files anew; look at the difference before committing it. */
const rewrite = process.env.TIFFIN_GOLDEN === 'write';

function golden(name: string, plan: Plan): void {
  const file = join(import.meta.dir, 'testdata', `${name}.txt`);
  const text = printPlan(plan);
  if (rewrite) writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

const request: LaunchRequest = {
  id: 'web',
  spec: plainSpec(),
  bundle: '/bundle',
  rootfs: { kind: 'directory', path: '/bundle/rootfs' },
  facts: hybrid,
  supervise: foreground,
};

const overlay = {
  kind: 'overlay',
  lower: ['/l/2', '/l/1'],
  upper: '/c/upper',
  work: '/c/work',
  mountpoint: '/c/root',
} as const;

const container = { pid: 42, startTime: 4711n, namespaces: 0x20000n };

describe('golden plans of planLaunch', () => {
  test('planLaunch of the default configuration on v1 and v2 hierarchies', () => {
    golden('default-hybrid', planLaunch(request));
  });
  test('planLaunch of the default configuration on v2, behind a gate', () => {
    const created = { gate: '/state/gate', stateDirectory: '/state', pidFile: '/pid' };
    golden('create-unified', planLaunch({ ...request, facts: unified, ...created }));
  });
  test('planLaunch of a configuration that asks for everything', () => {
    const more = { consoleSocket: '/console', createCwd: true, gate: '/state/gate' };
    const rootMount = '/bundle';
    golden('full', planLaunch({ ...request, spec: fullSpec(), rootMount, ...more }));
  });
  test('planLaunch with a user namespace of its own', () => {
    golden('user-namespace', planLaunch({ ...request, spec: mappedSpec() }));
  });
  test('planLaunch of an image with network, user look-up and init', () => {
    const plan = planLaunch({
      ...request,
      rootfs: overlay,
      user: { user: 'bob', group: '', groups: ['audio'] },
      home: true,
      init: true,
      networkSteps: [
        beside(
          { op: 'netlink', protocol: 0, message: new Uint8Array(4), pidOffsets: [0], ignore: [] },
          'veth',
        ),
        inside(
          { op: 'netlink', protocol: 0, message: new Uint8Array(4), pidOffsets: [], ignore: [] },
          'address',
        ),
      ],
      extraSteps: [inside({ op: 'copy-up', path: '/data', destination: '/vol' }, 'first use')],
    });
    golden('image', plan);
  });
  test('planExec into a container with a terminal', () => {
    const plan = planExec({
      process: { cwd: '/', args: ['sh'], terminal: true, noNewPrivileges: true },
      container,
      facts: hybrid,
      cgroupSteps: [],
      cloneInto: '/sys/fs/cgroup/unified/web',
      supervise: foreground,
      spec: fullSpec(),
      listenerState: { id: 'web', bundle: '/b' },
    });
    golden('exec', plan);
  });
});

/** Positions of operations among the steps of the container's process. */
function positions(plan: Plan): (name: OpName, nth?: 'first' | 'last') => number {
  const inner = plan.filter(({ stage }) => stage === 'inside').map(({ op }) => op.op);
  return (name, nth = 'first') => {
    const at = nth === 'first' ? inner.indexOf(name) : inner.lastIndexOf(name);
    if (at < 0) throw new Error(`no ${name} in the plan`);
    return at;
  };
}

describe('the order that planLaunch gives', () => {
  const full = positions(planLaunch({ ...request, spec: fullSpec(), gate: '/g', createCwd: true }));

  test('planLaunch drops the bounding set before identity, and the other sets after it', () => {
    expect(full('bounding')).toBeLessThan(full('identity'));
    expect(full('identity')).toBeLessThan(full('capabilities'));
  });
  test('planLaunch loads seccomp before it drops the right for it when new privileges stay possible', () => {
    expect(full('seccomp')).toBeGreaterThan(full('wait-gate'));
    expect(full('seccomp')).toBeGreaterThan(full('change-directory'));
    expect(full('drop-capabilities')).toBe(full('seccomp') + 1);
    expect(full('drop-capabilities')).toBeLessThan(full('exec'));
  });
  test('planLaunch loads seccomp right before exec when there are no new privileges', () => {
    const spec = fullSpec();
    const process = { ...spec.process, cwd: '/', noNewPrivileges: true };
    const at = positions(planLaunch({ ...request, spec: { ...spec, process } }));
    expect(at('seccomp')).toBe(at('exec') - 1);
    expect(at('no-new-privileges')).toBeLessThan(at('seccomp'));
  });
  test('planLaunch opens host paths before pivot and covers paths after it', () => {
    for (const op of ['gate', 'bind', 'terminal', 'hook'] as const) {
      expect(full(op)).toBeLessThan(full('pivot'));
    }
    for (const op of ['mask', 'read-only', 'sysctl', 'hostname'] as const) {
      expect(full(op)).toBeGreaterThan(full('pivot'));
    }
  });
  test('planLaunch makes the working directory before the root becomes read-only', () => {
    expect(full('directory')).toBeLessThan(full('mount-attributes', 'last'));
  });
  test('planLaunch waits at the gate after everything that can fail but exec', () => {
    expect(full('wait-gate')).toBeGreaterThan(full('change-directory'));
    expect(full('wait-gate')).toBeGreaterThan(full('capabilities'));
  });
  test('planLaunch unshares the cgroup namespace after the joins and never by clone', () => {
    const plan = planLaunch(request);
    const joins = plan.findLastIndex(({ op }) => op.op === 'write' && op.path.endsWith('/tasks'));
    const unshare = plan.findIndex(({ op }) => op.op === 'unshare');
    expect(joins).toBeGreaterThan(0);
    expect(unshare).toBeGreaterThan(joins);
    const clone = plan.find(({ op }) => op.op === 'clone')?.op;
    expect(clone?.op === 'clone' && clone.flags & 0x2000000n).toBe(0n);
  });
  test('planLaunch lends trees to a user namespace where root of the machine may enter its new mount namespace', () => {
    const base = mappedSpec();
    const mounts = [{ destination: '/data', source: '/srv', options: ['rbind'] }];
    const lent = (facts: Partial<HostFacts>, linux: RuntimeSpec['linux'] = base.linux) =>
      planLaunch({ ...request, facts: { ...hybrid, ...facts }, spec: { ...base, mounts, linux } })
        .filter(({ op }) => op.op === 'lend-trees' || (op.op === 'bind' && op.tree === LENT))
        .map(({ stage }) => stage);
    expect(lent({})).toEqual(['beside', 'inside']);
    const { capabilities } = hybrid;
    const effective = capabilities.effective & ~capabilityMask(['CAP_SYS_PTRACE']);
    expect(lent({ capabilities: { ...capabilities, effective } })).toEqual([]);
    expect(lent({ uid: 1000 })).toEqual([]);
    expect(lent({ initialUserNamespace: false })).toEqual([]);
    const joined = (base.linux?.namespaces ?? []).map((each) =>
      each.type === 'mount' ? { ...each, path: '/proc/7/ns/mnt' } : each,
    );
    expect(lent({}, { ...base.linux, namespaces: joined })).toEqual([]);
    const own = joined.filter(({ type }) => type !== 'user' && type !== 'mount');
    expect(lent({}, { namespaces: [...own, { type: 'mount' }] })).toEqual([]);
  });
  test('planLaunch waits for the maps of a user namespace before any other privileged step', () => {
    const at = positions(planLaunch({ ...request, spec: mappedSpec() }));
    expect(at('await')).toBeLessThan(at('propagation'));
    expect(at('identity')).toBeLessThan(at('mount'));
  });
});

describe('what planLaunch refuses', () => {
  test('planLaunch refuses a configuration without mount namespace', () => {
    const spec = { ...plainSpec(), linux: { namespaces: [{ type: 'pid' } as const] } };
    expect(() => planLaunch({ ...request, spec })).toThrow('a mount namespace is required');
  });
  test('planLaunch refuses a class of service on a machine without resctrl', () => {
    const linux = { ...plainSpec().linux, intelRdt: { closID: 'gold' } };
    expect(() => planLaunch({ ...request, spec: { ...plainSpec(), linux } })).toThrow(
      'linux.intelRdt: no resctrl file system is mounted on this machine',
    );
  });
  test('planLaunch refuses a word on a bind that only a file system could know', () => {
    const options = ['rbind', 'sync', 'mode=755', 'readonly'];
    const mounts = [{ destination: '/data', source: '/srv', options }];
    expect(() => planLaunch({ ...request, spec: { ...plainSpec(), mounts } })).toThrow(
      'mounts[0].options: bind mounts cannot have any filesystem-specific options applied: "readonly"',
    );
  });
  test('planLaunch leaves a label of mounts out on a kernel without SELinux', () => {
    const linux = { ...plainSpec().linux, mountLabel: 'a:b:c' };
    const mounts = [{ destination: '/data', type: 'tmpfs', source: 'tmpfs' }];
    const spec = { ...plainSpec(), linux, mounts };
    const data = (selinux: boolean) =>
      planLaunch({ ...request, facts: { ...request.facts, selinux }, spec }).flatMap(({ op }) =>
        op.op === 'mount' && op.target === '/data' ? [op.data] : [],
      );
    expect(data(false)).toEqual(['']);
    expect(data(true)).toEqual(['context="a:b:c"']);
  });
  test('planLaunch refuses a SELinux label on a kernel without SELinux', () => {
    const process = { ...plainSpec().process, cwd: '/', selinuxLabel: 'a:b:c' };
    expect(() => planLaunch({ ...request, spec: { ...plainSpec(), process } })).toThrow('SELinux');
  });
});
