/** A person at a terminal: tmux types the keys and shows the screen, for our command line and for the stock docker client. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { must, TestEngine, tiffinBinary, until } from './harness.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await TestEngine.start();
  // A tmux server leaves with its last session, also while the next one is being asked for: this one stays.
  await tmux('new-session', '-d', '-s', 'stays', 'cat');
});

afterAll(async () => {
  await tmux('kill-server');
  await engine[Symbol.asyncDispose]();
});

const clients = {
  tiffin: () => [tiffinBinary, '-H', `unix://${engine.socket}`],
  docker: () => ['docker', '-H', `unix://${engine.socket}`],
};

for (const [name, command] of Object.entries(clients)) {
  test(`${name} run -it: prompt, ^C, size, exit code`, async () => {
    await using screen = await Screen.open(`run-${name}`, [
      ...command(),
      'run',
      '-it',
      '--rm',
      '--hostname',
      'lunch',
      'starter',
      'sh',
    ]);
    await screen.shows('/ #');
    await screen.types('tty; hostname\n');
    await screen.shows('/dev/pts/0');
    await screen.shows('\nlunch');
    // Only the program's own word says that the shell has given the terminal to it.
    await screen.types("sh -c 'expr 40 + 2; exec sleep 1000'\n");
    await screen.shows('\n42');
    await screen.key('C-c');
    await screen.types('echo after:$?\n');
    await screen.shows('after:130');
    await tmux('resize-window', '-t', screen.name, '-x', '101', '-y', '31');
    await until('the size arrives', async () => {
      await screen.types('stty size\n');
      return (await screen.text()).includes('31 101');
    });
    await screen.types('exit 3\n');
    await screen.shows('status:3');
  });

  test(`${name} run -it: ^P^Q leaves the container running, attach comes back`, async () => {
    const container = `stay-${name}`;
    await using screen = await Screen.open(container, [
      ...command(),
      'run',
      '-it',
      '--name',
      container,
      'starter',
      'sh',
    ]);
    await screen.shows('/ #');
    await screen.types('A=kept\n');
    // With each prompt the shell asks where the cursor is; the terminal's answer must not come between the two keys.
    await screen.shows('A=kept\n/ #');
    await screen.key('C-p');
    await screen.key('C-q');
    await screen.shows('status:0');
    expect(await engine.ok('inspect', '-f', '{{.State.Status}}', container)).toBe('running');
    await using again = await Screen.open(`back-${name}`, [...command(), 'attach', container]);
    await again.types('echo $A-it\n');
    await again.shows('kept-it');
    await again.types('exit\n');
    await again.shows('status:0');
    await engine.ok('rm', container);
  });

  test(`${name} exec -it: a terminal of its own`, async () => {
    const container = `host-${name}`;
    await engine.ok('run', '-d', '--name', container, 'starter', 'sleep', '1000');
    await using screen = await Screen.open(`exec-${name}`, [
      ...command(),
      'exec',
      '-it',
      container,
      'sh',
    ]);
    await screen.shows('/ #');
    await screen.types('test -t 0 && echo term""inal\n');
    await screen.shows('terminal');
    await screen.types('exit 5\n');
    await screen.shows('status:5');
    await engine.ok('rm', '-f', container);
  });
}

/** One tmux server per engine, so that nobody's own sessions are touched. */
function tmux(...words: readonly string[]): Promise<string> {
  return must(['tmux', '-L', `tiffin-test-${engine.pid}`, '-f', '/dev/null', ...words], {
    env: { TERM: 'xterm' },
  });
}

class Screen implements AsyncDisposable {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  static async open(name: string, argv: readonly string[]): Promise<Screen> {
    const command = `${argv.join(' ')}; echo status:$?; exec cat`;
    const size = ['-x', '90', '-y', '24'];
    await tmux('new-session', '-d', '-s', name, ...size, 'sh', '-c', command);
    return new Screen(name);
  }

  text(): Promise<string> {
    return tmux('capture-pane', '-p', '-S', '-200', '-t', this.name);
  }

  async types(text: string): Promise<void> {
    for (const piece of text.split(/(?<=\n)/)) {
      if (piece.trim() !== '')
        await tmux('send-keys', '-t', this.name, '-l', piece.replace('\n', ''));
      if (piece.endsWith('\n')) await this.key('Enter');
    }
  }

  async key(name: string): Promise<void> {
    await tmux('send-keys', '-t', this.name, name);
  }

  async shows(text: string): Promise<void> {
    let seen = '';
    await until(`the screen shows ${JSON.stringify(text)}`, async () => {
      seen = await this.text();
      return seen.includes(text);
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${seen}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await tmux('kill-session', '-t', this.name);
  }
}
