/** System call filters in force: actions, flags, and the listener that answers for the kernel (config-linux.md «Seccomp»). */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bundle, type Config } from './harness.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tiffin-listener-'));
  for (const [name, source] of Object.entries({ agent: AGENT, caller: CALLER })) {
    const file = join(directory, `${name}.c`);
    writeFileSync(file, source);
    const cc = Bun.spawnSync(['cc', '-static', '-o', join(directory, name), file]);
    expect(cc.stderr.toString()).toBe('');
  }
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** `agent SOCKET`: takes one listener, prints the document, then `number pid` of each call, which it answers with ENOMEDIUM. `agent SOCKET let`: lets each go on. */
const AGENT = `
#define _GNU_SOURCE
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int count, char **words)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    static char text[65536];
    char control[CMSG_SPACE(sizeof(int) * 4)];
    struct iovec vector = {text, sizeof text - 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), notify;
    if (count < 2)
        return 1;
    strncpy(name.sun_path, words[1], sizeof name.sun_path - 1);
    if (bind(listener, (void *)&name, sizeof name) < 0 || listen(listener, 1) < 0)
        return 2;
    puts("ready");
    fflush(stdout);
    int client = accept(listener, NULL, NULL);
    ssize_t size = recvmsg(client, &message, 0);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (size <= 0 || head == NULL || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
        return 3;
    memcpy(&notify, CMSG_DATA(head), sizeof notify);
    /* The whole document: the sender closes after it. */
    ssize_t more;
    while ((more = read(client, text + size, sizeof text - 1 - (size_t)size)) > 0)
        size += more;
    text[size] = 0;
    puts(text);
    fflush(stdout);
    for (;;) {
        struct seccomp_notif asked;
        struct seccomp_notif_resp answer;
        memset(&asked, 0, sizeof asked);
        memset(&answer, 0, sizeof answer);
        if (ioctl(notify, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0) {
            if (errno == EINTR)
                continue;
            return 0;
        }
        printf("%d %u\\n", asked.data.nr, asked.pid);
        fflush(stdout);
        answer.id = asked.id;
        if (count == 2)
            answer.error = -ENOMEDIUM;
        else
            answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        ioctl(notify, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
}
`;

/** `caller NUMBER ARGUMENT…`: the errno of a system call, 0 for success. */
const CALLER = `
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **words)
{
    unsigned long a[7] = {0};
    for (int i = 1; i < count && i < 8; i++)
        a[i - 1] = strtoul(words[i], NULL, 0);
    printf("%d\\n", syscall((long)a[0], a[1], a[2], a[3], a[4], a[5], a[6]) < 0 ? errno : 0);
    return 0;
}
`;

const MKDIR = 83;
const SENDMSG = 46;
const EXECVE = 59;
const ENOMEDIUM = 'No medium found';

/** A running agent and the lines that it has printed so far. */
class Agent {
  readonly socket: string;
  readonly #process;
  readonly #lines: AsyncIterator<string>;

  constructor(name: string, ...more: 'let'[]) {
    this.socket = join(directory, `${name}.sock`);
    const words = [join(directory, 'agent'), this.socket, ...more];
    this.#process = Bun.spawn(words, { stdout: 'pipe' });
    this.#lines = lines(this.#process.stdout);
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('the agent has ended');
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#process.exited;
  }
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
  }
}

function notifying(agent: Agent, flags?: string[]): (config: Config) => void {
  return (config) => {
    config.annotations = { 'org.example.colour': 'é"\\' };
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      listenerPath: agent.socket,
      listenerMetadata: 'some "metadata"',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_NOTIFY' }],
      ...(flags === undefined ? {} : { flags }),
    };
  };
}

for (const noNewPrivileges of [true, false]) {
  test(`SCMP_ACT_NOTIFY with noNewPrivileges ${noNewPrivileges}: the agent gets descriptor and state, and answers each call`, async () => {
    await using agent = new Agent(`run-${noNewPrivileges}`);
    expect(await agent.line()).toBe('ready');
    using bundle = new Bundle().write('mkdir /tmp/made; sleep 1000', (config) => {
      notifying(agent)(config);
      config.process.noNewPrivileges = noNewPrivileges;
    });
    expect(bundle.create()).toMatchObject({ status: 0 });
    const { pid } = bundle.state();
    const started = bundle.oci('start', bundle.id);
    expect(started).toMatchObject({ status: 0 });
    expect(JSON.parse(await agent.line())).toEqual({
      ociVersion: bundle.config.ociVersion,
      fds: ['seccompFd'],
      pid,
      metadata: 'some "metadata"',
      state: {
        ociVersion: bundle.config.ociVersion,
        id: bundle.id,
        status: 'creating',
        pid,
        bundle: bundle.bundle,
        annotations: { 'org.example.colour': 'é"\\' },
      },
    });
    expect(await agent.line()).toMatch(/^(83|34) \d+$/);
    expect(existsSync(join(bundle.rootfs, 'tmp/made'))).toBe(false);
  });
}

