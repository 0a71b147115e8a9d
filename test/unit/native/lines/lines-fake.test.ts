import { fakeLines } from '../../../../native/lines/fake.ts';
import { lineSuite } from '../../../contract/lines-suite.ts';

lineSuite('fake', fakeLines, false);
