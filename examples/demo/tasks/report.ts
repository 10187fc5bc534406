import { report as original } from '../../tasks/report.ts';
import { witnessed } from '../witnessed.ts';

export const report = witnessed(original);