test('SCMP_ACT_NOTIFY with every flag: TSYNC, LOG, SPEC_ALLOW and WAIT_KILLABLE_RECV go together with a listener', async () => {
  await using agent = new Agent('flags');
  expect(await agent.line()).toBe('ready');
  const flags = ['TSYNC', 'LOG', 'SPEC_ALLOW', 'WAIT_KILLABLE_RECV'];
  using bundle = new Bundle().write(
    'mkdir /tmp/made',
    notifying(
      agent,
      flags.map((name) => `SECCOMP_FILTER_FLAG_${name}`),
    ),
  );
  const result = bundle.run();
  expect(result.status).toBe(1);
  expect(result.stderr).toContain(ENOMEDIUM);
  expect(JSON.parse(await agent.line())).toMatchObject({ fds: ['seccompFd'] });
});

for (const noNewPrivileges of [true, false]) {
  test(`SCMP_ACT_NOTIFY with noNewPrivileges ${noNewPrivileges} for the calls that hand the listener over: they are answered too`, async () => {
    await using agent = new Agent(`sends-${noNewPrivileges}`);
    expect(await agent.line()).toBe('ready');
    using bundle = new Bundle().write(`caller ${SENDMSG} 0; echo $?`, (config) => {
      notifying(agent)(config);
      config.process.noNewPrivileges = noNewPrivileges;
      const names = ['sendmsg', 'sendto', 'futex', 'sched_yield', 'close_range'];
      config.linux.seccomp.syscalls = [{ names, action: 'SCMP_ACT_NOTIFY' }];
    });
    copyFileSync(join(directory, 'caller'), join(bundle.rootfs, 'bin/caller'));
    // ENOMEDIUM, which this call never gives by itself.
    expect(bundle.run()).toMatchObject({ status: 0, stdout: '123\n0\n' });
    expect(JSON.parse(await agent.line())).toMatchObject({ fds: ['seccompFd'] });
    expect(await agent.line()).toMatch(new RegExp(`^${SENDMSG} `));
  });
}

test('SCMP_ACT_NOTIFY as default action: every call of the program is asked for, from execve on', async () => {
  await using agent = new Agent('all', 'let');
  expect(await agent.line()).toBe('ready');
  using bundle = new Bundle().write('mkdir /tmp/made 2>/dev/null; echo ran', (config) => {
    config.linux.seccomp = { defaultAction: 'SCMP_ACT_NOTIFY', listenerPath: agent.socket };
  });
  expect(bundle.run()).toMatchObject({ status: 0, stdout: 'ran\n' });
  expect(JSON.parse(await agent.line())).toMatchObject({ fds: ['seccompFd'] });
  const asked = new Set<string>();
  while (!asked.has(String(MKDIR))) asked.add((await agent.line()).split(' ')[0] ?? '');
  expect(asked).toContain(String(EXECVE));
});

test('SCMP_ACT_NOTIFY under a limit of one process, where no thread can hand over, hands over all the same', async () => {
  await using agent = new Agent('one');
  expect(await agent.line()).toBe('ready');
  using bundle = new Bundle();
  bundle.write('', (config) => {
    notifying(agent)(config);
    config.process.args = ['/bin/mkdir', '/tmp/made'];
    config.linux.resources = { pids: { limit: 1 } };
  });
  expect(bundle.run().stderr).toContain(ENOMEDIUM);
  expect(JSON.parse(await agent.line())).toMatchObject({ fds: ['seccompFd'] });
});

test('exec under SCMP_ACT_NOTIFY connects anew: its own pid, the state of the running container', async () => {
  await using agent = new Agent('first');
  expect(await agent.line()).toBe('ready');
  using bundle = new Bundle().write('sleep 1000', notifying(agent));
  expect(bundle.create()).toMatchObject({ status: 0 });
  expect(bundle.oci('start', bundle.id)).toMatchObject({ status: 0 });
  await agent.line();
  rmSync(agent.socket);
  await using second = new Agent('first');
  expect(await second.line()).toBe('ready');
  const result = bundle.oci('exec', bundle.id, 'mkdir', '/tmp/made');
  expect(result.stderr).toContain(ENOMEDIUM);
  const document = JSON.parse(await second.line());
  const { pid } = bundle.state();
  expect(document.state).toMatchObject({ id: bundle.id, status: 'running', pid });
  expect(document.pid).not.toBe(pid);
  expect(await second.line()).toBe(`${MKDIR} ${document.pid}`);
});

test('SCMP_ACT_NOTIFY without anybody at listenerPath fails by name and leaves nothing', () => {
  using bundle = new Bundle().write('true', (config) => {
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      listenerPath: join(directory, 'nobody.sock'),
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }],
    };
  });
  const result = bundle.run();
  expect(result.status).not.toBe(0);
  expect(result.stderr).toContain('nobody.sock');
  // But for the compiled filter, which the next launch of this profile finds.
  expect(bundle.left()).toEqual(['seccomp~']);
});

