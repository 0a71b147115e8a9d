import { millis } from '../../../core/base/time.ts';
import { askApi } from './ask-api.ts';

/** A process of its own, because a process is in one network namespace: asks the API and prints what came of it. */
const [host = '', port = '', timeout = ''] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await askApi(host, Number(port), millis(Number(timeout)))));
