import type { Environment } from './link.ts';

/**
 * What the service manager said to this process, taken out of its environment: a program that we start must not speak in
 * our name.
 */
export function takeEnvironment(): Environment {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: period, WATCHDOG_PID: watched } = process.env;
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete process.env[name];
  const isOurs = watched === undefined || watched === String(process.pid);
  return { socket, watchdogMicroseconds: isOurs ? period : undefined };
}
