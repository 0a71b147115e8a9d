/**
 * What clients ask for that nobody asks for by accident, in lower case. A word counts where it stands in the path or, save
 * for the paths, in the query, after decoding.
 */

/** Parts of paths that no page links to. */
export const SECRET_PATHS: readonly string[] = [
  '/.env',
  '/.git/',
  '/.svn/',
  '/.hg/',
  '/.aws/',
  '/.ssh/',
  '/.docker/config.json',
  '/.kube/config',
  '/.vscode/sftp.json',
  '/.htpasswd',
  '/.npmrc',
  '/.pypirc',
  '/id_rsa',
  '/wp-config.php.',
  '/wp-config.php~',
  '/wp-config.bak',
  '/wp-config.old',
  '/wp-config.txt',
  '/wlwmanifest.xml',
  '/backup.sql',
  '/database.sql',
  '/db.sql',
  '/dump.sql',
  '/config.php.bak',
  '/configuration.php.bak',
  '/eval-stdin.php',
  '/_ignition/execute-solution',
  '/remote/fgt_lang',
  '/+cscoe+/',
  '/cgi-bin/luci',
  '/boaform/',
  '/gponform/',
  '/hnap1',
  '/goform/',
  '/actuator/heapdump',
  '/actuator/gateway/routes',
];

/** Parts of paths of things that some sites have: they count where they are not there, or refused. */
export const PANEL_PATHS: readonly string[] = [
  '/phpmyadmin',
  '/pma/',
  '/myadmin',
  '/mysqladmin',
  '/adminer',
  '/phpinfo',
  '/server-status',
  '/server-info',
  '/manager/html',
  '/solr/admin',
  '/actuator/env',
  '/telescope/requests',
  '/geoserver/',
  '/druid/index',
  '/nacos/',
  '/hudson',
  '/vendor/phpunit',
  '/web.config',
  '/wp-config.php',
  '/composer.lock',
];

/** Files that a climb out of the document root is after. */
export const SYSTEM_FILES: readonly string[] = [
  'etc/passwd',
  'etc/shadow',
  'etc/hosts',
  'etc/group',
  'proc/self/',
  'proc/version',
  'windows/win.ini',
  'boot.ini',
  'winnt/',
  'system32/',
  '.ssh/',
  'wp-config',
];

export const CLIMB = '../';
/** Twice over; Tomcat takes what follows a `;` for a parameter. */
export const STEEP_CLIMBS: readonly string[] = ['../../', '..;/..;/', '....//....//'];

/** Files by their absolute names, and readers that reach them, as a parameter's value. */
export const DIRECT_READS: readonly string[] = [
  '=/etc/passwd',
  '=/etc/shadow',
  '=/proc/self/',
  '=file:///etc/',
  '=php://filter',
];

/** SQL that is nothing else: no sentence, no search for a function's name. */
export const SQL_PHRASES: readonly string[] = [
  'union all select',
  'union distinct select',
  'union select null',
  'union select char(',
  'union select concat(',
  'union select (',
  'union select @@',
  'union select *',
  "union select '",
  ...Array.from('-0123456789', (digit) => `union select ${digit}`),
  ...Array.from('\'")0123456789', (end) => `${end} union select `),
  "' or 1=1",
  "' or '1'='1",
  "' or 'a'='a",
  "' or 'x'='x",
  "' or ''='",
  "'or'1'='1",
  "'='",
  ' or 1=1',
  ' and 1=1',
  ' and 1=2',
  "' and '1'='",
  'and sleep(',
  'or sleep(',
  'select sleep(',
  '(select(sleep(',
  'xor(if(now()=sysdate()',
  "waitfor delay '",
  'select pg_sleep(',
  'dbms_pipe.receive_message',
  'extractvalue(1',
  'updatexml(1',
  'xp_cmdshell',
];

/** Names that mean an injection only together with `SQL_SELECT`. */
export const SQL_NAMES: readonly string[] = [
  'information_schema',
  'group_concat(',
  'load_file(',
  'into outfile',
  'into dumpfile',
  '@@version',
  'concat(0x',
  'unhex(hex(',
  'sysobjects',
  'pg_catalog',
];
export const SQL_SELECT = 'select';

/** Commands set off from what stands before them, and what only an injected program is. */
export const SHELL_PHRASES: readonly string[] = [
  ...[';', '|', '`', '$(', '&'].flatMap((mark) =>
    ['wget ', 'curl ', 'cat /etc/', 'cd /tmp', 'chmod 777', 'bash -i', 'nc -e'].flatMap((command) => [
      `${mark}${command}`,
      `${mark} ${command}`,
    ]),
  ),
  '$(id)',
  '`id`',
  ';id;',
  '/bin/sh -c',
  '/bin/bash -c',
  '/dev/tcp/',
  '$' + '{jndi:',
  '$' + '{' + '$' + '{',
  '() { :;',
  'php://input',
  'allow_url_include',
  'auto_prepend_file',
  'call_user_func_array',
  'shell_exec(',
  'passthru(',
  'proc_open(',
  '<?php',
  '<?=',
  'cmd.exe?/c',
  'cmd.exe /c',
  'powershell -',
];

/** Names of web shells that others left behind, with the slash before them. */
export const SHELL_FILES: readonly string[] = [
  '/c99.php',
  '/r57.php',
  '/wso.php',
  '/b374k',
  '/alfa.php',
  '/alfacgiapi',
  '/shell.php',
  '/webshell',
  '/cmd.php',
  '/cmd.jsp',
  '/shell.jsp',
  '/cmd.aspx',
  '/cgi-bin/bash',
];
