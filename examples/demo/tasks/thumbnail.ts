import { thumbnail as original } from '../../tasks/thumbnail.ts';
import { witnessed } from '../witnessed.ts';

export const thumbnail = witnessed(original);
