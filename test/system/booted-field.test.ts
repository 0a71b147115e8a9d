import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BootedMachine, INSIDE, noBoot } from '../support/booted/machine.ts';
import { waitFor } from '../support/wait-for.ts';

const GIVEN = 'hostname: edge-7\nfirewall:\n  enabled: false\n';

/**
 * What of the appliance image has no part in this: the folders that its tmpfiles make, and a terminal that nobody holds.
 */
const DROP_INS = {
  'bartizan.service':
    '[Service]\nRuntimeDirectory=bartizan bartizan/requests\nRuntimeDirectoryMode=0755\nRuntimeDirectoryPreserve=yes\n',
  // In namespaces systemd leaves the folder of a service's credentials empty, whatever they are; so it is played.
  'bartizan-provision.service': '[Service]\nLoadCredential=\nEnvironment=CREDENTIALS_DIRECTORY=/run/given\n',
  'bartizan-console@.service': '[Service]\nStandardInput=tty-force\nTTYVHangup=no\nTTYReset=no\n',
};

const sh = (machine: BootedMachine, script: string): Promise<string> => machine.run('sh', '-c', script);

/** Holds a terminal open inside: what is typed is appended to `/run/keys`, what it shows is in `/run/shown`. */
async function openTerminal(machine: BootedMachine): Promise<string> {
  await sh(machine, ': >/run/keys; : >/run/shown');
  const held = 'trap "" HUP; tty >/run/tty; exec sleep 1000';
  await machine.run(
    'systemd-run',
    '--unit=terminal',
    'sh',
    '-c',
    `tail -n +1 -f /run/keys | script -qfec '${held}' /dev/null >/run/shown`,
  );
  return await waitFor('a terminal inside', async () => {
    const name = (await sh(machine, 'cat /run/tty 2>/dev/null || :')).trim();
    return name.startsWith('/dev/pts/') ? name.slice('/dev/'.length) : undefined;
  });
}

