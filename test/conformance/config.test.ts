/** config.md: what every platform's configuration means. */

import { expect } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bundle, waitForEnd } from '../oci/harness.ts';
import { printed, refused, requirement } from './runtime.ts';

requirement('root.readonly: the root file system is read-only', (bundle) => {
  const script = 'touch /x 2>/dev/null && echo written || echo refused';
  expect(printed(bundle, script, (config) => (config.root.readonly = true))).toBe('refused');
  expect(printed(bundle, script, (config) => (config.root.readonly = false))).toBe('written');
});

requirement('mounts: are made in the order of the list', (bundle) => {
  const out = printed(bundle, 'cat /data/inner/name; ls /data', (config) => {
    writeFileSync(join(bundle.directory, 'name'), 'told\n');
    config.mounts.push(
      { destination: '/data', type: 'tmpfs', source: 'tmpfs' },
      {
        destination: '/data/inner',
        type: 'bind',
        source: bundle.directory,
        options: ['bind', 'ro'],
      },
    );
  });
  expect(out).toBe('told\ninner');
});

requirement(
  'mounts: options reach the kernel',
  (bundle) => {
    const options = ['nosuid', 'nodev', 'noexec', 'ro', 'size=64k', 'mode=711'];
    const out = printed(bundle, 'grep " /data " /proc/mounts; stat -c %a /data', (config) => {
      config.mounts.push({ destination: '/data', type: 'tmpfs', source: 'tmpfs', options });
    });
    for (const word of ['ro', 'nosuid', 'nodev', 'noexec', 'size=64k']) expect(out).toContain(word);
    expect(out).toEndWith('711');
  },
  { runc: 'gives a tmpfs the mode of the directory below it' },
);

requirement('process.cwd: is the working directory', (bundle) => {
  expect(printed(bundle, 'pwd', (config) => (config.process.cwd = '/tmp'))).toBe('/tmp');
});

requirement(
  'process.cwd: must be an absolute path',
  (bundle) => {
    refused(bundle, (config) => (config.process.cwd = 'tmp'));
  },
  { crun: 'takes a relative path from the root' },
);

requirement('process.env: has exactly the given variables', (bundle) => {
  const out = printed(bundle, 'env', (config) => {
    config.process.env = ['PATH=/bin', 'HOME=/h', 'A=b c', 'EMPTY='];
  });
  const shells = /^(PWD|SHLVL|OLDPWD)=/;
  const lines = out.split('\n').filter((line) => !shells.test(line));
  expect(lines.sort()).toEqual(['A=b c', 'EMPTY=', 'HOME=/h', 'PATH=/bin']);
});

requirement('process.user: uid, gid, additionalGids and umask', (bundle) => {
  const out = printed(bundle, 'id -u; id -g; id -G; umask', (config) => {
    config.process.user = { uid: 5, gid: 6, additionalGids: [7, 8], umask: 0o27 };
  });
  expect(out).toBe('5\n6\n6 7 8\n0027');
});

requirement('process.rlimits: soft and hard limits, and no duplicates', (bundle) => {
  const limit = { type: 'RLIMIT_NOFILE', soft: 100, hard: 200 };
  const out = printed(
    bundle,
    'ulimit -Sn; ulimit -Hn',
    (config) => (config.process.rlimits = [limit]),
  );
  expect(out).toBe('100\n200');
  refused(bundle, (config) => (config.process.rlimits = [{ ...limit, type: 'RLIMIT_NONE' }]));
});

requirement(
  'process.rlimits: duplicated entries must be an error',
  (bundle) => {
    const limit = { type: 'RLIMIT_NOFILE', soft: 100, hard: 200 };
    refused(bundle, (config) => (config.process.rlimits = [limit, limit]));
  },
  { runc: 'the last one counts', crun: 'the last one counts' },
);

requirement('process.capabilities: the five sets are exact', (bundle) => {
  const out = printed(bundle, 'grep ^Cap /proc/self/status', (config) => {
    const sets = ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'];
    const names = ['CAP_CHOWN', 'CAP_KILL'];
    config.process.user = { uid: 5, gid: 5 };
    config.process.capabilities = Object.fromEntries(sets.map((set) => [set, names]));
  });
  expect(new Set(out.match(/[0-9a-f]{16}/g))).toEqual(new Set(['0000000000000021']));
});

requirement('process.noNewPrivileges: is set when true, and not when false', (bundle) => {
  const script = 'grep NoNewPrivs /proc/self/status';
  expect(printed(bundle, script, (config) => (config.process.noNewPrivileges = true))).toEndWith(
    '1',
  );
  expect(printed(bundle, script, (config) => (config.process.noNewPrivileges = false))).toEndWith(
    '0',
  );
});

