/**
 * Where the sockets of Bartizan's other programs are. The folder belongs to root, and the daemon can put nothing into it:
 * the service manager gives each socket to the daemon by its path, as root, whenever it makes it. `ListenStream=` of the
 * socket units in `systemd/` says the same.
 */
export const DOORS = '/run/bartizan-doors';

/** The net hand's: what changes the firewall's table. */
export const NET_HAND_DOOR: string = `${DOORS}/net-hand.sock`;

/** Where packets are sent through rules on trial. */
export const PACKETS_DOOR: string = `${DOORS}/packets.sock`;

/** Where the net hand's was before, in a folder of the daemon's: a config may name it still. */
const FORMER_NET_HAND_DOOR = '/run/bartizan/net-hand.sock';

/** The door that a path from a config means today. */
export const doorAt = (path: string): string => (path === FORMER_NET_HAND_DOOR ? NET_HAND_DOOR : path);