test('a new machine takes the config of a credential, and its console shows it and asks root for a reboot', {
  skip: noBoot(),
}, async (t) => {
  await using machine = new BootedMachine(DROP_INS);
  await machine.boot();
  await machine.active('bartizan.service');

  await t.test('the config is taken once, as the daemon would write it', async () => {
    await machine.run('systemctl', 'stop', 'bartizan.service');
    await sh(machine, `mkdir /run/given; printf '${GIVEN.replaceAll('\n', '\\n')}' >/run/given/bartizan.config`);
    await machine.run('systemctl', 'start', 'bartizan-provision.service').catch(async (cause: unknown) => {
      throw new Error(await machine.journal('bartizan-provision.service'), { cause });
    });
    assert.equal(readFileSync(join(machine.state, 'bartizan.yaml'), 'utf8'), GIVEN);
    const owned = await sh(
      machine,
      `stat -c '%U %a' ${INSIDE}/bartizan.yaml ${INSIDE}/provisioned ${INSIDE}/ident/device.key`,
    );
    assert.deepEqual(owned.trim().split('\n'), ['bartizan 600', 'bartizan 600', 'bartizan 400']);
    assert.match(await machine.journal('bartizan-provision.service'), /took the config [0-9a-f]{64} of the credential/);
    await machine.run('systemctl', 'start', 'bartizan.service');
    await machine.active('bartizan.service');
  });

  await t.test(
    'where there is no serial port its console is skipped, not tried again, and started when there is one',
    async () => {
      const unit = 'bartizan-console@ttyS0.service';
      const has = (type: number): Promise<string> =>
        sh(
          machine,
          `mkdir -p /run/ports/sys/class/tty/ttyS0 /run/systemd/system/${unit}.d
echo ${type} >/run/ports/sys/class/tty/ttyS0/type
printf '[Service]\\nExecCondition=\\nExecCondition=/usr/lib/bartizan/systemd/console --is-there ttyS0 /run/ports\\nExecStart=\\nExecStart=sleep 1000\\nStandardInput=null\\nStandardOutput=null\\nTTYReset=no\\nTTYVHangup=no\\n' >/run/systemd/system/${unit}.d/zz-ports.conf
systemctl daemon-reload`,
        );
      const shown = () => machine.show(unit, 'ActiveState', 'NRestarts');
      await has(0);
      await machine.run('systemctl', 'start', unit).catch(() => undefined);
      const skipped = { ActiveState: 'inactive', NRestarts: '0' };
      assert.deepEqual(await shown(), skipped);
      // Longer than RestartSec, by the clock of the machine's own manager.
      await machine.run('systemd-run', '--wait', '--collect', 'sleep', '3');
      assert.deepEqual(await shown(), skipped);
      const skips = (await machine.journal(unit)).match(/Skipped due to 'exec-condition'|exec-condition/g);
      assert.equal(skips?.length, 1, await machine.journal(unit));
      await has(4);
      await machine.run('systemctl', 'start', unit);
      assert.equal((await shown())['ActiveState'], 'active', await machine.journal(unit));
      await machine.run('systemctl', 'stop', unit);
    },
  );

  const page = await waitFor(
    'the page',
    async () => (await sh(machine, 'cat /run/bartizan/status-page || :')) || undefined,
  );
  const serial = (await sh(machine, 'cat /run/bartizan/serial')).trim();

  await t.test('the page says which device this is, and how it is claimed', async () => {
    assert.match(page, /^Bartizan .*edge-7/);
    assert.match(page, new RegExp(`Serial {3}${serial}`));
    assert.match(page, /[0-9A-Z]{5}(?:-[0-9A-Z]{4}){4}-[0-9A-Z]{5}/);
    assert.equal((await sh(machine, 'stat -c "%U %a" /run/bartizan/status-page')).trim(), 'bartizan 640');
  });

  await t.test('the console shows it, and a reboot is a request of the daemon’s user', async () => {
    const tty = await openTerminal(machine);
    const unit = `bartizan-console@${tty.replace('/', '-')}.service`;
    await machine.run('systemctl', 'start', unit);
    const shows = (what: RegExp) =>
      waitFor(`${what} on the terminal`, async () => what.test(await sh(machine, 'cat /run/shown')) || undefined).catch(
        async (cause: unknown) => {
          throw new Error(`${await machine.journal(unit)}\n${(await sh(machine, 'cat /run/shown')).slice(-500)}`, {
            cause,
          });
        },
      );
    await shows(new RegExp(serial));
    await shows(/f factory reset/);
    await sh(machine, "printf 'r' >>/run/keys");
    await shows(/Type yes/);
    await sh(machine, "printf 'yes\\r' >>/run/keys");
    const request = '/run/bartizan/requests/reboot';
    await waitFor('the request', async () => (await sh(machine, `ls ${request} 2>/dev/null || :`)).trim() || undefined);
    assert.equal((await sh(machine, `stat -c '%U %F' ${request}`)).trim(), 'bartizan regular empty file');

    await machine.run('systemctl', 'start', 'bartizan-console-order.path');
    await sh(machine, 'cd /run/bartizan-console && echo "mode enforce" >.order && mv .order order');
    const answer = await waitFor(
      'an answer to the order',
      async () => (await sh(machine, 'cat /run/bartizan-console/answer 2>/dev/null || :')) || undefined,
    );
    assert.match(answer, /no order/);

    const pid = (await machine.show(unit, 'MainPID'))['MainPID'];
    const status = await sh(machine, `cat /proc/${pid}/status`);
    assert.match(status, /CapEff:\s*0{16}\n/);
    assert.match(status, /NoNewPrivs:\s*1\n/);
    const sees = (path: string) => sh(machine, `test -e /proc/${pid}/root${path} && echo yes || echo no`);
    assert.equal((await sees(`${INSIDE}/bartizan.yaml`)).trim(), 'no', 'the state is out of its sight');
    assert.equal((await sees(`${INSIDE}/control.sock`)).trim(), 'no');
  });
});