requirement('process.oomScoreAdj: is the score of the process', (bundle) => {
  const out = printed(
    bundle,
    'cat /proc/self/oom_score_adj',
    (config) => (config.process.oomScoreAdj = 321),
  );
  expect(out).toBe('321');
});

requirement('process.args: a program that is missing is an error of create', (bundle) => {
  bundle.write('true', (config) => (config.process.args = ['/no/such']));
  expect(bundle.create().status).not.toBe(0);
});

requirement('hostname: is seen inside', (bundle) => {
  expect(printed(bundle, 'hostname', (config) => (config.hostname = 'inner'))).toBe('inner');
});

requirement(
  'domainname: is seen inside',
  (bundle) => {
    const script = 'cat /proc/sys/kernel/domainname';
    expect(printed(bundle, script, (config) => (config.domainname = 'inner.test'))).toBe(
      'inner.test',
    );
  },
  { runc: 'not in this version' },
);

requirement('hostname: without a UTS namespace of its own it must be an error', (bundle) => {
  refused(bundle, (config) => {
    config.hostname = 'inner';
    config.linux.namespaces = config.linux.namespaces.filter(
      (each: { type: string }) => each.type !== 'uts',
    );
  });
});

requirement('annotations and unknown properties are no error', (bundle) => {
  const out = printed(bundle, 'echo ran', (config) => {
    config.annotations = { 'org.example.unknown': 'x' };
    config.unknown = { a: 1 };
    config.process.unknown = 'x';
  });
  expect(out).toBe('ran');
});

requirement(
  'ociVersion: one that is none must be an error',
  (bundle) => {
    refused(bundle, (config) => (config.ociVersion = 'invalid'));
  },
  { runc: 'does not look at it' },
);

const ALL = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;

requirement('hooks: run in order, each with the state on its standard input', (bundle) => {
  bundle.write('echo program >> /log', (config) => {
    config.hooks = Object.fromEntries(ALL.map((name) => [name, [hook(bundle, name)]]));
    config.process.user = { uid: 0, gid: 0 };
    config.root.readonly = false;
  });
  runToEnd(bundle);
  expect(bundle.oci('delete', bundle.id).status).toBe(0);
  const order = ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'];
  const logged = readFileSync(join(bundle.directory, 'hooks'), 'utf8').trim().split('\n');
  expect(logged.map((line) => line.split(' ')[0])).toEqual(order);
  for (const line of logged) {
    const state = JSON.parse(line.slice(line.indexOf(' ') + 1));
    expect(state).toMatchObject({ id: bundle.id, bundle: bundle.bundle });
    expect(state.status).toBeString();
  }
  expect(readFileSync(join(bundle.rootfs, 'log'), 'utf8')).toStartWith('startContainer\nprogram');
});

requirement(
  'hooks: a failing prestart or createRuntime hook fails create, and nothing remains',
  (bundle) => {
    for (const name of ['prestart', 'createRuntime', 'createContainer']) {
      refused(bundle, (config) => (config.hooks = { [name]: [{ path: '/bin/false' }] }));
    }
  },
);

requirement('hooks: a failing poststop hook does not fail delete', (bundle) => {
  // It takes its input first: crun can end by SIGPIPE otherwise.
  const args = ['sh', '-c', 'cat > /dev/null; exit 1'];
  bundle.write('true', (config) => (config.hooks = { poststop: [{ path: '/bin/sh', args }] }));
  runToEnd(bundle);
  expect(bundle.oci('delete', bundle.id).status).toBe(0);
  expect(bundle.oci('state', bundle.id).status).not.toBe(0);
});

/** startContainer runs inside, where only the root's own programs and files are. */
function hook(bundle: Bundle, name: string) {
  if (name === 'startContainer') {
    return { path: '/bin/sh', args: ['sh', '-c', 'echo startContainer >> /log'] };
  }
  const log = join(bundle.directory, 'hooks');
  return {
    path: '/bin/sh',
    args: ['sh', '-c', `printf '${name} %s\\n' "$(tr -d '\\n\\t')" >> ${log}`],
  };
}

/** Waits for the process itself: crun calls one whose startContainer hook still runs stopped. */
function runToEnd(bundle: Bundle): void {
  expect(bundle.create().status).toBe(0);
  const { pid } = bundle.state();
  expect(bundle.oci('start', bundle.id).status).toBe(0);
  waitForEnd(pid);
  expect(bundle.state().status).toBe('stopped');
}
