/** systemd's credentials of a machine: name and content. */
export type Credentials = Readonly<Record<string, string>>;

/** As SMBIOS strings of type 11, the way systemd's PID 1 takes them from a hypervisor. */
export const smbiosValues = (credentials: Credentials): readonly string[] =>
  Object.entries(credentials).map(
    ([name, content]) => `io.systemd.credential.binary:${name}=${Buffer.from(content).toString('base64')}`,
  );

/** Written to the second serial line when the daemon has told systemd that it is ready. */
export const READY_MARK = 'bartizan-test: ready at';

const SHELL = `[Unit]
Description=Shell of the image's tests
DefaultDependencies=no
After=systemd-tmpfiles-setup-dev.service
Conflicts=shutdown.target
Before=shutdown.target

[Service]
ExecStart=/bin/sh
Environment=PS1= TERM=dumb HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
StandardInput=tty-force
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
KillSignal=SIGHUP
Restart=always
RestartSec=100ms
`;

/**
 * After systemd has heard that the daemon is ready, once in a boot. Not a step of the daemon's own unit, which would fail with
 * it where the line takes nothing for a moment.
 */
const READY = `[Unit]
Description=Mark of the image's tests
After=bartizan.service
Requisite=bartizan.service

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'read up rest </proc/uptime; until echo "${READY_MARK} $$up s" >/dev/ttyS1; do sleep 0.1; done'
TimeoutStartSec=60
`;

/**
 * Programs lie at the same addresses in every process. The emulator keeps what it has translated by address, and would translate
 * each program anew each time that it is started: a third of a boot's processor time.
 */
const SAME_ADDRESSES = 'kernel.randomize_va_space = 0\n';

/**
 * A root shell on the second serial line and a mark there when the daemon is ready. The image has neither: whoever owns
 * the hypervisor may add units, and nobody else may.
 */
export const LOOKING_INSIDE: Credentials = {
  'sysctl.extra': SAME_ADDRESSES,
  'systemd.extra-unit.bartizan-test-shell.service': SHELL,
  'systemd.extra-unit.bartizan-test-ready.service': READY,
  'systemd.unit-dropin.bartizan.service': '[Unit]\nWants=bartizan-test-ready.service\n',
  'systemd.unit-dropin.sysinit.target': '[Unit]\nWants=bartizan-test-shell.service\n',
};

/** What a new appliance is given once: the text of its bartizan.yaml. */
export const provisioning = (yaml: string): Credentials => ({ 'bartizan.config': yaml });
