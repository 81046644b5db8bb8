import { expect, test } from 'bun:test';
import { compileSeccomp } from '../../seccomp/index.ts';
import { parseRuntimeSpec } from '../../spec/runtime/index.ts';
import type { OciContext } from '../context.ts';
import { features } from './features.ts';

let printed = '';
features({
  print: (text: string) => {
    printed += text;
  },
} as OciContext);
const document = JSON.parse(printed);

/** Of `candidates` those with which a configuration is accepted, sorted. */
function accepted(candidates: string[], change: (name: string) => object): string[] {
  return candidates
    .filter((name) => {
      try {
        const process = { cwd: '/', args: ['sh'] };
        const spec = { ociVersion: '1.3.0', process, root: { path: 'r' }, ...change(name) };
        const { linux } = parseRuntimeSpec(spec);
        if (linux?.seccomp !== undefined) compileSeccomp(linux.seccomp, 'x86_64');
        return true;
      } catch {
        return false;
      }
    })
    .sort();
}

const seccomp = (fields: object) => ({
  linux: { seccomp: { defaultAction: 'SCMP_ACT_ERRNO', ...fields } },
});

test('features tells exactly the namespaces that a configuration may name', () => {
  const words = 'cgroup ipc mount network pid time user uts network2 net mnt'.split(' ');
  const ids = [{ containerID: 0, hostID: 1000, size: 1 }];
  const names = accepted(words, (type) => ({
    linux: {
      namespaces: [{ type }],
      ...(type === 'user' ? { uidMappings: ids, gidMappings: ids } : {}),
    },
  }));
  expect(document.linux.namespaces.toSorted()).toEqual(names);
});

test('features tells of hooks that a configuration may name, and that are read', () => {
  const hook = (path: string) => (name: string) => ({ hooks: { [name]: [{ path }] } });
  expect(accepted(document.hooks, hook('/bin/true'))).toEqual(document.hooks.toSorted());
  expect(accepted(document.hooks, hook('relative'))).toEqual([]);
});

test('features tells exactly the actions, operators and flags of seccomp that compile', () => {
  const { actions, operators, archs, knownFlags, supportedFlags } = document.linux.seccomp;
  const names = 'ALLOW ERRNO KILL KILL_PROCESS KILL_THREAD LOG NOTIFY TRACE TRAP DENY';
  const act = (name: string) =>
    seccomp({ listenerPath: '/run/l', syscalls: [{ names: ['getpid'], action: name }] });
  expect(actions.toSorted()).toEqual(accepted(prefixed('SCMP_ACT_', names), act));
  const compare = (op: string) =>
    seccomp({
      syscalls: [{ names: ['kill'], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value: 1, op }] }],
    });
  expect(operators.toSorted()).toEqual(
    accepted(prefixed('SCMP_CMP_', 'EQ GE GT LE LT MASKED_EQ NE IN'), compare),
  );
  const flags = prefixed('SECCOMP_FILTER_FLAG_', 'LOG SPEC_ALLOW TSYNC WAIT_KILLABLE_RECV OTHER');
  expect(knownFlags.toSorted()).toEqual(accepted(flags, (flag) => seccomp({ flags: [flag] })));
  expect(supportedFlags).toEqual(knownFlags);
  expect(accepted(archs, (arch) => seccomp({ architectures: [arch] }))).toEqual(archs.toSorted());
});

test('features tells mount options and capabilities that a configuration may name', () => {
  expect(document.mountOptions).toContain('rro');
  expect(document.linux.capabilities).toContain('CAP_CHECKPOINT_RESTORE');
  expect(document.linux.cgroup).toMatchObject({ v1: true, v2: true });
});

function prefixed(prefix: string, names: string): string[] {
  return names.split(' ').map((name) => prefix + name);
}
