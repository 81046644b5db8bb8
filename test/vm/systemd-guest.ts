/** systemd and a message bus of this machine, with the few units that they need, for the emulated one. */

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { GuestSystem } from './machine.ts';

/** Copied as programs, into /bin. */
export const systemdPrograms = [
  '/lib/systemd/systemd',
  '/usr/bin/systemctl',
  '/usr/bin/dbus-daemon',
];

/** The targets that systemd itself asks for, and the bus. */
const UNITS = [
  'basic.target',
  'sysinit.target',
  'sockets.target',
  'shutdown.target',
  'umount.target',
  'final.target',
  'user.slice',
  'dbus.socket',
].map((name) => `/lib/systemd/system/${name}`);

/** A system bus without an account of its own. */
const BUS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
`;

const OWN: Readonly<Record<string, string>> = {
  'checks.service': `[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
Environment=PATH=/bin HOME=/root
ExecStart=/bin/sh /checks
ExecStopPost=/bin/busybox poweroff -f
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
TimeoutStartSec=infinity
`,
  'dbus.service': `[Unit]
DefaultDependencies=no
Requires=dbus.socket
[Service]
ExecStart=/bin/dbus-daemon --config-file=/etc/bus.conf --address=systemd: --nofork --nopidfile --nosyslog
OOMScoreAdjust=-900
`,
  'user-manager.service': `[Unit]
DefaultDependencies=no
[Service]
User=1000
Delegate=yes
Environment=XDG_RUNTIME_DIR=/run/user/1000 HOME=/tmp/home PATH=/bin
ExecStart=/bin/systemd --user --unit=default.target
`,
};

const USER_TARGET = '[Unit]\nDefaultDependencies=no\n';

export const systemdGuest: GuestSystem = {
  install: async (root) => {
    for (const file of UNITS) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      cpSync(file, join(root, file));
    }
    const units = join(root, 'etc/systemd/system');
    mkdirSync(units, { recursive: true });
    for (const [name, text] of Object.entries(OWN)) writeFileSync(join(units, name), text);
    const user = join(root, 'etc/systemd/user');
    mkdirSync(user, { recursive: true });
    for (const name of ['default.target', 'basic.target', 'shutdown.target']) {
      writeFileSync(join(user, name), USER_TARGET);
    }
    writeFileSync(join(root, 'etc/bus.conf'), BUS);
    writeFileSync(join(root, 'etc/machine-id'), `${'0123456789abcdef'.repeat(2)}\n`);
    writeFileSync(join(root, 'etc/os-release'), 'ID=checks\n');
  },
  start:
    '/bin/systemd --unit=checks.service --log-target=kmsg --log-level=warning --show-status=no',
};
