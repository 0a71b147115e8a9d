/** Real servers of the distribution in a network namespace, with logs in a directory of the test's. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Namespace } from './namespaces.ts';
import { waitFor } from './wait-for.ts';

/** Why a test of these programs cannot run here; false when it can. */
export function lacks(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => !existsSync(program));
  return missing.length > 0 && `needs ${missing.join(', ')}`;
}

async function listens(edge: Namespace, port: number): Promise<void> {
  await waitFor(`port ${port}`, async () =>
    (await edge.run('ss', '-Hltn', `sport = :${port}`)).includes('LISTEN') ? true : undefined,
  );
}

/** nginx on port 80, its access log in the format it comes with. @returns the logs */
export async function startNginx(edge: Namespace, directory: string): Promise<{ access: string; errors: string }> {
  mkdirSync(directory, { recursive: true });
  const [access, errors] = [join(directory, 'access.log'), join(directory, 'error.log')];
  const config = join(directory, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off;
worker_processes 1;
pid ${directory}/pid;
error_log ${errors} info;
events {}
http {
  access_log ${access} combined;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  server {
    listen 80;
    location / { return 404; }
    location = / { return 200; }
    location ~ \\.php$ { return 200; }
  }
}
`,
  );
  edge.spawn('/usr/sbin/nginx', ['-e', errors, '-c', config]);
  await listens(edge, 80);
  return { access, errors };
}

/** Exim on port 25, where no password is right. @returns its main log */
export async function startExim(edge: Namespace, directory: string): Promise<string> {
  mkdirSync(directory, { recursive: true });
  const config = join(directory, 'exim.conf');
  writeFileSync(
    config,
    `primary_hostname = edge01.example.net
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = ${directory}/spool
log_file_path = ${directory}/%slog
pid_file_path = ${directory}/pid
daemon_smtp_ports = 25
auth_advertise_hosts = *
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = deny_all
begin acl
deny_all:
  deny
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = no
  server_set_id = $auth2
`,
  );
  execFileSync('chown', ['-R', 'Debian-exim:Debian-exim', directory]);
  execFileSync('chown', ['root:root', config]);
  edge.spawn('/usr/sbin/exim4', ['-C', config, '-bdf', '-oX', '25']);
  await listens(edge, 25);
  return join(directory, 'mainlog');
}

/** vsftpd on port 21. @returns its own log */
export async function startVsftpd(edge: Namespace, directory: string): Promise<string> {
  mkdirSync(join(directory, 'empty'), { recursive: true });
  const log = join(directory, 'vsftpd.log');
  const config = join(directory, 'vsftpd.conf');
  const settings = {
    listen: 'YES',
    background: 'NO',
    anonymous_enable: 'NO',
    local_enable: 'YES',
    xferlog_enable: 'YES',
    vsftpd_log_file: log,
    secure_chroot_dir: join(directory, 'empty'),
    pam_service_name: 'vsftpd',
    delay_failed_login: '0',
  };
  writeFileSync(
    config,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  edge.spawn('/usr/sbin/vsftpd', [config]);
  await listens(edge, 21);
  return log;
}