test('a listenerPath without a notifying rule is left alone, and so is WAIT_KILLABLE_RECV', () => {
  using bundle = new Bundle().write('echo ran', (config) => {
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      listenerPath: join(directory, 'nobody.sock'),
      flags: ['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV', 'SECCOMP_FILTER_FLAG_TSYNC'],
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO' }],
    };
  });
  expect(bundle.run()).toMatchObject({ status: 0, stdout: 'ran\n' });
});

const ENDINGS = [
  ['SCMP_ACT_KILL', 31],
  ['SCMP_ACT_KILL_THREAD', 31],
  ['SCMP_ACT_KILL_PROCESS', 31],
  ['SCMP_ACT_TRAP', 31],
] as const;

for (const [action, signal] of ENDINGS) {
  test(`${action}: the process ends by SIGSYS`, () => {
    using bundle = new Bundle().write('x=$(mkdir /tmp/made); echo $?', (config) => {
      config.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['mkdir', 'mkdirat'], action }],
      };
    });
    expect(bundle.run().stdout).toBe(`${128 + signal}\n`);
  });
}

test('errnoRet, defaultErrnoRet, TRACE without tracer and calls newer than the profile give their errnos', () => {
  using bundle = new Bundle().write('for n in 83 319 320 321 436; do caller $n; done', (config) => {
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 71,
      architectures: ['SCMP_ARCH_X86_64'],
      syscalls: [
        { names: KEPT_CALLS, action: 'SCMP_ACT_ALLOW' },
        { names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 72 },
        { names: ['memfd_create'], action: 'SCMP_ACT_TRACE' },
      ],
    };
  });
  copyFileSync(join(directory, 'caller'), join(bundle.rootfs, 'bin/caller'));
  // mkdir by its rule, memfd_create by the missing tracer, kexec_file_load and bpf by default, close_range as too new.
  expect(bundle.run().stdout).toBe('72\n38\n71\n71\n38\n');
});

const KEPT_CALLS =
  'access arch_prctl brk capget capset chdir clone close dup2 dup3 execve exit exit_group faccessat fchdir fcntl fstat futex getcwd getdents64 getegid geteuid getgid getpgrp getpid getppid getrandom getrlimit getuid ioctl kill lseek lstat mmap mprotect mremap munmap newfstatat open openat pipe pipe2 poll prctl pread64 prlimit64 read readlink rseq rt_sigaction rt_sigprocmask rt_sigreturn set_robust_list set_tid_address setgid setgroups setresgid setresuid setuid stat statx umask uname vfork wait4 write writev openat2 accept4 accept sendmsg recvmsg close_range fchown seccomp'
    .split(' ')
    .filter((name) => !['close_range', 'openat2', 'statx'].includes(name));

test('a condition on all 64 bits of an argument is exact beyond 2^53', () => {
  const values = ['9007199254740993', '9223372036854775807', '18446744073709551614'];
  using bundle = new Bundle().write(
    `for v in ${values.join(' ')} 9007199254740992 9223372036854775808 18446744073709551615; do caller 72 0 $v; done`,
    (config) => {
      config.linux.seccomp = {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: values.map((_, at) => ({
          names: ['fcntl'],
          action: 'SCMP_ACT_ERRNO',
          errnoRet: 90 + at,
          args: [{ index: 1, value: `#${at}`, op: 'SCMP_CMP_EQ' }],
        })),
      };
    },
  );
  copyFileSync(join(directory, 'caller'), join(bundle.rootfs, 'bin/caller'));
  const file = join(bundle.bundle, 'config.json');
  const text = JSON.stringify(bundle.config).replace(/"#(\d)"/g, (_, at) => values[at] ?? '');
  writeFileSync(file, text);
  // What no rule names reaches the kernel, which looks at the low word: 0 duplicates the descriptor, the last one is invalid.
  expect(bundle.run().stdout).toBe('90\n91\n92\n0\n0\n22\n');
});

test('planProcess needs nothing of a filter but capset and execve, also where new privileges stay possible', () => {
  using bundle = new Bundle();
  const names = ['openat2', 'setresuid', 'setgroups', 'fchdir', 'chdir', 'prctl', 'umask'];
  bundle.write('grep -E "^(CapEff|Seccomp|NoNewPrivs):" /proc/self/status', (config: Config) => {
    config.process.noNewPrivileges = false;
    config.process.user = { uid: 1, gid: 1 };
    const kill = ['CAP_KILL'];
    config.process.capabilities = { bounding: kill, effective: kill, permitted: kill };
    Object.assign(config.process.capabilities, { inheritable: kill, ambient: kill });
    config.linux.seccomp = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names, action: 'SCMP_ACT_ERRNO' }],
    };
  });
  const { status, stdout, stderr } = bundle.run();
  expect({ status, stderr, lines: stdout.trim().split('\n') }).toEqual({
    status: 0,
    stderr: '',
    lines: ['CapEff:\t0000000000000020', 'NoNewPrivs:\t0', 'Seccomp:\t2'],
  });
});
