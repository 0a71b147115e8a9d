/**
 * Has protobufjs read 64-bit numbers as plain ones. No field of ours means anything above 2^53 − 1; one that comes with more loses
 * its last digits, and whoever reads it refuses what is no safe integer. Evaluated before the generated code, which asks at once.
 */
import protobuf from 'protobufjs/minimal.js';

// The declaration does not know that there may be none.
(protobuf.util as { Long: unknown }).Long = undefined;
protobuf.configure();
