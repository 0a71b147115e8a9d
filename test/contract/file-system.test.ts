import { fileSystemSuite } from '../support/file-system-suite.ts';
import { realFiles } from '../support/real-files.ts';

fileSystemSuite('on this machine', realFiles);
